//! Who is in a conversation, read from the vendor's model `MessageConversation`, the reply to
//! `GET /api/v2/conversations/messages/{id}`. Everything is derived from this snapshot and nothing
//! from single events, so an event that is lost or repeated changes nothing.

use connector::{ConnectorEvent, EventKind};
use machine::chat::Agent;
use serde_json::Value;

/// A conversation at one moment.
pub(super) struct Snapshot<'a>(&'a Value);

struct Participant<'a>(&'a Value);

impl<'a> Snapshot<'a> {
    pub(super) fn new(conversation: &'a Value) -> Self {
        Self(conversation)
    }

    fn participants(&self) -> impl DoubleEndedIterator<Item = Participant<'a>> {
        self.0["participants"].as_array().into_iter().flatten().map(Participant)
    }

    fn agents(&self) -> impl DoubleEndedIterator<Item = Participant<'a>> {
        self.participants().filter(|each| matches!(each.text("purpose"), "agent" | "user"))
    }

    /// The human agent who is connected; of several the latest.
    pub(super) fn agent(&self) -> Option<Agent> {
        self.agents().rev().find(Participant::is_connected).map(|agent| agent.agent())
    }

    /// Whether the customer is gone, or everybody.
    pub(super) fn is_over(&self) -> bool {
        let (customers, others): (Vec<_>, Vec<_>) =
            self.participants().partition(Participant::is_customer);
        let gone = |some: &[Participant<'_>]| some.iter().all(Participant::is_gone);
        if customers.is_empty() { !others.is_empty() && gone(&others) } else { gone(&customers) }
    }

    /// Whether a human agent was there and the customer is alone now, without agent, queue and
    /// flow. This may be so for a moment during a transfer.
    pub(super) fn is_abandoned(&self) -> bool {
        let mut others = self.participants().filter(|each| !each.is_customer());
        !self.is_over()
            && self.agents().any(|agent| agent.has_left())
            && others.all(|other| other.is_gone())
    }

    /// The event that tells who has the chat now. An agent who has left is reported only when no
    /// other one has the chat.
    pub(super) fn agent_event(&self) -> Option<ConnectorEvent> {
        if let Some(agent) = self.agents().rev().find(Participant::is_connected) {
            // The number of agents who have left makes a new id when an agent has the chat again.
            let gone = self.agents().filter(Participant::has_left);
            let id = format!("joined/{}/{}", agent.text("id"), gone.count());
            return Some(ConnectorEvent::new(id, EventKind::Joined(agent.agent())));
        }
        let left = self.agents().rev().find(Participant::has_left)?;
        let another_may_come = !self.is_over() && !self.is_abandoned();
        another_may_come
            .then(|| ConnectorEvent::new(format!("left/{}", left.text("id")), EventKind::Left))
    }

    /// Ids of all messages, in the order of time.
    pub(super) fn message_ids(&self) -> Vec<String> {
        let said = self.participants().filter_map(|each| each.0["messages"].as_array());
        let mut said: Vec<&Value> = said.flatten().collect();
        said.sort_by_key(|message| message["messageTime"].as_str().unwrap_or_default());
        said.iter().filter_map(|message| message["messageId"].as_str().map(str::to_owned)).collect()
    }

    /// The human agent who wrote a message.
    pub(super) fn author(&self, message: &str) -> Option<Agent> {
        let wrote = |agent: &Participant<'_>| {
            let mut said = agent.0["messages"].as_array().into_iter().flatten();
            said.any(|said| said["messageId"] == message)
        };
        self.agents().find(wrote).map(|agent| agent.agent())
    }
}

impl Participant<'_> {
    fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_default()
    }

    fn is_customer(&self) -> bool {
        matches!(self.text("purpose"), "customer" | "external")
    }

    fn is_connected(&self) -> bool {
        self.text("state") == "connected" && self.text("endTime").is_empty()
    }

    /// Whether it was connected and is gone. An agent who did not answer was never connected.
    fn has_left(&self) -> bool {
        !self.text("connectedTime").is_empty() && self.is_gone()
    }

    fn is_gone(&self) -> bool {
        matches!(self.text("state"), "disconnected" | "terminated")
            || !self.text("endTime").is_empty()
    }

    fn agent(&self) -> Agent {
        named(self.text("name"))
    }
}

