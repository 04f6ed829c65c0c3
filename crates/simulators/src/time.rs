//! A simulator's own clock. It may run faster than the real clock and show another time.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Clones show the same time.
#[derive(Debug, Clone, Copy)]
pub struct Time {
    /// The time at `started`, in milliseconds since 1970.
    origin: i64,
    started: Instant,
    speed: u32,
}

impl Default for Time {
    fn default() -> Self {
        Self::new(1, 0)
    }
}

impl Time {
    /// Runs `speed` times as fast as the real clock, and `ahead_ms` ahead of it (behind when
    /// negative).
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a simulated vendor has a clock of its own")]
    pub fn new(speed: u32, ahead_ms: i64) -> Self {
        let origin = Timestamp::now().as_millisecond() + ahead_ms;
        Self { origin, started: Instant::now(), speed: speed.max(1) }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        let passed = self.started.elapsed().as_millis() as i64;
        self.origin + passed * i64::from(self.speed)
    }

    /// The same for formatting.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now()).unwrap_or_default()
    }

    /// Waits until `length` has passed on this clock.
    pub async fn sleep(&self, length: Duration) {
        tokio::time::sleep(self.ours(length)).await;
    }

    /// The real time in which `length` passes on this clock.
    #[must_use]
    pub fn ours(&self, length: Duration) -> Duration {
        length / self.speed
    }
}
