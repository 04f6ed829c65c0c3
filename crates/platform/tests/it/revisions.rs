//! What each revision's receiver finds in a call (contract, sections 4, 5, 6, 11 and 12).

use dialogflow::Edition;
use platform::{Revision, WebhookConfig};
use serde_json::{Value, json};

use crate::{
    bridge::Call,
    world::{Visitor, WEBHOOK_TOKEN, World, config, control, says, wait_for},
};

const R1_ONE: &str = include_str!("../../../wire/examples/r1.step_one.json");
const R1_TWO: &str = include_str!("../../../wire/examples/r1.step_two.json");
const R2_TWO: &str = include_str!("../../../wire/examples/r2.step_two.json");
const R3_ONE: &str = include_str!("../../../wire/examples/r3.step_one.json");
const R3_TWO: &str = include_str!("../../../wire/examples/r3.step_two.json");

/// One bot, `support`, whose webhook is set up as the test says.
async fn world(choose: impl FnOnce(&mut WebhookConfig)) -> World {
    World::with(|bot, bridge| {
        let mut config = config(bot, &bridge.url, "support", "script");
        choose(config.webhook.as_mut().unwrap());
        vec![config]
    })
    .await
}

/// Step one and step two of a visitor who asked for a human and then said something.
async fn both_steps(world: &World) -> (Visitor, Call, Call) {
    let mut visitor = world.visitor().await;
    visitor.say("handover").await;
    visitor.until(control("human")).await;
    visitor.say("help me please").await;
    let calls = wait_for(async || {
        let calls = world.bridge.calls_of(&visitor.user);
        (calls.len() == 2).then_some(calls)
    });
    let [one, two] = calls.await.try_into().ok().unwrap();
    (visitor, one, two)
}

/// Every name of the sample is there, nested as there, with a value of the same kind.
fn includes(body: &Value, sample: &Value, path: &str) {
    match (body, sample) {
        (Value::Object(body), Value::Object(sample)) => {
            for (name, expected) in sample {
                let path = format!("{path}/{name}");
                let found = body.get(name).unwrap_or_else(|| panic!("{path} is missing"));
                includes(found, expected, &path);
            }
        }
        (Value::Array(body), Value::Array(sample)) => {
            assert!(body.len() >= sample.len(), "{path}: {body:?}");
            for (found, expected) in body.iter().zip(sample) {
                includes(found, expected, path);
            }
        }
        (body, sample) => assert_eq!(
            std::mem::discriminant(body),
            std::mem::discriminant(sample),
            "{path}: {body}"
        ),
    }
}

