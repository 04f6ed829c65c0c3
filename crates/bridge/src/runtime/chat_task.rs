//! The task of one chat at a tool. It owns the chat's session: what is owed is delivered one at a
//! time and in order, and between deliveries it hears what the tool says. A restart loses nothing:
//! what is owed, and where hearing goes on, the store knows.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use connector::{ConnectorEvent, EventKind, Failure, HandoverInfo, HandoverRef, Session, Typing};
use machine::{
    Millis,
    chat::{Chat, Input, Refusal},
    retry,
};
use store::StepError;
use tokio::sync::watch;

use super::{ConnectorRuntime, heard};
use crate::route::Route;

/// Longest time hearing may take; it ends by itself, and cutting it may lose what was told once.
const HEARING_MAX: Duration = Duration::from_mins(3);
/// Typing must not hold up what is said.
const TYPING_MAX: Duration = Duration::from_secs(2);
/// Pause after the store failed, or could take no more for now.
const STORE_PAUSE: Duration = Duration::from_secs(1);
/// How long a delivery under way may still take once the bridge is told to stop.
const STOP_GRACE: Duration = Duration::from_secs(2);
/// Longest pause before a tool that could not be heard is asked again: some give up a chat that
/// nobody asks for.
const HEARING_PAUSE_MS_MAX: Millis = 30_000;
/// With so many messages waiting for the platform, no more are fetched.
const BACKLOG_MAX: usize = 100;
const BACKLOG_PAUSE_MS: Millis = 1_000;

pub(super) struct ChatTask {
    pub(super) runtime: ConnectorRuntime,
    pub(super) route: Arc<Route>,
    pub(super) id: String,
    pub(super) state: Arc<Chat>,
    pub(super) session: Option<(u64, Box<dyn Session>)>,
    /// Heard and not stored yet.
    pub(super) unstored: VecDeque<ConnectorEvent>,
    hearing_pause: HearingPause,
    /// The tool was told that the visitor types.
    told_typing: bool,
    /// Until when the visitor types, and which of that is over because something was said.
    pub(super) types_until: Millis,
    pub(super) typed_through: Millis,
    /// More waits for the platform than should.
    is_behind: bool,
    /// Up to this one, deliveries go one at a time: the tool took them not together.
    pub(super) apart_through: u64,
}

/// What a chat task hears from the rest of the bridge.
pub(super) struct Inbox {
    pub(super) poke: watch::Receiver<()>,
    /// Until when the visitor types.
    pub(super) types: watch::Receiver<Millis>,
}

/// Hearing has failed, and is not tried again before a time.
#[derive(Default)]
struct HearingPause {
    times: u32,
    until: Millis,
}

pub(super) enum Next {
    Again,
    Rest,
    Stop,
}

/// Runs until the chat owes its tool nothing and has nothing to hear.
pub(super) async fn run(
    runtime: ConnectorRuntime,
    route: Arc<Route>,
    id: String,
    mut inbox: Inbox,
) {
    loop {
        match load(&runtime, &route, &id).await {
            Some(state) => {
                let mut task = ChatTask {
                    runtime: runtime.clone(),
                    route: route.clone(),
                    id: id.clone(),
                    state,
                    session: None,
                    unstored: VecDeque::new(),
                    hearing_pause: HearingPause::default(),
                    told_typing: false,
                    types_until: 0,
                    typed_through: 0,
                    is_behind: false,
                    apart_through: 0,
                };
                if matches!(task.run(&mut inbox).await, Next::Stop) {
                    return;
                }
            }
            None if runtime.0.tasks.stop.is_cancelled() => return,
            None => {}
        }
        if runtime.leaves(&id, &inbox) {
            return;
        }
        inbox.poke.mark_unchanged();
        inbox.types.mark_unchanged();
    }
}

/// Waits for the store as long as it takes. `None` for a chat that is not there or cannot be read,
/// and at the end.
async fn load(runtime: &ConnectorRuntime, route: &Route, id: &str) -> Option<Arc<Chat>> {
    loop {
        match route.ledger.load(id).await {
            Ok(state) => return state.map(Arc::new),
            Err(error) => {
                tracing::error!(chat.id = id, %error, "a chat could not be loaded");
                if !error.is_temporary() {
                    return None;
                }
                tokio::select! {
                    () = tokio::time::sleep(STORE_PAUSE) => {}
                    () = runtime.0.tasks.stop.cancelled() => return None,
                }
            }
        }
    }
}

