//! The connector runtime: one connector with everything that goes on between it and the bridge. It
//! knows which of the connector's chats are open, and runs a task for each that has something to
//! deliver or to hear. Everything here can be built anew from the store: nothing is lost with it.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    sync::{Arc, Weak},
    time::Duration,
};

use connector::{Connector, HandoverRef};
use edge::Clock;
use futures::FutureExt as _;
use machine::{
    Machine as _, Millis, Position,
    chat::{Chat, Checkpoint, Event, Input},
    limits::TYPING_MS,
};
use parking_lot::Mutex;
use store::{Committed, StepError, StoreError};
use tokio::sync::watch;

use crate::{
    answer_time::AnswerTime,
    route::{Attachment, OPEN_MAX, Route},
    tasks::Tasks,
};

mod chat_task;
mod delivering;
mod heard;
mod host;
mod settled;
mod typing;

use chat_task::Inbox;
use settled::Settled;
use typing::Typists;

/// How long a connector may take to say whether a human agent is there, and then how long the
/// answer to step one may wait for whether the tool takes the chat. Together they leave some of the
/// contract's five seconds to the network (contract r1, step one). Less when less is left.
const STAFFED_WAIT: Duration = Duration::from_secs(1);
const ANSWER_WAIT: Duration = Duration::from_millis(2_800);
/// Pause before what panicked is started again.
const FAILED_PAUSE: Duration = Duration::from_secs(1);

/// Runs one connector. Clones are the same runtime.
#[derive(Clone)]
pub(crate) struct ConnectorRuntime(Arc<Shared>);

struct Shared {
    /// As in `[connectors.NAME]`.
    name: String,
    connector: Arc<dyn Connector>,
    clock: Clock,
    tasks: Tasks,
    settled: Settled,
    typists: Typists,
    /// Changes when the tool is reached again after it was not.
    back: watch::Sender<u64>,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    /// Where open chats stood when this process began: what they owed then may have been tried.
    inherited: HashMap<String, u64>,
    /// The routes that are attached here, by id. A route owns its attachment, not the other way
    /// round: a bridge that is dropped must let go of its store.
    routes: HashMap<Arc<str>, Weak<Route>>,
    chat_tasks: HashMap<String, ChatTaskHandle>,
    taken: HashMap<String, Taken>,
    /// Chats by the tool's own id.
    addresses: HashMap<String, String>,
    /// Up to where each chat is known here.
    known: HashMap<String, Position>,
    /// Open chats the tool has not taken yet.
    opening: HashSet<String>,
}

/// A chat the tool has taken.
struct Taken {
    handover: HandoverRef,
    checkpoint: Checkpoint,
    address: Option<String>,
}

/// How a running chat task is reached.
struct ChatTaskHandle {
    poke: watch::Sender<()>,
    /// Until when the visitor types.
    types: watch::Sender<Millis>,
}

impl ConnectorRuntime {
    pub(crate) fn new(
        name: &str,
        connector: Arc<dyn Connector>,
        clock: Clock,
        tasks: Tasks,
    ) -> Self {
        Self(Arc::new(Shared {
            name: name.to_owned(),
            connector,
            clock,
            settled: Settled::default(),
            typists: Typists::new(tasks.clone()),
            tasks,
            back: watch::channel(0).0,
            work: Mutex::default(),
        }))
    }

    /// Ends everything that goes on here. What is owed is left to whoever comes next.
    pub(crate) async fn end(&self) {
        self.0.tasks.stop.cancel();
        self.0.tasks.stopped().await;
    }

    pub(crate) fn connector(&self) -> &Arc<dyn Connector> {
        &self.0.connector
    }

    /// Runs what the connector runs beside its chats, until the bridge stops.
    pub(crate) async fn run(self) {
        let Shared { connector, tasks, name, .. } = &*self.0;
        loop {
            let running = AssertUnwindSafe(connector.run(Arc::new(self.clone()))).catch_unwind();
            tokio::select! {
                ended = running => if ended.is_ok() { return },
                () = tasks.stop.cancelled() => return,
            }
            // Without it no chat of the connector would be heard any more.
            tracing::error!(connector = name, "a connector panicked; it is started again");
            tokio::time::sleep(FAILED_PAUSE).await;
        }
    }

