//! Fingerprints: what makes two requests with the same id the same request.
//!
//! Fingerprints are stored, so their written form must never change: not with a release, a library
//! or a compiler. The tests pin values.

use std::collections::BTreeMap;

use edge::ids;
use machine::conversation::Said;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use wire::push::{Pause, Push, PushKind, UnpauseChatEvent};

use crate::facts::Extra;

/// Of a visitor's message. The page it was sent from may change between two attempts, so it does
/// not count.
pub(super) fn of_message(said: &Said) -> u64 {
    #[derive(Serialize)]
    struct Written<'a> {
        text: &'a str,
        event: Option<WrittenEvent<'a>>,
        parameters: BTreeMap<&'a str, Sorted<'a>>,
    }
    #[derive(Serialize)]
    struct WrittenEvent<'a> {
        name: &'a str,
        /// JSON in a text.
        parameters: &'a str,
    }
    let event = said.event.as_ref();
    let event =
        event.map(|event| WrittenEvent { name: &event.name, parameters: &event.parameters });
    let parameters = Extra::of(said).parameters;
    of(&Written { text: &said.text, event, parameters: sorted(&parameters) })
}

/// Of a visitor's message, as older databases have it. Only compared, never stored again.
pub(super) fn of_message_by_debug(said: &Said) -> u64 {
    let event = said.event.as_ref().map(|event| (&event.name, &event.parameters));
    let parameters = Extra::of(said).parameters;
    ids::fingerprint(format!("{:?}", (&said.text, event, parameters)).as_bytes())
}

/// Of what a push means, however it is written and whichever key it came with.
pub(super) fn of_push(push: &Push) -> u64 {
    let (kind, text) = match &push.kind {
        PushKind::Message { text, .. } => ("message", text.as_str()),
        PushKind::ChannelUpdate => ("channel_update", ""),
        PushKind::Typing => ("user_typing", ""),
    };
    let agent = push.agent.as_ref().map(|agent| json!([agent.name, agent.avatar_url]));
    let pause = match &push.pause {
        Pause::Unsaid => Value::Null,
        Pause::Paused(length) => json!([true, length]),
        Pause::Resumed(UnpauseChatEvent::Default) => json!([false]),
        Pause::Resumed(UnpauseChatEvent::None) => json!([false, null]),
        Pause::Resumed(UnpauseChatEvent::Event(name)) => json!([false, name]),
    };
    of(&json!([kind, text, agent, pause]))
}

/// A value whose objects are written with their keys in order, however the map keeps them.
struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(object) => sorted(object).serialize(serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Sorted)),
            plain => plain.serialize(serializer),
        }
    }
}

fn sorted(object: &Map<String, Value>) -> BTreeMap<&str, Sorted<'_>> {
    object.iter().map(|(name, value)| (name.as_str(), Sorted(value))).collect()
}

fn of(written: &impl Serialize) -> u64 {
    // Only a map with keys that are no text could fail here, and there is none.
    ids::fingerprint(&serde_json::to_vec(written).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wire::push::Push;

    use super::*;

    fn message() -> Said {
        let extra = json!({ "page": { "url": "https://example.com/" },
                            "parameters": { "size": 2, "Colour": "red \"wine\"" } });
        let event = machine::conversation::BotEvent {
            name: "ORDER".to_owned(),
            parameters: r#"{"id":7}"#.to_owned(),
        };
        Said {
            text: "Größe\n\u{1f600}".to_owned(),
            event: Some(event),
            extra: Some(extra.to_string()),
        }
    }

    #[test]
    fn the_fingerprint_of_a_message_stays_what_it_was() {
        assert_eq!(of_message(&message()), 16_086_775_996_227_445_482);
        assert_eq!(of_message(&Said::text("hello")), 17_026_976_973_849_825_105);
        assert_eq!(of_message_by_debug(&Said::text("hello")), 11_660_675_148_204_779_042);
        let elsewhere =
            Said { extra: Some(r#"{"ip":"192.0.2.1"}"#.to_owned()), ..Said::text("hello") };
        assert_eq!(of_message(&elsewhere), of_message(&Said::text("hello")));
    }

    /// Databases of older releases have these.
    #[test]
    fn the_older_fingerprint_of_a_message_stays_what_it_was() {
        let extra = json!({ "parameters": { "Colour": "red \"wine\"" } }).to_string();
        let message = Said { text: "Größe\n".to_owned(), extra: Some(extra), ..message() };
        assert_eq!(of_message_by_debug(&message), 999_518_649_122_292_391);
    }

    #[test]
    fn the_fingerprint_of_a_push_stays_what_it_was() {
        let push =
            |body: serde_json::Value| of_push(&Push::parse(body.to_string().as_bytes()).unwrap());
        let message = json!({ "userId": "usr_1", "botId": "support", "eventType": "message",
            "text": "Hello \"you\"", "paused": true, "minutesPaused": 7,
            "agentProfile": { "name": "Jane Doe", "avatarUrl": "" } });
        assert_eq!(push(message), 10_459_560_996_527_212_163);
        let resume = json!({ "userId": "usr_1", "botId": "support", "eventType": "channel_update",
            "paused": false, "unpauseChatEvent": "BYE" });
        assert_eq!(push(resume), 10_718_804_595_506_899_650);
    }
}
