//! Bytes that change after they were stored: found, never shown as another text.

use crate::{
    backend::Place,
    counter::{Counter, Happened, Input},
    on_both,
};
use machine::Position;
use store::{Ledger, Store, StoreError};

const SAID: &str = "send 100 to Ann";

async fn with_notes(place: &Place) -> (Store, Ledger<Counter>) {
    let store = place.open().await;
    let ledger = store.ledger::<Counter>("bot");
    for id in ["cnt_1", "cnt_2"] {
        ledger.create(id, &Counter::with(id)).await.unwrap();
        ledger.step(id, &1, 0, None, Input::Note(SAID.to_owned())).await.unwrap();
        ledger.step(id, &1, 0, None, Input::Add(1)).await.unwrap();
    }
    (store, ledger)
}

/// Every text that differs from this one in a single character, of which many can be read.
fn altered(text: &str) -> impl Iterator<Item = String> {
    text.char_indices().map(|(at, before)| {
        let other = match before {
            '9' | 'z' | 'Z' => '1',
            '0'..='8' | 'a'..='y' | 'A'..='Y' => char::from(before as u8 + 1),
            _ => ' ',
        };
        let other = if other == before { '.' } else { other };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    })
}

fn assert_altered(error: &StoreError) {
    let StoreError::Unreadable { id, detail } = error else { panic!("{error}") };
    assert_eq!(id, "cnt_1");
    assert!(detail.contains("the checksum does not match") && !detail.contains("Ann"), "{detail}");
}

on_both! {
    async fn an_altered_event_is_set_aside(place: Place) {
        let (store, ledger) = with_notes(place).await;
        let of_one = "seq = 0 AND subject = (SELECT num FROM subjects WHERE id = 'cnt_1')";
        let body = format!("{{\"Note\":\"{SAID}\"}}");
        let note = Position { seq: 0, sub: 1 };
        for text in altered(&body) {
            let text = text.replace('\'', "''");
            let change = format!("body = '{text}', unreadable = NULL");
            place.run(&format!("UPDATE events SET {change} WHERE {of_one}")).await;
            let read = ledger.journal("cnt_1", Position::default(), 10).await;
            assert_altered(&read.unwrap_err());
            let aside = store.set_aside().await.unwrap();
            assert_eq!((aside.len(), aside[0].event), (1, Some(note)), "{text}");
        }
        for (damage, mended) in [("at = 1", "at = 0"), ("at = 256", "at = 0")] {
            place.run(&format!("UPDATE events SET body = '{body}', {damage} WHERE {of_one}")).await;
            assert_altered(&ledger.journal("cnt_1", Position::default(), 10).await.unwrap_err());
            place.run(&format!("UPDATE events SET {mended} WHERE {of_one}")).await;
        }
        let events = ledger.journal("cnt_1", Position::default(), 10).await.unwrap();
        assert_eq!(events[0].event, Happened::Note(SAID.to_owned()));
        assert_eq!(ledger.journal("cnt_2", Position::default(), 10).await.unwrap(), events);
    }

    async fn an_altered_state_is_set_aside_and_rebuilt(place: Place) {
        let (store, ledger) = with_notes(place).await;
        let before = ledger.load("cnt_1").await.unwrap().unwrap();
        let state = serde_json::to_string(&before).unwrap();
        for text in altered(&state) {
            let sql = format!("UPDATE subjects SET state = '{text}' WHERE id = 'cnt_1'");
            place.run(&sql).await;
            assert_altered(&ledger.load("cnt_1").await.unwrap_err());
            let open = ledger.open_ids(10).await.unwrap();
            assert_eq!(open.iter().map(|(id, _)| &**id).collect::<Vec<_>>(), ["cnt_2"]);
            assert_eq!(store.check::<Counter>().await.unwrap().len(), 1);
            store.repair::<Counter>("bot", "cnt_1").await.unwrap();
            assert_eq!(ledger.load("cnt_1").await.unwrap().as_ref(), Some(&before));
        }
        assert_eq!(store.set_aside().await.unwrap(), []);
    }

    /// Two rows that changed places are both what they were, and yet neither is right.
    async fn a_row_in_the_place_of_another_is_set_aside(place: Place) {
        let (_store, ledger) = with_notes(place).await;
        ledger.step("cnt_2", &1, 0, None, Input::Add(9)).await.unwrap();
        place
            .run(
                "UPDATE subjects SET \
                 state = (SELECT state FROM subjects WHERE id = 'cnt_2'), \
                 checksum = (SELECT checksum FROM subjects WHERE id = 'cnt_2') \
                 WHERE id = 'cnt_1'",
            )
            .await;
        assert_altered(&ledger.load("cnt_1").await.unwrap_err());
        ledger.load("cnt_2").await.unwrap();
    }

    async fn a_row_from_before_has_no_checksum_until_it_is_written_again(place: Place) {
        let (store, ledger) = with_notes(place).await;
        store.close().await;
        place.run("UPDATE subjects SET checksum = NULL").await;
        place.run("UPDATE events SET checksum = NULL").await;
        let (store, _) = (place.open().await, ledger);
        let ledger = store.ledger::<Counter>("bot");
        assert_eq!(store.check::<Counter>().await.unwrap(), []);
        assert_eq!(ledger.journal("cnt_1", Position::default(), 10).await.unwrap().len(), 2);
        ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap();
        for (sql, event) in [
            ("UPDATE subjects SET state = replace(state, '2', '3') WHERE id = 'cnt_1'", None),
            ("UPDATE events SET body = replace(body, '1', '3') WHERE seq = 2",
             Some(Position { seq: 2, sub: 0 })),
        ] {
            place.run(sql).await;
            let found = store.check::<Counter>().await.unwrap();
            let found: Vec<_> = found.iter().map(|row| row.event).collect();
            assert!(found.contains(&event), "{found:?}");
        }
    }

    async fn a_missing_event_is_not_read_over(place: Place) {
        let (_store, ledger) = with_notes(place).await;
        for _ in 0..3 {
            ledger.step("cnt_1", &1, 0, None, Input::Add(1)).await.unwrap();
        }
        place
            .run(
                "DELETE FROM events WHERE seq = 2 \
                 AND subject = (SELECT num FROM subjects WHERE id = 'cnt_1')",
            )
            .await;
        for read in [
            ledger.events("cnt_1", 0, 10).await.map(drop),
            ledger.journal("cnt_1", Position::default(), 10).await.map(drop),
            ledger.watch("cnt_1", 1).next().await.map(drop),
        ] {
            let StoreError::Unreadable { detail, .. } = read.unwrap_err() else { panic!("read") };
            assert_eq!(detail, "event 2.0 is missing");
        }
        assert_eq!(ledger.events("cnt_1", 2, 10).await.unwrap().len(), 2);
    }
}
