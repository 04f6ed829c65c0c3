//! The handover contract: the push endpoint, and the webhook calls with their answers.

use serde_json::{Map, Value, json};

use super::{content, reference};

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

pub(super) fn webhooks() -> Map<String, Value> {
    let call = |id: &str, summary: &str, body: Value, answer: Value| {
        let ids = "The same when a call is made again after a crash";
        let left = "Step one and step two: how many milliseconds are left for the answer. An \
                    extension of Baton";
        let parameters = [
            header("Idempotency-Key", ids),
            header("X-Request-Id", ids),
            header("X-Baton-Time-Left-Ms", left),
        ];
        json!({ "post": {
            "tags": ["webhook"],
            "operationId": id,
            "summary": summary,
            "security": [{ "webhookToken": [] }],
            "parameters": parameters,
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
    let calls = [
        ("stepOne", "The bot asked for a human", one, answer.clone()),
        ("stepTwo", "The visitor wrote while paused", two, answer),
        ("userTyping", "The visitor types", told(), ignored.clone()),
        ("userLeft", "The visitor is gone", told(), ignored.clone()),
        ("pauseExpired", "The pause ran out", told(), ignored),
    ];
    let calls = calls.into_iter();
    calls.map(|(id, summary, body, to)| (id.to_owned(), call(id, summary, body, to))).collect()
}

fn header(name: &str, description: &str) -> Value {
    let schema = json!({ "type": "string" });
    json!({ "name": name, "in": "header", "description": description, "schema": schema })
}
