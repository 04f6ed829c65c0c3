//! Pushes that must be refused, and how (contract, section 15).

use http::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{
    super::Answer,
    Case, Checked, Platform, Reply, Visit, case, holds,
    visit::{merge, shown_all},
};
use crate::push::KeyIn;

const BODY: &str = "Answer 400 with {\"ok\":false,\"error\":{\"code\",\"message\",\"field\"}}.";
const KEY: &str = "Answer 401, the same for every wrong key, and do nothing.";

pub(super) const CASES: &[Case<Platform>] = &[
    case!(All "platform/push-no-key" "15",
        "A push without a key is refused with 401.", KEY, no_key),
    case!(R1 "platform/push-wrong-key-in-body" "15",
        "A wrong key in the body is refused with 401.",
        KEY, |w| wrong_key(w, "wrong", KeyIn::Body)),
    case!(R23 "platform/push-wrong-key-bare" "15",
        "A wrong key, bare in `Authorization`, is refused with 401.",
        KEY, |w| wrong_key(w, "wrong", KeyIn::Bare)),
    case!(R22 "platform/push-wrong-key-after-bearer" "15",
        "A wrong key after `Bearer` is refused with 401.",
        KEY, |w| wrong_key(w, "wrong", KeyIn::Bearer)),
    case!(All "platform/push-empty-key" "15",
        "An empty key is refused with 401.", KEY, |w| wrong_key(w, "", KeyIn::Bare)),
    case!(All "platform/push-webhook-token" "13.17",
        "The webhook token is not accepted as a push key.", KEY, webhook_token),
    case!(All "platform/push-key-reads-nothing" "13.18",
        "The push key is not accepted by the visitor API.",
        "Accept only visitors' tokens in the visitor API.", key_reads_nothing),
    case!(All "platform/push-wrong-key-tells-nothing" "15",
        "With a wrong key, the answer is the same for known and unknown bots and users.",
        KEY, tells_nothing),
    case!(All "platform/push-not-json" "15",
        "A body that is not JSON is refused with 400.",
        BODY, |w| raw(w, "<xml/>", 400)),
    case!(All "platform/push-empty-body" "15",
        "An empty body is refused with 400.", BODY, |w| raw(w, "", 400)),
    case!(All "platform/push-array" "15",
        "A body that is an array is refused with 400.", BODY, |w| raw(w, "[]", 400)),
    case!(All "platform/push-too-large" "15",
        "A body of two megabytes is refused with 413.",
        "Limit the body, for example to 256 KiB.", too_large),
    case!(All "platform/push-text-missing" "15",
        "A message without `text` is refused with 400, and the error names the field.",
        BODY, |w| field(w, "message", json!({ "paused": true }), "text")),
    case!(All "platform/push-text-empty" "15",
        "A message with an empty `text` is refused with 400, and the error names the field.",
        BODY, |w| field(w, "message", json!({ "text": "", "paused": true }), "text")),
    case!(All "platform/push-text-a-number" "15",
        "A message with a number as `text` is refused with 400, and the error names the field.",
        BODY, |w| field(w, "message", json!({ "text": 7 }), "text")),
    case!(All "platform/push-unknown-event-type" "15",
        "An unknown `eventType` is refused with 400, and the error names the field.",
        BODY, |w| field(w, "greeting", json!({}), "eventType")),
    case!(All "platform/push-event-type-missing" "15",
        "A push without `eventType` is refused with 400, and the error names the field.",
        BODY, |w| field(w, "message", json!({ "eventType": null }), "eventType")),
    case!(All "platform/push-paused-a-word" "15",
        "A `paused` that is not a boolean is refused with 400, and the error names the field.",
        BODY, |w| field(w, "channel_update", json!({ "paused": "maybe" }), "paused")),
    case!(All "platform/push-minutes-a-word" "15",
        "A `minutesPaused` that is not a number is refused with 400, and the error names the \
         field.",
        BODY, |w| field(
            w, "channel_update", json!({ "paused": true, "minutesPaused": "soon" }),
            "minutesPaused")),
    case!(All "platform/push-user-id-missing" "15",
        "A push without `userId` is refused with 400, and the error names the field.",
        BODY, |w| field(w, "message", json!({ "text": "x", "userId": null }), "userId")),
    case!(All "platform/push-bot-id-missing" "15",
        "A push without `botId` is refused with 400, and the error names the field.",
        BODY, |w| field(w, "message", json!({ "text": "x", "botId": null }), "botId")),
    case!(All "platform/push-profile-a-text" "15",
        "An `agentProfile` that is not an object is refused with 400, and the error names the \
         field.",
        BODY, |w| field(w, "message", json!({ "text": "x", "agentProfile": "J" }), "agentProfile")),
    case!(All "platform/push-unknown-user" "15",
        "A push to an unknown user is refused with 404.",
        "Answer 404.", |w| status(w, json!({ "text": "x", "userId": "usr_nobody" }), 404)),
    case!(All "platform/push-unknown-bot" "15",
        "A push for an unknown bot is refused with 404.",
        "Answer 404.", |w| status(w, json!({ "text": "x", "botId": "no-such-bot" }), 404)),
    case!(All "platform/push-get" "15",
        "A GET of the push endpoint is refused with 405.",
        "Answer 405.", |w| method(w, Method::GET)),
    case!(All "platform/push-put" "15",
        "A PUT to the push endpoint is refused with 405.",
        "Answer 405.", |w| method(w, Method::PUT)),
    case!(All "platform/push-as-text" "15",
        "A push as `text/plain` is refused with 415.",
        "Answer 415 when Content-Type is present and is not JSON.", as_text),
    case!(All "platform/push-refused-has-no-effect" "15",
        "A refused push shows nothing and does not change the pause.",
        "Check the whole push before you apply any part of it.", no_effect),
];