fn names(body: &Value) -> Vec<&str> {
    let mut names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

fn sample(text: &str) -> Value {
    let mut sample: Value = serde_json::from_str(text).unwrap();
    // Only while typing calls are on.
    sample.as_object_mut().unwrap().remove("eventType");
    sample
}

/// Checklist 1, and section 12: one body in which every revision's receiver finds what it needs.
#[tokio::test]
async fn checklist_1_one_body_serves_the_receivers_of_every_revision() {
    let world = world(|_| {}).await;
    let (visitor, one, two) = both_steps(&world).await;
    let samples: [&[&str]; 2] = [&[R1_ONE, R3_ONE], &[R1_TWO, R2_TWO, R3_TWO]];
    for (call, samples) in [&one, &two].into_iter().zip(samples) {
        for text in samples {
            includes(&call.body, &sample(text), "");
        }
        assert_eq!(call.body["accessToken"], WEBHOOK_TOKEN);
        assert_eq!(call.body["userId"], visitor.user);
        assert_eq!(call.body["botId"], "support");
        assert_eq!(call.body["sessionId"], visitor.conversation);
        let session = format!("projects/baton/agent/sessions/{}", visitor.conversation);
        assert_eq!(call.body["session"], session);
        assert_eq!(call.body["queryParams"]["contexts"][0]["name"], "botcopy-timezone");
        assert_eq!(call.body["queryParams"]["contexts"][0]["parameters"]["tz"], "Europe/Vienna");
        assert_eq!(call.headers["content-type"], "application/json");
        assert_eq!(call.headers["authorization"], WEBHOOK_TOKEN);
        assert_eq!(call.headers["x-request-id"], call.id());
        assert!(call.body.get("eventType").is_none());
    }
    assert_eq!(one.body["messageHistory"], json!([]), "an empty array when the history is off");
    assert!(two.body.get("messageHistory").is_none());
    assert!(two.body.get("dialogflowResponse").is_none());
    assert_eq!((one.text(), two.text()), ("handover", "help me please"));
    assert_ne!(one.id(), two.id());
}

/// For a receiver that validates strictly (contract, section 12).
#[tokio::test]
async fn a_strict_receiver_gets_exactly_the_fields_of_its_revision() {
    for (revision, samples) in [
        (Revision::R1, [R1_ONE, R1_TWO]),
        (Revision::R2, [R1_ONE, R2_TWO]),
        (Revision::R3, [R3_ONE, R3_TWO]),
    ] {
        let world = world(|webhook| {
            webhook.contract = revision;
            webhook.strict = true;
            webhook.typing = true;
            webhook.history = true;
        })
        .await;
        let (_, one, two) = both_steps(&world).await;
        for (call, text) in [one, two].iter().zip(samples) {
            let mut expected = sample(text);
            if revision == Revision::R3 && !call.is_step_one() {
                expected["eventType"] = json!("message");
            }
            assert_eq!(names(&call.body), names(&expected), "{revision:?}");
            let params = names(&call.body["queryParams"]);
            assert_eq!(params, names(&expected["queryParams"]), "{revision:?}");
            let history = call.body["messageHistory"].as_array().into_iter().flatten();
            assert!(history.into_iter().all(|item| item.get("sender").is_none()));
        }
    }
}

/// Contract 13.2: the secret in the body always, in the header bare or with `Bearer`.
#[tokio::test]
async fn ambiguity_13_2_checklist_17_secrets_and_the_custom_header() {
    let world = world(|webhook| {
        webhook.bearer = true;
        webhook.header = Some(("x-tenant".parse().unwrap(), "blue".into()));
        webhook.typing = true;
    })
    .await;
    let (visitor, one, two) = both_steps(&world).await;
    visitor.types().await;
    let typing = wait_for(async || world.bridge.calls_of(&visitor.user).into_iter().nth(2)).await;
    for call in [&one, &two, &typing] {
        assert_eq!(call.headers["authorization"], format!("Bearer {WEBHOOK_TOKEN}"));
        assert_eq!(call.headers["x-tenant"], "blue");
    }
    for call in [&one, &two] {
        assert_eq!(call.body["accessToken"], WEBHOOK_TOKEN);
    }
    assert!(typing.body.get("accessToken").is_none(), "the typing call has it in the header only");
    // Checklist 19: never in step one.
    assert!(one.body.get("eventType").is_none());
    assert_eq!(two.body["eventType"], "message");
}

/// Contract 13.13: short names and all keys for r1, the unchanged response for r3.
#[tokio::test]
async fn ambiguity_13_13_the_response_as_the_revision_shows_it() {
    for (revision, name) in [
        (Revision::R1, "Handover-Test".to_owned()),
        (Revision::R2, "Handover-Test".to_owned()),
        (Revision::R3, "SESSION/contexts/Handover-Test".to_owned()),
    ] {
        let world = world(|webhook| webhook.contract = revision).await;
        let (_, one, _) = both_steps(&world).await;
        let session = one.body["session"].as_str().unwrap();
        let result = &one.body["dialogflowResponse"]["queryResult"];
        let found = &result["outputContexts"][0]["name"];
        assert_eq!(*found, name.replace("SESSION", session), "{revision:?}");
        let is_rendered = result.get("webhookSource").is_some();
        assert_eq!(is_rendered, revision != Revision::R3);
    }
}

/// All five kinds, this session only, oldest first.
#[tokio::test]
async fn checklist_18_ambiguities_13_6_13_7_13_9_13_10_the_history_has_all_five_kinds() {
    for (edition, platform) in [(Edition::Es, "dialogflowES"), (Edition::Cx, "dialogFlowCX")] {
        let world = world(|webhook| webhook.history = true).await;
        world.bot.speak(edition);
        let mut visitor = world.visitor().await;
        visitor.post(json!({ "clientId": "w", "event": { "name": "WELCOME" } })).await;
        visitor.until(says("echo: !WELCOME")).await;
        let push = json!({ "eventType": "message", "text": "Jane here", "paused": true });
        assert_eq!(world.push(&visitor, push).await.0, 200);
        visitor.say("help me").await;
        visitor.at_rest().await;
        let resume = json!({ "eventType": "channel_update", "paused": false });
        assert_eq!(world.push(&visitor, resume).await.0, 200);
        visitor.say("handover").await;
        visitor.until(|event| event["reason"] == "webhook_paused").await;
        let calls = world.bridge.calls_of(&visitor.user);
        let one = calls.iter().find(|call| call.is_step_one()).unwrap();
        assert!(calls.iter().all(|c| c.is_step_one() == c.body.get("messageHistory").is_some()));
        let items = one.body["messageHistory"].as_array().unwrap();
        let kinds: Vec<_> = items.iter().map(kind).collect();
        let expected = ["event in", "bot out", "agent out", "to agent out", "text in", "bot out"];
        assert_eq!(kinds, expected);
        for item in items {
            assert_eq!(item["botPlatform"], platform);
            assert!(item["_id"].is_string() && item["createdAt"].is_string());
        }
        assert_eq!(items[4]["payload"]["sessionId"], visitor.conversation);
        assert_eq!(items[4]["payload"]["lang"], "en");
        // The response itself, unchanged, and not only its words.
        assert_eq!(items[5]["payload"]["responseId"], "5a1e4c3e");
        let senders: Vec<_> = items.iter().map(|item| item["sender"].as_str().unwrap()).collect();
        assert_eq!(senders, ["customer", "bot", "agent", "customer", "customer", "bot"]);
    }
}

fn kind(item: &Value) -> String {
    let payload = &item["payload"];
    let kind = if payload.get("event").is_some() {
        "event"
    } else if payload.get("queryResult").is_some() {
        "bot"
    } else if payload.get("text").is_some() {
        "agent"
    } else if payload["queryParameters"].get("payload").is_some() {
        "to agent"
    } else {
        "text"
    };
    format!("{kind} {}", item["direction"].as_str().unwrap())
}

/// A visitor's token reaches the bot, never the history, and the bridge only when allowed.
#[tokio::test]
async fn ambiguity_13_15_webhook_headers_are_the_visitors_own() {
    for forward in [false, true] {
        let world = world(|webhook| {
            webhook.forward_headers = forward;
            webhook.history = true;
        })
        .await;
        let mut visitor = world.visitor().await;
        let headers = json!({ "authorization": "Bearer canary" });
        let message = json!({ "clientId": "a", "text": "hello", "webhookHeaders": headers });
        visitor.post(message).await;
        visitor.until(says("echo: hello")).await;
        {
            use secrecy::ExposeSecret as _;
            let queries = world.bot.queries.lock().unwrap();
            let (name, value) = &queries[0].webhook_headers[0];
            assert_eq!((&**name, value.expose_secret()), ("authorization", "Bearer canary"));
        }
        visitor.say("handover").await;
        visitor.until(control("human")).await;
        let message = json!({ "clientId": "b", "text": "help", "webhookHeaders": headers });
        visitor.post(message).await;
        visitor.at_rest().await;
        let calls = world.bridge.calls_of(&visitor.user);
        assert!(!calls[0].body.to_string().contains("canary"), "of another message");
        let passed = &calls[1].body["queryParams"]["webhookHeaders"];
        assert_eq!(*passed, if forward { headers } else { json!({}) });
        assert!(!format!("{:?}", visitor.journal().await).contains("canary"));
    }
}

/// An event has words for the receiver; what has none never reaches the agent.
#[tokio::test]
async fn ambiguity_13_14_text_is_always_there() {
    let world = world(|_| {}).await;
    let mut visitor = world.visitor().await;
    let event = json!({ "name": "handover", "parameters": { "topic": "billing" } });
    visitor.post(json!({ "clientId": "a", "event": event })).await;
    visitor.until(control("human")).await;
    visitor.post(json!({ "clientId": "b", "event": { "name": "SCROLLED" } })).await;
    let chip = json!({ "clientId": "c", "event": { "name": "MORE" }, "label": "Tell me more" });
    visitor.post(chip).await;
    visitor.at_rest().await;
    let calls = world.bridge.calls_of(&visitor.user);
    let texts: Vec<_> = calls.iter().map(Call::text).collect();
    assert_eq!(texts, ["handover", "Tell me more"]);
    assert_eq!(calls[0].body["queryInput"]["event"]["parameters"]["topic"], "billing");
    assert_eq!(calls[1].body["queryInput"]["event"]["name"], "MORE");
}

/// The bridge hears of endings it had no part in, when its owner wants it.
#[tokio::test]
async fn ambiguity_13_26_endings_are_told_when_switched_on() {
    for told in [false, true] {
        let world = world(|webhook| webhook.endings = told).await;
        let mut left = world.paused_visitor("support").await;
        // Nobody can end what the other side would not hear the end of.
        assert_eq!(left.end().await, if told { 204 } else { 403 });
        if told {
            left.until(control("bot")).await;
        }
        let mut expired = world.paused_visitor("support").await;
        world.clock.advance(8 * crate::world::MINUTE);
        expired.until(|event| event["reason"] == "expired").await;
        let resumed = world.paused_visitor("support").await;
        let resume = json!({ "eventType": "channel_update", "paused": false });
        assert_eq!(world.push(&resumed, resume).await.0, 200);
        for (visitor, kind) in [(&left, "user_left"), (&expired, "pause_expired")] {
            if told {
                let call = wait_for(async || world.bridge.calls_of(&visitor.user).pop()).await;
                assert_eq!(names(&call.body), ["botId", "eventType", "sessionId", "userId"]);
                assert_eq!(call.body["eventType"], kind);
                assert_eq!(call.headers["authorization"], WEBHOOK_TOKEN);
            }
            let expected = usize::from(told);
            assert_eq!(world.bridge.calls_of(&visitor.user).len(), expected);
        }
        assert!(world.bridge.calls_of(&resumed.user).is_empty(), "it knows");
    }
}
