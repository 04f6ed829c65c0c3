//! One rate for each key, by the library `governor`, with a bounded number of keys.
//!
//! A key whose allowance is full again says no more than a new one, so such keys are dropped. A
//! key that still says something is never dropped: when all places are taken, new keys share one
//! counter. So strangers can fill the table, and can neither free themselves nor grow it.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher as _, Hash, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use governor::{
    NotUntil, Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};
use parking_lot::Mutex;

use super::{Exceeded, Rate};
use crate::Clock;

/// Most keys of one limit, 16 bytes each and the room of a table.
const KEYS_MAX: usize = 32_768;
/// Least time between two searches for keys that can be dropped.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// A rate for each key.
pub struct Limiter {
    name: &'static str,
    /// `None` limits nothing.
    rated: Option<Rated>,
}

struct Rated {
    rate: Rate,
    quota: Quota,
    limiter: RateLimiter<u64, Keys, Ticks, NoOpMiddleware<Duration>>,
    keys: Keys,
    ticks: Ticks,
    /// Secret, so that nobody can choose keys that meet.
    hasher: RandomState,
    /// Milliseconds of [`Ticks`] at the last search.
    swept: AtomicU64,
}

impl Limiter {
    pub(super) fn new(name: &'static str, rate: Rate, clock: &Clock) -> Self {
        Self::with_keys(name, rate, clock, KEYS_MAX)
    }

    pub(super) fn unlimited(name: &'static str) -> Self {
        Self { name, rated: None }
    }

    fn with_keys(name: &'static str, rate: Rate, clock: &Clock, keys_max: usize) -> Self {
        let quota = Quota::with_period(rate.per / rate.count.get())
            .unwrap_or_else(|| Quota::per_second(rate.count))
            .allow_burst(rate.count);
        let (keys, ticks) = (Keys::new(keys_max), Ticks::new(clock));
        let limiter = RateLimiter::new(quota, keys.clone(), ticks.clone());
        let (hasher, swept) = (RandomState::new(), AtomicU64::new(0));
        Self { name, rated: Some(Rated { rate, quota, limiter, keys, ticks, hasher, swept }) }
    }

    /// Counts one for `key`.
    ///
    /// # Errors
    /// [`Exceeded`] when `key` has used up its allowance; this one is then not counted.
    pub fn check(&self, key: &impl Hash) -> Result<(), Exceeded> {
        let Some(rated) = &self.rated else { return Ok(()) };
        rated.make_room();
        let checked = rated.limiter.check_key(&rated.hasher.hash_one(key));
        checked.map_err(|until: NotUntil<Duration>| {
            self.exceeded(rated.rate, until.wait_time_from(rated.ticks.now()))
        })
    }

    /// Looks whether [`Limiter::check`] would fail, and counts nothing.
    ///
    /// # Errors
    /// [`Exceeded`] when it would.
    pub fn look(&self, key: &impl Hash) -> Result<(), Exceeded> {
        let Some(rated) = &self.rated else { return Ok(()) };
        let Some(full_at) = rated.keys.full_at(rated.hasher.hash_one(key)) else { return Ok(()) };
        // Of the burst, one is what is asked for now.
        let tolerance = rated.quota.replenish_interval() * (rated.rate.count.get() - 1);
        let allowed_at = full_at.saturating_sub(tolerance);
        match allowed_at.checked_sub(rated.ticks.now()) {
            Some(wait) if !wait.is_zero() => Err(self.exceeded(rated.rate, wait)),
            _ => Ok(()),
        }
    }

    fn exceeded(&self, rate: Rate, wait: Duration) -> Exceeded {
        let (quota, window) = (u64::from(rate.count.get()), Some(rate.per));
        Exceeded { name: self.name, quota, window, wait }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.rated.as_ref().map(|rated| rated.rate);
        f.debug_struct("Limiter").field("name", &self.name).field("rate", &rate).finish()
    }
}

impl Rated {
    /// Drops the keys that say nothing more, when all places are taken.
    fn make_room(&self) {
        if !self.keys.are_full() {
            return;
        }
        let now = self.ticks.now().as_millis() as u64;
        let swept = self.swept.load(Ordering::Relaxed);
        if now.saturating_sub(swept) >= SWEEP_EVERY.as_millis() as u64 {
            self.swept.store(now, Ordering::Relaxed);
            self.limiter.retain_recent();
        }
    }
}

