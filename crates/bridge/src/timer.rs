//! What time brings: chats whose wake time has come, pushes whose wait is over, and now and then a
//! sweep for owed work that no commit told of.

use std::{sync::Arc, time::Duration};

use edge::Clock;
use machine::{
    Millis,
    chat::{Chat, Input, Policy},
};
use store::{StepError, Store, StoreError};
use tokio::time::{Instant, MissedTickBehavior};

use crate::{driver::Driver, routes::Routes, tasks::Tasks};

/// Most chats taken from the store at once.
const PAGE: usize = 200;
/// Between two sweeps.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// Pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Timer {
    pub(crate) routes: Routes,
    pub(crate) driver: Driver,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
}

impl Timer {
    /// Starts the work of every chat that owes any; gives how many owe on routes that are not
    /// configured any more.
    pub(crate) async fn sweep(&self) -> Result<usize, StoreError> {
        let (mut after, mut unrouted) = (String::new(), 0);
        loop {
            let page = self.store.owing::<Chat>(&after, PAGE).await?;
            for (owner, id) in &page {
                match self.routes.get(owner) {
                    Some(route) => self.driver.take_up(&route, id),
                    None => unrouted += 1,
                }
            }
            match page.into_iter().next_back() {
                Some((_, last)) => after = last,
                None => return Ok(unrouted),
            }
        }
    }

    /// Sweeps again and again until the bridge stops.
    pub(crate) async fn keep_sweeping(self: Arc<Self>) {
        let mut sweeps = tokio::time::interval_at(Instant::now() + SWEEP_EVERY, SWEEP_EVERY);
        sweeps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = sweeps.tick() => {}
                () = self.tasks.stop.cancelled() => return,
            }
            if let Err(error) = self.sweep().await {
                tracing::error!(%error, "the chats that owe work could not be read");
            }
        }
    }

    /// Tells chats that time has passed, until the bridge stops.
    pub(crate) async fn keep_time(self: Arc<Self>) {
        let mut wakes = self.store.wakes::<Chat>();
        loop {
            let now = self.clock.now();
            let parked = self.driver.unpark(now);
            let next = match self.wake_due(now).await {
                Ok(next) => next.into_iter().chain(parked).min(),
                Err(error) => {
                    tracing::error!(%error, "the chats that are due could not be read");
                    tokio::select! {
                        () = tokio::time::sleep(STORE_PAUSE) => continue,
                        () = self.tasks.stop.cancelled() => return,
                    }
                }
            };
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                () = wakes.before(next) => {}
                () = self.driver.newly_parked() => {}
                () = self.tasks.stop.cancelled() => return,
            }
        }
    }

    /// Feeds `Woke` to what is due and gives the next wake time.
    async fn wake_due(&self, now: Millis) -> Result<Option<Millis>, StoreError> {
        loop {
            let due = self.store.due::<Chat>(now, PAGE).await?;
            if due.is_empty() {
                return self.store.next_wake::<Chat>().await;
            }
            let mut failed = None;
            for (owner, id) in &due {
                if let Err(error) = self.wake(owner, id).await {
                    failed = Some(error);
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
    }

    async fn wake(&self, owner: &str, id: &str) -> Result<(), StoreError> {
        let stepped = if let Some(route) = self.routes.get(owner) {
            route.step(id, None, Input::Woke).await.map(drop)
        } else {
            // The route is gone from the configuration; its chats still come to their end.
            let (policy, now) = (Policy::default(), self.clock.now());
            let ledger = self.store.ledger::<Chat>(owner);
            ledger.step(id, &policy, now, None, Input::Woke).await.map(drop)
        };
        match stepped {
            Err(StepError::Store(error)) => {
                tracing::error!(chat.id = id, %error, "a chat could not be woken");
                Err(error)
            }
            // `Woke` is never refused, and a chat that is gone needs no waking.
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
