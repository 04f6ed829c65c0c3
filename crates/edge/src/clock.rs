//! Where time comes from: the system in production, a hand in tests.
//!
//! Everything that waits for a time waits here, so a jump of the system's clock (a suspended
//! machine, a corrected time) is noticed in one place and wakes every sleeper to look again.

use std::{
    fmt,
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use machine::Millis;
use tokio::sync::watch;

/// How often the jump detector compares the wall clock with the monotonic one.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A difference below this is drift, in milliseconds.
const JUMP_MS_MIN: Millis = 100;

/// Hands out the current time and waits for later ones. Clones share one jump detector.
#[derive(Clone)]
pub struct Clock(Arc<Shared>);

struct Shared {
    source: Source,
    /// Changes when the time has moved in another way than by passing.
    jumps: watch::Sender<()>,
    detector: OnceLock<()>,
}

enum Source {
    System,
    Manual(AtomicI64),
    /// The system's time and an offset that only the jump detector can notice.
    #[cfg(test)]
    Shifted(AtomicI64),
}

/// Moves the [`Clock`] it was made with.
#[derive(Clone)]
pub struct ManualClock(Arc<Shared>);

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self(Shared::new(Source::System))
    }

    #[must_use]
    pub fn manual(start: Millis) -> (Self, ManualClock) {
        let shared = Shared::new(Source::Manual(AtomicI64::new(start)));
        (Self(Arc::clone(&shared)), ManualClock(shared))
    }

    #[must_use]
    pub fn now(&self) -> Millis {
        self.0.now()
    }

    /// Whether time passes only when a hand moves it.
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0.source, Source::Manual(_))
    }

    /// Ends when the clock shows `at` or later; never for `None`. May be dropped at any await.
    pub async fn sleep_until(&self, at: impl Into<Option<Millis>>) {
        let Some(at) = at.into() else { return std::future::pending().await };
        let mut jumps = self.0.jumps.subscribe();
        let passes = !matches!(self.0.source, Source::Manual(_));
        if passes {
            self.0.detector.get_or_init(|| drop(tokio::spawn(detect(Arc::downgrade(&self.0)))));
        }
        loop {
            let left = at.saturating_sub(self.now());
            if left <= 0 {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left.unsigned_abs())), if passes => {}
                _ = jumps.changed() => {}
            }
        }
    }
}

impl Shared {
    fn new(source: Source) -> Arc<Self> {
        Arc::new(Self { source, jumps: watch::channel(()).0, detector: OnceLock::new() })
    }

    fn now(&self) -> Millis {
        match &self.source {
            Source::System => system_now(),
            Source::Manual(now) => now.load(Ordering::SeqCst),
            #[cfg(test)]
            Source::Shifted(by) => system_now() + by.load(Ordering::SeqCst),
        }
    }
}

/// The jump detector; ends with the last clone of the clock.
async fn detect(clock: Weak<Shared>) {
    let started = Instant::now();
    let offset = |clock: &Shared| clock.now() - started.elapsed().as_millis() as Millis;
    let mut expected = None;
    while let Some(clock) = clock.upgrade() {
        let found = offset(&clock);
        if (found - *expected.get_or_insert(found)).abs() >= JUMP_MS_MIN {
            tracing::warn!(jump_ms = found - expected.unwrap_or(found), "the clock has jumped");
            clock.jumps.send_replace(());
            expected = Some(found);
        }
        drop(clock);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

impl ManualClock {
    pub fn advance(&self, ms: Millis) {
        if let Source::Manual(now) = &self.0.source {
            now.fetch_add(ms, Ordering::SeqCst);
        }
        self.0.jumps.send_replace(());
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
fn system_now() -> Millis {
    jiff::Timestamp::now().as_millisecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: Millis = 3_600_000;

    async fn ends(sleep: impl Future<Output = ()>) -> bool {
        tokio::time::timeout(Duration::from_secs(5), sleep).await.is_ok()
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_when_it_is_moved() {
        let (clock, hand) = Clock::manual(1_000);
        assert!(ends(clock.sleep_until(1_000)).await, "that time has come");
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(1_000 + HOUR_MS).await }
        });
        hand.advance(HOUR_MS - 1);
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        hand.advance(1);
        assert!(ends(async { sleeper.await.unwrap() }).await);
    }

    #[tokio::test]
    async fn a_jump_of_the_system_clock_wakes_sleepers() {
        let shared = Shared::new(Source::Shifted(AtomicI64::new(0)));
        let clock = Clock(Arc::clone(&shared));
        let jump = async {
            // After the detector has seen what is usual.
            tokio::time::sleep(LOOK_EVERY / 2).await;
            if let Source::Shifted(by) = &shared.source {
                by.store(HOUR_MS, Ordering::SeqCst);
            }
        };
        let sleep = clock.sleep_until(clock.now() + HOUR_MS - 1_000);
        let both = async {
            tokio::join!(sleep, jump);
        };
        assert!(ends(both).await);
    }

    #[tokio::test]
    async fn nobody_waits_for_no_time() {
        let clock = Clock::system();
        tokio::select! {
            () = clock.sleep_until(None) => panic!("there is no such time"),
            () = clock.sleep_until(clock.now() + 20) => {}
        }
    }
}
