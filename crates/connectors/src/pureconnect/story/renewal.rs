//! Numbers that start over: whether the server then tells everything again, or nothing.

use std::collections::BTreeSet;

use connector::ConnectorEvent;
use serde::{Deserialize, Serialize};

use super::{HEARD_MAX, Memory, Story, Words};
use crate::pureconnect::event::Event;

/// How far from its turn a text may have been told because others were late.
const LATE_MAX: usize = 8;

/// How it was before the numbers started over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Before {
    /// Who had the chat, and whether it was held.
    pub(super) holder: Option<(String, bool)>,
    pub(super) life: u32,
    pub(super) next: u64,
    pub(super) own_heard: u32,
    /// What was said after something that is missing.
    #[serde(skip)]
    pub(super) rest: Vec<Event>,
}

impl Story {
    /// We are another participant now: numbers and participants start over.
    pub(in crate::pureconnect) fn renew(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if self.renewed.is_none() {
            let rest = pending.into_values().filter(Event::says).collect();
            let (holder, life, next) = (self.holder(), self.life, self.next);
            let own_heard = self.own_heard;
            self.renewed = Some(Before { holder, life, next, own_heard, rest });
        }
        (self.next, self.own_heard, self.gap_since, self.whole_to) = (0, 0, None, 0);
        self.missing.clear();
        self.known.clear();
        self.parties.clear();
        self.current = None;
    }

    /// The server tells nothing again: what it had told since may be lost, but for `before.rest`.
    pub(super) fn tell_lost(
        &mut self,
        own: &str,
        before: Before,
        words: &Words<'_>,
    ) -> Vec<ConnectorEvent> {
        let mut news = vec![self.lost(before.life, before.next, words)];
        // Before the first text nothing has shown yet what the server remembers.
        if !self.heard.is_empty() {
            self.memory = Memory::Short;
        }
        for event in before.rest {
            news.extend(self.apply(own, &event, words));
        }
        self.own_heard += self.own_sent.max(before.own_heard);
        self.life += 1;
        self.unsure = None;
        news
    }

    /// After a renewal: if the texts we know come again, as good as in their order, everything is
    /// told again.
    pub(super) fn recognize(&mut self, before: &Before) -> bool {
        if self.heard.is_empty() && !self.seems_whole(before) {
            return false;
        }
        let mut wanted = self.heard.clone();
        let mut known = BTreeSet::new();
        let mut first = None;
        for event in self.pending.values().filter(|event| event.says()) {
            let print = event.fingerprint();
            if let Some(place) = wanted.iter().take(LATE_MAX).position(|wanted| *wanted == print) {
                wanted.remove(place);
                first = first.or(Some(event.number));
                known.insert(event.number);
            }
        }
        if !wanted.is_empty() {
            return false;
        }
        if self.heard.len() == HEARD_MAX {
            // What came before the oldest we remember is known too.
            known.extend(self.pending.range(..first.unwrap_or(0)).map(|(number, _)| *number));
        }
        self.heard.clear();
        self.known = known;
        // What is missing among it is nothing that could be told again.
        self.be_whole();
        true
    }

    /// The same before the first text: no number is missing, and no text that may have been told.
    fn seems_whole(&self, before: &Before) -> bool {
        let is_short = self.pending.range(before.next.saturating_sub(1)..).next().is_none();
        let misses = self.unsure.is_some() || !before.rest.is_empty();
        !is_short && (!misses || self.pending.values().any(Event::says))
    }
}