/// The counters: for each key the time when its allowance is full again.
#[derive(Clone)]
struct Keys(Arc<Mutex<Table>>);

struct Table {
    full_at: HashMap<u64, Nanos>,
    max: usize,
    /// What all keys share that found no place.
    rest: Option<Nanos>,
}

impl Keys {
    fn new(max: usize) -> Self {
        Self(Arc::new(Mutex::new(Table { full_at: HashMap::new(), max, rest: None })))
    }

    fn are_full(&self) -> bool {
        let table = self.0.lock();
        table.full_at.len() >= table.max
    }

    fn full_at(&self, key: u64) -> Option<Duration> {
        let table = self.0.lock();
        let is_full = table.full_at.len() >= table.max;
        let known = table.full_at.get(&key).copied();
        known.or(table.rest.filter(|_| is_full)).map(Duration::from)
    }
}

impl StateStore for Keys {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut table = self.0.lock();
        let is_full = table.full_at.len() >= table.max;
        if let Some(full_at) = table.full_at.get_mut(key) {
            let (outcome, next) = decide(Some(*full_at))?;
            *full_at = next;
            return Ok(outcome);
        }
        let before = if is_full { table.rest } else { None };
        let (outcome, next) = decide(before)?;
        if is_full {
            table.rest = Some(next);
        } else {
            table.full_at.insert(*key, next);
        }
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<u64> for Keys {
    fn retain_recent(&self, drop_below: Nanos) {
        let mut table = self.0.lock();
        table.full_at.retain(|_, full_at| *full_at > drop_below);
        table.full_at.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.0.lock().full_at.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Time since the limit was made. The system's clock may be set back, which must not lock anyone
/// out, so only a clock that is moved by hand is read as it is.
#[derive(Clone)]
enum Ticks {
    Passing(Instant),
    Manual { clock: Clock, start: machine::Millis },
}

impl Ticks {
    fn new(clock: &Clock) -> Self {
        if clock.is_manual() {
            Self::Manual { clock: clock.clone(), start: clock.now() }
        } else {
            Self::Passing(Instant::now())
        }
    }
}

impl GovernorClock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        match self {
            Self::Passing(start) => start.elapsed(),
            Self::Manual { clock, start } => {
                Duration::from_millis(clock.now().saturating_sub(*start).unsigned_abs())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate::per_minute(6);

    #[test]
    fn a_key_has_its_burst_and_then_its_pace() {
        let (clock, hand) = Clock::manual(1_000_000);
        let limiter = Limiter::new("messages", RATE, &clock);
        for _ in 0..6 {
            assert_eq!(limiter.look(&"a"), Ok(()));
            assert_eq!(limiter.check(&"a"), Ok(()));
        }
        for _ in 0..3 {
            assert_eq!(limiter.check(&"a").unwrap_err().seconds(), 10);
            assert_eq!(limiter.look(&"a").unwrap_err().seconds(), 10);
        }
        assert_eq!(limiter.check(&"b"), Ok(()));
        hand.advance(9_999);
        assert_eq!(limiter.look(&"a").unwrap_err().seconds(), 1);
        hand.advance(1);
        assert_eq!(limiter.look(&"a"), Ok(()));
        assert_eq!(limiter.check(&"a"), Ok(()));
        assert!(limiter.check(&"a").is_err());
    }

    #[test]
    fn no_number_of_strangers_makes_a_counter_forget() {
        let (clock, hand) = Clock::manual(0);
        let limiter = Limiter::with_keys("failed_sign_ins", RATE, &clock, 100);
        for _ in 0..6 {
            limiter.check(&"jane").unwrap();
        }
        let passed = (0..10_400).filter(|n| limiter.check(n).is_ok()).count();
        assert_eq!(limiter.rated.as_ref().unwrap().limiter.len(), 100);
        assert_eq!(passed, 99 + 6, "the others share one counter");
        assert!(limiter.check(&"jane").is_err());
        assert!(limiter.look(&"one more").is_err());
        // What is full again makes room.
        hand.advance(120_000);
        assert_eq!(limiter.check(&"another"), Ok(()));
        assert_eq!(limiter.rated.as_ref().unwrap().limiter.len(), 1);
    }
}
