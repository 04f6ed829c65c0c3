use super::connect::{Role, check_settings, connect};
use crate::{Key, Store, StoreError, engine::Engine, query::Query};
use machine::{Event, Machine, Millis, Position, Recorded};
use serde::{Deserialize, Serialize};
use std::{
    path::PathBuf,
    sync::{Arc, Barrier},
};

async fn made() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baton.db");
    Store::open(path.to_str().unwrap()).await.unwrap().close().await;
    (folder, path)
}

/// Every connection of the store is made by `connect`, which checks it.
#[tokio::test]
async fn a2_a_connection_that_does_not_sync_in_full_is_refused() {
    let (_folder, path) = made().await;
    for role in [Role::Writer, Role::Reader, Role::Checkpointer] {
        let connection = connect(&path, role).unwrap();
        for (pragma, value, before) in
            [("synchronous", 1, 2), ("foreign_keys", 0, 1), ("wal_autocheckpoint", 1000, 0)]
        {
            connection.pragma_update_and_check(None, pragma, value, |_| Ok(())).ok();
            let error = check_settings(&path, &connection, role).unwrap_err();
            assert!(matches!(error, StoreError::NotDurable { .. }), "{pragma}: {error}");
            connection.pragma_update_and_check(None, pragma, before, |_| Ok(())).ok();
            check_settings(&path, &connection, role).unwrap();
        }
    }
}

/// The connections that an open store works with, and not others like them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_every_connection_of_an_open_store_syncs_in_full() {
    let (_folder, path) = made().await;
    let store = Store::open(path.to_str().unwrap()).await.unwrap();
    let Engine::Sqlite(sqlite) = &store.inner.engine else { panic!("it is SQLite") };
    // Each reader waits until all of them have a question, so that none answers twice.
    let readers = sqlite.threads.lock().len() - 2;
    let all = Arc::new(Barrier::new(readers));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..readers {
        let (all, tell) = (all.clone(), tell.clone());
        let ask = move |connection: &rusqlite::Connection| {
            all.wait();
            let journal: String =
                connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
            let sync: i64 =
                connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
            tell.send((journal, sync)).unwrap();
        };
        sqlite.readers.submit(Box::new(ask)).await.unwrap();
    }
    drop(tell);
    for _ in 0..readers {
        assert_eq!(told.recv().await, Some(("wal".to_owned(), 2)));
    }
    let of_writer = "INSERT INTO records (space, key, value) \
        SELECT 'pragmas', journal_mode, synchronous FROM pragma_journal_mode, pragma_synchronous";
    store.execute(vec![Query { sql: of_writer, args: Vec::new() }]).await.unwrap();
    assert_eq!(store.record("pragmas", "wal", 0).await.unwrap().as_deref(), Some("2"));
    store.close().await;
}

#[tokio::test]
async fn a2_a_rollback_journal_is_refused() {
    let (_folder, path) = made().await;
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    let error = check_settings(&path, &connection, Role::Writer).unwrap_err();
    assert!(error.to_string().contains("journal_mode=delete"), "{error}");
}

/// Records texts of a given length, to fill a disk.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Sample {
    position: Position,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Said(String);

impl Event for Said {
    const FORMAT: u32 = 1;

    fn is_note(&self) -> bool {
        false
    }
}

impl Machine for Sample {
    const PREFIX: &'static str = "tlk";
    const FORMAT: u32 = 1;
    type Input = usize;
    type Event = Said;
    type Policy = ();
    type Refusal = ();

    fn step(&mut self, (): &(), now: Millis, length: usize) -> Result<Vec<Recorded<Said>>, ()> {
        let position = self.position.next(false);
        let recorded = Recorded { position, at: now, event: Said("x".repeat(length)) };
        self.apply(&recorded);
        Ok(vec![recorded])
    }

    fn apply(&mut self, recorded: &Recorded<Said>) {
        self.position = recorded.position;
    }

    fn position(&self) -> Position {
        self.position
    }

    fn owes(&self) -> bool {
        false
    }

    fn wake_at(&self) -> Option<Millis> {
        None
    }

    fn peer(&self) -> Option<&str> {
        None
    }
}

