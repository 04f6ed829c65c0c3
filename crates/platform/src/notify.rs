//! Calls to the bridge that only tell of something: the visitor types (contract r3.1, section 6.4),
//! the visitor left, the pause ran out (our extension, contract 13.26). Nobody waits for them, they
//! are made once, and their replies mean nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use machine::{
    Millis, Recorded,
    conversation::{Control, Event, Reason},
    limits,
};
use store::StoreError;
use wire::webhook::{EventCall, EventType};

use crate::{
    WebhookConfig,
    app::App,
    bot::{Bot, session_id},
    limit, visitors,
};

/// When each conversation's last typing call was made.
#[derive(Default)]
pub(crate) struct TypingCalls {
    last: Mutex<HashMap<String, Millis>>,
}

impl App {
    /// At most every four seconds per conversation, only while a human has control.
    pub(crate) async fn visitor_types(
        self: &Arc<Self>,
        bot: &Arc<Bot>,
        conversation: &str,
    ) -> Result<(), StoreError> {
        if !bot.config.webhook.as_ref().is_some_and(|webhook| webhook.typing) {
            return Ok(());
        }
        let now = self.clock.now();
        if self.typing.is_too_soon(conversation, now) {
            return Ok(());
        }
        let state = bot.ledger.load(conversation).await?;
        let state = state.filter(|state| state.paused_until().is_some_and(|until| until > now));
        let Some(state) = state else { return Ok(()) };
        let session = session_id(conversation, state.session());
        self.tell(bot, conversation, &session, EventType::UserTyping);
        Ok(())
    }

    /// Tells the bridge of what it cannot know: that the human side has ended without it.
    pub(crate) fn tell_of_endings(
        self: &Arc<Self>,
        bot: &Arc<Bot>,
        conversation: &str,
        session: u64,
        events: &[Recorded<Event>],
    ) {
        if !bot.config.webhook.as_ref().is_some_and(|webhook| webhook.endings) {
            return;
        }
        // The one the bridge knows: a new one may have begun with the ending.
        let begun =
            |recorded: &Recorded<Event>| matches!(recorded.event, Event::SessionStarted { .. });
        let known = session - u64::from(events.iter().any(begun));
        let session = session_id(conversation, known);
        for recorded in events {
            let Event::ControlChanged { control: Control::Bot, reason, .. } = &recorded.event
            else {
                continue;
            };
            match reason {
                Reason::Expired => self.tell(bot, conversation, &session, EventType::PauseExpired),
                Reason::VisitorLeft => self.tell(bot, conversation, &session, EventType::UserLeft),
                _ => {}
            }
        }
    }

    fn tell(self: &Arc<Self>, bot: &Arc<Bot>, conversation: &str, session: &str, what: EventType) {
        let Some(webhook) = bot.config.webhook.clone() else { return };
        let now = self.clock.now();
        let places = Arc::clone(&bot.telling_places);
        // Typing is worth nothing later; an ending waits for its place.
        let place = match what {
            EventType::UserTyping => {
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else { return };
                if !self.typing.take(conversation, now) {
                    return;
                }
                Some(place)
            }
            EventType::UserLeft | EventType::PauseExpired => None,
        };
        let call = EventCall {
            user_id: &visitors::user_of(conversation),
            bot_id: &bot.config.id,
            session_id: session,
            event_type: what,
        };
        let Ok(body) = serde_json::to_vec(&call) else { return };
        let id = format!("{conversation}/{what:?}/{now}");
        let app = Arc::clone(self);
        self.tasks.spawn(async move {
            let place = match place {
                Some(place) => Ok(place),
                None => places.acquire_owned().await,
            };
            app.post_event(&webhook, &id, body.into()).await;
            drop(place);
        });
    }

    async fn post_event(&self, webhook: &WebhookConfig, id: &str, body: Bytes) {
        let Some(headers) = self.headers(webhook, id, &body) else {
            return;
        };
        let deadline = Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS);
        let limit = limits::WEBHOOK_REPLY_BYTES_MAX;
        let reply = self.egress.post_json(&webhook.target, headers, body, deadline, limit);
        if let Err(error) = reply.await {
            tracing::warn!(call.id = id, %error, "a call that only tells failed");
        }
    }
}

impl TypingCalls {
    fn is_too_soon(&self, conversation: &str, now: Millis) -> bool {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.get(conversation).is_some_and(|last| now - last < limits::TYPING_CALL_GAP_MS)
    }

    /// True for the one caller who may call now.
    fn take(&self, conversation: &str, now: Millis) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let soon = |then: &Millis| now - then < limits::TYPING_CALL_GAP_MS;
        if last.get(conversation).is_some_and(soon) {
            return false;
        }
        if last.len() >= limit::TYPING_REMEMBERED_MAX {
            last.retain(|_, then| soon(then));
        }
        last.insert(conversation.to_owned(), now);
        true
    }
}
