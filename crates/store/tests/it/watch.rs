//! Live views: gapless and in order, from memory or from the store, and gone when dropped.

use crate::{
    counter::{Counter, Happened, Input},
    on_both,
};
use machine::Recorded;
use std::{sync::Arc, time::Duration};
use store::{Ledger, Seen, Watcher};

/// Only a test that hangs ever waits this long.
const PATIENCE: Duration = Duration::from_secs(30);

async fn next(watcher: &mut Watcher<Counter>) -> Seen<Happened> {
    tokio::time::timeout(PATIENCE, watcher.next()).await.unwrap().unwrap()
}

async fn next_events(watcher: &mut Watcher<Counter>) -> Arc<[Recorded<Happened>]> {
    match next(watcher).await {
        Seen::Events(events) => events,
        Seen::Ephemeral { text, .. } => panic!("ephemeral {text}"),
    }
}

/// Reads up to a number and checks that none is missing, doubled or out of order.
async fn follow(mut watcher: Watcher<Counter>, to: u64) {
    while watcher.after() < to {
        let before = watcher.after();
        let events = next_events(&mut watcher).await;
        let numbers: Vec<u64> = events.iter().map(|event| event.position.seq).collect();
        let last = before + numbers.len() as u64;
        assert_eq!(numbers, (before + 1..=last).collect::<Vec<_>>());
        assert!(events.iter().all(|event| event.position.sub == 0));
        assert_eq!(watcher.after(), last);
    }
}

async fn add(ledger: &Ledger<Counter>, n: i64) {
    ledger.step("cnt_1", &1, 0, None, Input::Add(n)).await.unwrap();
}

