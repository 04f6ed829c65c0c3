//! Bodies that are read by hand elsewhere, as their authors should write them.
//!
//! Nothing makes values of these types: they exist for their schemas.
#![expect(dead_code, reason = "only their schemas are used")]

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::visitor::Event;

type Object = BTreeMap<String, Value>;

/// What the visitor wrote, or an action of the page as a Dialogflow event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VisitorMessage {
    /// Of your own; the same again gives the same answer.
    #[schema(min_length = 1, max_length = 128)]
    client_id: String,
    /// Required without `event`.
    #[schema(min_length = 1, max_length = 4000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<NamedEvent>,
    /// What the visitor sees and an agent reads of an event.
    #[schema(max_length = 4000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Values of a form or an action: session parameters for CX, for ES those of the context
    /// `botcopy-form-context`.
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Object>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<crate::visitor::Page>,
    /// Headers for the bot's own fulfilment, at most 20; sent with this query and never stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_headers: Option<BTreeMap<String, String>>,
}

/// A Dialogflow event.
#[derive(Serialize, ToSchema)]
pub(crate) struct NamedEvent {
    #[schema(min_length = 1, max_length = 150)]
    name: String,
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    parameters: Option<Object>,
}

/// A message of an agent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentMessage {
    /// Of your own; the same again gives the same answer.
    #[schema(min_length = 1, max_length = 128)]
    client_id: String,
    #[schema(min_length = 1)]
    text: String,
}

/// The first frame of the visitor's stream.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamHello {
    token: String,
    /// The last `seq` you have.
    after: u64,
}

/// One page of the visitor's events.
#[derive(Serialize, ToSchema)]
pub(crate) struct VisitorEvents {
    events: Vec<Event<'static>>,
    /// What to send as `after` next time.
    next: u64,
}

/// Who may answer now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Control {
    Bot,
    Requested,
    Human,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChatStatus {
    Queued,
    Live,
    Closed,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Speaker {
    Visitor,
    Bot,
    Agent,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SignIn {
    email: String,
    #[schema(format = Password)]
    password: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Availability {
    available: bool,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Chats {
    /// The longest waiting first.
    chats: Vec<crate::desk::Chat>,
}

/// A chat with what was said before the handover.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChatShown {
    #[serde(flatten)]
    chat: crate::desk::Chat,
    transcript: Vec<crate::desk::TranscriptLine>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ChatEvents {
    events: Vec<crate::desk::ChatEvent>,
    next: u64,
}
