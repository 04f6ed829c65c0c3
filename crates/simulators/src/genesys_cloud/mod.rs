//! Genesys Cloud, simulated: Open Messaging (REST inward, a signed webhook outward), the
//! conversations API, notifications over a WebSocket, and Web Messaging.
//!
//! All conversations are in one [`State`] behind one lock. Each change is sent everywhere the
//! vendor reports it (webhook, notification topics, the visitor's socket) before the lock is
//! released, so every receiver sees the same order.

use std::sync::Arc;

use axum::{
    Router,
    http::StatusCode,
    middleware::from_fn_with_state,
    response::{IntoResponse as _, Response},
    routing::{get, patch, post},
};
use parking_lot::{Mutex, MutexGuard};

mod acts;
mod body;
mod conversations;
mod errors;
mod inbound;
mod integrations;
mod login;
mod messages;
mod notifications;
mod state;
mod views;
mod web;
mod web_frames;
mod webhook;

#[cfg(test)]
mod tests;

use crate::{Act, Chat, Tool, caller::Caller, time::Time};
use errors::Refusal;
use state::{State, outbox::Queue};

pub use state::DisconnectType;
pub use webhook::signature;

/// How the simulated organization is set up.
#[derive(Debug, Clone)]
pub struct Options {
    pub time: Time,
    /// The OAuth client of the grant `client_credentials`.
    pub client_id: String,
    pub client_secret: String,
    /// How long an access token is valid, in seconds.
    pub token_seconds: i64,
    /// The Open Messaging integration that exists from the start.
    pub integration_id: String,
    /// Its `outboundNotificationWebhookUrl`; nothing is sent when empty.
    pub webhook_url: String,
    /// Its `outboundNotificationWebhookSignatureSecretToken`.
    pub webhook_secret: String,
    /// The queue of every conversation.
    pub queue_id: String,
    /// Repeats every accepted webhook delivery once.
    pub repeat_deliveries: bool,
    /// Whether the OAuth client may open notification channels.
    pub notifications: bool,
    /// Longer texts are refused, in Open and in Web Messaging.
    pub text_chars_max: usize,
    /// The Web Messaging deployment.
    pub deployment_id: String,
    /// Origins that may connect to it; any when empty.
    pub origins: Vec<String>,
    /// What its visitors see when an agent ends a conversation.
    pub conversation_disconnect: ConversationDisconnect,
    /// Whether its visitors may clear a conversation.
    pub conversation_clear: bool,
    /// How many first reads of each conversation answer that it does not exist.
    pub reads_before_found: u32,
    pub agent_end: AgentEnd,
    pub webhook_ids: WebhookIds,
}

/// What happens to a conversation when an agent leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentEnd {
    /// It is over.
    Over,
    /// The customer stays connected, without an agent.
    CustomerStays,
}

/// Which message ids the webhook carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookIds {
    /// The same ids as in the conversation.
    Same,
    /// Different ids.
    Other,
}

impl WebhookIds {
    /// The webhook's id of a message of the conversation.
    fn of(self, id: &str) -> String {
        match self {
            Self::Same => id.to_owned(),
            Self::Other => format!("0000ffff{}", id.get(8..).unwrap_or_default()),
        }
    }
}

/// The setting `conversationDisconnect` of a Web Messaging deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationDisconnect {
    /// Visitors see nothing.
    Off,
    /// Visitors see it and may write again.
    Send,
    /// Visitors see it and must start a new conversation.
    ReadOnly,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            time: Time::default(),
            client_id: "8f1f6f6e-0000-4000-8000-00000000c11e".to_owned(),
            client_secret: "the secret of the OAuth client".to_owned(),
            token_seconds: 86_400,
            integration_id: "5f2c6f6e-0000-4000-8000-00000000012e".to_owned(),
            webhook_url: String::new(),
            webhook_secret: "the secret of the webhook".to_owned(),
            queue_id: "9e0e6f6e-0000-4000-8000-0000000009e0".to_owned(),
            repeat_deliveries: false,
            notifications: true,
            text_chars_max: 4_096,
            deployment_id: "de906f6e-0000-4000-8000-00000000de90".to_owned(),
            origins: Vec::new(),
            conversation_disconnect: ConversationDisconnect::ReadOnly,
            conversation_clear: true,
            reads_before_found: 0,
            agent_end: AgentEnd::Over,
            webhook_ids: WebhookIds::Same,
        }
    }
}

/// The simulated organization. Clones are the same one.
#[derive(Clone)]
pub struct GenesysCloud(Arc<Organization>);

struct Organization {
    options: Options,
    state: Mutex<State>,
    caller: Caller,
}

impl GenesysCloud {
    #[must_use]
    pub fn new(options: Options) -> Self {
        let state = Mutex::new(State::new(&options));
        Self(Arc::new(Organization { options, state, caller: Caller::new() }))
    }

    /// Revokes every access token.
    pub fn revoke_tokens(&self) {
        self.state().tokens.clear();
    }

    /// Sets the webhook URL of the first integration.
    pub fn set_webhook_url(&self, url: &str) {
        if let Some(integration) = self.state().integrations.first_mut() {
            url.clone_into(&mut integration.webhook_url);
        }
    }

