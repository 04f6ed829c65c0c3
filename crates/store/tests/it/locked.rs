//! A row that another session has locked holds up its own machine and no other.

use crate::{
    backend::Place,
    counter::{Counter, Input},
};
use std::time::{Duration, Instant};
use store::{Ledger, StepError, StoreError};
use tokio_postgres::{Client, NoTls};

/// More than the pool of readers has connections.
const OTHERS: i64 = 24;

async fn session(place: &Place) -> Client {
    let (client, connection) = tokio_postgres::connect(&place.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn lock(session: &Client, id: &str) {
    session.batch_execute("BEGIN").await.unwrap();
    let sql = "SELECT 1 FROM subjects WHERE id = $1 FOR UPDATE";
    assert_eq!(session.query(sql, &[&id]).await.unwrap().len(), 1);
}

async fn add(ledger: &Ledger<Counter>, id: &str, n: i64) -> Result<i64, StoreError> {
    match ledger.step(id, &1, n, None, Input::Add(n)).await {
        Ok(stepped) => Ok(stepped.state.total),
        Err(StepError::Store(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_on_one_machine_fails_and_delays_no_other() {
    let Some(place) = Place::postgres().await else { return };
    let store = place.open().await;
    let ledger = store.ledger::<Counter>("bot");
    for n in 0..=OTHERS {
        ledger.create(&format!("cnt_{n}"), &Counter::default()).await.unwrap();
    }
    let other_session = session(&place).await;
    lock(&other_session, "cnt_0").await;
    let blocked = tokio::spawn({
        let ledger = ledger.clone();
        async move { tokio::join!(add(&ledger, "cnt_0", 1), add(&ledger, "cnt_0", 10)) }
    });
    let began = Instant::now();
    for round in 1..=10 {
        let steps = (1..=OTHERS).map(|n| {
            let ledger = ledger.clone();
            tokio::spawn(async move { add(&ledger, &format!("cnt_{n}"), 1).await })
        });
        let steps: Vec<_> = steps.collect();
        for step in steps {
            assert_eq!(step.await.unwrap(), Ok(round));
        }
        // Reads wait for nothing.
        assert_eq!(ledger.load("cnt_0").await.unwrap().unwrap().total, 0);
        store.ready().await.unwrap();
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(4), "the others were held up: {took:?}");
    assert!(!blocked.is_finished());
    other_session.batch_execute("COMMIT").await.unwrap();
    assert_eq!(blocked.await.unwrap(), (Ok(1), Ok(11)), "in their order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_stays_is_an_error_of_its_own_machine() {
    let Some(place) = Place::postgres().await else { return };
    let store = place.open().await;
    let ledger = store.ledger::<Counter>("bot");
    for id in ["cnt_0", "cnt_1"] {
        ledger.create(id, &Counter::default()).await.unwrap();
    }
    let other_session = session(&place).await;
    lock(&other_session, "cnt_0").await;
    let (blocked, free) = tokio::join!(add(&ledger, "cnt_0", 1), add(&ledger, "cnt_1", 1));
    assert_eq!(free, Ok(1));
    let error = blocked.unwrap_err();
    assert!(error.is_temporary() && error.to_string().contains("lock"), "{error}");
    other_session.batch_execute("COMMIT").await.unwrap();
    assert_eq!(add(&ledger, "cnt_0", 1).await, Ok(1), "nothing of the first was stored");
}
