//! A reconnect restarts the event numbers: whether the server then sends everything again.

use std::collections::BTreeSet;

use connector::ConnectorEvent;
use serde::{Deserialize, Serialize};

use super::{HEARD_MAX, Memory, Sequencer, Texts};
use crate::pureconnect::event::Event;

/// How far from its place a known text may be, because others came late.
const LATE_MAX: usize = 8;

/// The state before the numbers restarted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Before {
    /// Name of the human agent who had the chat, and whether it was on hold.
    pub(super) holder: Option<(String, bool)>,
    pub(super) life: u32,
    pub(super) next: u64,
    pub(super) own_heard: u32,
    /// Messages that waited for a missing number.
    #[serde(skip)]
    pub(super) rest: Vec<Event>,
}

impl Sequencer {
    /// Our participant has another id now: numbers and participants restart.
    pub(in crate::pureconnect) fn restart_numbers(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if self.renewed.is_none() {
            let rest = pending.into_values().filter(Event::is_message).collect();
            let (holder, life, next) = (self.holder(), self.life, self.next);
            let own_heard = self.own_heard;
            self.renewed = Some(Before { holder, life, next, own_heard, rest });
        }
        (self.next, self.own_heard, self.gap_since, self.complete_to) = (0, 0, None, 0);
        self.missing.clear();
        self.known.clear();
        self.parties.clear();
        self.current = None;
    }

    /// The server sends nothing again: messages since the last event may be lost, but for
    /// `before.rest`.
    pub(super) fn nothing_replayed(
        &mut self,
        own: &str,
        before: Before,
        texts: &Texts<'_>,
    ) -> Vec<ConnectorEvent> {
        let mut events = vec![self.lost(before.life, before.next, texts)];
        // Without a text so far, this does not show yet what the server sends again.
        if !self.heard.is_empty() {
            self.memory = Memory::Short;
        }
        for event in before.rest {
            events.extend(self.apply(own, &event, texts));
        }
        self.own_heard += self.own_sent.max(before.own_heard);
        self.life += 1;
        self.lost_reply_at = None;
        events
    }

    /// Whether the server sends everything again: the known texts come, nearly in their order.
    pub(super) fn recognize(&mut self, before: &Before) -> bool {
        if self.heard.is_empty() && !self.seems_complete(before) {
            return false;
        }
        let mut wanted = self.heard.clone();
        let mut known = BTreeSet::new();
        let mut first = None;
        for event in self.pending.values().filter(|event| event.is_message()) {
            let fingerprint = event.fingerprint();
            if let Some(place) =
                wanted.iter().take(LATE_MAX).position(|wanted| *wanted == fingerprint)
            {
                wanted.remove(place);
                first = first.or(Some(event.number));
                known.insert(event.number);
            }
        }
        if !wanted.is_empty() {
            return false;
        }
        if self.heard.len() == HEARD_MAX {
            // Texts before the oldest remembered one are known too.
            known.extend(self.pending.range(..first.unwrap_or(0)).map(|(number, _)| *number));
        }
        self.heard.clear();
        self.known = known;
        // A number that is missing here cannot be sent again.
        self.mark_complete();
        true
    }

    /// The same question before the first text: no number is missing, and no text may be lost.
    fn seems_complete(&self, before: &Before) -> bool {
        let is_short = self.pending.range(before.next.saturating_sub(1)..).next().is_none();
        let misses = self.lost_reply_at.is_some() || !before.rest.is_empty();
        !is_short && (!misses || self.pending.values().any(Event::is_message))
    }
}
