//! What may happen to the files of a SQLite database: it is refused by name, or every text in it is
//! still the one that was stored.

use crate::{
    backend::Place,
    counter::{Counter, Happened, Input},
};
use machine::{Position, Recorded};
use std::{
    fs,
    path::{Path, PathBuf},
};
use store::{Store, StoreError};

const PAGE: usize = 4096;
const STEPS: i64 = 40;

type Journal = Vec<Recorded<Happened>>;
type Damage = Box<dyn Fn(&Path)>;

/// A closed database with one machine, and all of its events.
async fn filled() -> (Place, Journal) {
    let place = Place::sqlite();
    let store = place.open().await;
    let ledger = store.ledger::<Counter>("bot");
    ledger.create("cnt_1", &Counter::with("p1")).await.unwrap();
    for n in 0..STEPS {
        let note = Input::Note(format!("note {n} of the machine"));
        for input in [Input::AddWithNotes(n), note] {
            ledger.step("cnt_1", &1, n, None, input).await.unwrap();
        }
    }
    let journal = ledger.journal("cnt_1", Position::default(), 1000).await.unwrap();
    store.close().await;
    (place, journal)
}

/// The beginning of the journal that can be read, or why none can.
async fn read(place: &Place) -> Result<Journal, StoreError> {
    let store = Store::open(&place.url).await?;
    let ledger = store.ledger::<Counter>("bot");
    let read = ledger.journal("cnt_1", Position::default(), 1000).await;
    store.close().await;
    read
}

fn flip_page_heads(file: &Path, page: usize) {
    let mut bytes = fs::read(file).unwrap();
    let start = page * PAGE;
    // The first page begins with what makes the file a database.
    let start = if page == 0 { 100 } else { start };
    bytes[start..start + 64].iter_mut().for_each(|byte| *byte ^= 0x5a);
    fs::write(file, bytes).unwrap();
}

fn cut(file: &Path, length: usize) {
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_len(length as u64).unwrap();
}

fn replace(file: &Path, content: &[u8]) {
    fs::write(file, content).unwrap();
}

fn replace_with_foreign(file: &Path) {
    fs::remove_file(file).unwrap();
    let foreign = rusqlite::Connection::open(file).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (a)").unwrap();
}

fn move_to_log(file: &Path) {
    fs::rename(file, file.with_extension("db-wal")).unwrap();
}

#[tokio::test]
async fn a5_a_damaged_file_is_refused_by_name_and_left_as_it_is() {
    let (place, journal) = filled().await;
    let file = place.file();
    let whole = fs::read(&file).unwrap();
    let pages = whole.len() / PAGE;
    let mut damages: Vec<(String, Damage)> = vec![
        ("emptied".into(), Box::new(|file| cut(file, 0))),
        ("one byte".into(), Box::new(|file| cut(file, 1))),
        ("half".into(), Box::new(move |file| cut(file, pages / 2 * PAGE))),
        ("half a page less".into(), Box::new(move |file| cut(file, pages * PAGE - PAGE / 2))),
        ("zeros".into(), Box::new(move |file| replace(file, &vec![0; pages * PAGE]))),
        ("a letter".into(), Box::new(|file| replace(file, b"a letter, as long as a header"))),
        ("another database".into(), Box::new(replace_with_foreign)),
        ("only its log".into(), Box::new(move_to_log)),
    ];
    for page in 0..pages {
        let flip = move |file: &Path| flip_page_heads(file, page);
        damages.push((format!("page {page}"), Box::new(flip)));
    }
    for (name, damage) in damages {
        damage(&file);
        let damaged = fs::read(&file).ok();
        let error = read(&place).await.expect_err(&name);
        assert!(matches!(error, StoreError::Damaged { .. }), "{name}: {error}");
        let said = error.to_string();
        assert!(said.contains(&file.display().to_string()), "{name}: {said}");
        assert!(said.contains("restore it from a backup"), "{name}: {said}");
        assert!(fs::read(&file).ok() == damaged, "{name}: it was changed");
        for leftover in ["db-wal", "db-shm"] {
            let _ = fs::remove_file(file.with_extension(leftover));
        }
        fs::write(&file, &whole).unwrap();
        assert_eq!(read(&place).await.unwrap(), journal, "{name}: put back");
    }
}

