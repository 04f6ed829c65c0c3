//! What a webhook answers: a `WebhookResponse` of version 2, read as strictly as the service does.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ANSWER_BYTES_MAX, CallError, Reply, status::Failure};
use crate::shapes::WEBHOOK_RESPONSE;

/// Every field may be missing.
#[derive(Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct WebhookResponse {
    pub(crate) fulfillment_text: String,
    /// Canonical messages.
    pub(crate) fulfillment_messages: Vec<Value>,
    pub(crate) source: String,
    pub(crate) payload: Map<String, Value>,
    pub(crate) output_contexts: Vec<OutputContext>,
    followup_event_input: Option<FollowupEvent>,
    pub(crate) session_entity_types: Vec<SessionEntityType>,
    pub(crate) live_agent_handoff: bool,
    end_interaction: bool,
    trigger_end_of_conversation: bool,
}

/// A context to set; a lifespan of 0, or none, deletes it.
#[derive(Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OutputContext {
    /// A full path.
    pub(crate) name: String,
    lifespan_count: i64,
    pub(crate) parameters: Map<String, Value>,
}

/// An event that is matched in place of answering.
#[derive(Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct FollowupEvent {
    pub(crate) name: String,
    pub(crate) parameters: Map<String, Value>,
}

/// Values of an entity type of the agent for one session.
#[derive(Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionEntityType {
    /// A full path that ends with the name of the entity type.
    pub name: String,
    /// Name of an `EntityOverrideMode`.
    pub entity_override_mode: String,
    pub entities: Vec<SessionEntity>,
}

/// One value and its other names.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionEntity {
    pub value: String,
    pub synonyms: Vec<String>,
}

pub(super) fn read(reply: &Reply) -> Result<WebhookResponse, Failure> {
    if !(200..300).contains(&reply.status) {
        return Err(Failure::http(reply.status));
    }
    if reply.body.len() > ANSWER_BYTES_MAX {
        return Err(CallError::TooLarge.into());
    }
    let body = reply.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&reply.body).trim_ascii();
    if body.is_empty() {
        return Err(Failure::empty());
    }
    if !body.starts_with(b"{") {
        return Err(Failure::not_a_message(body));
    }
    let written: Value = serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::unreadable(&format!("Invalid JSON at line {line}, column {column}"))
    })?;
    let canonical = WEBHOOK_RESPONSE.read("", &written)?;
    serde_json::from_value(canonical).map_err(|error| Failure::unreadable(&error.to_string()))
}

impl WebhookResponse {
    /// The event to match, if one is named.
    pub(crate) fn followup_event(&self) -> Option<&FollowupEvent> {
        self.followup_event_input.as_ref().filter(|event| !event.name.is_empty())
    }

    pub(crate) fn ends_interaction(&self) -> bool {
        self.end_interaction || self.trigger_end_of_conversation
    }
}

impl OutputContext {
    /// Turns; longer than any session lasts counts as the longest.
    pub(crate) fn lifespan(&self) -> Result<u32, Failure> {
        u32::try_from(self.lifespan_count)
            .map_err(|_| Failure::invalid("The lifespan of a context is negative"))
    }
}
