//! What the store refuses to start on, by name and with a reason.

use crate::{
    backend::{Place, postgres_run},
    counter::{Counter, Input},
};
use std::{fs, io::Write};
use store::{Store, StoreError};

async fn refused(place: &Place) -> StoreError {
    Store::open(&place.url).await.unwrap_err()
}

/// A closed database with a few hundred events in it.
async fn filled() -> Place {
    let place = Place::sqlite();
    let store = place.open().await;
    let ledger = store.ledger::<Counter>("bot");
    ledger.create("cnt_1", &Counter::default()).await.unwrap();
    for n in 0..300 {
        ledger.step("cnt_1", &1, n, None, Input::AddWithNotes(n)).await.unwrap();
    }
    store.close().await;
    place
}

/// Deleted or moved, its lock file tells that it was there.
#[tokio::test]
async fn a_database_that_is_gone_is_not_started_over() {
    let place = filled().await;
    let lock = place.file().with_extension("db.lock");
    // As a release before this one left it.
    fs::write(&lock, "").unwrap();
    place.open().await.close().await;
    let elsewhere = place.file().with_extension("moved");
    fs::rename(place.file(), &elsewhere).unwrap();
    for _ in 0..2 {
        let error = refused(&place).await;
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains("put the file back"), "{said}");
        assert!(said.contains(&format!("remove {}", lock.display())), "{said}");
        assert!(!place.file().exists());
    }
    fs::rename(&elsewhere, place.file()).unwrap();
    let store = place.open().await;
    let events = store.ledger::<Counter>("bot").events("cnt_1", 0, 1000).await.unwrap();
    assert_eq!(events.len(), 300);
    store.close().await;
    fs::remove_file(place.file()).unwrap();
    fs::remove_file(lock).unwrap();
    place.open().await.close().await;
}

#[tokio::test]
async fn a_database_in_use_is_refused() {
    let place = Place::sqlite();
    let store = place.open().await;
    let error = refused(&place).await;
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    store.close().await;
    place.open().await.close().await;
}

#[tokio::test]
async fn a_half_made_database_is_made_again() {
    let place = Place::sqlite();
    let unfinished = place.file().with_extension("db.new");
    fs::File::create(&unfinished).unwrap().write_all(b"half").unwrap();
    let store = place.open().await;
    store.put_record("s", "k", "v", None).await.unwrap();
    store.close().await;
    assert!(!unfinished.exists());
}

#[tokio::test]
async fn an_address_without_a_file_is_refused() {
    for url in ["", "sqlite:", "sqlite::memory:", "mysql://user:secret@host/db", "a.db?mode=ro"] {
        let error = Store::open(url).await.unwrap_err();
        assert!(matches!(error, StoreError::Address(_)), "{url}: {error}");
        assert!(!error.to_string().contains("secret"));
    }
    let error = Store::open("postgres://user:secret@host:nonsense/db").await.unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no/such/folder.db");
    let error = Store::open(nowhere.to_str().unwrap()).await.unwrap_err();
    assert!(matches!(error, StoreError::Address(_)), "{error}");
}

async fn run(place: &Place, sql: &str) {
    if place.url.starts_with("sqlite:") {
        rusqlite::Connection::open(place.file()).unwrap().execute_batch(sql).unwrap();
    } else {
        postgres_run(&place.url, sql).await;
    }
}

crate::on_both! {
    async fn a_newer_schema_is_refused(place: Place) {
        place.open().await.close().await;
        run(place, "INSERT INTO schema (version, name, print) VALUES (1000, 'later', 1)").await;
        let error = refused(place).await;
        assert!(matches!(error, StoreError::NewerSchema { found: 1000, .. }), "{error}");
    }

    async fn an_edited_migration_is_refused(place: Place) {
        place.open().await.close().await;
        run(place, "UPDATE schema SET print = 1 WHERE version = 1").await;
        let error = refused(place).await;
        assert!(matches!(error, StoreError::ChangedMigration { version: 1, .. }), "{error}");
    }

    async fn an_unreadable_state_spares_its_neighbours(place: Place) {
        let store = place.open().await;
        let ledger = store.ledger::<Counter>("bot");
        ledger.create("cnt_1", &Counter::default()).await.unwrap();
        ledger.create("cnt_2", &Counter::default()).await.unwrap();
        store.close().await;
        run(place, "UPDATE subjects SET state = '{}' WHERE id = 'cnt_1'").await;
        let store = place.open().await;
        let ledger = store.ledger::<Counter>("bot");
        let (bad, good) = tokio::join!(
            ledger.step("cnt_1", &1, 1, None, Input::Add(1)),
            ledger.step("cnt_2", &1, 1, None, Input::Add(1)),
        );
        let bad = bad.unwrap_err();
        assert!(matches!(&bad, store::StepError::Store(StoreError::Unreadable { .. })), "{bad}");
        assert_eq!(good.unwrap().state.total, 1);
        assert!(ledger.load("cnt_1").await.is_err());
    }
}

#[tokio::test]
async fn postgres_without_synchronous_commit_is_refused() {
    let Some(place) = Place::postgres().await else { return };
    let unsafe_url = format!("{}%20-csynchronous_commit%3Doff", place.url);
    let error = Store::open(&unsafe_url).await.unwrap_err();
    assert!(matches!(error, StoreError::NotDurable { .. }), "{error}");
    assert!(error.to_string().contains("synchronous_commit=off"), "{error}");
}
