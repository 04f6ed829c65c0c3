//! The human's side is away: inputs that are kept for it, and what it has not heard of.

use super::{Conversation, Event, Log, NoticeKind, Policy, Reply, Side, WhenAway};
use crate::{Millis, limits, retry};

/// Keeps the head, whose step two found the human's side away. False when it is not to be kept: a
/// refusal, a late answer and a final one decide as the contract says. A pause that is over keeps
/// it only until the end of this step, which gives it to the bot: the visitor is promised nothing.
pub(super) fn keep(log: &mut Log<'_>, policy: &Policy, turn: u64, reply: &Reply) -> bool {
    let Reply::Away { why, after } = reply else { return false };
    if policy.when_away == WhenAway::Forward || !log.state.is_human() {
        return false;
    }
    let attempts = log.state.queue.front().map_or(0, |head| head.attempts) + 1;
    let at = log.now + wait(log, turn, attempts, *after);
    let goes_on = log.state.paused_until().is_some_and(|until| until > log.now);
    if goes_on && !log.state.is_kept_told {
        let text = policy.kept_notice.clone();
        log.record(Event::Noticed { kind: NoticeKind::Kept, text });
    }
    let (why, asked) = (why.clone(), after.is_some());
    log.record(Event::CallHeld { turn, attempts, at, asked, why });
    true
}

/// Owes the call for a kept head again, if its time has come.
pub(super) fn renew_due(log: &mut Log<'_>) {
    renew_if(log, |head, now| head.until <= now);
}

/// Owes the call for a kept head again at once, because the human's side has just been heard of.
/// A wait that it asked for itself goes on.
pub(super) fn renew(log: &mut Log<'_>) {
    renew_if(log, |head, _| !head.asked);
}

fn renew_if(log: &mut Log<'_>, is_time: impl Fn(&Kept, Millis) -> bool) {
    if let Some(head) = kept(log.state).filter(|head| is_time(head, log.now)) {
        log.record(Event::CallRenewed { turn: head.turn });
    }
}

/// A kept head.
pub(super) struct Kept {
    turn: u64,
    /// The time of its next call.
    pub(super) until: Millis,
    /// Whether the human's side asked for that time.
    asked: bool,
}

pub(super) fn kept(state: &Conversation) -> Option<Kept> {
    let head = state.queue.front()?;
    match head.side {
        Side::Held { until, asked } => Some(Kept { turn: head.turn, until, asked }),
        _ => None,
    }
}

fn wait(log: &Log<'_>, turn: u64, attempts: u32, after: Option<Millis>) -> Millis {
    // The time spreads the calls of many conversations, which do not know their names.
    let name = format!("{turn}@{}", log.now);
    let counted = attempts.min(limits::HELD_ATTEMPTS_COUNTED_MAX);
    match after {
        Some(after) => retry::delay_asked(&name, counted, after),
        None => retry::delay(&name, counted),
    }
}

impl Conversation {
    pub(super) fn hold_head(&mut self, attempts: u32, until: Millis, asked: bool) {
        if let Some(head) = self.queue.front_mut() {
            head.attempts = attempts;
            head.side = Side::Held { until, asked };
        }
    }

    /// In a new epoch, so that a late answer to the call before is not taken for one to this.
    pub(super) fn offer_head_again(&mut self) {
        self.epoch += 1;
        let epoch = self.epoch;
        if let Some(head) = self.queue.front_mut() {
            head.side = Side::Human { epoch };
        }
    }

    /// The pause has ended, so the bot answers what was kept.
    pub(super) fn release_kept(&mut self) {
        self.is_kept_told = false;
        if let Some(head) = self.queue.front_mut()
            && matches!(head.side, Side::Held { .. })
        {
            head.side = Side::Unassigned;
            head.attempts = 0;
            let turn = head.turn;
            self.unheard.get_or_insert(turn);
        }
    }

    pub(super) fn forward(&mut self, turn: u64, reply: &Reply) {
        let epoch = self.epoch;
        if let Some(head) = self.queue.front_mut().filter(|head| head.turn == turn) {
            head.side = Side::Forwarded { epoch };
            head.attempts = 0;
            if *reply != Reply::Refused {
                self.unheard.get_or_insert(turn);
            }
        }
    }

    /// A call that was taken also told what the bot was asked meanwhile.
    pub(super) fn hear_of_human_side(&mut self, reply: &Reply) {
        match reply {
            Reply::Paused { .. } => {
                self.is_kept_told = false;
                self.unheard = None;
            }
            Reply::Refused => self.is_kept_told = false,
            Reply::Late | Reply::Failed { .. } | Reply::Away { .. } => {}
        }
    }
}
