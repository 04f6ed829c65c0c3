//! Where time comes from: the system in production, a hand in tests.
//!
//! [`Clock::now`] runs evenly: it starts at the system's time and passes as the monotonic time
//! does. When the system's clock is set to another time, or the machine has slept, it follows
//! slowly, so no pause, wait or session ends early or lasts too long by more than one part in
//! [`SLEW`]. [`Clock::wall`] is the system's time, for what others compare with their own clocks.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use machine::Millis;
use parking_lot::Mutex;
use tokio::sync::watch;

/// After a jump of the system's clock the even time catches up by one part in so many: an hour
/// takes 20 hours.
const SLEW: Micros = 20;
/// A change of the difference between the two times below this is drift, not a jump.
const JUMP_MIN: Micros = 1_000_000;

type Micros = i64;

/// Hands out the current time and waits for later ones. Clones are the same clock.
#[derive(Clone)]
pub struct Clock(Arc<Shared>);

struct Shared {
    source: Source,
    even: Mutex<EvenTime>,
    /// Changes when a hand has moved the clock.
    moves: watch::Sender<()>,
}

enum Source {
    System { started: Instant },
    Manual { wall: AtomicI64, ran: AtomicI64 },
}

/// What the system says at one moment.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// The system's clock, since 1970. It may be set to any other time.
    wall: Micros,
    /// How long this process has run. It only grows, and evenly.
    ran: Micros,
}

/// A time that passes evenly and follows the system's clock slowly.
struct EvenTime {
    last: Reading,
    now: Micros,
    /// What has passed and is too little for a whole microsecond of catching up.
    rest: Micros,
}

/// Moves the [`Clock`] it was made with.
#[derive(Clone)]
pub struct ManualClock(Arc<Shared>);

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self(Shared::new(Source::System { started: Instant::now() }))
    }

    #[must_use]
    pub fn manual(start: Millis) -> (Self, ManualClock) {
        let (wall, ran) = (AtomicI64::new(start * 1000), AtomicI64::new(0));
        let shared = Shared::new(Source::Manual { wall, ran });
        (Self(Arc::clone(&shared)), ManualClock(shared))
    }

    /// The time by which everything here is measured and stored. It never goes back.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.0.now().div_euclid(1000)
    }

    /// The system's time: for signatures, and for times that another server compares with its own.
    /// It may jump in either direction, so no length of time may be measured with it.
    #[must_use]
    pub fn wall(&self) -> Millis {
        self.0.source.read().wall.div_euclid(1000)
    }

    /// Whether time passes only when a hand moves it.
    pub(crate) fn is_manual(&self) -> bool {
        matches!(self.0.source, Source::Manual { .. })
    }

    /// Ends when the clock shows `at` or later; never for `None`. May be dropped at any await.
    pub async fn sleep_until(&self, at: impl Into<Option<Millis>>) {
        let Some(at) = at.into() else { return std::future::pending().await };
        let mut moves = self.0.moves.subscribe();
        let passes = matches!(self.0.source, Source::System { .. });
        loop {
            let left = at.saturating_sub(self.now());
            if left <= 0 {
                return;
            }
            // The clock may come to run faster meanwhile, so the last part is slept again.
            let nap = Duration::from_millis((left - left / SLEW).unsigned_abs());
            tokio::select! {
                () = tokio::time::sleep(nap), if passes => {}
                _ = moves.changed() => {}
            }
        }
    }
}

impl Shared {
    fn new(source: Source) -> Arc<Self> {
        let last = source.read();
        let even = Mutex::new(EvenTime { last, now: last.wall, rest: 0 });
        Arc::new(Self { source, even, moves: watch::channel(()).0 })
    }

    fn now(&self) -> Micros {
        // Read under the lock: readings must come in order.
        let mut even = self.even.lock();
        even.take(self.source.read())
    }
}

impl Source {
    fn read(&self) -> Reading {
        match self {
            Self::System { started } => {
                Reading { wall: system_now(), ran: started.elapsed().as_micros() as Micros }
            }
            Self::Manual { wall, ran } => {
                Reading { wall: wall.load(Ordering::SeqCst), ran: ran.load(Ordering::SeqCst) }
            }
        }
    }
}

impl EvenTime {
    fn take(&mut self, reading: Reading) -> Micros {
        let passed = reading.ran - self.last.ran;
        let jumped = (reading.wall - self.last.wall) - passed;
        self.last = reading;
        self.now += passed;
        self.rest += passed;
        let behind = reading.wall - self.now;
        let step = behind.clamp(-(self.rest / SLEW), self.rest / SLEW);
        self.now += step;
        self.rest %= SLEW;
        if jumped.abs() >= JUMP_MIN {
            tracing::warn!(
                jump_ms = jumped / 1000,
                behind_ms = (reading.wall - self.now) / 1000,
                "the system's clock was set to another time, or the machine has slept; \
                 chats go on, and their time catches up slowly"
            );
        }
        self.now
    }
}

impl ManualClock {
    /// Lets time pass.
    pub fn advance(&self, ms: Millis) {
        self.set(ms, ms);
    }

    /// Sets the system's clock to another time, `ms` later or earlier, while no time passes.
    pub fn set_wall(&self, ms: Millis) {
        self.set(ms, 0);
    }

    fn set(&self, wall_ms: Millis, ran_ms: Millis) {
        if let Source::Manual { wall, ran } = &self.0.source {
            // Both under the lock, so that no reading sees one without the other.
            let _even = self.0.even.lock();
            wall.fetch_add(wall_ms * 1000, Ordering::SeqCst);
            ran.fetch_add(ran_ms * 1000, Ordering::SeqCst);
        }
        self.0.moves.send_replace(());
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
fn system_now() -> Micros {
    jiff::Timestamp::now().as_microsecond()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: Millis = 3_600_000;
    const MINUTE_MS: Millis = 60_000;

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

    #[test]
    fn time_passes_evenly_when_the_system_clock_is_set() {
        for jump in [HOUR_MS, -HOUR_MS, 1000 * 24 * HOUR_MS, -1000 * 24 * HOUR_MS] {
            let (clock, hand) = Clock::manual(1_000);
            hand.set_wall(jump);
            assert_eq!((clock.now(), clock.wall()), (1_000, 1_000 + jump));
            let mut before = clock.now();
            for _ in 0..60 {
                hand.advance(MINUTE_MS);
                let passed = clock.now() - before;
                assert!((passed - MINUTE_MS).abs() <= MINUTE_MS / 20, "{jump}: {passed}");
                before = clock.now();
            }
        }
    }

    #[test]
    fn the_time_catches_up_and_then_stays() {
        for jump in [HOUR_MS, -HOUR_MS, 7, -7] {
            let (clock, hand) = Clock::manual(1_000);
            hand.set_wall(jump);
            // Often looked at and seldom looked at come to the same.
            for _ in 0..MINUTE_MS {
                hand.advance(1);
                let _ = clock.now();
            }
            let caught_up = (clock.now() - 1_000 - MINUTE_MS).abs();
            assert_eq!(caught_up, jump.abs().min(MINUTE_MS / 20), "{jump}");
            hand.advance(20 * HOUR_MS);
            assert_eq!(clock.now(), clock.wall());
            hand.advance(1);
            assert_eq!(clock.now(), clock.wall());
        }
    }

    #[tokio::test]
    async fn the_time_of_the_system_is_told() {
        let clock = Clock::system();
        assert!((clock.now() - clock.wall()).abs() < 1_000);
        tokio::select! {
            () = clock.sleep_until(None) => panic!("there is no such time"),
            () = clock.sleep_until(clock.now() + 20) => {}
        }
    }
}