impl ChatTask {
    async fn run(&mut self, inbox: &mut Inbox) -> Next {
        let mut back = self.runtime.0.back.subscribe();
        loop {
            self.match_session();
            let now = self.runtime.0.clock.now();
            let owed = self.state.owed_delivery().cloned();
            let due_at = owed.as_ref().map(|owed| self.due_at(owed));
            // Once the tool is back, nobody waits for the time of the next attempt.
            let is_back = back.has_changed().unwrap_or(false);
            back.mark_unchanged();
            let is_due = due_at.is_some_and(|due_at| due_at <= now || is_back);
            let next = if !self.unstored.is_empty() {
                self.store_heard().await
            } else if let Some(owed) = owed.as_ref().filter(|_| is_due) {
                self.deliver(owed).await
            } else {
                self.wait(inbox, &mut back, due_at).await
            };
            match next {
                Next::Again => {}
                Next::Rest | Next::Stop => return next,
            }
        }
    }

    /// Begins the session that is needed now: the one of what is owed, or else of the checkpoint.
    fn match_session(&mut self) {
        let owed = self.state.owed_delivery().map(|owed| owed.opening);
        let taken = self.state.checkpoint_at_tool().map(|checkpoint| checkpoint.opening);
        let Some(opening) = owed.or(taken) else { return };
        if self.session.as_ref().is_some_and(|(of, _)| *of == opening) {
            return;
        }
        let checkpoint =
            self.state.checkpoint_at_tool().filter(|checkpoint| checkpoint.opening == opening);
        let info = self.info(opening);
        let session = self
            .runtime
            .0
            .connector
            .session(&info, checkpoint.map(|checkpoint| checkpoint.text.as_str()));
        self.session = Some((opening, session));
        self.hearing_pause = HearingPause::default();
    }