on_both! {
    async fn watchers_see_everything_in_order(place: Place) {
        let store = place.open().await;
        let ledger = store.ledger::<Counter>("bot");
        ledger.create("cnt_1", &Counter::default()).await.unwrap();
        for n in 0..5 {
            add(&ledger, n).await;
        }
        let total = 5 + 32 * 10;
        let mut watchers: Vec<_> = [0, 3, 5]
            .map(|after| tokio::spawn(follow(ledger.watch("cnt_1", after), total)))
            .into();
        let mut writers = Vec::new();
        for task in 0..32 {
            let ledger = ledger.clone();
            writers.push(tokio::spawn(async move {
                for n in 0..10 {
                    let input =
                        if n % 3 == 0 { Input::AddWithNotes(task) } else { Input::Add(task) };
                    ledger.step("cnt_1", &1, 0, None, input).await.unwrap();
                }
            }));
        }
        watchers.push(tokio::spawn(follow(ledger.watch("cnt_1", 0), total)));
        for task in writers.into_iter().chain(watchers) {
            task.await.unwrap();
        }
        assert_eq!(store.watched(), 0);
    }

    async fn a_watcher_that_keeps_up_shares_what_was_committed(place: Place) {
        let store = place.open().await;
        let ledger = store.ledger::<Counter>("bot");
        let mut watcher = ledger.watch("cnt_1", 0);
        ledger.create("cnt_1", &Counter::default()).await.unwrap();
        add(&ledger, 1).await;
        next_events(&mut watcher).await;
        let stepped = ledger.step("cnt_1", &1, 0, None, Input::Add(2)).await.unwrap();
        let seen = next_events(&mut watcher).await;
        assert!(Arc::ptr_eq(&stepped.events, &seen));
    }

    async fn a_watcher_far_behind_reads_the_store(place: Place) {
        let store = place.open().await;
        let ledger = store.ledger::<Counter>("bot");
        ledger.create("cnt_1", &Counter::default()).await.unwrap();
        let mut slow = ledger.watch("cnt_1", 0);
        let many = (0..450).map(|n| {
            let ledger = ledger.clone();
            tokio::spawn(async move { add(&ledger, n).await })
        });
        for task in many.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(next_events(&mut slow).await.len(), 200, "a page from the store");
        follow(slow, 450).await;
        follow(ledger.watch("cnt_1", 200), 450).await;
    }

    async fn a_note_alone_wakes_no_watcher(place: Place) {
        let store = place.open().await;
        let ledger = store.ledger::<Counter>("bot");
        ledger.create("cnt_1", &Counter::default()).await.unwrap();
        let mut watcher = ledger.watch("cnt_1", 0);
        ledger.step("cnt_1", &1, 0, None, Input::Note("n".to_owned())).await.unwrap();
        add(&ledger, 7).await;
        let events = next_events(&mut watcher).await;
        assert_eq!((events.len(), &events[0].event), (1, &Happened::Added(7)));
    }

    async fn a_cancelled_wait_loses_nothing(place: Place) {
        let store = place.open().await;
        let ledger = store.ledger::<Counter>("bot");
        ledger.create("cnt_1", &Counter::default()).await.unwrap();
        let mut watcher = ledger.watch("cnt_1", 0);
        for n in 1..20 {
            // Polled once and dropped, at the start, in the middle of a read, or while waiting.
            let _ = futures::FutureExt::now_or_never(watcher.next());
            add(&ledger, n).await;
            if watcher.after() < n as u64 {
                next_events(&mut watcher).await;
            }
        }
        follow(watcher, 19).await;
    }

    async fn an_ephemeral_event_is_seen_and_not_stored(place: Place) {
        let store = place.open().await;
        let ledger = store.ledger::<Counter>("bot");
        ledger.create("cnt_1", &Counter::default()).await.unwrap();
        let mut watcher = ledger.watch("cnt_1", 0);
        let mut other_tenant = store.ledger::<Counter>("other").watch("cnt_1", 0);
        ledger.send_ephemeral("cnt_1", "typing", 5000);
        let typing = Seen::Ephemeral { text: "typing".into(), until: 5000 };
        assert_eq!(next(&mut watcher).await, typing);
        assert_eq!(next(&mut ledger.watch("cnt_1", 0)).await, typing, "also for who comes later");
        ledger.send_ephemeral("cnt_1", "a", 1);
        ledger.send_ephemeral("cnt_1", "b", 2);
        let newest = Seen::Ephemeral { text: "b".into(), until: 2 };
        assert_eq!(next(&mut watcher).await, newest, "a newer one takes the older one's place");
        add(&ledger, 1).await;
        assert_eq!(next_events(&mut watcher).await.len(), 1);
        let unheard = tokio::time::timeout(Duration::from_millis(20), other_tenant.next()).await;
        assert!(unheard.is_err(), "neither the ephemeral nor the stored event of another tenant");
        drop((watcher, other_tenant));
        assert_eq!(store.watched(), 0);
    }

    async fn an_owner_watcher_is_told_of_changes(place: Place) {
        let store = place.open().await;
        let ledger = store.ledger::<Counter>("bot");
        let mut watcher = ledger.watch_owner();
        ledger.create("cnt_1", &Counter::default()).await.unwrap();
        tokio::time::timeout(PATIENCE, watcher.changed()).await.unwrap();
        let other = store.ledger::<Counter>("other");
        other.create("cnt_2", &Counter::default()).await.unwrap();
        ledger.step("cnt_1", &1, 0, None, Input::Nothing).await.unwrap();
        let quiet = tokio::time::timeout(Duration::from_millis(20), watcher.changed()).await;
        assert!(quiet.is_err(), "nothing of this owner changed");
        add(&ledger, 1).await;
        add(&ledger, 2).await;
        let mut second = ledger.watch_owner();
        tokio::time::timeout(PATIENCE, watcher.changed()).await.unwrap();
        add(&ledger, 3).await;
        tokio::time::timeout(PATIENCE, second.changed()).await.unwrap();
        drop(watcher);
        add(&ledger, 4).await;
        tokio::time::timeout(PATIENCE, second.changed()).await.unwrap();
        drop(second);
        assert_eq!(store.watched(), 0);
    }

    async fn a_timer_learns_of_earlier_wakes(place: Place) {
        let store = place.open().await;
        let ledger = store.ledger::<Counter>("bot");
        ledger.create("cnt_1", &Counter::default()).await.unwrap();
        let mut wakes = store.wakes::<Counter>();
        let wake = async |at| {
            ledger.step("cnt_1", &1, 0, None, Input::Wake(at)).await.unwrap();
        };
        wake(Some(500)).await;
        tokio::time::timeout(PATIENCE, wakes.before(None)).await.unwrap();
        wake(Some(900)).await;
        add(&ledger, 1).await;
        wake(None).await;
        let later = tokio::time::timeout(Duration::from_millis(20), wakes.before(Some(500))).await;
        assert!(later.is_err(), "a later wake does not disturb the timer");
        wake(Some(499)).await;
        wake(Some(800)).await;
        tokio::time::timeout(PATIENCE, wakes.before(Some(500))).await.unwrap();
        drop(wakes);
        assert_eq!(store.watched(), 0);
    }
}
