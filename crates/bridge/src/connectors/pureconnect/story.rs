//! A chat's events in their order: each once, with what it means to the visitor. Pure.
//!
//! Events have numbers. What is missing is waited for, and told when it comes later after all.
//! Where a reconnect starts the numbers over ([`Story::renew`]), a server may tell everything
//! again or nothing: which of the two, the texts themselves tell. Nothing may be told twice.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use machine::{Millis, chat::Agent};
use serde::{Deserialize, Serialize};

use super::event::{Event, Happened, Kind, SYSTEM, Said, State, own_print};
use crate::tool::{News, What};

/// How long a missing number is waited for: the rule of the vendor's own client.
const PATIENCE_MS: Millis = 5_000;
/// Most missing numbers that are still expected.
const MISSING_MAX: usize = 64;
/// By how many of the latest texts a repetition is recognized.
const HEARD_MAX: usize = 32;

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
    #[serde(skip)]
    pending: BTreeMap<u64, Event>,
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

/// Who had the chat before the numbers started over, and whether it was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Before(Option<(String, bool)>);

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
            if matches!(event.what, Happened::Said(_)) && event.kind == Some(Kind::WebUser) {
                (self.own_heard, self.own_last) = (self.own_heard + 1, event.fingerprint());
            }
            self.pending.insert(event.number, event);
        }
    }

    /// Whether something is missing before what came.
    pub(super) fn has_gap(&self) -> bool {
        self.pending.keys().next().is_some_and(|number| *number > self.next)
    }

    /// Whether a text of ours that may have arrived has arrived.
    pub(super) fn has_arrived(&self, text: &str) -> bool {
        self.own_heard > self.own_sent && self.own_last == own_print(text)
    }

    /// A text of ours has arrived.
    pub(super) fn sent(&mut self) {
        self.own_sent += 1;
    }

    /// We are another participant now: numbers and participants start over.
    pub(super) fn renew(&mut self) {
        if self.renewed.is_none() {
            self.renewed = Some(Before(self.holder()));
        }
        (self.next, self.own_heard, self.gap_since) = (0, 0, None);
        self.missing.clear();
        self.pending.clear();
        self.known.clear();
        self.parties.clear();
        self.current = None;
    }

    /// The agent who has the chat, and whether it is held.
    fn holder(&self) -> Option<(String, bool)> {
        let party = self.parties.get(self.current.as_ref()?)?;
        Some((party.name.clone(), party.state == State::Held))
    }

    /// What is new to the visitor by now; `write` puts what was said into words.
    pub(super) fn tell(
        &mut self,
        own: &str,
        now: Millis,
        write: &(dyn Fn(&Said) -> String + Sync),
    ) -> Vec<News> {
        let was_leaving = self.leaving;
        let before = if self.pending.is_empty() { None } else { self.renewed.take() };
        if before.is_some() {
            self.recognize();
        }
        let mut news = Vec::new();
        while let Some(event) = self.due(now) {
            let told = self.apply(own, &event, write);
            let ended = told.iter().any(|told| told.what == What::Ended);
            // Who came and went before is known; only who is there now may be new.
            let is_new = |told: &News| before.is_none() || is_said(&told.what) || ended;
            news.extend(told.into_iter().filter(is_new));
            if ended {
                return news;
            }
        }
        if let Some(Before(before)) = before {
            news.extend(self.change_since(before.as_ref()));
        } else if was_leaving && self.leaving {
            // One poll later there is still nobody: it is no transfer.
            self.leaving = false;
            news.push(News::plain(What::Left));
        }
        news
    }

    /// The next event in order, if it is there or was waited for long enough.
    fn due(&mut self, now: Millis) -> Option<Event> {
        let number = *self.pending.keys().next()?;
        if number > self.next {
            let gap = number - self.next;
            let unheard = u64::from(self.own_sent.saturating_sub(self.own_skipped));
            if self.own_heard == 0 && gap <= unheard {
                self.own_skipped += gap as u32;
            } else if now - *self.gap_since.get_or_insert(now) < PATIENCE_MS {
                return None;
            }
            let first = self.next.max(number.saturating_sub(MISSING_MAX as u64));
            self.missing.extend(first..number);
            while self.missing.len() > MISSING_MAX {
                self.missing.pop_first();
            }
        }
        self.gap_since = None;
        self.missing.remove(&number);
        self.next = self.next.max(number + 1);
        self.pending.remove(&number)
    }

    /// After a renewal: if the texts we know come again, in their order, everything is told again.
    fn recognize(&mut self) {
        let said = |event: &&Event| matches!(event.what, Happened::Said(_));
        let mut wanted = self.heard.iter().peekable();
        let mut known = BTreeSet::new();
        let mut first = None;
        for event in self.pending.values().filter(said) {
            if wanted.next_if(|wanted| **wanted == event.fingerprint()).is_some() {
                first = first.or(Some(event.number));
                known.insert(event.number);
            }
        }
        if wanted.peek().is_some() {
            self.own_heard += self.own_sent;
            self.life += 1;
            return;
        }
        if self.heard.len() == HEARD_MAX {
            // What came before the oldest we remember is known too.
            known.extend(0..first.unwrap_or(0));
        }
        self.heard.clear();
        self.known = known;
    }

    fn apply(
        &mut self,
        own: &str,
        event: &Event,
        write: &(dyn Fn(&Said) -> String + Sync),
    ) -> Vec<News> {
        if event.at > self.latest_at {
            event.at.clone_into(&mut self.latest_at);
        }
        let id = event.id(self.life);
        let kind = self.kind(own, event);
        match &event.what {
            Happened::State(state) if kind == Kind::WebUser => {
                let is_over = *state == State::Disconnected && event.participant == own;
                is_over.then(|| News::plain(What::Ended)).into_iter().collect()
            }
            Happened::State(state) if kind == Kind::System => {
                let (who, name) = (event.participant.clone(), self.agent(event).name);
                self.parties.insert(who, Party { name, kind, state: *state });
                let is_queued = *state == State::Active && std::mem::take(&mut self.leaving);
                is_queued.then(|| News::plain(What::Left)).into_iter().collect()
            }
            Happened::State(state) => self.agent_turns(event, *state),
            Happened::Other => Vec::new(),
            Happened::Typing(_) if kind != Kind::Agent => Vec::new(),
            Happened::Typing(typing) => vec![News::plain(What::Types(*typing))],
            Happened::Said(said) => {
                if self.heard.len() == HEARD_MAX {
                    self.heard.pop_front();
                }
                self.heard.push_back(event.fingerprint());
                let is_known = self.known.remove(&event.number);
                let text = write(said);
                match kind {
                    _ if is_known || text.trim().is_empty() => Vec::new(),
                    Kind::WebUser => Vec::new(),
                    Kind::System => vec![News::new(id, What::Notice(text))],
                    Kind::Agent => {
                        let agent = self.agent(event);
                        vec![News::new(id, What::Said { agent, text })]
                    }
                }
            }
        }
    }

    fn agent_turns(&mut self, event: &Event, state: State) -> Vec<News> {
        let who = &event.participant;
        let was = self.parties.get(who).map(|party| party.state);
        let name = self.agent(event).name;
        self.parties.insert(who.clone(), Party { name, kind: Kind::Agent, state });
        let mut news = Vec::new();
        match state {
            State::Waiting => {}
            State::Active | State::Held => {
                if self.current.as_ref() != Some(who) {
                    self.current = Some(who.clone());
                    self.leaving = false;
                    news.push(News::plain(What::Joined(self.agent(event))));
                }
                let (held, was_held) = (state == State::Held, was == Some(State::Held));
                if held != was_held {
                    news.push(News::plain(What::Held { on: held }));
                }
            }
            State::Disconnected => {
                self.parties.remove(who);
                if self.current.as_ref() == Some(who) {
                    news.extend(self.hand_on());
                }
            }
        }
        news
    }

    /// The agent who had it went: another one of the conference has it, or nobody yet.
    fn hand_on(&mut self) -> Option<News> {
        let there = |party: &Party| {
            party.kind == Kind::Agent && matches!(party.state, State::Active | State::Held)
        };
        let other = self.parties.iter().find(|(_, party)| there(party));
        let other = other.map(|(who, party)| (who.clone(), party.name.clone()));
        self.current = other.as_ref().map(|(who, _)| who.clone());
        self.leaving = other.is_none();
        other.map(|(_, name)| News::plain(What::Joined(agent(name))))
    }

    /// Who is there now against who was there before the numbers started over.
    fn change_since(&mut self, before: Option<&(String, bool)>) -> Vec<News> {
        self.leaving = false;
        let after = self.holder();
        let mut news = Vec::new();
        match (before, &after) {
            (Some(_), None) => news.push(News::plain(What::Left)),
            (before, Some((name, _))) if before.is_none_or(|(was, _)| was != name) => {
                news.push(News::plain(What::Joined(agent(name.clone()))));
            }
            _ => {}
        }
        let held = |holder: Option<&(String, bool)>| holder.is_some_and(|(_, held)| *held);
        if after.is_some() && held(before) != held(after.as_ref()) {
            news.push(News::plain(What::Held { on: held(after.as_ref()) }));
        }
        news
    }

    fn kind(&self, own: &str, event: &Event) -> Kind {
        if event.participant == own {
            return Kind::WebUser;
        }
        if event.participant == SYSTEM {
            return Kind::System;
        }
        let known = self.parties.get(&event.participant).map(|party| party.kind);
        event.kind.or(known).unwrap_or(Kind::Agent)
    }

    fn agent(&self, event: &Event) -> Agent {
        let known = || self.parties.get(&event.participant).map(|party| party.name.clone());
        let named = event.name.clone().filter(|name| !name.trim().is_empty());
        agent(named.or_else(known).unwrap_or_else(|| "Agent".to_owned()))
    }
}

/// Participants have no address of their own, and their ids change with every reconnect.
fn agent(name: String) -> Agent {
    Agent { email: String::new(), name, avatar_url: String::new() }
}

fn is_said(what: &What) -> bool {
    matches!(what, What::Said { .. } | What::Notice(_))
}

#[cfg(test)]
mod tests;
