//! The attempts of one webhook call. A call that was not taken is tried again under the same id: no
//! connection, a connection that ended before an answer began, or a status by which a server says
//! that it can take nothing now. All attempts share one clock of five seconds (contract r1, step
//! one). After a late, a broken or an unreadable answer, or a status 500, there is no other
//! attempt: the call may have been taken. All but the late one are [`Reply::Away`], after which a
//! bot that holds makes the call again later, under its id.

use std::time::Duration;

use edge::{
    egress::{self, EgressError},
    ids,
};
use machine::{Millis, conversation::Reply, limits};
use tokio::time::Instant;
use wire::webhook as contract;

use crate::limit;

/// The times of all attempts of one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// From the first attempt to the last byte of the last one.
    pub(crate) total: Duration,
    pub(crate) wait_min: Duration,
    pub(crate) wait_max: Duration,
    /// No attempt begins with less time than this: its answer would come too late.
    pub(crate) attempt_min: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            total: Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS),
            wait_min: limit::ATTEMPT_WAIT_MIN,
            wait_max: limit::ATTEMPT_WAIT_MAX,
            attempt_min: limit::ATTEMPT_MIN,
        }
    }
}

/// How one attempt ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It was answered, or may have been taken: there is no other attempt.
    Over(Reply),
    /// It certainly was not taken. `asked` is the wait that the receiver asks for.
    NotTaken { why: String, asked: Option<Duration> },
}

impl Attempt {
    pub(super) fn of(ended: Result<egress::Reply, EgressError>) -> Self {
        match ended {
            Ok(reply) if matches!(reply.status, 429 | 502 | 503 | 504) => {
                Self::NotTaken { why: format!("status {}", reply.status), asked: reply.retry_after }
            }
            Ok(reply) if reply.status >= 500 => {
                let after = reply.retry_after.map(in_millis);
                Self::Over(Reply::Away { why: format!("status {}", reply.status), after })
            }
            Ok(reply) => Self::Over(match contract::Reply::parse(reply.status, &reply.body) {
                contract::Reply::Paused(pause) => Reply::Paused { pause },
                contract::Reply::Refused => Reply::Refused,
                // Such as the page of a proxy whose server is away.
                contract::Reply::Invalid(why) if (200..300).contains(&reply.status) => {
                    Reply::Away { why: format!("unreadable: {why}"), after: None }
                }
                contract::Reply::Invalid(why) => Reply::Failed { why },
            }),
            Err(
                error @ (EgressError::Unreachable(_)
                | EgressError::Unanswered(_)
                | EgressError::NoTurn),
            ) => Self::NotTaken { why: error.to_string(), asked: None },
            Err(EgressError::Late) => Self::Over(Reply::Late),
            // The connection broke in the middle of the answer, or the answer has no end.
            Err(error @ (EgressError::Network(_) | EgressError::TooLarge(_))) => {
                Self::Over(Reply::Away { why: error.to_string(), after: None })
            }
            Err(error) => Self::Over(Reply::Failed { why: error.to_string() }),
        }
    }
}

pub(super) struct Attempts<'a> {
    pace: Pace,
    id: &'a str,
    ends: Instant,
    /// How many ended already.
    pub(super) made: u32,
}

impl<'a> Attempts<'a> {
    pub(super) fn begin(pace: Pace, id: &'a str) -> Self {
        Self { pace, id, ends: Instant::now() + pace.total, made: 0 }
    }

    /// The time that is left for the next attempt.
    fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    /// How long the next attempt may wait for its turn among the calls to its target.
    pub(super) fn turn_wait(&self) -> Duration {
        self.left()
    }

    /// Begins an attempt, and returns the time that it has. The clock starts with the first one:
    /// that it had to wait for its turn does not count (contract, section 8).
    pub(super) fn start(&mut self, has_turn: bool) -> Duration {
        if self.made == 0 && has_turn {
            self.ends = Instant::now() + self.pace.total;
        }
        self.made += 1;
        self.left()
    }

    /// How long to wait for the next attempt; `None` when the time is over, or will be before the
    /// receiver wants to hear of us again.
    pub(super) fn next_wait(&self, asked: Option<Duration>) -> Option<Duration> {
        self.wait_of(self.left(), asked)
    }

    /// Waits double from the shortest to the longest, each within a fifth of its length, so that
    /// many calls are not all tried again at once. The last wait is cut, so that the last attempt
    /// is made while there is just time for it.
    fn wait_of(&self, left: Duration, asked: Option<Duration>) -> Option<Duration> {
        let Pace { wait_min, wait_max, attempt_min, .. } = self.pace;
        let longest = left.saturating_sub(attempt_min);
        if longest < wait_min {
            return None;
        }
        let doubled = 2_u32.saturating_pow(self.made.saturating_sub(1));
        let step = wait_min.saturating_mul(doubled).min(wait_max);
        let spread = ids::fingerprint(format!("{}#{}", self.id, self.made).as_bytes()) % 401;
        let own = step.mul_f64(0.8 + spread as f64 / 1_000.0).min(longest);
        match asked {
            Some(asked) if asked > longest => None,
            Some(asked) => Some(asked.max(own)),
            None => Some(own),
        }
    }

