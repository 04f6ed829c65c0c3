//! Malformed calls must get a 4xx and no server failure, and the next good call must work
//! (contract, section 15, as for pushes).

use serde_json::{Value, json};

use super::{
    Case, Checked, Contract, Middleware,
    call::{Call, is_client_error},
    case,
};

const ANSWER: &str = "Check the body first, and answer 400 when it is invalid.";

pub(super) const CASES: &[Case<Middleware>] = &[
    case!(All "middleware/body-not-json" "15",
        "A body that is not JSON gets a 4xx answer.",
        ANSWER, |w| raw(w, "not-json", |_| "<xml/>".to_owned())),
    case!(All "middleware/body-empty" "15",
        "An empty body gets a 4xx answer.",
        ANSWER, |w| raw(w, "empty-body", |_| String::new())),
    case!(All "middleware/body-cut" "15",
        "A truncated body gets a 4xx answer.",
        ANSWER, |w| raw(w, "cut", |body| body[..body.len() / 2].to_owned())),
    case!(All "middleware/body-array" "15",
        "A body that is an array gets a 4xx answer.",
        ANSWER, |w| raw(w, "array", |body| format!("[{body}]"))),
    case!(All "middleware/body-null" "15",
        "A body that is null gets a 4xx answer.",
        ANSWER, |w| raw(w, "null-body", |_| "null".to_owned())),
    case!(All "middleware/body-nested" "15",
        "A body of ten thousand open brackets gets a 4xx answer.",
        "Limit the nesting depth of the JSON parser.",
        |w| raw(w, "nested", |_| "[".repeat(10_000))),
    case!(All "middleware/user-id-missing" "15",
        "A call without `userId` gets a 4xx answer.",
        ANSWER, |w| wrong(w, "no-user", "/userId", None)),
    case!(All "middleware/user-id-a-number" "15",
        "A call with a number as `userId` gets a 4xx answer.",
        ANSWER, |w| wrong(w, "user-number", "/userId", Some(json!(7)))),
    case!(All "middleware/user-id-an-object" "15",
        "A call with an object as `userId` gets a 4xx answer.",
        ANSWER, |w| wrong(w, "user-object", "/userId", Some(json!({ "$ne": null })))),
    case!(All "middleware/bot-id-missing" "15",
        "A call without `botId` gets a 4xx answer.",
        ANSWER, |w| wrong(w, "no-bot", "/botId", None)),
    case!(All "middleware/query-input-missing" "15",
        "Step two without `queryInput` gets a 4xx answer.",
        ANSWER, |w| wrong(w, "no-input", "/queryInput", None)),
    case!(All "middleware/text-a-number" "15",
        "Step two with a number as text gets a 4xx answer.",
        ANSWER, |w| wrong(w, "text-number", "/queryInput/text/text", Some(json!(7)))),
    case!(All "middleware/text-an-object" "15",
        "Step two with an object as text gets a 4xx answer.",
        ANSWER, |w| wrong(w, "text-object", "/queryInput/text/text", Some(json!({})))),
];

impl Middleware {
    /// Sends a call with another body, as a text.
    pub(super) async fn send_text(
        &self,
        call: &Call,
        body: String,
    ) -> Checked<super::super::Answer> {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(call.headers.iter().map(|(name, value)| (*name, value.as_str())));
        Ok(self.client.send(http::Method::POST, &self.url, &headers, body).await?)
    }
}

async fn raw(world: &Middleware, name: &str, body: fn(&str) -> String) -> Checked {
    let user = world.user(name);
    let call = world.step_one(Contract::R3, &user);
    let answer = world.send_text(&call, body(&call.body.to_string())).await?;
    is_client_error(&answer)?;
    world.paused(&call).await
}

/// Step two with one field replaced or removed.
async fn wrong(world: &Middleware, name: &str, place: &str, value: Option<Value>) -> Checked {
    let user = world.user(name);
    world.hand_over(&user).await?;
    let good = world.step_two(Contract::R3, &user, "help me please");
    let mut call = good.clone();
    match value {
        Some(value) => {
            if let Some(place) = call.body.pointer_mut(place) {
                *place = value;
            }
        }
        None => {
            if let Some(body) = call.body.as_object_mut() {
                body.remove(place.trim_start_matches('/'));
            }
        }
    }
    is_client_error(&world.send(&call).await?)?;
    world.paused(&good).await
}
