//! Who has the chat: human agents who join, hold, leave and transfer.

use connector::{ConnectorEvent, EventKind};
use machine::chat::Agent;

use super::{Party, Sequencer};
use crate::pureconnect::event::{Event, Kind, SYSTEM, State};

impl Sequencer {
    /// Name of the human agent who has the chat, and whether it is on hold.
    pub(super) fn holder(&self) -> Option<(String, bool)> {
        let party = self.parties.get(self.current.as_ref()?)?;
        Some((party.name.clone(), party.state == State::Held))
    }

    pub(super) fn agent_state(&mut self, event: &Event, state: State) -> Vec<ConnectorEvent> {
        let who = &event.participant;
        let was = self.parties.get(who).map(|party| party.state);
        let name = self.agent(event).name;
        self.parties.insert(who.clone(), Party { name, kind: Kind::Agent, state });
        let mut events = Vec::new();
        match state {
            State::Waiting => {}
            State::Active | State::Held => {
                if self.current.as_ref() != Some(who) {
                    self.current = Some(who.clone());
                    self.leaving = false;
                    events.push(ConnectorEvent::plain(EventKind::Joined(self.agent(event))));
                }
                let (held, was_held) = (state == State::Held, was == Some(State::Held));
                if held != was_held {
                    events.push(ConnectorEvent::plain(EventKind::Held { on: held }));
                }
            }
            State::Disconnected => {
                self.parties.remove(who);
                if self.current.as_ref() == Some(who) {
                    events.extend(self.next_holder());
                }
            }
        }
        events
    }

    /// The human agent has left: another one of the conference has the chat now, or none yet.
    fn next_holder(&mut self) -> Option<ConnectorEvent> {
        let there = |party: &Party| {
            party.kind == Kind::Agent && matches!(party.state, State::Active | State::Held)
        };
        let other = self.parties.iter().find(|(_, party)| there(party));
        let other = other.map(|(who, party)| (who.clone(), party.name.clone()));
        self.current = other.as_ref().map(|(who, _)| who.clone());
        self.leaving = other.is_none();
        other.map(|(_, name)| ConnectorEvent::plain(EventKind::Joined(agent(name))))
    }

    /// How the human agent who has the chat differs from the one before the numbers restarted.
    pub(super) fn change_since(&mut self, before: Option<&(String, bool)>) -> Vec<ConnectorEvent> {
        self.leaving = false;
        let after = self.holder();
        let mut events = Vec::new();
        match (before, &after) {
            (Some(_), None) => events.push(ConnectorEvent::plain(EventKind::Left)),
            (before, Some((name, _))) if before.is_none_or(|(was, _)| was != name) => {
                events.push(ConnectorEvent::plain(EventKind::Joined(agent(name.clone()))));
            }
            _ => {}
        }
        let held = |holder: Option<&(String, bool)>| holder.is_some_and(|(_, held)| *held);
        if after.is_some() && held(before) != held(after.as_ref()) {
            events.push(ConnectorEvent::plain(EventKind::Held { on: held(after.as_ref()) }));
        }
        events
    }

    pub(super) fn kind(&self, own: &str, event: &Event) -> Kind {
        if event.participant == own {
            return Kind::WebUser;
        }
        if event.participant == SYSTEM {
            return Kind::System;
        }
        let known = self.parties.get(&event.participant).map(|party| party.kind);
        event.kind.or(known).unwrap_or(Kind::Agent)
    }

    pub(super) fn agent(&self, event: &Event) -> Agent {
        let known = || self.parties.get(&event.participant).map(|party| party.name.clone());
        let named = event.name.clone().filter(|name| !name.trim().is_empty());
        agent(named.or_else(known).unwrap_or_else(|| "Agent".to_owned()))
    }
}

/// Known by name only: `PureConnect` sends no address, and ids change with every reconnect.
fn agent(name: String) -> Agent {
    Agent { email: String::new(), name, avatar_url: String::new() }
}