/// Every byte that belongs to a text, and many of those between.
#[tokio::test]
async fn a5_flipped_bytes_are_found() {
    let (place, journal) = filled().await;
    let file = place.file();
    let whole = fs::read(&file).unwrap();
    let mut places: Vec<usize> = (0..whole.len()).step_by(97).collect();
    let texts = ["{\"Added\":17}", "{\"Note\":\"note 23 of the machine\"}", "{\"total\":780,"];
    for text in texts {
        let found: Vec<usize> = (0..whole.len() - text.len())
            .filter(|at| whole[*at..].starts_with(text.as_bytes()))
            .collect();
        assert!(!found.is_empty(), "{text} is in the file");
        places.extend(found.iter().flat_map(|at| *at..at + text.len()));
    }
    let (mut refused, mut told, mut harmless) = (0, 0, 0);
    for at in places {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 7);
        fs::write(&file, damaged).unwrap();
        let Ok(store) = Store::open(&place.url).await else {
            refused += 1;
            continue;
        };
        let ledger = store.ledger::<Counter>("bot");
        match ledger.journal("cnt_1", Position::default(), 1000).await {
            Ok(read) if read == journal => harmless += 1,
            // An index that does not lead to every row is found when it is compared.
            Ok(read) => {
                assert!(read == journal[..read.len()], "byte {at}");
                assert!(!store.damages().await.unwrap().is_empty(), "byte {at}");
                told += 1;
            }
            Err(_) => told += 1,
        }
        if let Ok(Some(machine)) = ledger.load("cnt_1").await {
            assert_eq!(machine.total, (0..STEPS).sum::<i64>(), "byte {at}");
        }
        store.close().await;
        for leftover in ["db-wal", "db-shm"] {
            let _ = fs::remove_file(file.with_extension(leftover));
        }
    }
    println!("{refused} refused, {told} told when read, {harmless} harmless");
    assert!(refused > 0 && told > 20 && harmless > 0);
}

/// Database and log of a process that was killed.
async fn killed(dir: &Path) -> (PathBuf, Journal) {
    let place = Place::sqlite();
    let store = place.open().await;
    // Who reads all the time keeps everything in the log.
    let reader = rusqlite::Connection::open(place.file()).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM subjects").unwrap();
    let ledger = store.ledger::<Counter>("bot");
    ledger.create("cnt_1", &Counter::default()).await.unwrap();
    for n in 0..STEPS {
        ledger.step("cnt_1", &1, n, None, Input::AddWithNotes(n)).await.unwrap();
    }
    let journal = ledger.journal("cnt_1", Position::default(), 1000).await.unwrap();
    let copy = dir.join("baton.db");
    for end in ["db-wal", "db"] {
        fs::copy(place.file().with_extension(end), copy.with_extension(end)).unwrap();
    }
    drop(reader);
    store.close().await;
    (copy, journal)
}

/// A log that ends early is what a power cut leaves, too: what is left is whole.
#[tokio::test]
async fn a5_a_log_that_was_cut_or_flipped_gives_back_a_whole_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let (file, journal) = killed(dir.path()).await;
    let log = file.with_extension("db-wal");
    let (whole, whole_log) = (fs::read(&file).unwrap(), fs::read(&log).unwrap());
    let mut lengths = Vec::new();
    let steps = (0..whole_log.len()).step_by(whole_log.len() / 40);
    for at in steps.chain([whole_log.len()]) {
        for flip in [false, true] {
            let mut damaged = whole_log.clone();
            match damaged.get_mut(at) {
                Some(byte) if flip => *byte ^= 0x10,
                _ => damaged.truncate(at),
            }
            fs::write(&file, &whole).unwrap();
            fs::write(&log, &damaged).unwrap();
            let _ = fs::remove_file(file.with_extension("db-shm"));
            let store = Store::open(file.to_str().unwrap()).await.unwrap();
            let ledger = store.ledger::<Counter>("bot");
            let read = ledger.journal("cnt_1", Position::default(), 1000).await.unwrap();
            assert_eq!(read, journal[..read.len()], "byte {at}");
            let last = read.last().map_or(Position::default(), |event| event.position);
            if let Some(machine) = ledger.load("cnt_1").await.unwrap() {
                assert_eq!(machine.position, last, "byte {at}: state and events agree");
            }
            lengths.push(read.len());
            store.close().await;
        }
    }
    assert_eq!(lengths.iter().max(), Some(&journal.len()));
    assert!(lengths.iter().filter(|length| **length < journal.len()).count() > 40, "{lengths:?}");
}
