//! A chat's events in their order: each once, with what it means to the visitor. Pure.
//!
//! Events have numbers. What is missing is waited for; when it stays away the visitor is told that
//! words may be lost, once for each gap. Where a reconnect starts the numbers over
//! ([`Story::renew`]), a server may tell everything again or nothing: which of the two, the texts
//! themselves tell. Nothing may be told twice, and nothing may be lost without a word.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use connector::{ConnectorEvent, EventKind};
use machine::Millis;
use serde::{Deserialize, Serialize};

use super::event::{Event, Happened, Kind, Said, State, own_print};

/// How long a missing number is waited for: the rule of the vendor's own client.
const PATIENCE_MS: Millis = 5_000;
/// Most missing numbers that are still expected.
const MISSING_MAX: usize = 64;
/// By how many of the latest texts a repetition is recognized.
const HEARD_MAX: usize = 32;

mod agents;
mod renewal;

use renewal::Before;

/// Everything but what has only just come is stored with the chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Story {
    /// The number that comes next.
    next: u64,
    /// Given up, and welcome all the same.
    missing: BTreeSet<u64>,
    /// How often the numbers have started over without anything being told again.
    life: u32,
    /// Time of the latest event.
    latest_at: String,
    /// Fingerprints of the latest texts, oldest first.
    heard: VecDeque<u32>,
    /// Own texts that were told back, and that were sent for certain.
    own_heard: u32,
    own_sent: u32,
    own_last: u32,
    /// Own texts a server that never tells them back has counted.
    own_skipped: u32,
    parties: BTreeMap<String, Party>,
    /// The agent who has the chat.
    current: Option<String>,
    /// The agent went and nobody has come yet.
    leaving: bool,
    /// The numbers have started over, and nothing was heard since.
    renewed: Option<Before>,
    /// When an answer was lost, if no number has told since what it was.
    unsure: Option<Millis>,
    memory: Memory,
    /// How often words may have been lost.
    losses: u32,
    over: bool,
    #[serde(skip)]
    pending: BTreeMap<u64, Event>,
    /// Before this number nothing that was said is missing.
    #[serde(skip)]
    whole_to: u64,
    #[serde(skip)]
    gap_since: Option<Millis>,
    /// Numbers of texts the visitor knows.
    #[serde(skip)]
    known: BTreeSet<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Party {
    name: String,
    kind: Kind,
    state: State,
}

/// Whether the server tells everything again once the numbers have started over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Memory {
    /// As far as we know.
    #[default]
    Full,
    /// It did not.
    Short,
}

/// How news are put.
pub(super) struct Words<'a> {
    pub(super) said: &'a (dyn Fn(&Said) -> String + Sync),
    /// What visitors are told when words may have been lost.
    pub(super) loss: &'a str,
}

