//! Calls of every revision (contract, sections 4 to 7): the same handler must take them all.

use serde_json::{Value, json};

use super::{
    Case, Checked, Contract, Middleware,
    call::{Call, is_no_failure},
    case, holds,
};

const HISTORY: &str = include_str!("../../../../wire/examples/r3.message_history.json");

const SHAPE: &str = "Read what this revision sends: require only userId, botId and queryInput.";
const SECRET: &str = "Look for the token in the body, bare in Authorization, and after Bearer.";
const TYPING: &str = "Look at eventType first: user_typing has neither text nor body token.";

pub(super) const CASES: &[Case<Middleware>] = &[
    case!(R1 "middleware/r1-step-one" "4.2",
        "Step one of r1, with the token in the body, is answered with `paused: true`.",
        SHAPE, |w| step_one(w, Contract::R1)),
    case!(R1 "middleware/r1-step-two" "4.4",
        "Step two of r1, with `session`, keeps the chat.",
        SHAPE, |w| step_two(w, Contract::R1)),
    case!(R2 "middleware/r2-step-one-cx" "3",
        "A response in the shape of Dialogflow CX starts a chat like one of ES.",
        "Take dialogflowResponse as it is: nothing in it is required.", step_one_cx),
    case!(R2 "middleware/r2-step-two-without-session" "5",
        "Step two of r2 has no `session` and keeps the chat.",
        "Find the chat by botId and userId, never by session.", |w| step_two(w, Contract::R2)),
    case!(R22 "middleware/r2.2-step-one-bearer" "13.2",
        "Step one of r2.2 has the token after `Bearer` and none in the body.",
        SECRET, |w| step_one(w, Contract::R22)),
    case!(R22 "middleware/r2.2-step-two-bearer" "13.2",
        "Step two of r2.2 has the token after `Bearer` and none in the body.",
        SECRET, |w| step_two(w, Contract::R22)),
    case!(R23 "middleware/r2.3-step-one-bare" "13.2",
        "Step one of r2.3 has the token bare in `Authorization` and none in the body.",
        SECRET, |w| step_one(w, Contract::R23)),
    case!(R23 "middleware/r2.3-step-two-bare" "13.2",
        "Step two of r2.3 has the token bare in `Authorization` and none in the body.",
        SECRET, |w| step_two(w, Contract::R23)),
    case!(R3 "middleware/r3-step-one" "6.2",
        "Step one of r3, with `sessionId` and an empty `messageHistory`, starts a chat.",
        SHAPE, |w| step_one(w, Contract::R3)),
    case!(R3 "middleware/r3-step-one-history" "7",
        "A `messageHistory` with items of all five kinds starts a chat.",
        "Tell the items apart by their payload, not by direction.", step_one_history),
    case!(R3 "middleware/r3-step-one-nested-history" "13.7",
        "A history item with its query one level deeper starts a chat too.",
        "Read payload.query and payload.queryParameters.query.", step_one_nested),
    case!(R3 "middleware/r3-step-two" "6.3",
        "Step two of r3, with `sessionId`, `payload` and `webhookHeaders`, keeps the chat.",
        SHAPE, |w| step_two(w, Contract::R3)),
    case!(R31 "middleware/r3.1-step-two-event-type" "6.3",
        "Step two with `eventType: \"message\"` is a message.",
        "Take eventType message for step two; it may also be absent.",
        |w| step_two(w, Contract::R31)),
    case!(R31 "middleware/r3.1-typing" "6.4",
        "A typing call, with the token in the header alone, is taken without an error.",
        TYPING, typing),
    case!(R31 "middleware/r3.1-typing-changes-nothing" "6.4",
        "A typing call leaves the chat as it is: the next message is kept.",
        TYPING, typing_changes_nothing),
    case!(R31 "middleware/r3.1-typing-without-chat" "6.4",
        "A typing call of a visitor who has no chat is taken without an error.",
        TYPING, typing_without_chat),
    case!(All "middleware/event-input" "13.14",
        "A message that stands for an event, with `queryInput.event` beside the text, is kept.",
        "Read queryInput.text.text and ignore queryInput.event.", event_input),
    case!(All "middleware/event-input-alone" "13.14",
        "A message with an event and no text is no failure of the server.",
        "Answer a 4xx, or use the name of the event as the text.", event_alone),
    case!(All "middleware/unknown-fields" "12",
        "Fields that no revision knows are ignored.",
        "Ignore unknown fields on every level.", unknown_fields),
    case!(All "middleware/null-fields" "13.13",
        "Fields that are null count as absent.",
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
