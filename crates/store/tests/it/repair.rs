//! Checking, rebuilding and discarding machines whose rows cannot be read.

use crate::{
    backend::Place,
    counter::{Counter, Input},
    on_both,
};
use machine::Position;
use store::{Contents, Ledger, Repair, Store, StoreError};

async fn with_two(place: &Place) -> (Store, Ledger<Counter>) {
    let store = place.open().await;
    let ledger = store.ledger::<Counter>("bot");
    for id in ["cnt_1", "cnt_2"] {
        ledger.create(id, &Counter::with(id)).await.unwrap();
        for input in [Input::AddWithNotes(2), Input::Wake(Some(5)), Input::Checkpoint("c")] {
            ledger.step(id, &1, 0, None, input).await.unwrap();
        }
    }
    (store, ledger)
}

const DAMAGE: &str = "UPDATE subjects SET state = '{}' WHERE id = 'cnt_1'";

on_both! {
    async fn a_state_is_rebuilt_from_its_events(place: Place) {
        let (store, ledger) = with_two(place).await;
        let before = ledger.load("cnt_1").await.unwrap().unwrap();
        place.run(DAMAGE).await;
        let found = store.check::<Counter>().await.unwrap();
        assert_eq!((found.len(), &*found[0].id, found[0].event), (1, "cnt_1", None));
        ledger.load("cnt_1").await.unwrap_err();
        assert_eq!(store.repair::<Counter>("bot", "cnt_1").await, Ok(Repair::Rebuilt(5)));
        assert_eq!(ledger.load("cnt_1").await, Ok(Some(before)));
        assert_eq!(store.check::<Counter>().await, Ok(Vec::new()));
        assert_eq!(store.set_aside().await, Ok(Vec::new()));
        assert_eq!(store.repair::<Counter>("bot", "cnt_1").await, Ok(Repair::NotNeeded));
        assert_eq!(store.repair::<Counter>("other", "cnt_1").await, Ok(Repair::NotFound));
        let stepped = ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap();
        assert_eq!((stepped.first_seq, stepped.state.total), (3, 3));
        assert_eq!(ledger.open_ids(9).await.unwrap().len(), 2);
    }

    async fn without_all_events_nothing_is_rebuilt(place: Place) {
        let (store, ledger) = with_two(place).await;
        place.run(DAMAGE).await;
        place.run("UPDATE events SET body = 'x' WHERE seq = 1 AND sub = 1").await;
        let found = store.check::<Counter>().await.unwrap();
        let note = Some(Position { seq: 1, sub: 1 });
        let found: Vec<_> = found.iter().map(|row| (&*row.id, row.event)).collect();
        assert_eq!(found, [("cnt_1", None), ("cnt_1", note), ("cnt_2", note)]);
        let repair = store.repair::<Counter>("bot", "cnt_1").await.unwrap();
        assert!(matches!(&repair, Repair::Impossible(why) if why.contains("1.1")), "{repair:?}");
        place.run("DELETE FROM events WHERE seq = 1 AND sub = 1").await;
        let repair = store.repair::<Counter>("bot", "cnt_1").await.unwrap();
        assert!(matches!(&repair, Repair::Impossible(_)), "{repair:?}");
        ledger.load("cnt_1").await.unwrap_err();
    }

    async fn a_lost_checkpoint_is_not_rebuilt(place: Place) {
        let (store, ledger) = with_two(place).await;
        place.run("UPDATE subjects SET checkpoint = 'd' WHERE id = 'cnt_1'").await;
        let found = store.check::<Counter>().await.unwrap();
        assert_eq!((found.len(), &*found[0].id, found[0].event), (1, "cnt_1", None));
        assert!(found[0].cause.contains("the checkpoint was damaged"), "{found:?}");
        let repair = store.repair::<Counter>("bot", "cnt_1").await.unwrap();
        assert!(matches!(&repair, Repair::Impossible(why) if why.contains("checkpoint")));
        ledger.load("cnt_1").await.unwrap_err();
    }

    /// The database takes the statement and changes nothing, as when the row has moved on.
    async fn a_rebuild_that_changed_nothing_is_not_told_as_done(place: Place) {
        let (store, ledger) = with_two(place).await;
        place.run(DAMAGE).await;
        let (skip, undo) = if place.url.starts_with("sqlite:") {
            (
                "CREATE TRIGGER skip BEFORE UPDATE ON subjects \
                 BEGIN SELECT RAISE(IGNORE); END",
                "DROP TRIGGER skip",
            )
        } else {
            (
                "CREATE FUNCTION skip() RETURNS trigger LANGUAGE plpgsql \
                 AS 'BEGIN RETURN NULL; END'; \
                 CREATE TRIGGER skip BEFORE UPDATE ON subjects \
                 FOR EACH ROW EXECUTE FUNCTION skip()",
                "DROP TRIGGER skip ON subjects",
            )
        };
        place.run(skip).await;
        let repair = store.repair::<Counter>("bot", "cnt_1").await.unwrap();
        assert!(matches!(&repair, Repair::Impossible(_)), "{repair:?}");
        place.run(undo).await;
        assert_eq!(store.repair::<Counter>("bot", "cnt_1").await, Ok(Repair::Rebuilt(5)));
        ledger.load("cnt_1").await.unwrap();
    }

    async fn an_inspection_changes_nothing(place: Place) {
        let (store, ledger) = with_two(place).await;
        place.run(DAMAGE).await;
        ledger.load("cnt_1").await.unwrap_err();
        store.close().await;
        let before = place.contents().await;
        let store = Store::inspect(&place.url).await.unwrap();
        assert_eq!(store.check::<Counter>().await.unwrap().len(), 1);
        assert_eq!(store.set_aside().await.unwrap().len(), 1);
        assert_eq!(store.damages().await.unwrap(), Vec::<String>::new());
        assert!(store.contents("cnt_1").await.unwrap().is_some());
        store.ledger::<Counter>("bot").load("cnt_1").await.unwrap_err();
        let refused = store.put_record("s", "k", "v", None).await.unwrap_err();
        assert!(matches!(refused, StoreError::Stopped(_)), "{refused}");
        assert!(matches!(Store::open(&place.url).await, Err(StoreError::InUse { .. })));
        store.close().await;
        assert_eq!(place.contents().await, before);
    }

    async fn an_inspection_does_not_migrate(place: Place) {
        with_two(place).await.0.close().await;
        place.run("DELETE FROM schema WHERE version = 3").await;
        for table in ["subjects", "events"] {
            place.run(&format!("ALTER TABLE {table} DROP COLUMN checksum")).await;
        }
        let before = place.contents().await;
        let refused = Store::inspect(&place.url).await.unwrap_err();
        assert!(matches!(refused, StoreError::OlderSchema { found: 2, known: 3, .. }), "{refused}");
        assert_eq!(place.contents().await, before);
        place.open().await.close().await;
        Store::inspect(&place.url).await.unwrap().close().await;
    }

    async fn a_machine_is_discarded_with_its_events(place: Place) {
        let (store, ledger) = with_two(place).await;
        place.run(DAMAGE).await;
        ledger.load("cnt_1").await.unwrap_err();
        let contents = Contents {
            kind: "cnt".to_owned(),
            owner: "bot".to_owned(),
            peer: Some("cnt_1".to_owned()),
            seq: 2,
            events: 5,
        };
        assert_eq!(store.contents("cnt_1").await, Ok(Some(contents)));
        assert_eq!(store.kinds().await, Ok(vec![("cnt".to_owned(), 2)]));
        store.discard("cnt_1").await.unwrap();
        assert_eq!(store.contents("cnt_1").await, Ok(None));
        assert_eq!(store.set_aside().await, Ok(Vec::new()));
        assert_eq!(ledger.load("cnt_1").await, Ok(None));
        assert_eq!(ledger.events("cnt_2", 0, 9).await.unwrap().len(), 2);
        ledger.create("cnt_1", &Counter::with("cnt_1")).await.unwrap();
        assert!(ledger.events("cnt_1", 0, 9).await.unwrap().is_empty());
    }
}
