//! What subscribers of commits are told: every commit once, in order, before the caller knows.

use crate::{
    counter::{Counter, Input},
    on_both,
};
use std::sync::{Arc, Mutex};
use store::{Committed, Key, Store};

/// What a subscriber was told: id, total after the step, number of events.
type Told = Arc<Mutex<Vec<(String, i64, usize)>>>;

fn note(told: &Told) -> impl Fn(&Committed<Counter>) + Send + Sync + 'static {
    let told = told.clone();
    move |committed| {
        let line = (committed.id.to_string(), committed.state.total, committed.events.len());
        assert_eq!(&*committed.owner, "bot");
        told.lock().unwrap().push(line);
    }
}

fn taken(told: &Told) -> Vec<(String, i64, usize)> {
    std::mem::take(&mut told.lock().unwrap())
}

async fn create(store: &Store, id: &str) {
    store.ledger::<Counter>("bot").create(id, &Counter::default()).await.unwrap();
}

on_both! {
    async fn a_commit_is_told_before_its_caller_is_answered(place: Place) {
        let store = place.open().await;
        let told = Told::default();
        let guard = store.on_commit(note(&told));
        create(&store, "cnt_1").await;
        assert_eq!(taken(&told), [("cnt_1".to_owned(), 0, 0)]);
        let ledger = store.ledger::<Counter>("bot");
        for n in 1..20 {
            let stepped = ledger.step("cnt_1", &1, 0, None, Input::AddWithNotes(1)).await.unwrap();
            assert_eq!(taken(&told), [("cnt_1".to_owned(), n, 4)]);
            assert_eq!(stepped.state.total, n);
        }
        let make = || Some(("cnt_2".to_owned(), Counter::with("p")));
        ledger.step_peer("p", make, &1, 0, None, Input::Add(7)).await.unwrap();
        assert_eq!(taken(&told), [("cnt_2".to_owned(), 7, 1)]);
        drop(guard);
        ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap();
        assert_eq!(taken(&told), []);
    }

    async fn what_stored_nothing_is_not_told(place: Place) {
        let store = place.open().await;
        create(&store, "cnt_1").await;
        let ledger = store.ledger::<Counter>("bot");
        let key = || Some(Key { id: "k".to_owned(), fingerprint: 1 });
        ledger.step("cnt_1", &1, 0, key(), Input::Add(1)).await.unwrap();
        let told = Told::default();
        let _guard = store.on_commit(note(&told));
        assert!(ledger.step("cnt_1", &1, 0, key(), Input::Add(1)).await.unwrap().repeated);
        ledger.step("cnt_1", &1, 0, None, Input::Nothing).await.unwrap();
        ledger.step("cnt_1", &1, 0, None, Input::Refuse).await.unwrap_err();
        ledger.step("cnt_1", &1, 0, None, Input::Panic).await.unwrap_err();
        ledger.step("cnt_9", &1, 0, None, Input::Add(1)).await.unwrap_err();
        store.put_record("s", "k", "v", None).await.unwrap();
        assert_eq!(taken(&told), []);
    }

    async fn commits_are_told_in_order(place: Place) {
        let store = place.open().await;
        for id in ["cnt_1", "cnt_2"] {
            create(&store, id).await;
        }
        let told = Told::default();
        let _guard = store.on_commit(note(&told));
        let mut tasks = Vec::new();
        for task in 0..32 {
            let ledger = store.ledger::<Counter>("bot");
            tasks.push(tokio::spawn(async move {
                for _ in 0..10 {
                    let id = if task % 2 == 0 { "cnt_1" } else { "cnt_2" };
                    ledger.step(id, &1, 0, None, Input::Add(1)).await.unwrap();
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let told = taken(&told);
        for id in ["cnt_1", "cnt_2"] {
            let totals = told.iter().filter(|told| told.0 == id).map(|told| told.1);
            assert_eq!(totals.collect::<Vec<_>>(), (1..=160).collect::<Vec<_>>());
        }
    }

    async fn a_subscriber_that_panics_harms_nobody(place: Place) {
        let store = place.open().await;
        let told = Told::default();
        let _panics = store.on_commit::<Counter>(|_| panic!("on purpose"));
        let _guard = store.on_commit(note(&told));
        create(&store, "cnt_1").await;
        let ledger = store.ledger::<Counter>("bot");
        ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap();
        assert_eq!(taken(&told).len(), 2);
    }

    async fn a_caller_that_is_gone_changes_nothing(place: Place) {
        let store = place.open().await;
        create(&store, "cnt_1").await;
        let told = Told::default();
        let _guard = store.on_commit(note(&told));
        let ledger = store.ledger::<Counter>("bot");
        // Polled once, so that it is handed in, and dropped.
        let step = ledger.step("cnt_1", &1, 0, None, Input::Add(1));
        let _ = futures::FutureExt::now_or_never(step);
        ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap();
        assert_eq!(taken(&told).len(), 2);
    }
}
