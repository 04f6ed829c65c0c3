//! Slows down guessing without locking anybody out: after a few failures the next attempt for
//! the same account from the same address must wait, each time longer, up to a minute. Attempts
//! that come too early are not looked at and make nothing worse.

use std::{collections::HashMap, net::IpAddr};

use machine::{Millis, limits::MINUTE_MS};
use parking_lot::Mutex;

/// Failures that cost nothing.
const FREE: u32 = 5;
/// A pair not heard of for this long is forgotten.
const FORGET_MS: Millis = 15 * MINUTE_MS;
/// Most pairs that are remembered; beyond that the oldest failure is forgotten.
const PAIRS_MAX: usize = 10_000;

#[derive(Default)]
pub(crate) struct Throttle(Mutex<HashMap<(String, Option<IpAddr>), Failures>>);

struct Failures {
    count: u32,
    last: Millis,
}

impl Failures {
    fn wait(&self) -> Millis {
        match self.count.checked_sub(FREE) {
            None => 0,
            Some(over) => (1_000 << over.min(6)).min(MINUTE_MS),
        }
    }
}

impl Throttle {
    /// Milliseconds to wait before an attempt is looked at; `None` when it may be made now.
    pub(crate) fn wait(&self, email: &str, from: Option<IpAddr>, now: Millis) -> Option<Millis> {
        let pairs = self.0.lock();
        let failures = pairs.get(&(email.to_owned(), from))?;
        let left = failures.last + failures.wait() - now;
        (left > 0).then_some(left)
    }

    pub(crate) fn failed(&self, email: &str, from: Option<IpAddr>, now: Millis) {
        let mut pairs = self.0.lock();
        if pairs.len() >= PAIRS_MAX {
            pairs.retain(|_, failures| failures.last + FORGET_MS > now);
            let oldest = pairs.iter().min_by_key(|(_, failures)| failures.last);
            if pairs.len() >= PAIRS_MAX
                && let Some(oldest) = oldest.map(|(pair, _)| pair.clone())
            {
                pairs.remove(&oldest);
            }
        }
        let failures =
            pairs.entry((email.to_owned(), from)).or_insert(Failures { count: 0, last: now });
        if failures.last + FORGET_MS <= now {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    pub(crate) fn succeeded(&self, email: &str, from: Option<IpAddr>) {
        let mut pairs = self.0.lock();
        pairs.remove(&(email.to_owned(), from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_gets_slower_but_never_stops_the_owner() {
        let throttle = Throttle::default();
        let here = Some(IpAddr::from([192, 0, 2, 1]));
        let mut now = 0;
        let mut waits = Vec::new();
        for _ in 0..14 {
            let wait = throttle.wait("jane", here, now).unwrap_or(0);
            waits.push(wait / 1_000);
            now += wait;
            throttle.failed("jane", here, now);
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert!(throttle.wait("jane", here, now).is_some());
        let elsewhere = Some(IpAddr::from([192, 0, 2, 2]));
        assert_eq!(throttle.wait("jane", elsewhere, now), None);
        assert_eq!(throttle.wait("joe", here, now), None);
        throttle.succeeded("jane", here);
        assert_eq!(throttle.wait("jane", here, now), None);
    }
}
