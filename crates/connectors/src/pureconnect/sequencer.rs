//! The events of one chat in their order, each passed on once. Pure.
//!
//! Events have numbers. A missing number is waited for; when it does not come, the visitor is told
//! that messages may be lost, once for each gap. Where a reconnect restarts the numbers
//! ([`Sequencer::restart_numbers`]), a server may send everything again or nothing; the texts show
//! which. What must hold: no event reaches the visitor twice, and no message is lost silently.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use connector::{ConnectorEvent, EventKind};
use machine::Millis;
use serde::{Deserialize, Serialize};

use super::event::{Event, Kind, Payload, Said, State, own_fingerprint};

/// How long a missing number is waited for, as in the vendor's own client.
const GAP_WAIT_MS: Millis = 5_000;
/// Most missing numbers that are remembered.
const MISSING_MAX: usize = 64;
/// Most texts that are remembered, to recognize them when they are sent again.
const HEARD_MAX: usize = 32;

mod agents;
mod renumbering;

use renumbering::Before;

/// Stored with the chat, but for the fields that are skipped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Sequencer {
    /// The next number.
    next: u64,
    /// Numbers that are not waited for any more. They are taken when they come.
    missing: BTreeSet<u64>,
    /// How often the numbers have restarted without the server sending anything again.
    life: u32,
    /// Time of the latest event.
    latest_at: String,
    /// Fingerprints of the latest texts, oldest first.
    heard: VecDeque<u32>,
    /// Texts of the visitor that the server has sent back.
    own_heard: u32,
    /// Texts of the visitor that have arrived at the server.
    own_sent: u32,
    /// Fingerprint of the last one the server has sent back.
    own_last: u32,
    /// Numbers that a server without echo has given to texts of the visitor.
    own_skipped: u32,
    parties: BTreeMap<String, Party>,
    /// Participant id of the human agent who has the chat.
    current: Option<String>,
    /// The human agent has left, and no other one has joined yet.
    leaving: bool,
    /// Set after a restart of the numbers, until the next event.
    renewed: Option<Before>,
    /// When a reply was lost, until the numbers show whether events were lost with it.
    #[serde(rename = "unsure")]
    lost_reply_at: Option<Millis>,
    memory: Memory,
    /// How often messages may have been lost.
    losses: u32,
    over: bool,
    #[serde(skip)]
    pending: BTreeMap<u64, Event>,
    /// No message before this number is missing.
    #[serde(skip)]
    complete_to: u64,
    #[serde(skip)]
    gap_since: Option<Millis>,
    /// Numbers of texts that were passed on before the numbers restarted.
    #[serde(skip)]
    known: BTreeSet<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Party {
    name: String,
    kind: Kind,
    state: State,
}

/// Whether the server sends everything again once the numbers have restarted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Memory {
    /// It does, as far as known.
    #[default]
    Full,
    /// It did not.
    Short,
}

/// The texts of events.
pub(super) struct Texts<'a> {
    pub(super) said: &'a (dyn Fn(&Said) -> String + Sync),
    /// What visitors are told when messages may have been lost.
    pub(super) loss: &'a str,
}

impl Sequencer {
    /// Takes in events in any order, repeated or not. `own` is the id of our participant.
    pub(super) fn take(&mut self, own: &str, events: Vec<Event>) {
        for mut event in events {
            if event.participant == own {
                event.kind = Some(Kind::WebUser);
            }
            if event.number < self.next && !self.missing.contains(&event.number) {
                // It is later than every event so far: another server counts from a lower number.
                if self.latest_at.is_empty() || event.at <= self.latest_at {
                    continue;
                }
                (self.next, self.gap_since) = (event.number, None);
                self.missing.clear();
                self.pending.clear();
            }
            if self.pending.contains_key(&event.number) {
                continue;
            }
            if event.is_message() && event.kind == Some(Kind::WebUser) {
                (self.own_heard, self.own_last) = (self.own_heard + 1, event.fingerprint());
            }
            self.pending.insert(event.number, event);
        }
    }

