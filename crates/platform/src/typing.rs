//! The visitor types: passed on to the bridge (contract r3.1, section 6.4), at most every four
//! seconds per conversation, only while a human has control and only when switched on. Nobody
//! waits for these calls, and their replies mean nothing.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use machine::{Millis, limits};
use store::StoreError;
use wire::webhook::TypingCall;

use crate::{WebhookConfig, app::App, bot::Bot, limit, visitors, webhook};

/// When each conversation's last call was made.
#[derive(Default)]
pub(crate) struct TypingCalls {
    last: Mutex<HashMap<String, Millis>>,
}

impl App {
    pub(crate) async fn visitor_types(
        self: &Arc<Self>,
        bot: &Arc<Bot>,
        conversation: &str,
    ) -> Result<(), StoreError> {
        let Some(config) = bot.config.webhook.as_ref().filter(|webhook| webhook.typing) else {
            return Ok(());
        };
        let now = self.clock.now();
        if self.typing.is_too_soon(conversation, now) {
            return Ok(());
        }
        let state = bot.ledger.load(conversation).await?;
        if state.is_none_or(|state| state.paused_until().is_none_or(|until| until <= now)) {
            return Ok(());
        }
        let Ok(place) = Arc::clone(&bot.typing_places).try_acquire_owned() else {
            return Ok(());
        };
        if !self.typing.take(conversation, now) {
            return Ok(());
        }
        let Some(body) = body(bot, conversation) else {
            return Ok(());
        };
        let (app, config) = (Arc::clone(self), config.clone());
        self.tasks.spawn(async move {
            app.post_typing(&config, body).await;
            drop(place);
        });
        Ok(())
    }

    async fn post_typing(&self, config: &WebhookConfig, body: Bytes) {
        let Some(headers) = webhook::headers(&config.token, None) else {
            return;
        };
        let deadline = Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS);
        let limit = limits::WEBHOOK_REPLY_BYTES_MAX;
        let reply = self.egress.post_json(&config.target, headers, body, deadline, limit);
        if let Err(error) = reply.await {
            tracing::debug!(%error, "a typing call failed");
        }
    }
}

fn body(bot: &Bot, conversation: &str) -> Option<Bytes> {
    let user_id = visitors::user_of(conversation);
    let call = TypingCall {
        user_id: &user_id,
        bot_id: &bot.config.id,
        session_id: conversation,
        event_type: "user_typing",
    };
    serde_json::to_vec(&call).ok().map(Bytes::from)
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
