//! Bodies of our own APIs that are read or written by hand elsewhere, as clients should write or
//! expect them. Nothing makes values of these types: the routes name them for their schemas.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::visitor::{Event, Page};

type Object = BTreeMap<String, Value>;

/// What the visitor wrote, or an action of the page as a Dialogflow event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VisitorMessage {
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
    page: Option<Page>,
    /// Headers for the bot's own fulfilment, at most 20; sent with this query and never stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_headers: Option<BTreeMap<String, String>>,
}

/// A Dialogflow event.
#[derive(Serialize, ToSchema)]
pub struct NamedEvent {
    #[schema(min_length = 1, max_length = 150)]
    name: String,
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    parameters: Option<Object>,
}

/// A message of an agent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentMessage {
    /// Of your own; the same again gives the same answer.
    #[schema(min_length = 1, max_length = 128)]
    client_id: String,
    #[schema(min_length = 1)]
    text: String,
}

/// The first frame of the visitor's stream.
#[derive(Serialize, ToSchema)]
pub struct StreamHello {
    token: String,
    /// The last `seq` you have.
    after: u64,
}

/// One page of the visitor's events.
#[derive(Serialize, ToSchema)]
pub struct VisitorEvents {
    events: Vec<Event<'static>>,
    /// What to send as `after` next time.
    next: u64,
}

/// Whether a human agent takes chats.
#[derive(Serialize, ToSchema)]
pub struct Availability {
    available: bool,
}
