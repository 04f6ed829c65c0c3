//! The line to one tool: which of its chats are open, and a task for each that has something to
//! deliver or to hear. Everything here can be built anew from the store: nothing is lost with it.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::FutureExt as _;
use machine::{
    Machine as _, Millis, Position,
    chat::{Chat, Event, Input, Link},
    limits::TYPING_MS,
};
use store::{Stepped, StoreError};
use tokio::sync::watch;

use super::{Host, Place, Tool, Typing, settled::Settled, talk, typing::Typists};
use crate::{
    app::{OPEN_MAX, Route},
    session::{ChatStepped, Driver},
};

/// How long a tool may take to say whether anybody is there, and then how long the answer to step
/// one may wait for whether it takes the chat: of the contract's five seconds some belong to the
/// way (contract r1, step one).
const STAFFED_WAIT: Duration = Duration::from_secs(1);
const ANSWER_WAIT: Duration = Duration::from_millis(2_800);
/// Pause before the task of a chat is begun again after it failed.
const FAILED_PAUSE: Duration = Duration::from_secs(1);

/// One tool with everything that goes on between it and the bridge.
pub(crate) struct Line {
    pub(super) name: String,
    pub(super) tool: Arc<dyn Tool>,
    pub(super) settled: Settled,
    pub(super) typists: Arc<Typists>,
    /// Changes when the tool is reached again after it was not.
    pub(super) back: watch::Sender<u64>,
    work: Mutex<Work>,
    driver: Driver,
}

#[derive(Default)]
struct Work {
    /// Where open chats stood when this process began: what they owed then may have been tried.
    inherited: HashMap<String, u64>,
    talks: HashMap<String, Talk>,
    linked: HashMap<String, Linked>,
    /// Chats by the tool's own id.
    addresses: HashMap<String, String>,
    /// Up to where each chat is known here.
    known: HashMap<String, Position>,
    /// Open chats the tool has not taken yet.
    awaited: HashSet<String>,
}

/// A chat the tool has.
struct Linked {
    place: Place,
    link: Link,
    address: Option<String>,
}

/// How a running task is reached.
struct Talk {
    poke: watch::Sender<()>,
    /// Until when the visitor types.
    types: watch::Sender<Millis>,
}

/// What a task hears from the rest of the bridge.
pub(super) struct Ear {
    pub(super) poke: watch::Receiver<()>,
    pub(super) types: watch::Receiver<Millis>,
}

impl Line {
    pub(crate) fn new(name: &str, tool: Arc<dyn Tool>, driver: Driver) -> Self {
        Self {
            name: name.to_owned(),
            tool,
            settled: Settled::default(),
            typists: Arc::default(),
            back: watch::channel(0).0,
            work: Mutex::default(),
            driver,
        }
    }

    pub(crate) fn tool(&self) -> &Arc<dyn Tool> {
        &self.tool
    }

