//! Keeps chats from starting faster than the server allows (`starts_per_second`).
//!
//! Openings wait in a queue, first come, first served. The rate is used up only by an opening
//! that reaches its turn: one that is cut short while it waits leaves the queue without a trace.

use std::time::Duration;

use connector::Failure;
use machine::Millis;
use parking_lot::Mutex;
use tokio::time::Instant;

/// Longest time one opening waits for its turn; where more wait, it fails at once. The bridge
/// cuts a delivery after 40 seconds, and the calls that follow need most of them.
const WAIT_MAX: Duration = Duration::from_secs(10);

pub(super) struct StartLimit {
    /// Held by the first of the queue while it waits for its turn. The lock is fair.
    first: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    interval: Duration,
}

struct State {
    /// When the first of the queue may start.
    next: Instant,
    waiting: u32,
}

/// Counts one opening as waiting until it is dropped.
struct Waiting<'a>(&'a StartLimit);

impl StartLimit {
    pub(super) fn new(per_second: f64) -> Self {
        Self {
            first: tokio::sync::Mutex::new(()),
            state: Mutex::new(State { next: Instant::now(), waiting: 0 }),
            interval: Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::ZERO),
        }
    }

    /// Ends when a chat may start now. May be dropped at any await.
    ///
    /// Fails with [`Failure::Later`] and the expected wait when that is over [`WAIT_MAX`].
    pub(super) async fn wait_for_turn(&self) -> Result<(), Failure> {
        let _waiting = self.join_queue()?;
        let _first = self.first.lock().await;
        let turn = self.state.lock().next.max(Instant::now());
        tokio::time::sleep_until(turn).await;
        self.state.lock().next = turn + self.interval;
        Ok(())
    }

    fn join_queue(&self) -> Result<Waiting<'_>, Failure> {
        let mut state = self.state.lock();
        let until_next = state.next.saturating_duration_since(Instant::now());
        let wait = until_next.saturating_add(self.interval.saturating_mul(state.waiting));
        if wait > WAIT_MAX {
            let after = Some(wait.as_millis() as Millis);
            let detail = "too many chats wait to be started (`starts_per_second`)".to_owned();
            return Err(Failure::Later { after, detail });
        }
        state.waiting += 1;
        Ok(Waiting(self))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state.lock().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;

    use super::*;

    #[tokio::test]
    async fn an_opening_that_would_wait_too_long_does_not_wait() {
        let limit = StartLimit::new(0.2);
        limit.wait_for_turn().await.unwrap();
        // The next ones would have to wait five, ten and fifteen seconds.
        let mut waiting = Vec::new();
        for _ in 0..2 {
            let mut turn = Box::pin(limit.wait_for_turn());
            assert!(poll!(&mut turn).is_pending());
            waiting.push(turn);
        }
        for _ in 0..100 {
            let Err(Failure::Later { after: Some(after), .. }) = limit.wait_for_turn().await else {
                panic!("it has joined the queue");
            };
            assert!((10_000..=15_000).contains(&after), "{after}");
        }
    }

    #[tokio::test]
    async fn a_wait_that_is_cut_gives_its_turn_back() {
        let limit = StartLimit::new(10.0);
        limit.wait_for_turn().await.unwrap();
        let mut cut: Vec<_> = (0..90).map(|_| Box::pin(limit.wait_for_turn())).collect();
        for turn in &mut cut {
            assert!(poll!(turn).is_pending());
        }
        let mut last = Box::pin(limit.wait_for_turn());
        assert!(poll!(&mut last).is_pending());
        drop(cut);
        // It was the 92nd and is the second now.
        tokio::time::timeout(Duration::from_secs(2), last).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn chats_do_not_start_faster_than_allowed() {
        let limit = StartLimit::new(50.0);
        let started = Instant::now();
        for _ in 0..6 {
            limit.wait_for_turn().await.unwrap();
        }
        assert!(started.elapsed() >= Duration::from_millis(100));
    }
}