    /// Takes up every open chat of a route that is attached here, after a start.
    pub(crate) async fn take_up_open(&self, route: &Arc<Route>) -> Result<(), StoreError> {
        self.0.work.lock().routes.insert(route.id.clone(), Arc::downgrade(route));
        for (id, state) in route.ledger.open_ids(OPEN_MAX).await? {
            self.learn(route, &id, &state);
            self.0.work.lock().inherited.insert(id.clone(), state.position().seq);
            self.wake(route, &id);
        }
        Ok(())
    }

    /// Whether another process may have tried what became owed at `seq`.
    fn is_inherited(&self, id: &str, seq: u64) -> bool {
        self.0.work.lock().inherited.get(id).is_some_and(|stood| seq <= *stood)
    }

    /// The tool was reached: what waits for it need not wait any longer.
    fn reached(&self) {
        self.0.back.send_modify(|times| *times += 1);
    }

    /// Takes over what a commit says about where the chat is at its tool.
    fn learn(&self, route: &Arc<Route>, id: &str, state: &Chat) {
        let current = |checkpoint: &&Checkpoint| {
            state.is_open() && state.opening() == Some(checkpoint.opening)
        };
        let checkpoint = state.checkpoint_at_tool().filter(current);
        let address = checkpoint.and_then(|checkpoint| self.address(id, checkpoint));
        let mut work = self.0.work.lock();
        // The chat may have been read before a commit that was told already.
        if work.known.get(id).is_some_and(|known| *known > state.position()) {
            return;
        }
        if state.is_open() || state.owes() {
            work.known.insert(id.to_owned(), state.position());
        } else {
            work.known.remove(id);
            work.inherited.remove(id);
        }
        if state.is_open() && state.opening().is_some() && checkpoint.is_none() {
            work.opening.insert(id.to_owned());
        } else {
            work.opening.remove(id);
        }
        if work.taken.get(id).map(|taken| &taken.checkpoint) == checkpoint {
            return;
        }
        let old = work.taken.remove(id).and_then(|taken| taken.address);
        if let Some(address) = old
            && work.addresses.get(&address).is_some_and(|chat| chat == id)
        {
            work.addresses.remove(&address);
        }
        let Some(checkpoint) = checkpoint.cloned() else { return };
        if let Some(address) = &address {
            work.addresses.insert(address.clone(), id.to_owned());
        }
        let (chat, opening) = (id.to_owned(), checkpoint.opening);
        let handover = HandoverRef { route: route.id.clone(), chat, opening };
        work.taken.insert(id.to_owned(), Taken { handover, checkpoint, address });
    }

    /// The tool's own id of a chat. Called without the lock, and a panic of the connector is
    /// contained: the store calls from a commit, and the rest of that commit must be done.
    fn address(&self, id: &str, checkpoint: &Checkpoint) -> Option<String> {
        let known = |work: &Work| {
            let taken = work.taken.get(id).filter(|taken| taken.checkpoint == *checkpoint)?;
            Some(taken.address.clone())
        };
        if let Some(address) = known(&self.0.work.lock()) {
            return address;
        }
        let (connector, name) = (&self.0.connector, &self.0.name);
        let address = AssertUnwindSafe(|| connector.address(&checkpoint.text));
        std::panic::catch_unwind(address).unwrap_or_else(|_| {
            tracing::error!(chat.id = id, connector = name, "a connector panicked at a checkpoint");
            None
        })
    }

    /// Makes sure that what a chat owes is delivered, and what the tool says is heard.
    fn wake(&self, route: &Arc<Route>, id: &str) {
        self.tell_chat_task(route, id, |task| {
            task.poke.send_replace(());
        });
    }

    /// Tells the task of a chat, which is started when there is none.
    fn tell_chat_task(&self, route: &Arc<Route>, id: &str, tell: impl FnOnce(&ChatTaskHandle)) {
        if self.0.tasks.stop.is_cancelled() {
            return;
        }
        let mut work = self.0.work.lock();
        if let Some(task) = work.chat_tasks.get(id) {
            return tell(task);
        }
        let (poke, types) = (watch::channel(()).0, watch::channel(0).0);
        let inbox = Inbox { poke: poke.subscribe(), types: types.subscribe() };
        let task = ChatTaskHandle { poke, types };
        tell(&task);
        work.chat_tasks.insert(id.to_owned(), task);
        drop(work);
        let running = chat_task::run(self.clone(), route.clone(), id.to_owned(), inbox);
        let (runtime, route, id) = (self.clone(), route.clone(), id.to_owned());
        self.0.tasks.spawn(async move {
            // A connector that panics on what a vendor sent must not leave its chat stalled.
            if AssertUnwindSafe(running).catch_unwind().await.is_err() {
                runtime.failed(&route, &id).await;
            }
        });
    }