impl Story {
    /// Takes in what was told, in any order and as often as it likes; `own` is our participant.
    pub(super) fn take(&mut self, own: &str, events: Vec<Event>) {
        for mut event in events {
            if event.participant == own {
                event.kind = Some(Kind::WebUser);
            }
            if event.number < self.next && !self.missing.contains(&event.number) {
                // Later than everything there was: another server counts anew.
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
            if event.says() && event.kind == Some(Kind::WebUser) {
                (self.own_heard, self.own_last) = (self.own_heard + 1, event.fingerprint());
            }
            self.pending.insert(event.number, event);
        }
    }

    /// Whether something is missing before what came.
    pub(super) fn has_gap(&self) -> bool {
        self.pending.keys().next().is_some_and(|number| *number > self.next)
    }

    /// Whether what is missing was waited for in vain.
    pub(super) fn has_old_gap(&self, now: Millis) -> bool {
        self.has_gap() && self.gap_since.is_some_and(|since| now - since >= PATIENCE_MS)
    }

    /// An answer was lost, or the process that heard it. Gives what was known of that before.
    pub(super) fn doubt(&mut self, now: Millis) -> Option<Millis> {
        self.unsure.replace(now)
    }

    /// It was not lost after all; there may have been one `before`.
    pub(super) fn trust(&mut self, before: Option<Millis>) {
        self.unsure = before;
    }

    /// Everything that was said so far has been taken in.
    pub(super) fn be_whole(&mut self) {
        self.unsure = None;
        self.whole_to =
            self.pending.keys().next_back().map_or(0, |number| number.saturating_add(1));
    }

    /// Whether the server repeats nothing when the numbers start over.
    pub(super) fn is_forgetful(&self) -> bool {
        self.memory == Memory::Short
    }

    pub(super) fn be_forgetful(&mut self) {
        self.memory = Memory::Short;
    }

    pub(super) fn losses(&self) -> u32 {
        self.losses
    }

    /// Whether the visitor was told that the chat has ended.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Whether a text of ours that may have arrived has arrived.
    pub(super) fn has_arrived(&self, text: &str) -> bool {
        self.own_heard > self.own_sent && self.own_last == own_print(text)
    }

    /// A text of ours has arrived.
    pub(super) fn sent(&mut self) {
        self.own_sent += 1;
    }

    /// What is new to the visitor by now.
    pub(super) fn tell(
        &mut self,
        own: &str,
        now: Millis,
        words: &Words<'_>,
    ) -> Vec<ConnectorEvent> {
        self.told(own, Some(now), words)
    }

    /// Nothing more will come: the rest, and that it has ended.
    pub(super) fn close(&mut self, own: &str, words: &Words<'_>) -> Vec<ConnectorEvent> {
        if self.over {
            return Vec::new();
        }
        let mut news = self.told(own, None, words);
        if let Some(before) = self.renewed.take() {
            news.extend(self.tell_lost(own, before, words));
        }
        if !self.over {
            if self.unsure.is_some() {
                news.push(self.lost(self.life, self.next, words));
            }
            news.push(ConnectorEvent::plain(EventKind::Ended));
            self.over = true;
        }
        news
    }

    /// Without a time, nothing is waited for.
    fn told(&mut self, own: &str, now: Option<Millis>, words: &Words<'_>) -> Vec<ConnectorEvent> {
        let was_leaving = self.leaving;
        let before = if self.pending.is_empty() { None } else { self.renewed.take() };
        let holder = before.as_ref().map(|before| before.holder.clone());
        let mut news = Vec::new();
        if let Some(before) = before
            && !self.recognize(&before)
        {
            news = self.tell_lost(own, before, words);
        }
        while let Some((event, gap)) = self.due(now) {
            news.extend(gap.map(|from| self.lost(self.life, from, words)));
            let told = self.apply(own, &event, words);
            self.over |= told.iter().any(|told| told.kind == EventKind::Ended);
            // Who came and went before is known; only who is there now may be new.
            let is_new =
                |told: &ConnectorEvent| holder.is_none() || is_said(&told.kind) || self.over;
            news.extend(told.into_iter().filter(is_new));
            if self.over {
                return news;
            }
        }
        if let Some(holder) = holder {
            news.extend(self.change_since(holder.as_ref()));
        } else if was_leaving && self.leaving {
            // One poll later there is still nobody: it is no transfer.
            self.leaving = false;
            news.push(ConnectorEvent::plain(EventKind::Left));
        }
        news
    }

    /// The next event in order, if it is there or was waited for long enough; with the first
    /// number before it whose words nobody will hear.
    fn due(&mut self, now: Option<Millis>) -> Option<(Event, Option<u64>)> {
        let (number, next) = (*self.pending.keys().next()?, self.next);
        let mut lost = None;
        if number > next {
            let gap = number - next;
            let unheard = u64::from(self.own_sent.saturating_sub(self.own_skipped));
            let own = if self.own_heard == 0 { gap.min(unheard) } else { 0 };
            let is_own = own == gap && self.unsure.is_none();
            // An echo may be late too: the first time shows whether there is any.
            let is_mute = is_own && self.own_skipped > 0;
            if number >= self.whole_to {
                let waited = now.map(|now| now - *self.gap_since.get_or_insert(now));
                if !is_mute && waited.is_some_and(|waited| waited < PATIENCE_MS) {
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
        // Before that, it may only be late itself, and more than it was told in the lost answer.
        let is_later = |since: Millis| now.is_some_and(|now| now - since >= PATIENCE_MS);
        if number >= next && self.unsure.is_some_and(is_later) {
            self.unsure = None;
        }
        self.gap_since = None;
        self.missing.remove(&number);
        self.next = next.max(number.saturating_add(1));
        Some((self.pending.remove(&number)?, lost))
    }

    /// The same gap has the same id, whoever finds it.
    fn lost(&mut self, life: u32, from: u64, words: &Words<'_>) -> ConnectorEvent {
        self.losses += 1;
        ConnectorEvent::new(format!("lost:{life}:{from}"), EventKind::Notice(words.loss.to_owned()))
    }

    fn apply(&mut self, own: &str, event: &Event, words: &Words<'_>) -> Vec<ConnectorEvent> {
        if event.at > self.latest_at {
            event.at.clone_into(&mut self.latest_at);
        }
        let id = event.id(self.life);
        let kind = self.kind(own, event);
        match &event.what {
            Happened::State(state) if kind == Kind::WebUser => {
                let is_over = *state == State::Disconnected && event.participant == own;
                is_over.then(|| ConnectorEvent::plain(EventKind::Ended)).into_iter().collect()
            }
            Happened::State(state) if kind == Kind::System => {
                let (who, name) = (event.participant.clone(), self.agent(event).name);
                self.parties.insert(who, Party { name, kind, state: *state });
                let is_queued = *state == State::Active && std::mem::take(&mut self.leaving);
                is_queued.then(|| ConnectorEvent::plain(EventKind::Left)).into_iter().collect()
            }
            Happened::State(state) => self.agent_turns(event, *state),
            Happened::Other => Vec::new(),
            Happened::Typing(_) if kind != Kind::Agent => Vec::new(),
            Happened::Typing(typing) => vec![ConnectorEvent::plain(EventKind::Types(*typing))],
            Happened::Said(said) => {
                if self.heard.len() == HEARD_MAX {
                    self.heard.pop_front();
                }
                self.heard.push_back(event.fingerprint());
                let is_known = self.known.remove(&event.number);
                let text = (words.said)(said);
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