    /// Waits for whatever comes first.
    async fn wait(
        &mut self,
        inbox: &mut Inbox,
        back: &mut watch::Receiver<u64>,
        due_at: Option<Millis>,
    ) -> Next {
        let now = self.runtime.0.clock.now();
        self.types_until = *inbox.types.borrow_and_update();
        let types = self.types_until > now.max(self.typed_through);
        if self.told_typing != types {
            return self.tell_typing(types).await;
        }
        let listens = self.listens();
        if due_at.is_none() && !listens && !types {
            return Next::Rest;
        }
        let clock = self.runtime.0.clock.clone();
        if self.state.unpushed() >= BACKLOG_MAX {
            // The platform takes nothing: what is heard now would only wait here.
            (self.hearing_pause.until, self.is_behind) = (now + BACKLOG_PAUSE_MS, true);
        }
        let hears_at = (self.hearing_pause.until > now).then_some(self.hearing_pause.until);
        let typing_ends = types.then_some(self.types_until);
        let alarms = [due_at, hears_at, typing_ends];
        let Some((_, session)) = &mut self.session else { return Next::Rest };
        let ready = async {
            if listens && hears_at.is_none() {
                session.ready().await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        let stop = self.runtime.0.tasks.stop.clone();
        tokio::select! {
            biased;
            () = stop.cancelled() => return Next::Stop,
            changed = inbox.poke.changed() => {
                if changed.is_err() {
                    return Next::Stop;
                }
                return self.reload().await;
            }
            _ = back.changed() => {
                back.mark_changed();
                return Next::Again;
            }
            _ = inbox.types.changed() => {
                inbox.types.mark_changed();
                return Next::Again;
            }
            () = clock.sleep_until(alarms.into_iter().flatten().min()) => {
                let behind = std::mem::take(&mut self.is_behind);
                return if behind { self.reload().await } else { Next::Again };
            }
            () = ready => {}
        }
        self.hear().await
    }

    /// Whether this task has to listen: to an open chat the tool has.
    fn listens(&self) -> bool {
        let taken = self.state.checkpoint_at_tool().map(|checkpoint| checkpoint.opening);
        let current = taken.is_some() && taken == self.state.opening();
        let listens = self.session.as_ref().is_some_and(|(_, session)| session.listens());
        self.state.is_open() && current && listens
    }

    async fn reload(&mut self) -> Next {
        match load(&self.runtime, &self.route, &self.id).await {
            Some(state) => {
                self.state = state;
                Next::Again
            }
            None => Next::Rest,
        }
    }

    async fn tell_typing(&mut self, on: bool) -> Next {
        self.told_typing = on;
        if let Some((_, session)) = &mut self.session
            && self.state.is_open()
        {
            let typing = if on { Typing::On } else { Typing::Off };
            let _ = tokio::time::timeout(TYPING_MAX, session.visitor_types(typing)).await;
        }
        Next::Again
    }

    async fn hear(&mut self) -> Next {
        let Some((_, session)) = &mut self.session else { return Next::Rest };
        let turn = tokio::time::timeout(HEARING_MAX, session.hear());
        let heard = tokio::select! {
            heard = turn => heard.unwrap_or_else(|_| Err(Failure::later("it took too long"))),
            () = cut(&self.runtime) => return Next::Stop,
        };
        match heard {
            Ok(events) => {
                if std::mem::take(&mut self.hearing_pause).times > 0 {
                    self.runtime.reached();
                }
                let silent = events.is_empty();
                self.unstored.extend(events);
                if silent { self.store_checkpoint().await } else { Next::Again }
            }
            Err(Failure::Gone { detail }) => {
                tracing::info!(chat.id = self.id, detail, "a chat is over at its tool");
                self.unstored.push_back(ConnectorEvent::plain(EventKind::Ended));
                Next::Again
            }
            Err(failure) => {
                self.hearing_pause.times += 1;
                let wait = match &failure {
                    Failure::Later { after: Some(after), .. } => {
                        retry::delay_asked(&self.id, self.hearing_pause.times, *after)
                    }
                    _ => retry::delay(&self.id, self.hearing_pause.times).min(HEARING_PAUSE_MS_MAX),
                };
                self.hearing_pause.until = self.runtime.0.clock.now() + wait;
                let (times, detail) = (self.hearing_pause.times, failure.detail());
                tracing::info!(chat.id = self.id, times, detail, "a tool could not be heard");
                Next::Again
            }
        }
    }

    /// Where the session is now, as it is stored.
    pub(super) fn checkpoint(&self) -> Option<String> {
        heard::checkpoint(self.session.as_ref().and_then(|(_, session)| session.checkpoint()))
    }

    /// A position that has moved although nothing was said.
    async fn store_checkpoint(&mut self) -> Next {
        let Some((opening, _)) = &self.session else { return Next::Again };
        let (opening, checkpoint) = (*opening, self.checkpoint());
        let known = self.state.checkpoint_at_tool().map(|checkpoint| &checkpoint.text);
        if checkpoint.is_none() || known == checkpoint.as_ref() {
            return Next::Again;
        }
        self.step_until_stored(&Input::Heard { opening, event: None, checkpoint }).await
    }

    /// Stores the oldest of what was heard; the last one brings the position with it.
    async fn store_heard(&mut self) -> Next {
        let (Some((opening, _)), Some(event)) = (&self.session, self.unstored.front()) else {
            self.unstored.clear();
            return Next::Again;
        };
        let last = self.unstored.len() == 1;
        let checkpoint = self.checkpoint().filter(|_| last);
        let handover = self.handover(*opening);
        match self.runtime.store_event(&self.route, &handover, event.clone(), checkpoint).await {
            Ok(stepped) => {
                self.unstored.pop_front();
                if let Some(stepped) = stepped {
                    self.state = stepped.state;
                }
                Next::Again
            }
            Err(error) => {
                let next = self.pause_for(&error).await;
                if matches!(next, Next::Rest) {
                    self.unstored.clear();
                }
                next
            }
        }
    }

    pub(super) async fn store_all_heard(&mut self) -> Next {
        while !self.unstored.is_empty() {
            if let Next::Stop = self.store_heard().await {
                return Next::Stop;
            }
        }
        Next::Again
    }

    fn info(&self, opening: u64) -> HandoverInfo {
        HandoverInfo {
            chat: self.id.clone(),
            opening,
            bot_id: self.state.bot_id().to_owned(),
            user_id: self.state.user_id().to_owned(),
            language: self.state.language().to_owned(),
        }
    }

    fn handover(&self, opening: u64) -> HandoverRef {
        HandoverRef { route: self.route.id.clone(), chat: self.id.clone(), opening }
    }

    pub(super) async fn step_until_stored(&mut self, input: &Input) -> Next {
        loop {
            let (route, id) = (&self.route, &self.id);
            match route.step(id, None, input.clone()).await {
                Ok(stepped) => {
                    self.state = stepped.state;
                    return Next::Again;
                }
                Err(error) => {
                    let next = self.pause_for(&error).await;
                    if !matches!(next, Next::Again) {
                        return next;
                    }
                }
            }
        }
    }

    /// Before the same is tried again; rests where there is nothing to try.
    async fn pause_for(&self, error: &StepError<Refusal>) -> Next {
        tracing::error!(chat.id = self.id, %error, "what a tool did could not be stored");
        let may_work_later = match error {
            StepError::Store(error) => error.is_temporary(),
            StepError::Refused(refusal) => *refusal == Refusal::TooManyWaiting,
            StepError::NotFound | StepError::KeyReused => false,
        };
        if !may_work_later {
            return Next::Rest;
        }
        tokio::select! {
            () = tokio::time::sleep(STORE_PAUSE) => Next::Again,
            () = self.runtime.0.tasks.stop.cancelled() => Next::Stop,
        }
    }
}

/// Ends a little after the bridge was told to stop.
pub(super) async fn cut(runtime: &ConnectorRuntime) {
    runtime.0.tasks.stop.cancelled().await;
    tokio::time::sleep(STOP_GRACE).await;
}
