//! Calls to the bridge that only tell of something: the visitor types (contract r3.1, section 6.4),
//! the visitor left, the pause ran out (our extension, contract 13.26). Each is made once, nobody
//! waits for it, and its reply has no meaning.
//!
//! The typing endpoint and the driver call this.

use std::sync::Arc;

use machine::{
    Recorded,
    conversation::{Control, Conversation, Event, Reason},
};
use store::StoreError;
use wire::webhook::{EventCall, EventType};

use crate::{
    app::App,
    bot::{Bot, session_id},
    visitors,
};

/// A notification on its way: its event, and the bot's session that the bridge knows.
struct Notification<'a> {
    conversation: &'a str,
    session: &'a str,
    event: EventType,
}

/// Tells the bridge that the visitor types, at most every four seconds for each conversation, and
/// only while a human has control.
///
/// # Errors
///
/// Fails when the conversation cannot be read.
pub(crate) async fn visitor_types(
    app: &Arc<App>,
    bot: &Arc<Bot>,
    conversation: &str,
) -> Result<(), StoreError> {
    if !bot.config.webhook.as_ref().is_some_and(|webhook| webhook.typing) {
        return Ok(());
    }
    let now = app.clock.now();
    if bot.typed_lately(conversation, now) {
        return Ok(());
    }
    let state = bot.ledger.load(conversation).await?;
    let state = state.filter(|state| state.paused_until().is_some_and(|until| until > now));
    let Some(state) = state else { return Ok(()) };
    let session = &session_id(conversation, state.session());
    notify(app, bot, &Notification { conversation, session, event: EventType::UserTyping });
    Ok(())
}

/// Tells the bridge when the pause has ended without it. `state` is the one after `events`.
pub(crate) fn of_endings(
    app: &Arc<App>,
    bot: &Arc<Bot>,
    conversation: &str,
    state: &Conversation,
    events: &[Recorded<Event>],
) {
    if !bot.config.webhook.as_ref().is_some_and(|webhook| webhook.endings) {
        return;
    }
    for recorded in events {
        let Event::ControlChanged { control: Control::Bot, reason, .. } = &recorded.event else {
            continue;
        };
        let event = match reason {
            Reason::Expired => EventType::PauseExpired,
            Reason::VisitorLeft => EventType::UserLeft,
            _ => continue,
        };
        // The bridge knows the session before the end; a new one may have begun with it.
        let begun =
            |recorded: &Recorded<Event>| matches!(recorded.event, Event::SessionStarted { .. });
        let known = state.session() - u64::from(events.iter().any(begun));
        let session = &session_id(conversation, known);
        notify(app, bot, &Notification { conversation, session, event });
    }
}

fn notify(app: &Arc<App>, bot: &Arc<Bot>, notification: &Notification<'_>) {
    let Notification { conversation, session, event } = *notification;
    let Some(webhook) = bot.config.webhook.clone() else { return };
    let now = app.clock.now();
    let permits = Arc::clone(&bot.notifications);
    // Typing is worth nothing later, so it does not wait; an ending waits for its permit.
    let permit = match event {
        EventType::UserTyping => {
            let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else { return };
            if !bot.take_typing_call(conversation, now) {
                return;
            }
            Some(permit)
        }
        EventType::UserLeft | EventType::PauseExpired => None,
    };
    let call = EventCall {
        user_id: &visitors::user_of(conversation),
        bot_id: &bot.config.id,
        session_id: session,
        event_type: event,
    };
    let Ok(body) = serde_json::to_vec(&call) else { return };
    let id = format!("{conversation}/{}/{now}", name(event));
    let app_of_task = Arc::clone(app);
    app.tasks.spawn(async move {
        let permit = match permit {
            Some(permit) => Ok(permit),
            None => permits.acquire_owned().await,
        };
        app_of_task.webhooks.notify(&webhook, &id, body.into()).await;
        drop(permit);
    });
}

/// The event's part of the call's id. Bridges may have stored such ids, so the words stay.
fn name(event: EventType) -> &'static str {
    match event {
        EventType::UserTyping => "UserTyping",
        EventType::UserLeft => "UserLeft",
        EventType::PauseExpired => "PauseExpired",
    }
}