/// The status and the shape of every refusal.
fn refused(answer: &Answer, status: u16) -> Checked {
    holds(answer.status == status, format!("{status}"), answer.shown())?;
    let value = answer.json();
    let fits = value["ok"] == false
        && value["error"]["code"].is_string()
        && value["error"]["message"].is_string();
    holds(fits, "ok: false, and an error with code and message", answer.shown())
}

async fn no_key(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    refused(&visit.push_by(KeyIn::Nowhere, "message", json!({ "text": "x" })).await?, 401)
}

async fn wrong_key(world: &Platform, key: &str, key_in: KeyIn) -> Checked {
    let visit = Visit::new(world).await?;
    refused(&with_key(&visit, key, key_in, json!({})).await?, 401)
}

/// A message with another key than the right one.
async fn with_key(visit: &Visit<'_>, key: &str, key_in: KeyIn, more: Value) -> Checked<Answer> {
    let mut body = json!({
        "eventType": "message", "userId": visit.user, "botId": visit.world.options.bot,
        "text": "from a stranger", "paused": true,
    });
    merge(&mut body, more);
    let bearer = format!("Bearer {key}");
    let header = match key_in {
        KeyIn::Body => {
            body["accessToken"] = key.into();
            None
        }
        KeyIn::Bare => Some(("authorization", key)),
        KeyIn::Bearer => Some(("authorization", &*bearer)),
        KeyIn::Nowhere => None,
    };
    visit.world.push_text(header.as_slice(), &body.to_string()).await
}

async fn webhook_token(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    let token = world.options.webhook_token.expose_secret();
    refused(&with_key(&visit, token, KeyIn::Bare, json!({})).await?, 401)
}

async fn tells_nothing(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    let right = with_key(&visit, "wrong", KeyIn::Bare, json!({})).await?;
    for more in [
        json!({ "userId": "usr_nobody" }),
        json!({ "botId": "no-such-bot" }),
        json!({ "eventType": "greeting" }),
    ] {
        let answer = with_key(&visit, "wrong", KeyIn::Bare, more).await?;
        let same = (answer.status, &answer.body) == (right.status, &right.body);
        holds(same, right.shown(), answer.shown())?;
    }
    refused(&right, 401)
}

async fn key_reads_nothing(world: &Platform) -> Checked {
    let url = format!("{}/v1/conversation/events?after=0&wait=0", world.options.base);
    let key = format!("Bearer {}", world.options.push_key.expose_secret());
    let headers = [("authorization", key.as_str())];
    let answer = world.client.send(Method::GET, &url, &headers, "").await?;
    holds(answer.status == 401, "401", answer.shown())
}

async fn raw(world: &Platform, body: &str, status: u16) -> Checked {
    let key = world.options.push_key.expose_secret();
    refused(&world.push_text(&[("authorization", key)], body).await?, status)
}

async fn too_large(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    let text = "a".repeat(2 * 1024 * 1024);
    let key = world.options.push_key.expose_secret();
    let body = json!({
        "eventType": "message", "userId": visit.user, "botId": world.options.bot, "text": text,
    });
    refused(&world.push_text(&[("authorization", key)], &body.to_string()).await?, 413)
}

/// A push that is wrong in one field.
async fn field(world: &Platform, event_type: &str, fields: Value, name: &str) -> Checked {
    let visit = Visit::new(world).await?;
    let answer = visit.push(event_type, fields).await?;
    refused(&answer, 400)?;
    let named = answer.json()["error"]["field"] == name;
    holds(named, format!("`field: {name:?}`"), answer.shown())
}

async fn status(world: &Platform, fields: Value, status: u16) -> Checked {
    let visit = Visit::new(world).await?;
    refused(&visit.push("message", fields).await?, status)
}

async fn method(world: &Platform, method: Method) -> Checked {
    let url = format!("{}{}", world.options.base, wire::push::PATH);
    let answer = world.client.send(method, &url, &[], "").await?;
    holds(answer.status == 405, "405", answer.shown())
}

async fn as_text(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    let body = json!({
        "eventType": "message", "userId": visit.user, "botId": world.options.bot, "text": "x",
        "accessToken": world.options.push_key.expose_secret(),
    });
    let url = format!("{}{}", world.options.base, wire::push::PATH);
    let headers = [("content-type", "text/plain")];
    let answer = world.client.send(Method::POST, &url, &headers, body.to_string()).await?;
    refused(&answer, 415)
}

async fn no_effect(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let before = visit.paused_until().await?;
    let events = visit.since(0).await?.len();
    with_key(&visit, "wrong", KeyIn::Bare, json!({ "paused": false })).await?;
    let fields = json!({ "text": "", "paused": false });
    visit.push("message", fields).await?;
    visit.push("greeting", json!({ "text": "x", "paused": false })).await?;
    let after = visit.since(0).await?;
    holds(after.len() == events, "nothing shown", shown_all(&after[events..]))?;
    let until = visit.paused_until().await?;
    holds(until == before, format!("{before:?}"), format!("{until:?}"))
}