/// Human agents are known by the name that visitors read: a message has nothing else.
pub(super) fn named(name: &str) -> Agent {
    let name = if name.trim().is_empty() { "Agent" } else { name.trim() };
    Agent { email: String::new(), name: name.to_owned(), avatar_url: String::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn participant(id: &str, purpose: &str, state: &str) -> Value {
        json!({
            "id": id, "purpose": purpose, "state": state, "name": format!("name of {id}"),
            "connectedTime": "2026-03-01T10:00:00.000Z",
        })
    }

    fn news(participants: &[(&str, &str, &str)]) -> Option<String> {
        let participants: Vec<Value> = participants
            .iter()
            .map(|(id, purpose, state)| participant(id, purpose, state))
            .collect();
        let conversation = json!({ "participants": participants });
        Snapshot::new(&conversation).agent_event().and_then(|news| news.id)
    }

    #[test]
    fn who_has_a_chat_is_told_by_the_last_who_is_connected() {
        let customer = ("c", "customer", "connected");
        for (rest, expected) in [
            (&[("q", "acd", "connected")][..], None),
            (&[("a", "agent", "alerting")], None),
            (&[("q", "acd", "disconnected"), ("a", "agent", "connected")], Some("joined/a/0")),
            (&[("a", "agent", "connected"), ("b", "agent", "connected")], Some("joined/b/0")),
            (&[("a", "agent", "disconnected"), ("b", "user", "connected")], Some("joined/b/1")),
            (&[("a", "agent", "connected"), ("b", "agent", "disconnected")], Some("joined/a/1")),
            (&[("a", "agent", "disconnected"), ("q", "acd", "connected")], Some("left/a")),
        ] {
            let all = [&[customer], rest].concat();
            assert_eq!(news(&all).as_deref(), expected, "{rest:?}");
        }
    }

    #[test]
    fn nothing_a_vendor_says_of_a_conversation_is_fatal() {
        let message = json!({ "messageId": "m1", "messageTime": "2026-03-01T10:00:00.000Z" });
        let mut agent = participant("a", "agent", "connected");
        agent["messages"] = json!([message]);
        let good = json!({ "id": "c", "participants": [agent] });
        for body in kit::hostile::mutants(&good) {
            let Ok(shown) = wire::json::read(&body) else { continue };
            let snapshot = Snapshot::new(&shown);
            snapshot.agent_event();
            snapshot.is_over();
            snapshot.is_abandoned();
            snapshot.agent();
            snapshot.author("m1");
            snapshot.message_ids();
        }
    }

    #[test]
    fn a_customer_is_abandoned_when_a_human_went_and_nobody_is_left() {
        let (customer, left) = (("c", "customer", "connected"), ("a", "agent", "disconnected"));
        for (rest, abandoned) in [
            (&[left, ("q", "acd", "disconnected")][..], true),
            (&[("q", "acd", "disconnected")], false),
            (&[left, ("q", "acd", "connected")], false),
            (&[left, ("w", "workflow", "connected")], false),
            (&[left, ("b", "agent", "alerting")], false),
            (&[left, ("b", "user", "connected")], false),
        ] {
            let all = [&[customer], rest].concat();
            let shown = all.iter().map(|(id, purpose, state)| participant(id, purpose, state));
            let conversation = json!({ "participants": shown.collect::<Vec<_>>() });
            assert_eq!(Snapshot::new(&conversation).is_abandoned(), abandoned, "{rest:?}");
        }
    }

    #[test]
    fn it_is_over_when_the_customer_is_gone_or_everybody() {
        for (participants, over) in [
            (&[("c", "customer", "connected"), ("a", "agent", "disconnected")][..], false),
            (&[("c", "customer", "disconnected"), ("a", "agent", "connected")], true),
            (&[("a", "agent", "terminated"), ("q", "acd", "disconnected")], true),
            (&[("c", "customer", "disconnected"), ("d", "customer", "connected")], false),
            (&[], false),
        ] {
            let shown: Vec<Value> = participants
                .iter()
                .map(|(id, purpose, state)| participant(id, purpose, state))
                .collect();
            let conversation = json!({ "participants": shown });
            assert_eq!(Snapshot::new(&conversation).is_over(), over, "{participants:?}");
        }
    }
}
