//! Bodies of the handover contract, of every revision at once, which is why most fields may be
//! missing (contract, section 11). Nothing makes values of these types.
#![expect(dead_code, reason = "only their schemas are used")]

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Schemas, add};
use crate::MessageFormat;

type Object = BTreeMap<String, Value>;

pub(super) fn schemas(found: &mut Schemas) {
    add::<StepOne>(found);
    add::<StepTwo>(found);
    add::<Told>(found);
    add::<WebhookAnswer>(found);
    add::<PushMessage>(found);
    add::<PushChannelUpdate>(found);
    add::<PushTyping>(found);
    add::<PushAccepted>(found);
    add::<PushRefused>(found);
}

/// The bot asked for a human.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StepOne {
    #[serde(flatten)]
    call: Call,
    /// The detectIntent response, of ES or CX.
    #[schema(value_type = BTreeMap<String, Value>)]
    dialogflow_response: Object,
    /// Oldest first (r3).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    message_history: Vec<HistoryItem>,
}

/// The visitor wrote while paused.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StepTwo {
    #[serde(flatten)]
    call: Call,
    /// While typing calls are on (r3.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<MessageEvent>,
}

/// What both steps have.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookCall)]
struct Call {
    /// The webhook token (not in r2.2 and r2.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    #[schema(min_length = 1)]
    user_id: String,
    #[schema(min_length = 1)]
    bot_id: String,
    /// Since r3.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    /// Dialogflow session path (not in step two of r2).
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    query_input: QueryInput,
    /// What the visitor and the bot said while the receiver could not be reached; with the next
    /// call that it takes. An extension of Baton.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missed_messages: Vec<HistoryItem>,
    query_params: QueryParams,
}

#[derive(Serialize, ToSchema)]
struct QueryInput {
    text: QueryText,
    /// The Dialogflow event that stood in for the text.
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Object>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QueryText {
    text: String,
    language_code: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QueryParams {
    contexts: Vec<Context>,
    /// CX session parameters.
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Object>,
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Object>,
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_headers: Option<Object>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DialogflowContext)]
struct Context {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifespan_count: Option<u32>,
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Object>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MessageEvent {
    Message,
}

/// The visitor types (r3.1); or, as our extension, is gone, or the pause ran out. No secret in the
/// body, and nothing follows from the answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookNotice)]
struct Told {
    #[schema(min_length = 1)]
    user_id: String,
    #[schema(min_length = 1)]
    bot_id: String,
    session_id: String,
    event_type: ToldEvent,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NoticeEvent)]
enum ToldEvent {
    UserTyping,
    UserLeft,
    PauseExpired,
}

/// Within five seconds.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WebhookAnswer {
    paused: bool,
    /// 10 when it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes_paused: Option<f64>,
}

/// What was said, oldest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    message_history: Vec<HistoryItem>,
}

/// One of five kinds, told apart by the payload (contract, section 7).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HistoryItem {
    #[serde(rename = "_id")]
    id: String,
    bot_platform: BotPlatform,
    direction: Direction,
    /// Our extension: the direction is ambiguous.
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<Sender>,
    #[schema(value_type = BTreeMap<String, Value>)]
    payload: Object,
    #[schema(format = DateTime)]
    created_at: String,
    /// In `missedMessages`, for what the visitor said: the id of the call that brought it, or
    /// should have brought it. An extension of Baton.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
enum BotPlatform {
    #[serde(rename = "dialogflowES")]
    Es,
    #[serde(rename = "dialogFlowCX")]
    Cx,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Direction {
    In,
    Out,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sender {
    Customer,
    Bot,
    Agent,
}

/// What every push has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PushCommon {
    /// The push key (r1, r2).
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    #[schema(min_length = 1)]
    user_id: String,
    #[schema(min_length = 1)]
    bot_id: String,
    /// 10 when it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes_paused: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_profile: Option<AgentProfile>,
    /// Our extension: makes a repeat recognizable, like `Idempotency-Key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AgentProfile {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<String>,
}

/// The agent says something.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PushMessage {
    #[serde(flatten)]
    common: PushCommon,
    event_type: MessageEvent,
    #[schema(min_length = 1, max_length = 16000)]
    text: String,
    /// Markdown when it is missing. An extension of Baton, whose desk sends `plain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<MessageFormat>,
    /// True keeps the pause alive; false hands back to the bot.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<bool>,
}

/// A human takes over, goes on, or hands back.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PushChannelUpdate {
    #[serde(flatten)]
    common: PushCommon,
    event_type: ChannelUpdateEvent,
    paused: bool,
    /// With `paused` false: `default`, `none`, or the Dialogflow event to send (r2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    unpause_chat_event: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ChannelUpdateEvent {
    ChannelUpdate,
}

/// The agent types; shown for ten seconds.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PushTyping {
    #[serde(flatten)]
    common: PushCommon,
    event_type: TypingEvent,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<bool>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TypingEvent {
    UserTyping,
    AgentTyping,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PushAccepted {
    ok: bool,
    paused: bool,
    #[schema(format = DateTime)]
    paused_until: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct PushRefused {
    ok: bool,
    error: PushError,
}

#[derive(Serialize, ToSchema)]
struct PushError {
    code: String,
    message: String,
    /// JSON path of the field to blame.
    field: Option<String>,
}
