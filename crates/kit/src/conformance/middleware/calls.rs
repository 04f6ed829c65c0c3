//! Calls of every revision (contract, sections 4 to 7): the same handler must take them all.

use serde_json::{Value, json};

use super::{
    Case, Checked, Contract, Middleware,
    call::{Call, is_no_failure},
    case, holds,
};

const HISTORY: &str = include_str!("../../../../wire/examples/r3.message_history.json");

const SHAPE: &str = "Require only the fields userId, botId and queryInput.";
const SECRET: &str = "Accept the token in the body, in Authorization, or in Authorization after \
    Bearer.";
const TYPING: &str = "Read eventType first: a user_typing call has no text, and no token in the \
    body.";

pub(super) const CASES: &[Case<Middleware>] = &[
    case!(R1 "middleware/r1-step-one" "4.2",
        "Step one of r1, with the token in the body, is answered with `paused: true`.",
        SHAPE, |w| step_one(w, Contract::R1)),
    case!(R1 "middleware/r1-step-two" "4.4",
        "Step two of r1, with `session`, is answered with `paused: true`.",
        SHAPE, |w| step_two(w, Contract::R1)),
    case!(R2 "middleware/r2-step-one-cx" "3",
        "Step one with a response of Dialogflow CX starts a chat, as with a response of ES.",
        "Accept any dialogflowResponse: require no field in it.", step_one_cx),
    case!(R2 "middleware/r2-step-two-without-session" "5",
        "Step two of r2, without `session`, is answered with `paused: true`.",
        "Find the chat by botId and userId, never by session.", |w| step_two(w, Contract::R2)),
    case!(R22 "middleware/r2.2-step-one-bearer" "13.2",
        "Step one of r2.2, with the token only after `Bearer`, is answered with `paused: true`.",
        SECRET, |w| step_one(w, Contract::R22)),
    case!(R22 "middleware/r2.2-step-two-bearer" "13.2",
        "Step two of r2.2, with the token only after `Bearer`, is answered with `paused: true`.",
        SECRET, |w| step_two(w, Contract::R22)),
    case!(R23 "middleware/r2.3-step-one-bare" "13.2",
        "Step one of r2.3, with the token only in `Authorization` and without a scheme, is \
         answered with `paused: true`.",
        SECRET, |w| step_one(w, Contract::R23)),
    case!(R23 "middleware/r2.3-step-two-bare" "13.2",
        "Step two of r2.3, with the token only in `Authorization` and without a scheme, is \
         answered with `paused: true`.",
        SECRET, |w| step_two(w, Contract::R23)),
    case!(R3 "middleware/r3-step-one" "6.2",
        "Step one of r3, with `sessionId` and an empty `messageHistory`, starts a chat.",
        SHAPE, |w| step_one(w, Contract::R3)),
    case!(R3 "middleware/r3-step-one-history" "7",
        "A `messageHistory` with items of all five kinds starts a chat.",
        "Recognize the kind of an item by its payload, not by its direction.", step_one_history),
    case!(R3 "middleware/r3-step-one-nested-history" "13.7",
        "A history item with `query` inside `payload.queryParameters` is accepted too.",
        "Read payload.query and payload.queryParameters.query.", step_one_nested),
    case!(R3 "middleware/r3-step-two" "6.3",
        "Step two of r3, with `sessionId`, `payload` and `webhookHeaders`, is answered with \
         `paused: true`.",
        SHAPE, |w| step_two(w, Contract::R3)),
    case!(R31 "middleware/r3.1-step-two-event-type" "6.3",
        "Step two with `eventType: \"message\"` is handled like step two without `eventType`.",
        "Treat a call with eventType message as step two, and a call without eventType too.",
        |w| step_two(w, Contract::R31)),
    case!(R31 "middleware/r3.1-typing" "6.4",
        "A typing call, with the token only in the header, gets a 2xx answer.",
        TYPING, typing),
    case!(R31 "middleware/r3.1-typing-changes-nothing" "6.4",
        "A typing call does not change the chat: the next message is answered with `paused: true`.",
        TYPING, typing_changes_nothing),
    case!(R31 "middleware/r3.1-typing-without-chat" "6.4",
        "A typing call of a visitor without a chat gets a 2xx answer.",
        TYPING, typing_without_chat),
    case!(All "middleware/event-input" "13.14",
        "A message with both `queryInput.event` and a text is answered with `paused: true`.",
        "Read queryInput.text.text and ignore queryInput.event.", event_input),
    case!(All "middleware/event-input-alone" "13.14",
        "A message with an event and no text does not get a 5xx answer.",
        "Answer a 4xx, or use the name of the event as the text.", event_alone),
    case!(All "middleware/unknown-fields" "12",
        "Unknown fields are ignored.",
        "Ignore unknown fields on every level.", unknown_fields),
    case!(All "middleware/null-fields" "13.13",
        "A field with the value null counts as absent.",
        "Treat null like a missing field.", null_fields),
];

