//! The only driver of chats: it starts what is owed. After each commit of a chat, the store calls
//! [`Driver::committed`]. The driver tells the attachment of the chat's route, and pushes what the
//! platform is owed. Nobody else hands work to it but the sweep, which finds what no commit told.
//!
//! Pushes of one chat go one at a time and in order; chats do not wait for each other. A push
//! that has to be tried again waits in `parked`, which is only a reminder: the store knows what is
//! owed and since when, so nothing here has to survive a restart.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use edge::Clock;
use machine::{
    Millis,
    chat::{Chat, Input},
};
use parking_lot::Mutex;
use store::{CommitGuard, Committed, StepError, Store, StoreError};
use tokio::sync::Notify;

use crate::{route::Route, routes::Routes, tasks::Tasks};

/// Pause of a chat after the store failed under it, or after a panic, in milliseconds.
const FAILED_PAUSE_MS: Millis = 1_000;
/// How long a push under way may still take once the bridge is told to stop. Cutting it loses
/// nothing: it is tried again after the start, under the same id.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// Drives chats. Clones are the same driver.
#[derive(Clone)]
pub(crate) struct Driver(Arc<Inner>);

struct Inner {
    routes: Routes,
    clock: Clock,
    tasks: Tasks,
    work: Mutex<Work>,
    parked: Notify,
    subscription: OnceLock<CommitGuard>,
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
    Again(Arc<Chat>),
    /// Nothing is owed.
    Rest,
    /// Nothing can be done before this time.
    Park(Millis),
    Stop,
}

impl Driver {
    pub(crate) fn new(routes: Routes, clock: Clock, tasks: Tasks) -> Self {
        Self(Arc::new(Inner {
            routes,
            clock,
            tasks,
            work: Mutex::default(),
            parked: Notify::new(),
            subscription: OnceLock::new(),
        }))
    }

    /// Hears of every commit of a chat from now on, for as long as the driver lives.
    pub(crate) fn subscribe(&self, store: &Store) {
        let driver: Weak<Inner> = Arc::downgrade(&self.0);
        let hear = move |committed: &Committed<Chat>| {
            if let Some(driver) = driver.upgrade() {
                Self(driver).committed(committed);
            }
        };
        self.0.subscription.get_or_init(|| store.on_commit(hear));
    }

    /// Called by the store after each commit, in the order of the commits of each chat.
    fn committed(&self, committed: &Committed<Chat>) {
        let Some(route) = &self.0.routes.get(&committed.owner) else { return };
        route.queue.see(&committed.id, &committed.state);
        route.attachment.committed(route, committed);
        if committed.state.owed().is_some() {
            self.drive(route, &committed.id);
        }
    }

    /// Starts what the chat owes, should it owe anything: for what no commit told.
    pub(crate) fn take_up(&self, route: &Arc<Route>, id: &str) {
        route.attachment.take_up(route, id);
        self.drive(route, id);
    }

    /// Makes sure that what `id` owes is pushed. What that is, the store says: the caller may have
    /// been held up, and what was owed when it looked may be done by now.
    fn drive(&self, route: &Arc<Route>, id: &str) {
        if self.0.tasks.stop.is_cancelled() {
            return;
        }
        let mut work = self.0.work.lock();
        if let Some(unseen) = work.running.get_mut(id) {
            *unseen = true;
            return;
        }
        work.running.insert(id.to_owned(), false);
        drop(work);
        let (driver, route, id) = (self.clone(), route.clone(), id.to_owned());
        self.0.tasks.spawn(Running { driver, route, id, has_left: false }.run());
    }

    /// Drives the parked chats whose time has come; gives the time of the next one.
    pub(crate) fn unpark(&self, now: Millis) -> Option<Millis> {
        let mut work = self.0.work.lock();
        let later = work.parked.split_off(&(now + 1, String::new()));
        let due = std::mem::replace(&mut work.parked, later);
        let next = work.parked.keys().next().map(|(at, _)| *at);
        drop(work);
        for ((_, id), route) in due {
            self.drive(&self.now(&route), &id);
        }
        next
    }

    /// The route as it is now; a removed one as it was, so that its chats come to their end.
    fn now(&self, route: &Arc<Route>) -> Arc<Route> {
        self.0.routes.get(&route.id).unwrap_or_else(|| route.clone())
    }

    /// Ends when a chat was parked since this was last waited for.
    pub(crate) async fn newly_parked(&self) {
        self.0.parked.notified().await;
    }

    /// Ends a little after the bridge was told to stop.
    async fn cut(&self) {
        self.0.tasks.stop.cancelled().await;
        tokio::time::sleep(STOP_GRACE).await;
    }
}

/// What comes after the store failed. A row that cannot be read stays so until an operator acts:
/// the store has set it aside and has logged it.
fn after(error: &StoreError, now: Millis) -> Next {
    if error.is_temporary() { Next::Park(now + FAILED_PAUSE_MS) } else { Next::Rest }
}

/// The driving of one chat. However it ends, the chat is not left as running.
struct Running {
    driver: Driver,
    route: Arc<Route>,
    id: String,
    has_left: bool,
}

impl Running {
    async fn run(mut self) {
        let mut state = None;
        loop {
            self.route = self.driver.now(&self.route);
            match self.push_next(state.take()).await {
                Next::Again(after) => state = Some(after),
                Next::Rest if self.leaves(None) => break,
                Next::Park(at) if self.leaves(Some(at)) => break,
                Next::Rest | Next::Park(_) => {}
                Next::Stop => break,
            }
        }
    }

    async fn push_next(&self, state: Option<Arc<Chat>>) -> Next {
        let (Self { driver, route, id, .. }, now) = (self, self.driver.0.clock.now());
        let state = match state {
            Some(state) => state,
            None => match route.ledger.load(id).await {
                Ok(Some(state)) => Arc::new(state),
                Ok(None) => return Next::Rest,
                Err(error) => {
                    tracing::error!(chat.id = id, %error, "a chat could not be loaded");
                    return after(&error, now);
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
            () = driver.cut() => return Next::Stop,
        };
        match route.step(id, None, input).await {
            Ok(stepped) => Next::Again(stepped.state),
            Err(error) => {
                tracing::error!(chat.id = id, %error, "the outcome of a push could not be stored");
                match error {
                    StepError::Store(error) => after(&error, now),
                    StepError::NotFound | StepError::Refused(_) | StepError::KeyReused => {
                        Next::Rest
                    }
                }
            }
        }
    }

    /// Ends the driving of the chat, unless something was committed that was not seen yet.
    fn leaves(&mut self, park: Option<Millis>) -> bool {
        let inner = &self.driver.0;
        let mut work = inner.work.lock();
        if let Some(unseen) = work.running.get_mut(&self.id)
            && std::mem::take(unseen)
        {
            return false;
        }
        self.has_left = true;
        work.running.remove(&self.id);
        if let Some(at) = park {
            work.parked.insert((at, self.id.clone()), self.route.clone());
            inner.parked.notify_one();
        }
        true
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_left {
            return;
        }
        let inner = &self.driver.0;
        if std::thread::panicking() {
            tracing::error!(chat.id = self.id, "the push of a chat panicked; it is tried again");
        }
        let mut work = inner.work.lock();
        work.running.remove(&self.id);
        let at = inner.clock.now() + FAILED_PAUSE_MS;
        work.parked.insert((at, std::mem::take(&mut self.id)), self.route.clone());
        inner.parked.notify_one();
    }
}

#[cfg(test)]
mod tests;
