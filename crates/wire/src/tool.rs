//! The contract with tools connected by webhook (docs/connectors/webhook.md): events from the
//! bridge to the tool, and events from the tool at `POST /connectors/{name}/events`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An event from the bridge to the tool.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HandoverEvent)]
pub struct HandoverEvent<'a> {
    #[serde(rename = "type")]
    pub kind: HandoverEventType,
    /// The same for every attempt: drop repeats by it.
    pub id: &'a str,
    /// Id of the handover in both directions.
    pub handover: &'a str,
    pub bot_id: &'a str,
    pub visitor: Visitor<'a>,
    /// Time of the event, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Of `handover.opened` and `visitor.message`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
    /// The intent that asked for a human agent, of `handover.opened`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intent: Option<&'a str>,
    /// The conversation before, of `handover.opened`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transcript: Vec<TranscriptLine<'a>>,
    /// Of `visitor.typing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<bool>,
    /// Of `handover.left`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub enum HandoverEventType {
    #[serde(rename = "handover.opened")]
    Opened,
    #[serde(rename = "visitor.message")]
    Message,
    #[serde(rename = "visitor.typing")]
    Typing,
    #[serde(rename = "handover.left")]
    Left,
    /// A test of the settings; there is no handover.
    #[serde(rename = "check")]
    Check,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = HandoverVisitor)]
pub struct Visitor<'a> {
    pub id: &'a str,
    /// BCP 47.
    pub language: &'a str,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = TranscriptLine)]
pub struct TranscriptLine<'a> {
    /// `visitor`, `bot` or `agent`.
    pub from: &'a str,
    pub text: &'a str,
    /// RFC 3339, if the platform sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// The response of a tool to `handover.opened`. Every field is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(default)]
pub struct HandoverAnswer {
    /// `false` refuses the handover: the visitor stays with the bot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    /// Why the handover is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A notice for the visitor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// An event from the tool to the bridge.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolEvent {
    /// Required for `agent.message` and `notice`; the same when the event is sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub handover: String,
    /// `agent.joined`, `agent.message`, `agent.typing`, `agent.left`, `handover.held`, `notice` or
    /// `handover.ended`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<ToolAgent>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    #[serde(default)]
    pub format: TextFormat,
    /// Of `agent.typing` and `handover.held`; true when it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ToolFile>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ToolAgent {
    /// The tool's own id of the agent, if it has one.
    pub id: String,
    pub name: String,
    pub avatar_url: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TextFormat {
    #[default]
    Markdown,
    /// Shown as it is: every sign stays.
    Plain,
    /// Converted to Markdown; scripts in it never run.
    Html,
}

/// A file; the visitor gets a link.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct ToolFile {
    #[serde(default)]
    pub name: String,
    pub url: String,
}

/// Several events in one call, stored in this order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct ToolEvents {
    #[schema(max_items = 100)]
    pub events: Vec<ToolEvent>,
}

/// The response after the events are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct ToolEventsStored {
    pub stored: usize,
}
