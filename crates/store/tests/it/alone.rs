//! One process per database, unless it was told that there are others.

use crate::{
    backend::{Place, postgres_run, postgres_server},
    counter::{Counter, Input},
};
use std::time::Duration;
use store::{Options, Store, StoreError};

/// Ends the sessions of one application, and returns when they are gone.
async fn cut(application: &str) {
    let sql = format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
         WHERE application_name = '{application}'"
    );
    postgres_run(&postgres_server(), &sql).await;
}

fn named(place: &Place, application: &str) -> String {
    format!("{}&application_name={application}", place.url)
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let Some(place) = Place::postgres().await else { return };
    let store = place.open().await;
    let error = Store::open(&place.url).await.unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("another process"), "{error}");
    store.put_record("s", "k", "v", None).await.unwrap();
    store.close().await;
    place.open().await.close().await;
}

#[tokio::test]
async fn nodes_that_know_of_each_other_are_let_in() {
    let Some(place) = Place::postgres().await else { return };
    let options = Options { poll: Some(Duration::from_mins(1)) };
    let one = Store::open_with(&place.url, &options).await.unwrap();
    let two = Store::open_with(&place.url, &options).await.unwrap();
    one.put_record("s", "k", "v", None).await.unwrap();
    assert!(two.record("s", "k", 0).await.unwrap().is_some());
}

#[tokio::test]
async fn a_lost_connection_keeps_others_out_again() {
    let Some(place) = Place::postgres().await else { return };
    let application = format!("alone{}", std::process::id());
    let store = Store::open(&named(&place, &application)).await.unwrap();
    cut(&application).await;
    store.put_record("s", "k", "v", None).await.unwrap();
    let error = Store::open(&place.url).await.unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
}

/// A process that lost the database to another process must not write again.
#[tokio::test]
async fn who_lost_its_place_gives_up() {
    let Some(place) = Place::postgres().await else { return };
    let application = format!("ousted{}", std::process::id());
    let first = Store::open(&named(&place, &application)).await.unwrap();
    let ledger = first.ledger::<Counter>("bot");
    ledger.create("cnt_1", &Counter::default()).await.unwrap();
    cut(&application).await;
    let second = place.open().await;
    let refused = ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap_err();
    assert!(refused.to_string().contains("another process"), "{refused}");
    assert!(matches!(first.failed().await, StoreError::Stopped(_)));
    // Not even when there is room again.
    second.close().await;
    ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap_err();
    assert!(first.ready().await.is_err());
    let third = place.open().await;
    assert!(third.ledger::<Counter>("bot").events("cnt_1", 0, 10).await.unwrap().is_empty());
}
