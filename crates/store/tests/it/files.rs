//! The files of a SQLite database: who may read them, and what is done when they disappear.

use crate::{
    backend::Place,
    counter::{Counter, Input},
};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use store::{StepError, Store, StoreError};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn files(place: &Place) -> Vec<PathBuf> {
    ["db", "db-wal", "db-shm", "db.lock"].map(|end| place.file().with_extension(end)).into()
}

#[tokio::test]
async fn only_the_owner_reads_and_older_files_are_taken_back() {
    let place = Place::sqlite();
    let store = place.open().await;
    store.put_record("s", "k", "v", None).await.unwrap();
    for file in files(&place) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    store.close().await;
    for file in files(&place).iter().filter(|file| file.exists()) {
        fs::set_permissions(file, Permissions::from_mode(0o664)).unwrap();
    }
    let store = place.open().await;
    store.put_record("s", "k", "v", None).await.unwrap();
    for file in files(&place) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    store.close().await;
}

async fn acknowledges(store: &Store, n: i64) -> Result<(), StoreError> {
    let stepped = store.ledger::<Counter>("bot").step("cnt_1", &1, n, None, Input::Add(n)).await;
    match stepped {
        Ok(_) => Ok(()),
        Err(StepError::Store(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

fn displaced(what: &str, outcome: Result<(), StoreError>) {
    match outcome {
        Err(error @ StoreError::Displaced { .. }) => {
            assert!(error.is_temporary());
            assert!(error.to_string().contains(what), "{error}");
            assert!(error.to_string().contains("put it back"), "{error}");
        }
        other => panic!("{what}: {other:?}"),
    }
}

/// Nothing is acknowledged into a file that no path leads to.
#[tokio::test]
async fn a_database_that_disappears_acknowledges_nothing_until_it_is_back() {
    let place = Place::sqlite();
    let store = place.open().await;
    store.ledger::<Counter>("bot").create("cnt_1", &Counter::default()).await.unwrap();
    let elsewhere = place.file().with_extension("moved");
    let mut n = 0;
    for file in files(&place).into_iter().take(2) {
        for what in ["was deleted or moved away", "was replaced by another file"] {
            fs::rename(&file, &elsewhere).unwrap();
            if what.contains("replaced") {
                fs::copy(&elsewhere, &file).unwrap();
            }
            displaced(what, store.ready().await);
            n += 1;
            displaced(what, acknowledges(&store, n).await);
            fs::rename(&elsewhere, &file).unwrap();
            store.ready().await.unwrap();
            acknowledges(&store, n).await.unwrap();
        }
    }
    let events = store.ledger::<Counter>("bot").events("cnt_1", 0, 100).await.unwrap();
    assert_eq!(events.len(), 4);
    store.close().await;
    place.open().await.close().await;
}

#[tokio::test]
async fn a_database_that_is_cut_short_is_noticed() {
    let place = Place::sqlite();
    let store = place.open().await;
    store.ledger::<Counter>("bot").create("cnt_1", &Counter::default()).await.unwrap();
    store.ready().await.unwrap();
    let length = fs::metadata(place.file()).unwrap().len();
    fs::File::options().write(true).open(place.file()).unwrap().set_len(length / 2).unwrap();
    displaced("was cut short", store.ready().await);
    assert!(acknowledges(&store, 1).await.is_err());
}
