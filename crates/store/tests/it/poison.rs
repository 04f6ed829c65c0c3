//! A unit the database cannot hold fails alone, for good, and harms neither its neighbours nor the
//! store.

use crate::{
    backend::Place,
    counter::{Counter, Happened, Input},
    on_both,
};
use futures::future::join_all;
use machine::Position;
use std::time::Duration;
use store::{Key, Ledger, Options, Seen, StepError, Store, StoreError};

const NUL: &str = "a\0b";

fn ledger(store: &Store) -> Ledger<Counter> {
    store.ledger("bot")
}

/// How a step for a peer and with a key that are its own ended.
async fn step(ledger: Ledger<Counter>, peer: String, key: String) -> Result<(), StoreError> {
    let with = peer.clone();
    let make = move || Some((format!("cnt_{with:.9}"), Counter::with(&with)));
    let key = Some(Key { id: key, fingerprint: 0 });
    match ledger.step_peer(&peer, make, &1, 0, key, Input::Add(1)).await {
        Ok(_) => Ok(()),
        Err(StepError::Store(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

/// Twenty units at once, with a poisoned one in their midst; returns what became of that one.
async fn among_twenty(ledger: &Ledger<Counter>, round: u32, peer: &str, key: &str) -> StoreError {
    let units = (0..21).map(|n| {
        let own = if n == 10 { peer.to_owned() } else { format!("p{round}_{n}") };
        tokio::spawn(step(ledger.clone(), own, key.repeat(usize::from(n == 10))))
    });
    let mut poisoned = None;
    for (n, outcome) in join_all(units).await.into_iter().enumerate() {
        match outcome.unwrap() {
            Err(error) if n == 10 => poisoned = Some(error),
            outcome => assert_eq!(outcome, Ok(()), "unit {n}"),
        }
    }
    poisoned.unwrap()
}

/// Text without pattern, so that the server cannot shorten it.
fn noise(length: usize) -> String {
    let mut seed = 1_u64;
    let letters = (0..length).map(|_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'!' + (seed >> 33) as u8 % 90)
    });
    letters.collect()
}

fn assert_unstorable(error: &StoreError) {
    assert!(matches!(error, StoreError::Unstorable(_)), "{error}");
    assert!(!error.is_temporary());
}

on_both! {
    async fn a_nul_spares_its_neighbours(place: Place) {
        let store = place.open().await;
        let ledger = ledger(&store);
        for round in 0..10 {
            let (peer, key) = if round % 2 == 0 { (NUL, "k") } else { ("p", NUL) };
            assert_unstorable(&among_twenty(&ledger, round, peer, key).await);
        }
        store.ready().await.unwrap();
        assert_eq!(ledger.open_ids(1000).await.unwrap().len(), 200);
    }

    async fn a_nul_is_refused_wherever_it_stands(place: Place) {
        let store = place.open().await;
        let ledger = ledger(&store);
        assert_unstorable(&ledger.create(NUL, &Counter::default()).await.unwrap_err());
        assert_unstorable(&ledger.create("cnt_1", &Counter::with(NUL)).await.unwrap_err());
        assert_unstorable(&store.put_record("s", "k", NUL, None).await.unwrap_err());
        assert_unstorable(&store.put_record("s", NUL, "v", None).await.unwrap_err());
        let make = || Some((NUL.to_owned(), Counter::with("p")));
        let made = ledger.step_peer("p", make, &1, 0, None, Input::Add(1)).await.unwrap_err();
        let StepError::Store(error) = made else { panic!("{made}") };
        assert_unstorable(&error);
        assert!(ledger.open_ids(10).await.unwrap().is_empty());
    }

    async fn what_cannot_be_there_is_not_found(place: Place) {
        let store = place.open().await;
        let ledger = ledger(&store);
        assert_eq!(ledger.load(NUL).await.unwrap(), None);
        assert!(ledger.events(NUL, 0, 10).await.unwrap().is_empty());
        assert_eq!(store.record("s", NUL, 0).await.unwrap(), None);
        let step = ledger.step(NUL, &1, 0, None, Input::Add(1)).await;
        assert_eq!(step.unwrap_err(), StepError::NotFound);
    }

    async fn a_nul_in_what_is_said_is_kept(place: Place) {
        let store = place.open().await;
        let ledger = ledger(&store);
        ledger.create("cnt_1", &Counter::default()).await.unwrap();
        let note = Input::Note(NUL.to_owned());
        let said = ledger.step("cnt_1", &1, 0, None, note).await.unwrap();
        let journal = ledger.journal("cnt_1", Position::default(), 10).await.unwrap();
        assert_eq!(*journal, *said.events);
        assert_eq!(journal[0].event, Happened::Note(NUL.to_owned()));
    }
}

/// Only the server knows how long an entry of an index may be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_refuses_spares_its_neighbours() {
    let Some(place) = Place::postgres().await else { return };
    let store = place.open().await;
    let ledger = ledger(&store);
    let long = noise(20_000);
    for round in 0..10 {
        let (peer, key) = if round % 2 == 0 { (&*long, "k") } else { ("p", &*long) };
        assert_unstorable(&among_twenty(&ledger, round, peer, key).await);
    }
    assert_eq!(ledger.open_ids(1000).await.unwrap().len(), 200);
}

/// An id that cannot be must not keep a node from hearing of all others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watched_nul_blinds_no_node() {
    let Some(place) = Place::postgres().await else { return };
    let options = Options { poll: Some(Duration::from_millis(20)) };
    let here = Store::open_with(&place.url, &options).await.unwrap();
    let there = Store::open_with(&place.url, &options).await.unwrap();
    let (ledger, other) = (self::ledger(&here), self::ledger(&there));
    other.create("cnt_1", &Counter::default()).await.unwrap();
    let _impossible = ledger.watch(NUL, 0);
    let mut watcher = ledger.watch("cnt_1", 0);
    for n in 1..3 {
        other.step("cnt_1", &1, 0, None, Input::Add(n)).await.unwrap();
        let seen = tokio::time::timeout(Duration::from_secs(30), watcher.next()).await;
        assert!(matches!(seen.unwrap().unwrap(), Seen::Events(_)));
    }
}