/// Says as much as there is room for; how many times it worked, and the error that ended it.
async fn fill(store: &Store) -> (u64, StoreError) {
    let ledger = store.ledger::<Sample>("bot");
    ledger.create("tlk_1", &Sample::default()).await.unwrap();
    let mut acknowledged = 0;
    loop {
        let key = Key { id: acknowledged.to_string(), fingerprint: 0 };
        match ledger.step("tlk_1", &(), 1, Some(key), 3000).await {
            Ok(stepped) => acknowledged = stepped.first_seq,
            Err(crate::StepError::Store(error)) => return (acknowledged, error),
            Err(other) => panic!("{other}"),
        }
    }
}

/// All that was acknowledged is there, reads go on, and writes do as soon as there is room.
async fn check_recovered(store: &Store, acknowledged: u64) {
    let ledger = store.ledger::<Sample>("bot");
    let key = Key { id: acknowledged.to_string(), fingerprint: 0 };
    let stepped = ledger.step("tlk_1", &(), 1, Some(key), 3000).await.unwrap();
    assert_eq!(stepped.first_seq, acknowledged + 1);
    store.ready().await.unwrap();
    assert!(!store.inner.engine.front().is_ailing());
}

/// A full disk, with a limit of SQLite's own in the place of a small disk.
#[tokio::test]
async fn a3_a_full_database_recovers_by_itself() {
    let (_folder, path) = made().await;
    let store = Store::open(path.to_str().unwrap()).await.unwrap();
    // A pragma that answers is an error for the writer, but takes effect all the same.
    let limit = Query { sql: "PRAGMA max_page_count = 60", args: Vec::new() };
    assert!(store.execute(vec![limit]).await.is_err());
    let (acknowledged, error) = fill(&store).await;
    assert_eq!(error, StoreError::Full);
    assert!(error.is_temporary() && store.inner.engine.front().is_ailing());
    assert!(acknowledged > 10);
    let ledger = store.ledger::<Sample>("bot");
    let events = ledger.events("tlk_1", 0, 1000).await.unwrap();
    assert_eq!(events.len() as u64, acknowledged);
    let more = Query { sql: "PRAGMA max_page_count = 1000000", args: Vec::new() };
    assert!(store.execute(vec![more]).await.is_err());
    check_recovered(&store, acknowledged).await;
}

const SMALL_DISK: &str = "BATON_TEST_SMALL_DISK";

/// A full disk, on a real small one: this test starts itself again where such a disk is mounted,
/// which no other process sees.
#[tokio::test]
async fn a3_a_full_disk_recovers_by_itself() {
    let Ok(disk) = std::env::var(SMALL_DISK) else { return on_a_small_disk() };
    let disk = PathBuf::from(disk);
    let store = Store::open(disk.join("baton.db").to_str().unwrap()).await.unwrap();
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, vec![0; 12 << 20]).unwrap();
    let (acknowledged, error) = fill(&store).await;
    assert_eq!(error, StoreError::Full);
    assert_eq!(store.ready().await, Err(StoreError::Full));
    let events = store.ledger::<Sample>("bot").events("tlk_1", 0, 100_000).await.unwrap();
    assert_eq!(events.len() as u64, acknowledged);
    // Room for a small message is not room for a large one.
    std::fs::File::options().write(true).open(&ballast).unwrap().set_len(11 << 20).unwrap();
    assert_eq!(store.ready().await, Err(StoreError::Full));
    std::fs::remove_file(ballast).unwrap();
    store.ready().await.unwrap();
    check_recovered(&store, acknowledged).await;
    store.close().await;
}

fn on_a_small_disk() {
    let folder = tempfile::tempdir().unwrap();
    let run = "mount -t tmpfs -o size=20m,mode=700 none \"$0\" && exec \"$@\"";
    let mut test = std::process::Command::new("unshare");
    test.args(["--user", "--map-root-user", "--mount", "sh", "-c", run]).arg(folder.path());
    test.arg(std::env::current_exe().unwrap());
    test.args(["--exact", "sqlite::tests::a3_a_full_disk_recovers_by_itself", "--nocapture"]);
    let output = test.env(SMALL_DISK, folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let ran = output.status.success() && said.contains("1 passed");
    assert!(ran, "{said}{}", String::from_utf8_lossy(&output.stderr));
}
