//! How long a connection may take for the head of a request, and how long it may be idle before
//! the next one. Hyper has one time for both, so this timer gives it two: the first head, and a
//! head that has begun, have [`HEADER_TIMEOUT`]; a connection that was served and sends nothing has
//! [`KEEP_ALIVE`].

use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};
use tokio::time;

use crate::bounds::Received;

/// Longest time for the head of a request.
pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time between two requests of one connection. Common proxies keep idle connections for a
/// minute; a request on one that is just being closed here would fail there.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// The timer of one connection. Hyper asks it for one sleep for each head.
pub(crate) struct HeadTimer {
    received: Received,
    has_begun: AtomicBool,
}

impl HeadTimer {
    pub(crate) fn new(received: Received) -> Self {
        Self { received, has_begun: AtomicBool::new(false) }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let is_first = !self.has_begun.swap(true, Ordering::Relaxed);
        let head = Instant::from(time::Instant::now()) + HEADER_TIMEOUT;
        let deadline = if is_first { head.min(deadline) } else { deadline };
        let idle = (!is_first).then(|| (self.received.clone(), self.received.bytes()));
        Box::pin(HeadSleep { idle, sleep: Box::pin(time::sleep_until(deadline.into())) })
    }

    fn now(&self) -> Instant {
        time::Instant::now().into()
    }
}

/// Ends when the head took too long. Hyper polls it after each read.
struct HeadSleep {
    /// While nothing of the head has come: how much had come before it.
    idle: Option<(Received, u64)>,
    sleep: Pin<Box<time::Sleep>>,
}

impl Future for HeadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.idle.as_ref().is_some_and(|(received, before)| received.bytes() > *before) {
            self.idle = None;
            let head = time::Instant::now() + HEADER_TIMEOUT;
            if head < self.sleep.deadline() {
                self.sleep.as_mut().reset(head);
            }
        }
        self.sleep.as_mut().poll(cx)
    }
}

impl Sleep for HeadSleep {}