    /// Whether a number is missing before the events that wait.
    pub(super) fn has_gap(&self) -> bool {
        self.pending.keys().next().is_some_and(|number| *number > self.next)
    }

    /// Whether a missing number did not come within the wait.
    pub(super) fn has_old_gap(&self, now: Millis) -> bool {
        self.has_gap() && self.gap_since.is_some_and(|since| now - since >= GAP_WAIT_MS)
    }

    /// Notes that events may be lost: a reply was, or the process before this one did not store
    /// them. Returns what was noted before.
    pub(super) fn note_lost_reply(&mut self, now: Millis) -> Option<Millis> {
        self.lost_reply_at.replace(now)
    }

    /// Takes a note back: the reply was not lost. `before` is what was noted before.
    pub(super) fn restore_lost_reply(&mut self, before: Option<Millis>) {
        self.lost_reply_at = before;
    }

    /// Notes that no message so far is missing.
    pub(super) fn mark_complete(&mut self) {
        self.lost_reply_at = None;
        self.complete_to =
            self.pending.keys().next_back().map_or(0, |number| number.saturating_add(1));
    }

    /// Whether the server sends nothing again when the numbers restart.
    pub(super) fn replays_nothing(&self) -> bool {
        self.memory == Memory::Short
    }

    pub(super) fn set_replays_nothing(&mut self) {
        self.memory = Memory::Short;
    }

    pub(super) fn losses(&self) -> u32 {
        self.losses
    }

    /// Whether the visitor was told that the chat has ended.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether the server has sent back `text`, which is not known to have arrived.
    pub(super) fn has_arrived(&self, text: &str) -> bool {
        self.own_heard > self.own_sent && self.own_last == own_fingerprint(text)
    }

    /// Notes that a text of the visitor has arrived at the server.
    pub(super) fn note_sent(&mut self) {
        self.own_sent += 1;
    }

    /// The events that are due now, in order.
    pub(super) fn next_events(
        &mut self,
        own: &str,
        now: Millis,
        texts: &Texts<'_>,
    ) -> Vec<ConnectorEvent> {
        self.take_due(own, Some(now), texts)
    }

    /// The remaining events, and then the end of the chat: nothing more will come.
    pub(super) fn close(&mut self, own: &str, texts: &Texts<'_>) -> Vec<ConnectorEvent> {
        if self.over {
            return Vec::new();
        }
        let mut events = self.take_due(own, None, texts);
        if let Some(before) = self.renewed.take() {
            events.extend(self.nothing_replayed(own, before, texts));
        }
        if !self.over {
            if self.lost_reply_at.is_some() {
                events.push(self.lost(self.life, self.next, texts));
            }
            events.push(ConnectorEvent::plain(EventKind::Ended));
            self.over = true;
        }
        events
    }

    /// Without a time, no missing number is waited for.
    fn take_due(
        &mut self,
        own: &str,
        now: Option<Millis>,
        texts: &Texts<'_>,
    ) -> Vec<ConnectorEvent> {
        let was_leaving = self.leaving;
        let before = if self.pending.is_empty() { None } else { self.renewed.take() };
        let holder = before.as_ref().map(|before| before.holder.clone());
        let mut events = Vec::new();
        if let Some(before) = before
            && !self.recognize(&before)
        {
            events = self.nothing_replayed(own, before, texts);
        }
        while let Some((event, gap)) = self.due(now) {
            events.extend(gap.map(|from| self.lost(self.life, from, texts)));
            let new = self.apply(own, &event, texts);
            self.over |= new.iter().any(|event| event.kind == EventKind::Ended);
            // After a restart of the numbers, who came and went is known. Only the agent who
            // has the chat now may be new.
            let is_new =
                |event: &ConnectorEvent| holder.is_none() || is_said(&event.kind) || self.over;
            events.extend(new.into_iter().filter(is_new));
            if self.over {
                return events;
            }
        }
        if let Some(holder) = holder {
            events.extend(self.change_since(holder.as_ref()));
        } else if was_leaving && self.leaving {
            // One poll later no other agent has joined, so it is not a transfer.
            self.leaving = false;
            events.push(ConnectorEvent::plain(EventKind::Left));
        }
        events
    }

