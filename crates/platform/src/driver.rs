//! The driver: hears of every commit of a conversation, makes the call that the conversation then
//! owes, and feeds the answer back. It is the only one who does.
//!
//! Each conversation has one lane for its bot and one for its bridge. A lane makes one call at a
//! time, so order holds; all conversations run side by side. A commit that arrives while its lane
//! is busy waits there, the newest only: a later state knows all that earlier ones did.
//!
//! Commits of one conversation arrive in order, before the caller of the step gets its answer.

use std::{
    any::Any,
    collections::{HashMap, hash_map::Entry},
    panic::AssertUnwindSafe,
    sync::{Arc, Weak},
};

use futures::FutureExt as _;
use machine::{
    Machine as _,
    conversation::{Callee, Conversation, Effect, Event, Input, Reply},
};
use parking_lot::Mutex;
use store::{Committed, StepError};

use crate::{
    app::App,
    bot::{Bot, session_id},
    limit,
    mutant::{self, Mutant},
    notify,
    query::OwedQuery,
    visitor_headers::Headers,
    webhook::WebhookCall,
};

pub(crate) struct Driver {
    app: Weak<App>,
    /// The busy lanes, each with the newest state that arrived meanwhile.
    busy: Mutex<HashMap<Lane, Option<Arc<Conversation>>>>,
}

/// The calls of one conversation to its bot, or to its bridge.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Lane {
    conversation: Arc<str>,
    callee: Callee,
}

/// A lane at work.
struct Run {
    driver: Arc<Driver>,
    app: Arc<App>,
    bot: Arc<Bot>,
    lane: Lane,
}

impl Driver {
    /// A driver that hears of no commit yet.
    pub(crate) fn new(app: &Arc<App>) -> Arc<Self> {
        Arc::new(Self { app: Arc::downgrade(app), busy: Mutex::default() })
    }

    /// A driver that hears of every commit for as long as `app` lives.
    pub(crate) fn subscribe(app: &Arc<App>) -> Arc<Self> {
        let driver = Self::new(app);
        if mutant::is(Mutant::DriverDeaf) {
            return driver;
        }
        let hearing = Arc::clone(&driver);
        let guard = app.store.on_commit::<Conversation>(move |committed| hearing.hear(committed));
        // A platform is started once; a second subscription would end here at once.
        let _ = app.driving.set(guard);
        driver
    }

    /// Begins everything that a commit asks for. Must not wait.
    fn hear(self: &Arc<Self>, committed: &Committed<Conversation>) {
        let Some(app) = self.app.upgrade() else { return };
        let Some(bot) = &app.bots.get(&committed.owner) else { return };
        let Committed { id, state, events, .. } = committed;
        for recorded in &**events {
            match &recorded.event {
                Event::VisitorSaid { client_id, .. } => {
                    app.visitor_headers.bind(id, client_id, recorded.position.seq);
                }
                // A message ends the typing at once, also for a page that opens only now.
                Event::AgentSaid { .. } => bot.ledger.send_ephemeral(id, "", recorded.at),
                _ => {}
            }
        }
        notify::of_endings(&app, bot, id, state, events);
        self.drive(&app, bot, id, state);
    }

    /// Starts the call that `state` owes, unless its lane is busy.
    fn drive(
        self: &Arc<Self>,
        app: &Arc<App>,
        bot: &Arc<Bot>,
        conversation: &Arc<str>,
        state: &Arc<Conversation>,
    ) {
        let owed = state.owes_to();
        // A kept input is owed again later.
        if owed.is_none() && state.waiting() == 0 {
            app.visitor_headers.release(conversation);
        }
        let mut busy = self.busy.lock();
        let mut free = None;
        for callee in [Callee::Bot, Callee::Bridge] {
            let lane = Lane { conversation: Arc::clone(conversation), callee };
            match busy.get_mut(&lane) {
                // Also a lane that owes nothing now: it must not make a call owed before.
                Some(waiting) => *waiting = newer(Some(Arc::clone(state)), waiting.take()),
                None if owed == Some(callee) => free = Some(lane),
                None => {}
            }
        }
        if let Some(lane) = free.filter(|_| !app.shutdown.is_cancelled()) {
            busy.insert(lane.clone(), None);
            drop(busy);
            self.spawn(app, bot, lane, Some(Arc::clone(state)));
        }
    }

