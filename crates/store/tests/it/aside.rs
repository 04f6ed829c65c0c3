//! A row that cannot be read is set aside: only the caller who asks for it gets the error.

use crate::{
    backend::Place,
    counter::{Counter, Happened, Input},
    on_both,
};
use machine::Position;
use store::{Ledger, SetAside, StepError, Store, StoreError};

/// What may have happened to a state, with its checksum and without one.
const DAMAGES: [(&str, &str); 5] = [
    ("checksum = NULL, format = 2", "format 2 is unknown"),
    ("checksum = NULL, format = -7", "format -7 is unknown"),
    ("checksum = NULL, state = substr(state, 1, 12)", "EOF"),
    ("checksum = NULL, state = '{\"total\":\"s3cret\"}'", "expected i64"),
    ("state = '{\"total\":\"s3cret\"}'", "the checksum does not match"),
];

async fn damage(place: &Place, damage: &str) {
    place.run("DROP TABLE IF EXISTS kept").await;
    place.run("CREATE TABLE kept AS SELECT id, format, state, checksum FROM subjects").await;
    place.run(&format!("UPDATE subjects SET {damage} WHERE id = 'cnt_1'")).await;
}

async fn mend(place: &Place) {
    place
        .run(
            "UPDATE subjects SET format = 1, unreadable = NULL, \
             state = (SELECT state FROM kept WHERE kept.id = subjects.id), \
             checksum = (SELECT checksum FROM kept WHERE kept.id = subjects.id) \
             WHERE id = 'cnt_1'",
        )
        .await;
}

fn ledger(store: &Store) -> Ledger<Counter> {
    store.ledger("bot")
}

/// Three open machines that owe work and are due, each with two events.
async fn three(place: &Place) {
    let store = place.open().await;
    let ledger = ledger(&store);
    for n in 0..3 {
        let (id, peer) = (format!("cnt_{n}"), format!("p{n}"));
        ledger.create(&id, &Counter::with(&peer)).await.unwrap();
        for input in [Input::Owe(true), Input::Wake(Some(100 + n))] {
            ledger.step(&id, &1, 0, None, input).await.unwrap();
        }
    }
    store.close().await;
}

fn ids(found: Vec<(String, String)>) -> Vec<String> {
    found.into_iter().map(|(_, id)| id).collect()
}

fn assert_unreadable(error: &StoreError, cause: &str) {
    let StoreError::Unreadable { id, detail } = error else { panic!("{error}") };
    assert_eq!(id, "cnt_1");
    assert!(detail.contains(cause), "{detail}");
    assert!(!detail.contains("s3cret"), "{detail}");
}

async fn assert_set_aside(store: &Store, event: Option<Position>, cause: &str) {
    let rows = store.set_aside().await.unwrap();
    let [SetAside { kind, owner, id, event: found, cause: told }] = &rows[..] else {
        panic!("{rows:?}")
    };
    assert_eq!((&**kind, &**owner, &**id, *found), ("cnt", "bot", "cnt_1", event));
    assert!(told.contains(cause) && !told.contains("s3cret"), "{told}");
}

/// The other two are listed, due, owed and stepped as ever.
async fn assert_others_go_on(store: &Store) {
    let ledger = ledger(store);
    let open = ledger.open_ids(10).await.unwrap();
    let open: Vec<_> = open.iter().map(|(id, _)| &**id).collect();
    assert_eq!(open, ["cnt_0", "cnt_2"]);
    assert_eq!(ids(store.due::<Counter>(1_000, 10).await.unwrap()), ["cnt_0", "cnt_2"]);
    assert_eq!(ids(store.owing::<Counter>("", 10).await.unwrap()), ["cnt_0", "cnt_2"]);
    assert_eq!(store.next_wake::<Counter>().await.unwrap(), Some(100));
    for id in ["cnt_0", "cnt_2"] {
        ledger.step(id, &1, 0, None, Input::Add(1)).await.unwrap();
    }
    store.ready().await.unwrap();
}

