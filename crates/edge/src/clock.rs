//! Where time comes from: the system in production, a hand in tests.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use machine::Millis;

/// Hands out the current time. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

/// Moves the [`Clock`] it was made with.
#[derive(Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    #[must_use]
    pub fn manual(start: Millis) -> (Self, ManualClock) {
        let now = Arc::new(AtomicI64::new(start));
        (Self(Source::Manual(Arc::clone(&now))), ManualClock(now))
    }

    #[must_use]
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(now) => now.load(Ordering::SeqCst),
        }
    }
}

impl ManualClock {
    pub fn advance(&self, ms: Millis) {
        self.0.fetch_add(ms, Ordering::SeqCst);
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