    /// Runs what the connector runs beside its chats.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            let running = AssertUnwindSafe(self.tool.run(self.host())).catch_unwind();
            tokio::select! {
                ended = running => if ended.is_ok() { return },
                () = self.driver.stopped() => return,
            }
            // Whatever a vendor sent must not leave all its chats unheard.
            tracing::error!(connector = self.name, "a connector failed and is begun again");
            tokio::time::sleep(FAILED_PAUSE).await;
        }
    }

    pub(crate) fn host(self: &Arc<Self>) -> Host {
        let (line, driver) = (self.clone(), self.driver.clone());
        let (clock, stop) = (driver.clock().clone(), driver.stop_token().clone());
        Host { line, driver, clock, stop }
    }

    /// What the tool says, or yes: the opening itself will tell.
    pub(crate) async fn is_staffed(&self) -> bool {
        tokio::time::timeout(STAFFED_WAIT, self.tool.is_staffed()).await.unwrap_or(true)
    }

    /// Takes up every open chat of a route, after a start.
    pub(crate) async fn take_up(self: &Arc<Self>, route: &Arc<Route>) -> Result<(), StoreError> {
        for (id, state) in route.ledger.open_ids(OPEN_MAX).await? {
            self.learn(route, &id, &state);
            self.work().inherited.insert(id.clone(), state.position().seq);
            self.wake(route, &id);
        }
        Ok(())
    }

    /// Whether another process may have tried what became owed at `seq`.
    pub(super) fn is_inherited(&self, id: &str, seq: u64) -> bool {
        self.work().inherited.get(id).is_some_and(|stood| seq <= *stood)
    }

    /// Something was stored of a chat.
    pub(crate) fn happened(self: &Arc<Self>, route: &Arc<Route>, stepped: &Stepped<Chat>) {
        self.learn(route, &stepped.id, &stepped.state);
        self.settled.tell(&stepped.id);
        if stepped.events.iter().any(|recorded| ends_typing(&recorded.event)) {
            self.typists.stop(&stepped.id);
        }
        let listens = |event: &Event| matches!(event, Event::Closed { .. });
        let ended = stepped.events.iter().any(|recorded| listens(&recorded.event));
        if stepped.state.owed_delivery().is_some() || ended {
            self.wake(route, &stepped.id);
        }
    }

    /// The state of `id` once the tool has answered, or once the platform should wait no longer;
    /// then it is recorded that the platform was promised a human.
    pub(crate) async fn answered(
        &self,
        route: &Arc<Route>,
        id: &str,
        mut state: Chat,
    ) -> Result<Chat, StoreError> {
        let mut settled = self.settled.watch(id);
        let waiting = async {
            while state.is_unanswered() {
                match route.ledger.load(id).await? {
                    Some(now) if now.position() != state.position() => state = now,
                    _ if settled.changed().await.is_err() => break,
                    _ => {}
                }
            }
            Ok::<_, StoreError>(())
        };
        if let Ok(waited) = tokio::time::timeout(ANSWER_WAIT, waiting).await {
            waited?;
            return Ok(state);
        }
        let stepped: ChatStepped = self.driver.step(route, id, None, Input::Promised).await;
        match stepped {
            Ok(stepped) => Ok(stepped.state),
            Err(store::StepError::Store(error)) => Err(error),
            // Nobody is refused a promise, and a chat that is gone is not paused for.
            Err(_) => Ok(state),
        }
    }

    pub(crate) fn visitor_types(self: &Arc<Self>, route: &Arc<Route>, id: &str) {
        let until = self.driver.clock().now() + TYPING_MS;
        self.talk(route, id, |talk| {
            talk.types.send_replace(until);
        });
    }

    pub(super) fn agent_types(&self, route: &Arc<Route>, id: &str, typing: Typing) {
        self.typists.tell(&self.driver, route, id, typing);
    }

    /// The tool was reached: what waits for it need not wait any longer.
    pub(super) fn reached(&self) {
        self.back.send_modify(|times| *times += 1);
    }

    pub(super) fn find(&self, address: &str) -> Option<Place> {
        let work = self.work();
        let chat = work.addresses.get(address)?;
        work.linked.get(chat).map(|linked| linked.place.clone())
    }

    pub(super) fn awaits(&self, id: &str) -> bool {
        self.work().awaited.contains(id)
    }

    pub(super) fn open(&self) -> Vec<(Place, String)> {
        let work = self.work();
        work.linked.values().map(|l| (l.place.clone(), l.link.text.clone())).collect()
    }

    /// Keeps what is known of a chat's link in step with the chat.
    fn learn(&self, route: &Arc<Route>, id: &str, state: &Chat) {
        let current = |link: &&Link| state.is_open() && state.opening() == Some(link.opening);
        let link = state.link().filter(current);
        let mut work = self.work();
        // Steps of one chat may be told out of turn; the older one says nothing new.
        if work.known.get(id).is_some_and(|known| *known > state.position()) {
            return;
        }
        if state.is_open() || state.owes() {
            work.known.insert(id.to_owned(), state.position());
        } else {
            work.known.remove(id);
        }
        if state.is_open() && state.opening().is_some() && link.is_none() {
            work.awaited.insert(id.to_owned());
        } else {
            work.awaited.remove(id);
        }
        if work.linked.get(id).map(|linked| &linked.link) == link {
            return;
        }
        let old = work.linked.remove(id).and_then(|linked| linked.address);
        if let Some(address) = old
            && work.addresses.get(&address).is_some_and(|chat| chat == id)
        {
            work.addresses.remove(&address);
        }
        let Some(link) = link.cloned() else { return };
        let address = self.tool.address(&link.text);
        if let Some(address) = &address {
            work.addresses.insert(address.clone(), id.to_owned());
        }
        let (route, chat, opening) = (route.clone(), id.to_owned(), link.opening);
        let place = Place { route, chat, opening };
        work.linked.insert(id.to_owned(), Linked { place, link, address });
    }

    /// Sees to it that what a chat owes is delivered, and what the tool says is heard.
    pub(super) fn wake(self: &Arc<Self>, route: &Arc<Route>, id: &str) {
        self.talk(route, id, |talk| {
            talk.poke.send_replace(());
        });
    }

    /// Tells the task of a chat, which is begun when there is none.
    fn talk(self: &Arc<Self>, route: &Arc<Route>, id: &str, tell: impl FnOnce(&Talk)) {
        if self.driver.stop_token().is_cancelled() {
            return;
        }
        let mut work = self.work();
        if let Some(talk) = work.talks.get(id) {
            return tell(talk);
        }
        let (poke, types) = (watch::channel(()).0, watch::channel(0).0);
        let ear = Ear { poke: poke.subscribe(), types: types.subscribe() };
        let talk = Talk { poke, types };
        tell(&talk);
        work.talks.insert(id.to_owned(), talk);
        drop(work);
        let task = talk::talk(self.host(), route.clone(), id.to_owned(), ear);
        let (line, route, id) = (self.clone(), route.clone(), id.to_owned());
        self.driver.tasks().spawn(async move {
            // A connector that fails on what a vendor sent must not leave its chat alone.
            if AssertUnwindSafe(task).catch_unwind().await.is_err() {
                tracing::error!(chat.id = id, connector = line.name, "the task of a chat failed");
                tokio::time::sleep(FAILED_PAUSE).await;
                let mut work = line.work();
                work.talks.remove(&id);
                // What it was about to deliver may have arrived.
                work.inherited.insert(id.clone(), u64::MAX);
                drop(work);
                line.wake(&route, &id);
            }
        });
    }

    /// Ends the task of a chat, unless it was told something it has not heard yet.
    pub(super) fn leaves(&self, id: &str, ear: &Ear) -> bool {
        let mut work = self.work();
        let unheard =
            ear.poke.has_changed().unwrap_or(false) || ear.types.has_changed().unwrap_or(false);
        if !unheard {
            work.talks.remove(id);
        }
        !unheard
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        // Nothing that holds the lock can panic half way, so what it guards is whole.
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever typed has spoken, or somebody else has the chat.
fn ends_typing(event: &Event) -> bool {
    use Event::{AgentSaid, Claimed, Closed, Requeued};
    matches!(event, AgentSaid { .. } | Claimed { .. } | Requeued | Closed { .. })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio_util::sync::CancellationToken;

    use super::{super::*, *};

    /// Fails on what a vendor sent, the first time.
    #[derive(Default)]
    struct Fragile(AtomicU32);

    #[async_trait::async_trait]
    impl Tool for Fragile {
        fn session(&self, _chat: &Brief, _link: Option<&str>) -> Box<dyn Session> {
            unreachable!("nobody chats")
        }

        async fn run(&self, _host: Host) {
            assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "what a vendor sent");
        }

        async fn check(&self) -> Vec<Finding> {
            Vec::new()
        }
    }

    #[tokio::test]
    async fn a_connector_that_fails_is_begun_again() {
        let (tool, stop) = (Arc::new(Fragile::default()), CancellationToken::new());
        let driver = Driver::new(edge::Clock::system(), stop);
        let line = Arc::new(Line::new("fragile", tool.clone(), driver));
        tokio::time::timeout(Duration::from_secs(10), line.run()).await.unwrap();
        assert_eq!(tool.0.load(Ordering::Relaxed), 2);
    }
}