on_both! {
    async fn a_list_leaves_out_what_cannot_be_read(place: Place) {
        three(place).await;
        for (change, cause) in DAMAGES {
            damage(place, change).await;
            let store = place.open().await;
            assert_eq!(store.set_aside().await.unwrap(), []);
            assert_eq!(ledger(&store).open_ids(10).await.unwrap().len(), 2);
            assert_set_aside(&store, None, cause).await;
            assert_others_go_on(&store).await;
            store.close().await;
            mend(place).await;
        }
    }

    async fn a_step_tells_its_caller_alone(place: Place) {
        three(place).await;
        for (change, cause) in DAMAGES {
            damage(place, change).await;
            let store = place.open().await;
            let ledger = ledger(&store);
            let step = ledger.step("cnt_1", &1, 0, None, Input::Add(1));
            let beside = ledger.step("cnt_2", &1, 0, None, Input::Note("n".to_owned()));
            let (failed, beside) = tokio::join!(step, beside);
            let StepError::Store(failed) = failed.unwrap_err() else { panic!("refused") };
            assert_unreadable(&failed, cause);
            beside.unwrap();
            assert_set_aside(&store, None, cause).await;
            let by_peer = ledger.step_peer("p1", || None, &1, 0, None, Input::Add(1)).await;
            let StepError::Store(failed) = by_peer.unwrap_err() else { panic!("refused") };
            assert_unreadable(&failed, cause);
            assert_unreadable(&ledger.load("cnt_1").await.unwrap_err(), cause);
            assert_others_go_on(&store).await;
            store.close().await;
            mend(place).await;
        }
    }

    async fn a_roll_forward_heals(place: Place) {
        three(place).await;
        place.run("UPDATE subjects SET checksum = NULL, format = 9 WHERE id = 'cnt_1'").await;
        place.run(
            "UPDATE events SET checksum = NULL, format = 9 WHERE seq = 1 \
             AND subject = (SELECT num FROM subjects WHERE id = 'cnt_2')",
        )
        .await;
        let store = place.open().await;
        assert_unreadable(&ledger(&store).load("cnt_1").await.unwrap_err(), "format 9");
        ledger(&store).events("cnt_2", 0, 10).await.unwrap_err();
        assert_others_go_on(&store).await;
        store.close().await;
        // The next start knows what is set aside before anyone asks for it, and so does the one
        // after it.
        for _ in 0..2 {
            let store = place.open().await;
            assert_eq!(store.set_aside().await.unwrap().len(), 2);
            store.retry_set_aside::<Counter>().await.unwrap();
            assert_eq!(store.set_aside().await.unwrap().len(), 2);
            assert_others_go_on(&store).await;
            store.close().await;
        }
        place.run("UPDATE subjects SET format = 1 WHERE id = 'cnt_1'").await;
        place.run("UPDATE events SET format = 1").await;
        let store = place.open().await;
        store.retry_set_aside::<Counter>().await.unwrap();
        assert_eq!(store.set_aside().await.unwrap(), []);
        assert_eq!(ledger(&store).open_ids(10).await.unwrap().len(), 3);
        assert_eq!(store.owing::<Counter>("", 10).await.unwrap().len(), 3);
        assert!(ledger(&store).events("cnt_2", 0, 10).await.unwrap().len() > 2);
    }

    async fn an_unreadable_event_harms_its_reader_alone(place: Place) {
        three(place).await;
        for (damage, cause) in [
            ("checksum = NULL, body = '\"s3cret\"'", "unknown variant"),
            ("checksum = NULL, body = '{'", "EOF"),
            ("checksum = NULL, format = 2", "format 2 is unknown"),
            ("checksum = 1", "the checksum does not match"),
        ] {
            place.run(&format!(
                "UPDATE events SET body = '{{\"Owes\":true}}', format = 1, checksum = NULL, \
                 unreadable = NULL WHERE seq = 1; \
                 UPDATE events SET {damage} WHERE seq = 1 \
                 AND subject = (SELECT num FROM subjects WHERE id = 'cnt_1')"
            ))
            .await;
            let store = place.open().await;
            let ledger = ledger(&store);
            assert_unreadable(&ledger.events("cnt_1", 0, 10).await.unwrap_err(), cause);
            let journal = ledger.journal("cnt_1", Position::default(), 10).await;
            assert_unreadable(&journal.unwrap_err(), cause);
            assert_unreadable(&ledger.watch("cnt_1", 0).next().await.unwrap_err(), cause);
            assert_set_aside(&store, Some(Position { seq: 1, sub: 0 }), cause).await;
            // The machine itself goes on, and so does who has read the event before.
            assert_eq!(ledger.open_ids(10).await.unwrap().len(), 3);
            assert_eq!(store.owing::<Counter>("", 10).await.unwrap().len(), 3);
            let stepped = ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap();
            let after = stepped.first_seq - 1;
            let events = ledger.events("cnt_1", after, 10).await.unwrap();
            assert_eq!(events[0].event, Happened::Added(1));
            assert_eq!(ledger.events("cnt_2", 0, 10).await.unwrap().len(), 2);
            store.close().await;
        }
    }

    async fn a_checkpoint_is_stored_beside_the_state(place: Place) {
        three(place).await;
        let store = place.open().await;
        assert_eq!(ledger(&store).load("cnt_1").await.unwrap().unwrap().checkpoint, None);
        let step = async |store: &Store, input| {
            let stepped = ledger(store).step("cnt_1", &1, 0, None, input).await.unwrap();
            stepped.state.checkpoint.clone()
        };
        assert_eq!(step(&store, Input::Checkpoint("a")).await.as_deref(), Some("a"));
        let stored = ledger(&store).load("cnt_1").await.unwrap().unwrap();
        assert_eq!(stored.checkpoint.as_deref(), Some("a"), "without an event");
        assert_eq!(step(&store, Input::Add(1)).await.as_deref(), Some("a"));
        store.close().await;
        let store = place.open().await;
        assert_eq!(step(&store, Input::Add(1)).await.as_deref(), Some("a"), "after a restart");
        assert_eq!(step(&store, Input::Checkpoint("b")).await.as_deref(), Some("b"));
        let stored = ledger(&store).load("cnt_1").await.unwrap().unwrap();
        assert_eq!(stored.checkpoint.as_deref(), Some("b"));
    }
}