    /// The next event in order, unless a number before it is still waited for. With it comes the
    /// first number of the gap before it, when a message of that gap may be lost.
    fn due(&mut self, now: Option<Millis>) -> Option<(Event, Option<u64>)> {
        let (number, next) = (*self.pending.keys().next()?, self.next);
        let mut lost = None;
        if number > next {
            let gap = number - next;
            let unheard = u64::from(self.own_sent.saturating_sub(self.own_skipped));
            let own = if self.own_heard == 0 { gap.min(unheard) } else { 0 };
            let is_own = own == gap && self.lost_reply_at.is_none();
            // An echo may only be late: the first wait shows whether the server has an echo.
            let has_no_echo = is_own && self.own_skipped > 0;
            if number >= self.complete_to {
                let waited = now.map(|now| now - *self.gap_since.get_or_insert(now));
                if !has_no_echo && waited.is_some_and(|waited| waited < GAP_WAIT_MS) {
                    return None;
                }
                lost = (!is_own).then_some(next);
                self.own_skipped += own as u32;
            }
            let first = next.max(number.saturating_sub(MISSING_MAX as u64));
            self.missing.extend(first..number);
            while self.missing.len() > MISSING_MAX {
                self.missing.pop_first();
            }
        }
        // Sooner, this event may itself be from before the lost reply.
        let is_over_due = |since: Millis| now.is_some_and(|now| now - since >= GAP_WAIT_MS);
        if number >= next && self.lost_reply_at.is_some_and(is_over_due) {
            self.lost_reply_at = None;
        }
        self.gap_since = None;
        self.missing.remove(&number);
        self.next = next.max(number.saturating_add(1));
        Some((self.pending.remove(&number)?, lost))
    }

    /// Tells the visitor of a gap. The same gap has the same id after a restart too.
    fn lost(&mut self, life: u32, from: u64, texts: &Texts<'_>) -> ConnectorEvent {
        self.losses += 1;
        ConnectorEvent::new(format!("lost:{life}:{from}"), EventKind::Notice(texts.loss.to_owned()))
    }

    fn apply(&mut self, own: &str, event: &Event, texts: &Texts<'_>) -> Vec<ConnectorEvent> {
        if event.at > self.latest_at {
            event.at.clone_into(&mut self.latest_at);
        }
        let id = event.id(self.life);
        let kind = self.kind(own, event);
        match &event.payload {
            Payload::State(state) if kind == Kind::WebUser => {
                let is_over = *state == State::Disconnected && event.participant == own;
                is_over.then(|| ConnectorEvent::plain(EventKind::Ended)).into_iter().collect()
            }
            Payload::State(state) if kind == Kind::System => {
                let (who, name) = (event.participant.clone(), self.agent(event).name);
                self.parties.insert(who, Party { name, kind, state: *state });
                let is_queued = *state == State::Active && std::mem::take(&mut self.leaving);
                is_queued.then(|| ConnectorEvent::plain(EventKind::Left)).into_iter().collect()
            }
            Payload::State(state) => self.agent_state(event, *state),
            Payload::Other => Vec::new(),
            Payload::Typing(_) if kind != Kind::Agent => Vec::new(),
            Payload::Typing(typing) => vec![ConnectorEvent::plain(EventKind::Types(*typing))],
            Payload::Said(said) => {
                if self.heard.len() == HEARD_MAX {
                    self.heard.pop_front();
                }
                self.heard.push_back(event.fingerprint());
                let is_known = self.known.remove(&event.number);
                let text = (texts.said)(said);
                match kind {
                    _ if is_known || text.trim().is_empty() => Vec::new(),
                    Kind::WebUser => Vec::new(),
                    Kind::System => vec![ConnectorEvent::new(id, EventKind::Notice(text))],
                    Kind::Agent => {
                        let agent = self.agent(event);
                        vec![ConnectorEvent::new(id, EventKind::Said { agent, text })]
                    }
                }
            }
        }
    }
}

fn is_said(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Said { .. } | EventKind::Notice(_))
}

#[cfg(test)]
mod tests;