    /// The reply when no attempt was taken. `asked` is the wait that the last one was told.
    pub(super) fn away(&self, why: &str, asked: Option<Duration>) -> Reply {
        let why = match self.made {
            1 => why.to_owned(),
            made => format!("{why}, after {made} attempts"),
        };
        Reply::Away { why, after: asked.map(in_millis) }
    }
}

fn in_millis(wait: Duration) -> Millis {
    Millis::try_from(wait.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn answered(status: u16, body: &'static str) -> egress::Reply {
        egress::Reply { status, body: body.into(), retry_after: Some(3 * SECOND) }
    }

    #[test]
    fn only_what_was_not_taken_is_tried_again() {
        for status in 200..600 {
            let again = matches!(
                Attempt::of(Ok(answered(status, r#"{"paused":false}"#))),
                Attempt::NotTaken { asked: Some(asked), .. } if asked == 3 * SECOND
            );
            assert_eq!(again, [429, 502, 503, 504].contains(&status), "status {status}");
        }
        let text = || "why".to_owned();
        for (error, again) in [
            (EgressError::Unreachable(text()), true),
            (EgressError::Unanswered(text()), true),
            (EgressError::NoTurn, true),
            (EgressError::Network(text()), false),
            (EgressError::Blocked(text()), false),
            (EgressError::BadUrl(text()), false),
            (EgressError::TooLarge(1), false),
            (EgressError::Late, false),
        ] {
            let found = matches!(Attempt::of(Err(error.clone())), Attempt::NotTaken { .. });
            assert_eq!(found, again, "{error}");
        }
        assert_eq!(Attempt::of(Err(EgressError::Late)), Attempt::Over(Reply::Late));
    }

    /// A bot that holds keeps the message after what may pass: absence, and an answer that nobody
    /// can read. What the receiver says for good is final.
    #[test]
    fn absence_is_told_from_a_final_answer() {
        for status in 200..600 {
            let ended = Attempt::of(Ok(answered(status, "{}")));
            let asks = matches!(&ended, Attempt::Over(Reply::Away { after: Some(3_000), .. }));
            let is_unreadable = matches!(&ended, Attempt::Over(Reply::Away { after: None, .. }));
            let is_final = matches!(&ended, Attempt::Over(Reply::Failed { .. }));
            let again = matches!(&ended, Attempt::NotTaken { .. });
            assert_eq!(asks, status >= 500 && !again, "status {status}");
            assert_eq!(is_unreadable, status < 300, "status {status}");
            assert_eq!(is_final, (300..500).contains(&status) && !again, "status {status}");
        }
        for error in [EgressError::Network("reset".to_owned()), EgressError::TooLarge(1)] {
            let ended = Attempt::of(Err(error));
            assert!(matches!(ended, Attempt::Over(Reply::Away { after: None, .. })));
        }
    }

    /// The moments of all attempts, from the first one on.
    fn moments(id: &str, asked: Option<Duration>) -> Vec<Duration> {
        let mut attempts = Attempts::begin(Pace::default(), id);
        let (mut at, mut moments) = (Duration::ZERO, Vec::new());
        loop {
            moments.push(at);
            attempts.made += 1;
            match attempts.wait_of(attempts.pace.total.saturating_sub(at), asked) {
                Some(wait) => at += wait,
                None => return moments,
            }
        }
    }

    #[test]
    fn waits_grow_and_use_the_five_seconds() {
        for number in 0..200 {
            let moments = moments(&format!("cnv_{number}/7"), None);
            assert!((8..24).contains(&moments.len()), "{moments:?}");
            assert!(moments[1] <= Duration::from_millis(60), "{moments:?}");
            let last = moments[moments.len() - 1];
            assert!(last >= Duration::from_millis(4_740), "{moments:?}");
            assert!(last <= Duration::from_millis(4_800), "{moments:?}");
            let longest = moments.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max();
            assert!(longest <= Some(SECOND.mul_f64(1.21)), "{moments:?}");
        }
    }

    #[test]
    fn calls_that_failed_together_do_not_come_back_together() {
        let mut third: Vec<_> = (0..100).map(|n| moments(&format!("cnv_{n}/7"), None)[3]).collect();
        third.sort_unstable();
        third.dedup();
        assert!(third.len() > 50, "only {} different moments", third.len());
    }

    #[test]
    fn the_wait_that_is_asked_for_is_kept() {
        let at = moments("cnv_1/7", Some(2 * SECOND));
        assert_eq!(at, [Duration::ZERO, 2 * SECOND, 4 * SECOND]);
        assert_eq!(moments("cnv_1/7", Some(5 * SECOND)).len(), 1, "there is no time left for it");
        assert_eq!(moments("cnv_1/7", Some(Duration::MAX)).len(), 1);
        let (own, asked) = (moments("cnv_1/7", None), moments("cnv_1/7", Some(Duration::ZERO)));
        assert_eq!(own, asked, "what is asked for is at least our own wait");
    }
}
