//! What a connector heard, as a chat can keep it: names and texts are cleaned, and a text that is
//! longer than our own platform takes becomes several. The one place for all connectors.

use connector::{EventKind, text};
use machine::{
    chat::{Agent, ConnectorEvent},
    limits::TEXT_CHARS_MAX,
};
use wire::profile;

/// Most parts of one text; the rest is cut, with a mark.
const PARTS_MAX: usize = 50;
const CUT: &str = "[…]";

/// The stored events of something heard, in their order. Typing is not stored.
pub(super) fn events(kind: EventKind) -> Vec<ConnectorEvent> {
    match kind {
        EventKind::Joined(agent) => vec![ConnectorEvent::Joined { agent: cleaned(&agent) }],
        EventKind::Said { agent, text } => {
            let agent = cleaned(&agent);
            let parts = parts(&text);
            if parts.is_empty() {
                // A text that shows nothing still tells who has the chat.
                return vec![ConnectorEvent::Joined { agent }];
            }
            let said = |text| ConnectorEvent::Said { agent: agent.clone(), text };
            parts.into_iter().map(said).collect()
        }
        EventKind::Notice(text) => {
            parts(&text).into_iter().map(|text| ConnectorEvent::Notice { text }).collect()
        }
        EventKind::Left => vec![ConnectorEvent::Left],
        EventKind::Held { on } => vec![ConnectorEvent::Held { on }],
        EventKind::Ended => vec![ConnectorEvent::Ended],
        EventKind::Types(_) => Vec::new(),
    }
}

/// A checkpoint as a database can hold it. A vendor's id in it may have any character.
pub(super) fn checkpoint(text: Option<String>) -> Option<String> {
    text.map(|text| if text.contains('\0') { text.replace('\0', "") } else { text })
}

fn cleaned(agent: &Agent) -> Agent {
    Agent {
        email: agent.email.replace('\0', ""),
        name: profile::name(&agent.name),
        avatar_url: profile::avatar_url(&agent.avatar_url),
    }
}

/// A text in parts that the platform takes; none where it shows nothing.
fn parts(text: &str) -> Vec<String> {
    let text = text.replace('\0', "");
    if profile::is_blank(&text) {
        return Vec::new();
    }
    let mut parts = text::split(&text, TEXT_CHARS_MAX);
    if parts.len() > PARTS_MAX {
        parts.truncate(PARTS_MAX);
        parts.push(CUT.to_owned());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jane(name: &str, avatar_url: &str) -> Agent {
        Agent { email: "jane".to_owned(), name: name.to_owned(), avatar_url: avatar_url.to_owned() }
    }

    fn said(text: &str) -> Vec<String> {
        let kind = EventKind::Said { agent: jane("Jane", ""), text: text.to_owned() };
        let text = |event| match event {
            ConnectorEvent::Said { text, .. } => text,
            other => format!("{other:?}"),
        };
        events(kind).into_iter().map(text).collect()
    }

    #[test]
    fn a_long_text_becomes_messages_that_the_platform_takes() {
        let words: Vec<String> = (0..4_000).map(|n| format!("word{n}")).collect();
        let parts = said(&words.join(" "));
        assert!(parts.len() > 5);
        assert!(parts.iter().all(|part| part.chars().count() <= TEXT_CHARS_MAX));
        assert_eq!(parts.join(" "), words.join(" "), "in order, and split between words");
        assert_eq!(said(&"👩\u{200d}👧".repeat(3_000)).concat(), "👩\u{200d}👧".repeat(3_000));
        assert_eq!(said("short"), ["short"]);
        let parts = said(&"x".repeat(1_000_000));
        assert_eq!((parts.len(), parts[PARTS_MAX].as_str()), (PARTS_MAX + 1, CUT));
    }

    #[test]
    fn what_shows_nothing_is_not_said() {
        for blank in ["", " \n", "\0", "\u{200b}\u{202e}"] {
            let joined = vec![ConnectorEvent::Joined { agent: jane("Jane", "") }];
            let kind = EventKind::Said { agent: jane("Jane", ""), text: blank.to_owned() };
            assert_eq!(events(kind), joined, "{blank:?}");
            assert_eq!(events(EventKind::Notice(blank.to_owned())), []);
        }
        assert_eq!(said("a\0b"), ["ab"]);
    }

    #[test]
    fn names_and_pictures_are_cleaned() {
        let bad = jane("\u{202e}Ja\0ne", "javascript:alert(1)");
        let clean = ConnectorEvent::Joined { agent: jane("Jane", "") };
        assert_eq!(events(EventKind::Joined(bad)), [clean]);
    }

    #[test]
    fn a_checkpoint_can_always_be_stored() {
        assert_eq!(checkpoint(Some("a\0b".to_owned())).as_deref(), Some("ab"));
        assert_eq!(checkpoint(None), None);
    }
}