    /// The task of a chat has panicked.
    async fn failed(&self, route: &Arc<Route>, id: &str) {
        let connector = &self.0.name;
        tracing::error!(
            chat.id = id,
            connector,
            "the task of a chat panicked; it is started again"
        );
        tokio::time::sleep(FAILED_PAUSE).await;
        let mut work = self.0.work.lock();
        work.chat_tasks.remove(id);
        // What it was about to deliver may have arrived.
        work.inherited.insert(id.to_owned(), u64::MAX);
        drop(work);
        self.wake(route, id);
    }

    /// Ends the task of a chat, unless it was told something it has not heard yet.
    fn leaves(&self, id: &str, inbox: &Inbox) -> bool {
        let mut work = self.0.work.lock();
        let unheard =
            inbox.poke.has_changed().unwrap_or(false) || inbox.types.has_changed().unwrap_or(false);
        if !unheard {
            work.chat_tasks.remove(id);
        }
        !unheard
    }
}

#[async_trait::async_trait]
impl Attachment for ConnectorRuntime {
    /// What the connector says; yes where it does not answer in time: the opening will tell.
    async fn is_available(&self, _now: Millis, time: AnswerTime) -> Result<bool, StoreError> {
        let wait = time.wait(STAFFED_WAIT);
        let staffed = tokio::time::timeout(wait, self.0.connector.is_staffed());
        Ok(staffed.await.unwrap_or(true))
    }

    fn committed(&self, route: &Arc<Route>, committed: &Committed<Chat>) {
        let Committed { id, state, events, .. } = committed;
        self.learn(route, id, state);
        self.0.settled.tell(id);
        // By the state: a commit that was found by a second look has no events.
        let is_over = !state.is_open();
        if is_over || events.iter().any(|recorded| ends_typing(&recorded.event)) {
            self.0.typists.stop(id);
        }
        if state.owed_delivery().is_some() {
            self.wake(route, id);
        } else if is_over && let Some(task) = self.0.work.lock().chat_tasks.get(&**id) {
            task.poke.send_replace(());
        }
    }

    fn take_up(&self, route: &Arc<Route>, id: &str) {
        self.wake(route, id);
    }

    /// Waits until the tool has answered, or until the platform should wait no longer; then the
    /// chat records that the platform was promised a human agent.
    async fn answered(
        &self,
        route: &Arc<Route>,
        id: &str,
        mut state: Arc<Chat>,
        time: AnswerTime,
    ) -> Result<Arc<Chat>, StoreError> {
        if !state.is_unanswered() {
            return Ok(state);
        }
        let mut settled = self.0.settled.watch(id);
        let waiting = async {
            while state.is_unanswered() {
                match route.ledger.load(id).await? {
                    Some(now) if now.position() != state.position() => state = Arc::new(now),
                    _ => settled.changed().await,
                }
            }
            Ok::<_, StoreError>(())
        };
        if let Ok(waited) = tokio::time::timeout(time.wait(ANSWER_WAIT), waiting).await {
            waited?;
            return Ok(state);
        }
        match route.step(id, None, Input::Promised).await {
            Ok(stepped) => Ok(stepped.state),
            Err(StepError::Store(error)) => Err(error),
            // `Promised` is never refused, and a chat that is gone is not paused for.
            Err(_) => Ok(state),
        }
    }

    fn visitor_types(&self, route: &Arc<Route>, chat: &str, _until: Millis) {
        let until = self.0.clock.now() + TYPING_MS;
        self.tell_chat_task(route, chat, |task| {
            task.types.send_replace(until);
        });
    }
}

/// The human agent who typed has spoken, or no longer has the chat.
fn ends_typing(event: &Event) -> bool {
    use Event::{AgentSaid, Claimed, Closed, Requeued};
    matches!(event, AgentSaid { .. } | Claimed { .. } | Requeued | Closed { .. })
}

#[cfg(test)]
mod tests;
