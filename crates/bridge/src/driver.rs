//! The only driver of a chat. Everything that happens to a chat goes through [`Driver::step`]:
//! the step is stored, the connector hears of it, and what the platform is owed is pushed.
//!
//! Pushes of one chat go one at a time and in order; chats do not wait for each other. A push
//! that has to be tried again waits in `parked`, which is only a reminder: the store knows what is
//! owed and since when, so nothing here has to survive a restart.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use edge::Clock;
use machine::{
    Millis,
    chat::{Chat, Input, Refusal},
};
use store::{Key, StepError, Stepped};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::app::Route;

/// Pause after the store failed under a driver, in milliseconds.
const STORE_PAUSE_MS: Millis = 1_000;
/// How long a push under way may still take once the bridge is told to stop. Cutting it loses
/// nothing: it is tried again after the start, under the same id.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// Drives chats. Clones are the same driver.
#[derive(Clone)]
pub(crate) struct Driver(Arc<Inner>);

struct Inner {
    clock: Clock,
    tasks: TaskTracker,
    stop: CancellationToken,
    work: Mutex<Work>,
    parked: Notify,
}

#[derive(Default)]
struct Work {
    /// Chats being driven; true when something was committed that the driver has not seen.
    running: HashMap<String, bool>,
    /// Chats whose next push must wait until a time.
    parked: BTreeMap<(Millis, String), Arc<Route>>,
}

/// What a driver found to do.
enum Next {
    /// The state after one more push.
    Again(Box<Chat>),
    /// Nothing is owed.
    Rest,
    /// Nothing can be done before this time.
    Park(Millis),
    Stop,
}

pub(crate) type ChatStepped = Result<Stepped<Chat>, StepError<Refusal>>;

impl Driver {
    pub(crate) fn new(clock: Clock, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            clock,
            tasks: TaskTracker::new(),
            stop,
            work: Mutex::default(),
            parked: Notify::new(),
        }))
    }

    /// Feeds one input to the chat `id`.
    pub(crate) async fn step(
        &self,
        route: &Arc<Route>,
        id: &str,
        key: Option<Key>,
        input: Input,
    ) -> ChatStepped {
        let now = self.0.clock.now();
        let stepped = route.ledger.step(id, &route.policy, now, key, input).await?;
        self.committed(route, &stepped);
        Ok(stepped)
    }

    /// The same for the open chat with a visitor; see [`store::Ledger::step_peer`].
    pub(crate) async fn step_peer(
        &self,
        route: &Arc<Route>,
        peer: &str,
        make: impl FnOnce() -> Option<(String, Chat)> + Send + 'static,
        key: Option<Key>,
        input: Input,
    ) -> Result<Option<Stepped<Chat>>, StepError<Refusal>> {
        let now = self.0.clock.now();
        let stepped = route.ledger.step_peer(peer, make, &route.policy, now, key, input).await?;
        if let Some(stepped) = &stepped {
            self.committed(route, stepped);
        }
        Ok(stepped)
    }

    /// Sees to it that what `id` owes is pushed. What that is, the store says: whoever calls may
    /// have been held up, and what was owed when it looked may be done by now.
    pub(crate) fn drive(&self, route: &Arc<Route>, id: &str) {
        if self.0.stop.is_cancelled() {
            return;
        }
        let mut work = self.work();
        if let Some(unseen) = work.running.get_mut(id) {
            *unseen = true;
            return;
        }
        work.running.insert(id.to_owned(), false);
        drop(work);
        self.0.tasks.spawn(self.clone().run(route.clone(), id.to_owned()));
    }

    /// Drives the parked chats whose time has come; gives the time of the next one.
    pub(crate) fn unpark(&self, now: Millis) -> Option<Millis> {
        let mut work = self.work();
        let later = work.parked.split_off(&(now + 1, String::new()));
        let due = std::mem::replace(&mut work.parked, later);
        let next = work.parked.keys().next().map(|(at, _)| *at);
        drop(work);
        for ((_, id), route) in due {
            self.drive(&route, &id);
        }
        next
    }

    /// Ends when a chat was parked since this was last waited for.
    pub(crate) async fn newly_parked(&self) {
        self.0.parked.notified().await;
    }

    /// What the driver runs, and what is to end with it.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Cancelled when the bridge is told to stop.
    pub(crate) fn stop_token(&self) -> &CancellationToken {
        &self.0.stop
    }

    /// Ends when the bridge is told to stop.
    pub(crate) async fn stopped(&self) {
        self.0.stop.cancelled().await;
    }

    fn committed(&self, route: &Arc<Route>, stepped: &Stepped<Chat>) {
        if !stepped.events.is_empty() {
            route.connector.happened(route, stepped);
        }
        if stepped.state.owed().is_some() {
            self.drive(route, &stepped.id);
        }
    }

    async fn run(self, route: Arc<Route>, id: String) {
        let mut state = None;
        loop {
            match self.push_next(&route, &id, state.take()).await {
                Next::Again(after) => state = Some(*after),
                Next::Rest if self.leaves(&route, &id, None) => break,
                Next::Park(at) if self.leaves(&route, &id, Some(at)) => break,
                Next::Rest | Next::Park(_) => {}
                Next::Stop => break,
            }
        }
    }

    async fn push_next(&self, route: &Arc<Route>, id: &str, state: Option<Chat>) -> Next {
        let now = self.0.clock.now();
        let state = match state {
            Some(state) => state,
            None => match route.ledger.load(id).await {
                Ok(Some(state)) => state,
                Ok(None) => return Next::Rest,
                Err(error) => {
                    tracing::error!(chat.id = id, %error, "a chat could not be loaded");
                    return Next::Park(now + STORE_PAUSE_MS);
                }
            },
        };
        let Some(owed) = state.owed() else { return Next::Rest };
        if owed.not_before > now {
            return Next::Park(owed.not_before);
        }
        let push = owed.id;
        let input = tokio::select! {
            sent = route.push.send(id, &state, owed) => match sent {
                Ok(paused_until) => Input::PushAccepted { id: push, paused_until },
                Err(failure) => Input::PushFailed { id: push, failure },
            },
            () = self.cut() => return Next::Stop,
        };
        let now = self.0.clock.now();
        match route.ledger.step(id, &route.policy, now, None, input).await {
            Ok(stepped) => {
                route.connector.happened(route, &stepped);
                Next::Again(Box::new(stepped.state))
            }
            Err(error) => {
                tracing::error!(chat.id = id, %error, "the outcome of a push could not be stored");
                Next::Park(now + STORE_PAUSE_MS)
            }
        }
    }

    /// Ends the driving of a chat, unless something was committed that was not seen yet.
    fn leaves(&self, route: &Arc<Route>, id: &str, park: Option<Millis>) -> bool {
        let mut work = self.work();
        if let Some(unseen) = work.running.get_mut(id)
            && std::mem::take(unseen)
        {
            return false;
        }
        work.running.remove(id);
        if let Some(at) = park {
            work.parked.insert((at, id.to_owned()), route.clone());
            self.0.parked.notify_one();
        }
        true
    }

    async fn cut(&self) {
        self.0.stop.cancelled().await;
        tokio::time::sleep(STOP_GRACE).await;
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        // Nothing that holds the lock can panic half way, so what it guards is whole.
        self.0.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