    /// Closes every notification socket; `forget` the channels too, as after their 24 hours.
    pub fn drop_notifications(&self, channels: Channels) {
        let mut state = self.state();
        state.hub.close_sockets();
        if channels == Channels::Forgotten {
            state.hub.forget();
        }
    }

    /// Closes the visitors' sockets of Web Messaging; their sessions stay.
    pub fn drop_web_sockets(&self) {
        for session in self.state().web.values_mut() {
            session.sockets.clear();
        }
    }

    /// Expires a Web Messaging session, as after days of silence.
    pub fn expire_web_session(&self, token: &str) {
        self.state().expire_web_session(token);
    }

    /// Ends an agent's part of a conversation for the given reason. This ends the conversation too,
    /// except after a transfer, which returns it to the queue.
    pub fn disconnect(&self, chat: &str, why: DisconnectType) -> Result<(), String> {
        self.state().agent_ends(chat, why)
    }

    /// Number of agents' messages that a receipt reported as delivered.
    #[must_use]
    pub fn delivered(&self) -> usize {
        let state = self.state();
        let messages = state.conversations.iter().flat_map(|each| &each.messages);
        messages.filter(|message| message.status == "delivery-success").count()
    }

    /// Whether a notification socket is connected.
    #[must_use]
    pub fn is_listened_to(&self) -> bool {
        self.state().hub.is_listened_to()
    }

    /// A flow of the queue writes while the visitor waits.
    pub fn flow_says(&self, chat: &str, text: &str) -> Result<(), String> {
        self.state().flow_says(chat, text)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock()
    }

    fn options(&self) -> &Options {
        &self.0.options
    }

    /// Everything that needs an access token.
    fn api(&self) -> Router<Self> {
        const MESSAGES: &str = "/api/v2/conversations/messages";
        const OPEN: &str = "/api/v2/conversations/messaging/integrations/open";
        const CHANNELS: &str = "/api/v2/notifications/channels";
        let at = |root: &str, rest: &str| format!("{root}{rest}");
        let subscriptions = get(notifications::list)
            .post(notifications::add)
            .put(notifications::replace)
            .delete(notifications::clear);
        Router::new()
            .route(&at(MESSAGES, "/{id}/inbound/open/message"), post(inbound::message))
            .route(&at(MESSAGES, "/{id}/inbound/open/event"), post(inbound::event))
            .route(&at(MESSAGES, "/{id}/inbound/open/receipt"), post(inbound::receipt))
            .route(
                &at(MESSAGES, "/{id}/inbound/open/structured/response"),
                post(inbound::structured_response),
            )
            .route(&at(MESSAGES, "/{id}"), get(conversations::read).patch(conversations::change))
            .route(&at(MESSAGES, "/{id}/messages/{message}"), get(messages::read))
            .route(&at(MESSAGES, "/{id}/messages/bulk"), post(messages::bulk))
            .route(
                &at(MESSAGES, "/{id}/communications/{communication}/messages"),
                post(messages::say),
            )
            .route(
                &at(MESSAGES, "/{id}/communications/{communication}/typing"),
                post(messages::typing),
            )
            .route(
                &at(MESSAGES, "/{id}/participants/{participant}"),
                patch(conversations::change_participant),
            )
            .route(
                &at(MESSAGES, "/{id}/participants/{participant}/attributes"),
                patch(conversations::attributes),
            )
            .route(
                &at(MESSAGES, "/{id}/participants/{participant}/replace"),
                post(conversations::transfer),
            )
            .route("/api/v2/conversations/{id}", get(conversations::read_whole))
            .route("/api/v2/users/{id}", get(conversations::user))
            .route(OPEN, get(integrations::list).post(integrations::create))
            .route(&at(OPEN, "/{id}"), get(integrations::read).patch(integrations::change))
            .route(CHANNELS, get(notifications::channels).post(notifications::create))
            .route(&at(CHANNELS, "/{id}/subscriptions"), subscriptions)
            .layer(from_fn_with_state(self.clone(), login::need_token))
    }
}

/// What happens to notification channels when their sockets close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    Kept,
    Forgotten,
}

impl Tool for GenesysCloud {
    fn title(&self) -> &'static str {
        "Genesys Cloud"
    }

    fn router(&self) -> Router {
        const DEPLOYMENT: &str = "/webdeployments/v1/deployments/{id}/config.json";
        Router::new()
            .route("/oauth/token", post(login::token))
            .route("/channels/{id}", get(notifications::socket))
            .route(DEPLOYMENT, get(web::config))
            .route("/v1", get(web::socket))
            .route("/api/v2/webmessaging/messages", get(web::history))
            .merge(self.api())
            .fallback(|| async { Refusal::not_found("the requested resource").into_response() })
            .with_state(self.clone())
    }

    fn chats(&self) -> Vec<Chat> {
        self.state().conversations.iter().map(views::chat).collect()
    }

    fn act(&self, chat: &str, act: Act) -> Result<(), String> {
        self.state().act(chat, act)
    }

    fn failure(&self, status: StatusCode) -> Response {
        Refusal::of(status).into_response()
    }
}

/// Makes the deliveries of one conversation, one after the other.
fn deliver_in_order(tool: &GenesysCloud, from: Queue) {
    let (caller, time) = (tool.0.caller.clone(), tool.options().time);
    let repeats = tool.options().repeat_deliveries;
    tokio::spawn(webhook::deliver(caller, time, repeats, from));
}