    /// Makes the call that a conversation owes, when it is under way nowhere. The caller has read
    /// that a call to `callee` is owed; by now it may have been made, so the state is read again.
    pub(crate) fn take_up(
        self: &Arc<Self>,
        app: &Arc<App>,
        bot: &Arc<Bot>,
        conversation: &str,
        callee: Callee,
    ) {
        let lane = Lane { conversation: conversation.into(), callee };
        match self.busy.lock().entry(lane.clone()) {
            Entry::Occupied(_) => return,
            Entry::Vacant(free) => free.insert(None),
        };
        self.spawn(app, bot, lane, None);
    }

    /// `lane` must have been marked as busy.
    fn spawn(
        self: &Arc<Self>,
        app: &Arc<App>,
        bot: &Arc<Bot>,
        lane: Lane,
        state: Option<Arc<Conversation>>,
    ) {
        let (driver, bot) = (Arc::clone(self), Arc::clone(bot));
        let run = Run { driver, app: Arc::clone(app), bot, lane };
        app.tasks.spawn(async move {
            if let Err(panic) = AssertUnwindSafe(run.until_idle(state)).catch_unwind().await {
                run.leave_after(&*panic);
            }
        });
    }
}

impl Run {
    /// Makes calls until the lane owes none. Without a state, reads it first.
    async fn until_idle(&self, state: Option<Arc<Conversation>>) {
        let mut next = match state {
            Some(state) => state.owed(),
            None => self.read().await,
        };
        while let Some(effect) = next {
            let settled = match self.perform(effect).await {
                Some(answer) => self.settle(answer).await,
                None => None,
            };
            next = self.go_on(settled);
        }
    }

    async fn read(&self) -> Option<Effect> {
        let Lane { conversation, .. } = &self.lane;
        let state = match self.bot.ledger.load(conversation).await {
            Ok(state) => state.map(Arc::new),
            Err(error) => {
                tracing::warn!(conversation.id = %conversation, %error, "a call cannot be made");
                None
            }
        };
        self.go_on(state)
    }

    /// Makes one call; no answer when the process ends before the call was taken. If the bot, or
    /// writing the call, panics, the call has failed; the conversation goes on as after any other
    /// failure.
    async fn perform(&self, effect: Effect) -> Option<Input> {
        let (turn, epoch, callee) = (effect.turn(), effect.epoch(), self.lane.callee);
        let answer = AssertUnwindSafe(self.call(effect)).catch_unwind().await;
        answer.unwrap_or_else(|panic| {
            let panic = panic_text(&*panic);
            let conversation = &self.lane.conversation;
            tracing::error!(conversation.id = %conversation, ?callee, panic, "a call panicked");
            Some(match callee {
                Callee::Bot => Input::BotFailed { turn, epoch, why: "the bot panicked".to_owned() },
                Callee::Bridge => {
                    let reply = Reply::Failed { why: "the call panicked".to_owned() };
                    Input::WebhookReplied { turn, epoch, reply }
                }
            })
        })
    }

