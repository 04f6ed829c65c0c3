//! Every format that was ever written can still be read: `tests/formats` holds states and events
//! as releases wrote them. A file there is never edited; a new format gets new files.

use std::collections::BTreeSet;

use machine::{Event, Machine, chat, conversation};
use serde_json::Value;

/// What was written in `format`.
fn written(name: &str, format: u32) -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats");
    let path = format!("{folder}/{name}-{format}.json");
    let text = std::fs::read_to_string(&path).expect("every format has its file");
    serde_json::from_str(&text).expect("a file of formats is JSON")
}

fn check_states<M: Machine + std::fmt::Debug>(name: &str) {
    for format in 1..=M::FORMAT {
        for state in written(&format!("{name}-state"), format) {
            let read = M::read(format, &state).unwrap_or_else(|error| panic!("{error}: {state}"));
            if format == M::FORMAT {
                let again = serde_json::to_value(&read).expect("a state is data");
                assert_eq!(again, state, "it is written as it was read");
            }
            assert!(M::read(M::FORMAT + 1, &state).is_err(), "a format from the future");
        }
    }
}

fn check_events<E: Event>(name: &str) {
    for format in 1..=E::FORMAT {
        for event in written(&format!("{name}-event"), format) {
            let read = E::read(format, &event).unwrap_or_else(|error| panic!("{error}: {event}"));
            if format == E::FORMAT {
                let again = serde_json::to_value(&read).expect("an event is data");
                assert_eq!(again, event, "it is written as it was read");
            }
            assert!(E::read(E::FORMAT + 1, &event).is_err(), "a format from the future");
        }
    }
    let newest = written(&format!("{name}-event"), E::FORMAT);
    let types = newest.iter().filter_map(|event| event["type"].as_str()).map(str::to_owned);
    assert_eq!(types.collect::<BTreeSet<_>>(), variants::<E>(), "every event is there");
}

/// The names of all events, as serde lists them for one that it does not know.
fn variants<E: Event>() -> BTreeSet<String> {
    let unknown = serde_json::json!({ "type": "?" });
    let error = E::read(E::FORMAT, &unknown).expect_err("there is no such event").to_string();
    let (_, known) = error.split_once("expected one of ").expect("it lists the known ones");
    known.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_state_that_was_written_can_be_read() {
    check_states::<conversation::Conversation>("conversation");
    check_states::<chat::Chat>("chat");
}

#[test]
fn every_event_that_was_written_can_be_read() {
    check_events::<conversation::Event>("conversation");
    check_events::<chat::Event>("chat");
}

/// A damaged chat is rebuilt from its events, for which its peer must be enough.
#[test]
fn a_chat_begins_with_what_its_peer_says() {
    for (bot, user) in [("bot", "visitor"), ("b/o:t", "v/i:s"), ("", ""), ("bö", "ü")] {
        let peer = chat::Chat::peer_of(bot, user);
        assert_eq!(chat::Chat::initial(Some(&peer)), Some(chat::Chat::new(bot, user)));
    }
    for peer in ["", "3", "9:bot/user", "x:bot/user", "2:bot/user", "1:ü/user"] {
        assert_eq!(chat::Chat::initial(Some(peer)), None, "{peer}");
    }
    assert_eq!(chat::Chat::initial(None), None);
}
