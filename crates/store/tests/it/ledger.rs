//! Units of work: atomic, numbered without gaps, once per key, one open machine per peer.

use crate::{
    counter::{Counter, Happened, Input, Refused},
    on_both,
};
use machine::{Machine, Position};
use store::{Key, Ledger, PageMax, Seen, StepError, Store, StoreError};

#[expect(clippy::unnecessary_wraps, reason = "every step takes it this way")]
fn key(id: &str, print: u64) -> Option<Key> {
    Some(Key { id: id.to_owned(), fingerprint: print })
}

fn ledger(store: &Store) -> Ledger<Counter> {
    store.ledger("bot_1")
}

async fn with_counter(store: &Store) -> Ledger<Counter> {
    let ledger = ledger(store);
    ledger.create("cnt_1", &Counter::default()).await.unwrap();
    ledger
}

on_both! {
    async fn a_step_is_stored_with_its_events(place: Place) {
        let store = place.open().await;
        let ledger = with_counter(&store).await;
        let stepped = ledger.step("cnt_1", &2, 1000, None, Input::Add(3)).await.unwrap();
        assert_eq!(stepped.state.total, 6);
        assert_eq!((stepped.first_seq, stepped.repeated), (1, false));
        assert_eq!(stepped.id, "cnt_1");
        assert_eq!(ledger.load("cnt_1").await.unwrap(), Some(Counter::clone(&stepped.state)));
        let events = ledger.events("cnt_1", 0, 10).await.unwrap();
        assert_eq!(*events, *stepped.events);
        assert_eq!((events[0].at, &events[0].event), (1000, &Happened::Added(6)));
    }

    async fn a_page_ends_with_its_bytes_and_with_its_count(place: Place) {
        let store = place.open().await;
        let ledger = with_counter(&store).await;
        for n in 0..20 {
            ledger.step("cnt_1", &1, n, None, Input::Add(1)).await.unwrap();
        }
        let mut whole = Vec::new();
        // One byte holds no event, and each page has one all the same.
        for (max, length) in [
            (PageMax { events: 7, bytes: 1_000_000 }, 7),
            (PageMax { events: 7, bytes: 1 }, 1),
            (PageMax { events: 100, bytes: 1_000_000 }, 20),
        ] {
            let (mut after, mut read) = (0, Vec::new());
            loop {
                let page = ledger.page("cnt_1", after, max).await.unwrap();
                let Some(last) = page.events.last() else { break };
                after = last.position.seq;
                assert!(page.events.len() <= length, "{page:?}");
                assert!(!page.is_last || after == 20, "{page:?}");
                read.extend(page.events);
            }
            assert_eq!(read.len(), 20, "{max:?}");
            whole.push(read);
        }
        assert!(whole.iter().all(|read| *read == whole[0]));
        let all = PageMax { events: 21, bytes: 1_000_000 };
        assert!(ledger.page("cnt_1", 0, all).await.unwrap().is_last);
    }

    async fn a_step_that_fails_leaves_nothing(place: Place) {
        let store = place.open().await;
        let ledger = with_counter(&store).await;
        let before = ledger.step("cnt_1", &1, 1, None, Input::Add(1)).await.unwrap().state;
        let refused = ledger.step("cnt_1", &1, 2, key("k", 1), Input::Refuse).await.unwrap_err();
        assert_eq!(refused, StepError::Refused(Refused(-1)));
        let panicked = ledger.step("cnt_1", &1, 3, key("k", 1), Input::Panic).await.unwrap_err();
        assert!(matches!(panicked, StepError::Store(StoreError::Machine { .. })), "{panicked}");
        let skipped = ledger.step("cnt_1", &1, 4, key("k", 1), Input::Misnumber).await.unwrap_err();
        assert!(matches!(skipped, StepError::Store(StoreError::Machine { .. })), "{skipped}");
        assert_eq!(ledger.load("cnt_1").await.unwrap(), Some(Counter::clone(&before)));
        assert_eq!(ledger.journal("cnt_1", Position::default(), 10).await.unwrap().len(), 1);
        let after = ledger.step("cnt_1", &1, 5, key("k", 1), Input::Add(1)).await.unwrap();
        assert_eq!((after.state.total, after.first_seq), (2, 2));
    }

    async fn a_failing_unit_does_not_take_its_neighbours(place: Place) {
        let store = place.open().await;
        let ledger = with_counter(&store).await;
        let taken = ledger.create("cnt_peer", &Counter::with("p")).await;
        assert_eq!(taken, Ok(()));
        let mut tasks = Vec::new();
        for n in 0..40 {
            let ledger = ledger.clone();
            tasks.push(tokio::spawn(async move {
                if n % 4 == 0 {
                    // Another machine for a peer that has one: only the database can refuse it.
                    let twin = ledger.create(&format!("cnt_twin{n}"), &Counter::with("p")).await;
                    assert!(matches!(twin, Err(StoreError::Conflict(_))), "{twin:?}");
                } else {
                    ledger.step("cnt_1", &1, n, None, Input::Add(1)).await.unwrap();
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(ledger.load("cnt_1").await.unwrap().unwrap().total, 30);
        assert_eq!(ledger.events("cnt_1", 0, 100).await.unwrap().len(), 30);
    }

    async fn numbers_have_no_gaps_with_many_writers(place: Place) {
        let store = place.open().await;
        let ledger = ledger(&store);
        for machine in 0..4 {
            ledger.create(&format!("cnt_{machine}"), &Counter::default()).await.unwrap();
        }
        let mut tasks = Vec::new();
        for task in 0..64 {
            let ledger = ledger.clone();
            tasks.push(tokio::spawn(async move {
                for n in 0..20 {
                    let id = format!("cnt_{}", (task + n) % 4);
                    let key = key(&format!("{task}/{n}"), 0);
                    let input = if n % 5 == 0 { Input::AddWithNotes(1) } else { Input::Add(1) };
                    ledger.step(&id, &1, n, key, input).await.unwrap();
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        for machine in 0..4 {
            let id = format!("cnt_{machine}");
            let events = ledger.events(&id, 0, 1000).await.unwrap();
            let numbers: Vec<u64> = events.iter().map(|event| event.position.seq).collect();
            assert_eq!(numbers, (1..=320).collect::<Vec<u64>>());
            let state = ledger.load(&id).await.unwrap().unwrap();
            assert_eq!(state.total, 320);
            let journal = ledger.journal(&id, Position::default(), 10_000).await.unwrap();
            let mut replayed = Counter::default();
            for event in &journal {
                replayed.apply(event);
            }
            assert_eq!(replayed, state);
        }
    }

    async fn a_key_is_used_once(place: Place) {
        let store = place.open().await;
        let ledger = with_counter(&store).await;
        ledger.step("cnt_1", &1, 1, None, Input::Add(1)).await.unwrap();
        let first = ledger.step("cnt_1", &1, 2, key("k", 7), Input::Add(10)).await.unwrap();
        ledger.step("cnt_1", &1, 3, None, Input::Add(100)).await.unwrap();
        let again = ledger.step("cnt_1", &1, 4, key("k", 7), Input::Add(10)).await.unwrap();
        assert!(again.repeated && again.events.is_empty());
        assert_eq!((first.first_seq, again.first_seq, again.state.total), (2, 2, 111));
        let other = ledger.step("cnt_1", &1, 5, key("k", 8), Input::Add(10)).await;
        assert_eq!(other.unwrap_err(), StepError::KeyReused);
        ledger.create("cnt_2", &Counter::default()).await.unwrap();
        let elsewhere = ledger.step("cnt_2", &1, 6, key("k", 8), Input::Add(5)).await.unwrap();
        assert!(!elsewhere.repeated);
    }

    async fn a_key_at_once_is_used_once(place: Place) {
        let store = place.open().await;
        let ledger = with_counter(&store).await;
        let mut tasks = Vec::new();
        for _ in 0..100 {
            let ledger = ledger.clone();
            let step =
                async move { ledger.step("cnt_1", &1, 1, key("k", u64::MAX), Input::Add(1)).await };
            tasks.push(tokio::spawn(step));
        }
        let mut fresh = 0;
        for task in tasks {
            let stepped = task.await.unwrap().unwrap();
            assert_eq!((stepped.first_seq, stepped.state.total), (1, 1));
            fresh += usize::from(!stepped.repeated);
        }
        assert_eq!(fresh, 1);
    }

    async fn a_key_without_an_event_is_not_stored(place: Place) {
        let store = place.open().await;
        let ledger = with_counter(&store).await;
        let nothing = ledger.step("cnt_1", &1, 1, key("k", 1), Input::Nothing).await.unwrap();
        assert!(nothing.events.is_empty() && !nothing.repeated);
        let run = ledger.step("cnt_1", &1, 2, key("k", 2), Input::Add(1)).await.unwrap();
        assert!(!run.repeated);
        let noted = ledger.step("cnt_1", &1, 3, key("n", 1), Input::AddWithNotes(1)).await.unwrap();
        assert_eq!(noted.first_seq, 1, "its first event is a note on event 1");
        let again = ledger.step("cnt_1", &1, 3, key("n", 1), Input::AddWithNotes(1)).await.unwrap();
        assert!(again.repeated && again.first_seq == 1);
    }

    async fn a_peer_has_one_open_machine(place: Place) {
        let store = place.open().await;
        let ledger = ledger(&store);
        let none = ledger.step_peer("visitor", || None, &1, 1, None, Input::Add(1)).await.unwrap();
        assert!(none.is_none());
        let mut tasks = Vec::new();
        for n in 0..100 {
            let ledger = ledger.clone();
            tasks.push(tokio::spawn(async move {
                let make = move || Some((format!("cnt_{n}"), Counter::with("visitor")));
                let step = ledger.step_peer("visitor", make, &1, 1, None, Input::Add(1)).await;
                step.unwrap().unwrap()
            }));
        }
        let mut ids = std::collections::HashSet::new();
        for task in tasks {
            ids.insert(task.await.unwrap().id);
        }
        assert_eq!(ids.len(), 1, "{ids:?}");
        let open = ledger.open_ids(10).await.unwrap();
        assert_eq!((open.len(), open[0].1.total), (1, 100));
    }

    async fn a_closed_machine_makes_room_for_the_next(place: Place) {
        let store = place.open().await;
        let ledger = ledger(&store);
        for id in ["cnt_a", "cnt_b"] {
            let make = move || Some((id.to_owned(), Counter::with("p")));
            let added = ledger.step_peer("p", make, &1, 1, None, Input::Add(1)).await.unwrap();
            assert_eq!(added.unwrap().id, id);
            let close = ledger.step_peer("p", || None, &1, 2, None, Input::Close).await.unwrap();
            assert_eq!(close.unwrap().id, id);
            assert!(ledger.open_ids(10).await.unwrap().is_empty());
        }
        let refused = || Some(("cnt_c".to_owned(), Counter::with("p")));
        let step = ledger.step_peer("p", refused, &1, 3, None, Input::Refuse).await;
        assert_eq!(step.unwrap_err(), StepError::Refused(Refused(-1)));
        assert_eq!(ledger.load("cnt_c").await.unwrap(), None);
    }

    async fn opening_and_closing_at_once_keeps_the_order(place: Place) {
        let store = place.open().await;
        let ledger = ledger(&store);
        let mut tasks = Vec::new();
        for n in 0..60 {
            let ledger = ledger.clone();
            tasks.push(tokio::spawn(async move {
                let make = move || Some((format!("cnt_{n:02}"), Counter::with("p")));
                let input = if n % 3 == 0 { Input::Close } else { Input::Add(1) };
                ledger.step_peer("p", make, &1, 1, key(&n.to_string(), 0), input).await.unwrap()
            }));
        }
        let mut events = 0;
        for task in tasks {
            events += task.await.unwrap().unwrap().events.len();
        }
        assert_eq!(events, 60);
        let mut stored = 0;
        for n in 0..60 {
            let events = ledger.events(&format!("cnt_{n:02}"), 0, 100).await.unwrap();
            let closed = events.iter().position(|event| event.event == Happened::Closed);
            assert!(closed.is_none_or(|at| at + 1 == events.len()), "{events:?}");
            stored += events.len();
        }
        assert_eq!(stored, 60);
        assert!(ledger.open_ids(10).await.unwrap().len() <= 1);
    }

    async fn those_who_wait_longest_are_never_cut_off(place: Place) {
        let store = place.open().await;
        let ledger = ledger(&store);
        for id in ["cnt_c", "cnt_b", "cnt_a"] {
            ledger.create(id, &Counter::with(id)).await.unwrap();
        }
        let ids = |open: Vec<(String, Counter)>| -> Vec<String> {
            open.into_iter().map(|(id, _)| id).collect()
        };
        assert_eq!(ids(ledger.open_ids(2).await.unwrap()), ["cnt_c", "cnt_b"]);
        ledger.step("cnt_c", &1, 1, None, Input::Close).await.unwrap();
        assert_eq!(ids(ledger.open_ids(2).await.unwrap()), ["cnt_b", "cnt_a"]);
    }

    async fn nothing_comes_after_the_largest_number(place: Place) {
        let store = place.open().await;
        let ledger = with_counter(&store).await;
        ledger.step("cnt_1", &1, 1, None, Input::AddWithNotes(1)).await.unwrap();
        for after in [i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
            assert!(ledger.events("cnt_1", after, 10).await.unwrap().is_empty());
            let end = Position { seq: after, sub: after };
            assert!(ledger.journal("cnt_1", end, 10).await.unwrap().is_empty());
            let watcher = &mut ledger.watch("cnt_1", after);
            ledger.send_ephemeral("cnt_1", "typing", 1);
            assert!(matches!(watcher.next().await, Ok(Seen::Ephemeral { .. })));
        }
        let beyond = Position { seq: 1, sub: u64::MAX };
        assert!(ledger.journal("cnt_1", beyond, 10).await.unwrap().is_empty());
    }

    async fn tenants_do_not_see_each_other(place: Place) {
        let store = place.open().await;
        let mine = with_counter(&store).await;
        mine.step("cnt_1", &1, 1, None, Input::Add(1)).await.unwrap();
        let theirs = store.ledger::<Counter>("bot_2");
        assert_eq!(theirs.load("cnt_1").await.unwrap(), None);
        assert!(theirs.events("cnt_1", 0, 10).await.unwrap().is_empty());
        assert!(theirs.journal("cnt_1", Position::default(), 10).await.unwrap().is_empty());
        let step = theirs.step("cnt_1", &1, 2, None, Input::Add(1)).await;
        assert_eq!(step.unwrap_err(), StepError::NotFound);
        let create = theirs.create("cnt_1", &Counter::default()).await;
        assert_eq!(create, Err(StoreError::Conflict("cnt_1".to_owned())));
        mine.create("cnt_p", &Counter::with("p")).await.unwrap();
        let peer = theirs.step_peer("p", || None, &1, 3, None, Input::Add(1)).await.unwrap();
        assert!(peer.is_none());
    }

    async fn what_is_due_and_owed_is_found(place: Place) {
        let store = place.open().await;
        let (a, b) = (store.ledger::<Counter>("a"), store.ledger::<Counter>("b"));
        assert_eq!(store.next_wake::<Counter>().await.unwrap(), None);
        for (ledger, id, at) in [(&a, "cnt_1", 300), (&b, "cnt_2", 100), (&a, "cnt_3", 200)] {
            ledger.create(id, &Counter::default()).await.unwrap();
            ledger.step(id, &1, 1, None, Input::Wake(Some(at))).await.unwrap();
            ledger.step(id, &1, 1, None, Input::Owe(true)).await.unwrap();
        }
        let pair = |owner: &str, id: &str| (owner.to_owned(), id.to_owned());
        assert_eq!(store.next_wake::<Counter>().await.unwrap(), Some(100));
        let due = store.due::<Counter>(200, 10).await.unwrap();
        assert_eq!(due, [pair("b", "cnt_2"), pair("a", "cnt_3")]);
        let page = store.owing::<Counter>("", 2).await.unwrap();
        assert_eq!(page, [pair("a", "cnt_1"), pair("b", "cnt_2")]);
        let rest = store.owing::<Counter>("cnt_2", 2).await.unwrap();
        assert_eq!(rest, [pair("a", "cnt_3")]);
        b.step("cnt_2", &1, 2, None, Input::Wake(None)).await.unwrap();
        b.step("cnt_2", &1, 2, None, Input::Owe(false)).await.unwrap();
        assert_eq!(store.next_wake::<Counter>().await.unwrap(), Some(200));
        assert_eq!(store.owing::<Counter>("", 9).await.unwrap().len(), 2);
    }

    async fn everything_is_there_after_a_restart(place: Place) {
        let store = place.open().await;
        let ledger = with_counter(&store).await;
        let make = || Some(("cnt_p".to_owned(), Counter::with("p")));
        ledger.step_peer("p", make, &1, 1, key("k", 5), Input::AddWithNotes(4)).await.unwrap();
        let journal = ledger.journal("cnt_p", Position::default(), 10).await.unwrap();
        store.close().await;
        let late = ledger.step("cnt_p", &1, 2, None, Input::Add(1)).await.unwrap_err();
        assert!(matches!(late, StepError::Store(StoreError::Stopped(_))), "{late}");

        let store = place.open().await;
        let ledger = self::ledger(&store);
        assert_eq!(ledger.journal("cnt_p", Position::default(), 10).await.unwrap(), journal);
        let input = Input::AddWithNotes(4);
        let again = ledger.step_peer("p", || None, &1, 3, key("k", 5), input).await;
        let again = again.unwrap().unwrap();
        assert!(again.repeated && again.state.total == 4 && again.id == "cnt_p");
        let next = ledger.step("cnt_p", &1, 4, None, Input::Add(1)).await.unwrap();
        assert_eq!(next.first_seq, 2);
    }
}