    async fn call(&self, effect: Effect) -> Option<Input> {
        let Self { app, bot, lane: Lane { conversation, .. }, .. } = self;
        let now = app.clock.now();
        let visitor = &app.visitors.of_conversation(conversation, now).await;
        let webhook_headers = self.visitor_headers(effect.turn()).await;
        let call = |turn, session, said, unheard| WebhookCall {
            bot,
            conversation,
            visitor,
            turn,
            session,
            said,
            unheard,
            webhook_headers: &webhook_headers,
        };
        match effect {
            Effect::QueryBot { turn, epoch, session, said, details } => {
                let session = session_id(conversation, session);
                let owed =
                    OwedQuery { turn, epoch, session, said, details, visitor, webhook_headers };
                Some(bot.query(owed, app.clock.wall()).await)
            }
            Effect::StepOne { turn, epoch, session, said, response, unheard } => {
                let call = call(turn, session, &said, unheard);
                let reply = app.webhooks.step_one(call, &response).await?;
                Some(Input::WebhookReplied { turn, epoch, reply })
            }
            Effect::StepTwo { turn, epoch, session, said, unheard } => {
                let reply = app.webhooks.step_two(call(turn, session, &said, unheard)).await?;
                Some(Input::WebhookReplied { turn, epoch, reply })
            }
        }
    }

    /// The `webhookHeaders` of a turn. After a commit whose answer was lost they may not be bound
    /// to it yet; then the journal tells which message it is.
    async fn visitor_headers(&self, turn: u64) -> Headers {
        let Self { app, bot, lane: Lane { conversation, .. }, .. } = self;
        if app.visitor_headers.has_unbound(conversation) {
            let said = bot.ledger.events(conversation, turn.saturating_sub(1), 1).await;
            if let Some(recorded) = said.ok().and_then(|events| events.into_iter().next())
                && recorded.position.seq == turn
                && let Event::VisitorSaid { client_id, .. } = &recorded.event
            {
                app.visitor_headers.bind(conversation, client_id, turn);
            }
        }
        app.visitor_headers.take(conversation, turn)
    }

    /// Stores the answer. While the store is away the answer is kept and tried again: asking the
    /// world a second time would be worse than waiting. Storing it twice changes nothing.
    async fn settle(&self, answer: Input) -> Option<Arc<Conversation>> {
        let Self { app, bot, lane: Lane { conversation, .. }, .. } = self;
        let mut wait = limit::SETTLE_WAIT_MIN;
        loop {
            match app.step(bot, conversation, None, answer.clone()).await {
                Ok(stepped) => return Some(stepped.state),
                Err(StepError::Store(error)) if error.is_temporary() => {
                    tracing::warn!(conversation.id = %conversation, %error, "an answer waits");
                }
                Err(error) => {
                    tracing::error!(conversation.id = %conversation, %error, "an answer is lost");
                    return None;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = app.shutdown.cancelled() => return None,
            }
            wait = (wait * 2).min(limit::SETTLE_WAIT_MAX);
        }
    }

    /// The next call of this lane; leaves the lane when there is none. A call in the other lane is
    /// none of its business: that was started when its commit was heard, and may be over by now.
    fn go_on(&self, settled: Option<Arc<Conversation>>) -> Option<Effect> {
        let Self { driver, app, lane, .. } = self;
        let mut busy = driver.busy.lock();
        let waiting = busy.get_mut(lane).and_then(Option::take);
        let newest = newer(settled, waiting)
            .filter(|state| state.owes_to() == Some(lane.callee) && !app.shutdown.is_cancelled());
        if newest.is_none() {
            busy.remove(lane);
        }
        newest.and_then(|state| state.owed())
    }

    /// After a panic of the driver itself: frees the lane, and drives what arrived meanwhile. The
    /// call that was under way stays owed and is found by the sweep.
    fn leave_after(&self, panic: &(dyn Any + Send)) {
        let Self { driver, app, bot, lane } = self;
        let panic = panic_text(panic);
        tracing::error!(conversation.id = %lane.conversation, panic, "the driver panicked");
        let waiting = driver.busy.lock().remove(lane).flatten();
        if let Some(waiting) = waiting.filter(|state| state.owes_to() == Some(lane.callee)) {
            driver.drive(app, bot, &lane.conversation, &waiting);
        }
    }
}

fn newer(
    one: Option<Arc<Conversation>>,
    other: Option<Arc<Conversation>>,
) -> Option<Arc<Conversation>> {
    match (one, other) {
        (Some(one), Some(other)) if other.position() > one.position() => Some(other),
        (one, other) => one.or(other),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests;
