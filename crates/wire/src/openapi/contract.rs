//! The handover contract: the push endpoint, and the webhook calls with their answers. Of every
//! revision at once, which is why most fields may be missing (contract, section 11).
#![expect(dead_code, reason = "only their schemas are used")]

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{Schemas, add, content, reference};

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
    add::<HistoryItem>(found);
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

pub(super) fn push() -> Map<String, Value> {
    let kinds = ["push_message", "push_pause", "push_resume", "push_typing"];
    let mut examples = Map::new();
    for kind in kinds {
        let mut shown = content("PushMessage", Some(kind));
        if let Value::Object(shown) = shown["application/json"]["examples"].take() {
            examples.extend(shown);
        }
    }
    let bodies = ["PushMessage", "PushChannelUpdate", "PushTyping"].map(reference);
    let body = json!({ "schema": { "oneOf": bodies }, "examples": examples });
    let refused =
        |why: &str| json!({ "description": why, "content": content("PushRefused", None) });
    let operation = json!({
        "tags": ["push"],
        "operationId": "push",
        "summary": "What the agent says and does, from any revision's middleware",
        "security": [{ "pushKey": [] }, { "pushKeyBearer": [] }, {}],
        "parameters": [header("Idempotency-Key", "The same again changes nothing")],
        "requestBody": { "required": true, "content": { "application/json": body } },
        "responses": {
            "200": { "description": "Taken", "content": content("PushAccepted", None) },
            "400": refused("Cannot be read; `field` says where"),
            "401": refused("No valid key"),
            "403": refused("A key of another bot"),
            "404": refused("No such bot or user"),
            "405": refused("Not a POST"),
            "413": refused("Too large"),
            "415": refused("Not JSON"),
            "422": refused("The id was used for another push"),
            "429": refused("Too many are waiting; see Retry-After"),
            "503": refused("Not now; send it again with the same id"),
        },
    });
    Map::from_iter([(crate::push::PATH.to_owned(), json!({ "post": operation }))])
}

pub(super) fn webhooks() -> Value {
    let call = |id: &str, summary: &str, body: Value, answer: Value| {
        let ids = "The same when a call is made again after a crash";
        json!({ "post": {
            "tags": ["webhook"],
            "operationId": id,
            "summary": summary,
            "security": [{ "webhookToken": [] }],
            "parameters": [header("Idempotency-Key", ids), header("X-Request-Id", ids)],
            "requestBody": { "required": true, "content": body },
            "responses": { "200": answer },
        } })
    };
    let mut answers = content("WebhookAnswer", Some("reply_paused"));
    let mut refused = content("WebhookAnswer", Some("reply_refused"));
    if let (Some(Value::Object(answers)), Value::Object(refused)) = (
        answers.pointer_mut("/application~1json/examples"),
        refused["application/json"]["examples"].take(),
    ) {
        answers.extend(refused);
    }
    let answer = json!({ "description": "Within five seconds", "content": answers });
    let ignored = json!({ "description": "Whatever it is, nothing follows from it" });
    let one = content("StepOne", Some("step_one"));
    let two = content("StepTwo", Some("step_two"));
    let told = || content("WebhookNotice", Some("typing_call"));
    json!({
        "stepOne": call("stepOne", "The bot asked for a human", one, answer.clone()),
        "stepTwo": call("stepTwo", "The visitor wrote while paused", two, answer),
        "userTyping": call("userTyping", "The visitor types", told(), ignored.clone()),
        "userLeft": call("userLeft", "The visitor is gone", told(), ignored.clone()),
        "pauseExpired": call("pauseExpired", "The pause ran out", told(), ignored),
    })
}

fn header(name: &str, description: &str) -> Value {
    let schema = json!({ "type": "string" });
    json!({ "name": name, "in": "header", "description": description, "schema": schema })
}