async fn step_one(world: &Middleware, contract: Contract) -> Checked {
    let user = world.user(&format!("one-{}", contract.name()));
    world.paused(&world.step_one(contract, &user)).await
}

async fn step_two(world: &Middleware, contract: Contract) -> Checked {
    let user = world.user(&format!("two-{}", contract.name()));
    world.hand_over(&user).await?;
    world.paused(&world.step_two(contract, &user, "help me please")).await
}

async fn step_one_cx(world: &Middleware) -> Checked {
    let mut call = world.step_one(Contract::R2, &world.user("cx"));
    call.body["queryParams"] = json!({ "contexts": [], "parameters": { "plan": "gold" } });
    let session = "projects/p/locations/global/agents/a/sessions/s";
    let call = call.with("session", session).with(
        "dialogflowResponse",
        json!({
            "responseId": "r1",
            "queryResult": {
                "text": "talk to a person", "languageCode": "en",
                "parameters": { "bcHumanHandover": true },
                "responseMessages": [{ "text": { "text": ["Connecting you"] } }],
                "currentPage": { "name": "pages/p1", "displayName": "Handover" },
                "match": { "matchType": "INTENT", "confidence": 1 },
            },
            "responseType": "FINAL",
        }),
    );
    world.paused(&call).await
}

async fn step_one_history(world: &Middleware) -> Checked {
    let history: Value = serde_json::from_str(HISTORY).unwrap_or_default();
    let call = world.step_one(Contract::R3, &world.user("history"));
    world.paused(&call.with("messageHistory", history)).await
}

async fn step_one_nested(world: &Middleware) -> Checked {
    let payload = json!({ "queryParameters": {
        "queryParameters": {}, "query": "hello", "lang": "en", "sessionId": "s1",
    } });
    let item = json!({
        "_id": "h1", "botPlatform": "dialogFlowCX", "direction": "in", "payload": payload,
        "createdAt": "2026-01-01T10:00:00.000Z",
    });
    let call = world.step_one(Contract::R3, &world.user("nested"));
    world.paused(&call.with("messageHistory", json!([item]))).await
}

async fn typing(world: &Middleware) -> Checked {
    let user = world.user("typing");
    world.hand_over(&user).await?;
    taken(world, &world.event(&user, "user_typing")).await
}

async fn typing_changes_nothing(world: &Middleware) -> Checked {
    let user = world.user("typing-then");
    world.hand_over(&user).await?;
    world.send(&world.event(&user, "user_typing")).await?;
    world.paused(&world.step_two(Contract::R31, &user, "after typing")).await
}

async fn typing_without_chat(world: &Middleware) -> Checked {
    taken(world, &world.event(&world.user("typing-alone"), "user_typing")).await
}

/// The reply to this call carries no meaning, but it must not be a refusal.
async fn taken(world: &Middleware, call: &Call) -> Checked {
    let answer = world.send(call).await?;
    holds((200..300).contains(&answer.status), "a 2xx status", answer.shown())
}

async fn event_input(world: &Middleware) -> Checked {
    let user = world.user("event");
    world.hand_over(&user).await?;
    let mut call = world.step_two(Contract::R1, &user, "Opening hours");
    call.body["queryInput"]["event"] = json!({ "name": "HOURS", "languageCode": "en" });
    world.paused(&call).await
}

async fn event_alone(world: &Middleware) -> Checked {
    let user = world.user("event-alone");
    world.hand_over(&user).await?;
    let call = world.step_two(Contract::R1, &user, "");
    let input = json!({ "event": { "name": "HOURS", "languageCode": "en" } });
    is_no_failure(&world.send(&call.with("queryInput", input)).await?)
}

async fn unknown_fields(world: &Middleware) -> Checked {
    let mut call = world.step_one(Contract::R31, &world.user("unknown"));
    for place in ["", "/queryInput", "/queryParams", "/dialogflowResponse"] {
        if let Some(place) = call.body.pointer_mut(place) {
            place["xFromTheFuture"] = json!({ "deep": [1, { "more": null }] });
        }
    }
    world.paused(&call.header("x-from-the-future", "1")).await
}

async fn null_fields(world: &Middleware) -> Checked {
    let mut call = world.step_one(Contract::R3, &world.user("null"));
    call.body["queryParams"]["payload"] = Value::Null;
    call.body["dialogflowResponse"]["webhookStatus"] = Value::Null;
    let call = call.with("messageHistory", Value::Null).with("sessionId", Value::Null);
    world.paused(&call.with("eventType", Value::Null)).await
}
