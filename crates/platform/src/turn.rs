//! The driver: performs what conversations owe, and feeds the answers back.
//!
//! Whoever stepped a conversation hands its new state to [`App::drive`]. Each conversation has one
//! lane for its bot and one for its webhook, with at most one call in each, so order holds; all
//! conversations run side by side. A state that arrives while its lane is busy waits in the lane,
//! the newest only: later states know everything earlier ones did.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use machine::{
    Machine as _, Position,
    conversation::{Conversation, Effect, Input},
};
use store::StepError;

use crate::{
    app::App,
    bot::{Bot, Question, session_id},
    limit,
    recent::Recent,
    webhook,
};

/// The calls under way.
pub(crate) struct Lanes(Mutex<Calls>);

struct Calls {
    /// The busy lanes, each with the newest state that arrived meanwhile.
    busy: HashMap<(Arc<str>, Lane), Option<Conversation>>,
    /// Where each conversation was when its last call was settled. A state from before that was
    /// handed in late: what it owes has been done.
    settled: Recent<Position>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    Bot,
    Webhook,
}

/// Where a driver is at work.
struct Place {
    bot: Arc<Bot>,
    conversation: Arc<str>,
    lane: Lane,
}

impl App {
    /// Starts the call that `state` owes, unless it is under way.
    pub(crate) fn drive(self: &Arc<Self>, bot: &Arc<Bot>, conversation: &str, state: Conversation) {
        let Some(effect) = state.owed() else { return };
        if self.shutdown.is_cancelled() {
            return;
        }
        let conversation: Arc<str> = conversation.into();
        let lane = lane(&effect);
        let mut calls = self.lanes.lock();
        if calls.settled.get(&conversation) > Some(state.position()) {
            return;
        }
        match calls.busy.entry((Arc::clone(&conversation), lane)) {
            Entry::Occupied(mut busy) => {
                let waiting = busy.get_mut();
                *waiting = Some(newer(state, waiting.take()));
                return;
            }
            Entry::Vacant(free) => free.insert(None),
        };
        drop(calls);
        let place = Place { bot: Arc::clone(bot), conversation, lane };
        self.tasks.spawn(Arc::clone(self).run(place, effect));
    }

    async fn run(self: Arc<Self>, place: Place, effect: Effect) {
        let mut next = Some(effect);
        while let Some(effect) = next {
            let answer = self.perform(&place, effect).await;
            let settled = self.settle(&place, answer).await;
            next = self.go_on(&place, settled);
        }
    }

    async fn perform(&self, place: &Place, effect: Effect) -> Input {
        let Place { bot, conversation, .. } = place;
        let visitor = self.visitors.of_conversation(conversation, self.clock.now()).await;
        let visitor = &visitor;
        match effect {
            Effect::AskBot { turn, epoch, session, said, ask } => {
                let session = session_id(conversation, session);
                let webhook_headers = self.credentials.of(conversation, turn);
                let question =
                    Question { turn, epoch, session, said, ask, visitor, webhook_headers };
                bot.ask(question, self.clock.now()).await
            }
            Effect::StepOne { turn, epoch, session, said, response } => {
                let call = webhook::Call { bot, conversation, visitor, turn, session, said: &said };
                let reply = self.step_one(call, &response).await;
                Input::WebhookReplied { turn, epoch, reply }
            }
            Effect::StepTwo { turn, epoch, session, said } => {
                let call = webhook::Call { bot, conversation, visitor, turn, session, said: &said };
                let reply = self.step_two(call).await;
                Input::WebhookReplied { turn, epoch, reply }
            }
        }
    }

    /// Stores the answer. While the store is away it is kept and tried again: asking the world a
    /// second time would be worse than waiting. Storing it twice changes nothing.
    async fn settle(self: &Arc<Self>, place: &Place, answer: Input) -> Option<Conversation> {
        let Place { bot, conversation, .. } = place;
        let mut wait = Duration::from_millis(50);
        loop {
            match self.step(bot, conversation, None, answer.clone()).await {
                Ok(stepped) => return Some(Arc::unwrap_or_clone(stepped.state)),
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
                () = self.shutdown.cancelled() => return None,
            }
            wait = (wait * 2).min(limit::SETTLE_WAIT_MAX);
        }
    }

    /// The next call of this lane; otherwise leaves the lane and hands the state on.
    fn go_on(self: &Arc<Self>, place: &Place, settled: Option<Conversation>) -> Option<Effect> {
        let newest = {
            let mut calls = self.lanes.lock();
            if let Some(settled) = &settled {
                calls.settled.put(&place.conversation, settled.position());
            }
            let key = (Arc::clone(&place.conversation), place.lane);
            let waiting = calls.busy.get_mut(&key).and_then(Option::take);
            let newest = match settled {
                Some(settled) => Some(newer(settled, waiting)),
                None => waiting,
            };
            let owed = newest.as_ref().and_then(Conversation::owed);
            let owed = owed.filter(|effect| lane(effect) == place.lane);
            if owed.is_some() && !self.shutdown.is_cancelled() {
                return owed;
            }
            calls.busy.remove(&key);
            newest
        };
        self.drive(&place.bot, &place.conversation, newest?);
        None
    }
}

impl Default for Lanes {
    fn default() -> Self {
        let settled = Recent::new(limit::SETTLED_REMEMBERED_MAX);
        Self(Mutex::new(Calls { busy: HashMap::new(), settled }))
    }
}

impl Lanes {
    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lane(effect: &Effect) -> Lane {
    match effect {
        Effect::AskBot { .. } => Lane::Bot,
        Effect::StepOne { .. } | Effect::StepTwo { .. } => Lane::Webhook,
    }
}

fn newer(one: Conversation, other: Option<Conversation>) -> Conversation {
    match other {
        Some(other) if other.position() > one.position() => other,
        _ => one,
    }
}

#[cfg(test)]
mod tests;
