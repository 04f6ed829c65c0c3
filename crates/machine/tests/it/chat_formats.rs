//! Every format in which chats were ever written opens, and the chat goes on.

use machine::{
    Event as _, Machine as _, Recorded,
    chat::{Agent, Chat, ConnectorEvent, Event, Input, Policy},
};
use serde::Deserialize as _;
use serde_json::Value;

/// An open chat at a tool that owes one push and one delivery, as each format has it, its
/// checkpoint column, and its journal.
const FIXTURES: [(u32, &str, Option<&str>, &str); 2] = [
    (
        1,
        include_str!("../fixtures/chat.1.json"),
        None,
        include_str!("../fixtures/chat.1.journal.json"),
    ),
    (
        2,
        include_str!("../fixtures/chat.2.json"),
        Some("chat-7 at 5"),
        include_str!("../fixtures/chat.2.journal.json"),
    ),
];

fn read(format: u32, state: &str, column: Option<&str>) -> Chat {
    let mut chat = Chat::read(format, &mut serde_json::Deserializer::from_str(state)).unwrap();
    chat.set_checkpoint(column.map(str::to_owned));
    chat
}

#[test]
fn every_format_opens_as_the_same_chat_and_is_written_in_the_latest() {
    let (latest, written, _, _) = FIXTURES[FIXTURES.len() - 1];
    assert_eq!(latest, Chat::FORMAT);
    for (format, state, column, _) in FIXTURES {
        let chat = read(format, state, column);
        assert_eq!(chat.checkpoint(), Some("chat-7 at 5"), "format {format}");
        let written: Value = serde_json::from_str(written).unwrap();
        assert_eq!(serde_json::to_value(&chat).unwrap(), written, "format {format}");
    }
    let known = FIXTURES.map(|(_, state, ..)| state);
    for format in [0, 3] {
        assert!(Chat::read(format, &mut serde_json::Deserializer::from_str(known[1])).is_err());
    }
}

#[test]
fn a_chat_of_every_format_goes_on() {
    for (format, state, column, _) in FIXTURES {
        let (mut chat, policy) = (read(format, state, column), Policy::default());
        let opening = chat.opening().unwrap();
        let agent = Agent {
            email: "jane@example.com".to_owned(),
            name: "Jane".to_owned(),
            avatar_url: String::new(),
        };
        let event = Some(ConnectorEvent::Said { agent, text: "Hello".to_owned() });
        let now = chat.last_said() + 1_000;
        let heard = Input::Heard { opening, event, checkpoint: Some("chat-7 at 6".to_owned()) };
        let events = chat.step(&policy, now, heard).unwrap();
        assert!(matches!(events.last().unwrap().event, Event::AgentSaid { .. }), "{events:?}");
        assert_eq!(chat.checkpoint(), Some("chat-7 at 6"), "format {format}");
        let moved = Input::Heard { opening, event: None, checkpoint: Some("at 7".to_owned()) };
        assert_eq!(chat.step(&policy, now, moved).unwrap(), [], "no event tells a checkpoint");
        assert_eq!(chat.checkpoint(), Some("at 7"), "format {format}");
    }
}

#[test]
fn a_journal_of_every_format_gives_its_state() {
    for (format, state, column, journal) in FIXTURES {
        let mut chat = Chat::initial(Some("3:bot/visitor")).unwrap();
        let journal: Vec<Value> = serde_json::from_str(journal).unwrap();
        for recorded in journal {
            let Recorded { position, at, event } =
                Recorded::<Value>::deserialize(recorded).unwrap();
            let event = Event::read(format, event).unwrap();
            chat.apply(&Recorded { position, at, event });
        }
        chat.set_checkpoint(column.map(str::to_owned));
        assert_eq!(chat, read(format, state, column), "format {format}");
    }
}
