use std::time::Duration;

use kit::server::Reply;
use serde_json::{Value, json};

use super::{World, written};
use crate::{
    Act, From, Phase,
    genesys_cloud::{AgentEnd, WebhookIds, webhook::signature},
};

fn code(answer: &kit::http::Answer) -> String {
    answer.json::<Value>().unwrap()["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn tokens_are_needed_and_run_out() {
    let mut world = World::with(|options| options.token_seconds = 20).await;
    let wrong = world.login("another secret").await;
    assert_eq!((wrong.status.as_u16(), wrong.text().contains("invalid_client")), (400, true));
    world.write("u-1", "hello").await;

    tokio::time::sleep(Duration::from_millis(450)).await;
    let late = world.post(&world.inbound("message"), &written("u-1", "again")).await;
    assert_eq!((late.status.as_u16(), code(&late).as_str()), (401, "bad.credentials"));

    let fresh: Value = world.login("the secret of the OAuth client").await.json().unwrap();
    assert_eq!(fresh["expires_in"], 20);
    world.token = fresh["access_token"].as_str().unwrap().to_owned();
    world.write("u-1", "again").await;
    world.tool.revoke_tokens();
    let revoked = world.post(&world.inbound("message"), &written("u-1", "again")).await;
    assert_eq!(revoked.status.as_u16(), 401);
    let url = format!("{}/api/v2{}", world.simulator.base, world.inbound("message"));
    let none = world.http.post(&url, &[], &written("u-1", "x")).await.unwrap();
    assert_eq!((none.status.as_u16(), code(&none).as_str()), (401, "authentication.required"));
}

#[tokio::test]
async fn what_is_refused_is_refused_in_the_vendors_words() {
    let world = World::start().await;
    let unknown = "/conversations/messages/nowhere/inbound/open/message";
    let answer = world.post(unknown, &written("u-1", "x")).await;
    assert_eq!((answer.status.as_u16(), code(&answer).as_str()), (404, "not.found"));

    let path = world.inbound("message");
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut body = written("u-1", "x");
        change(&mut body);
        body
    };
    let bodies = [
        broken(&|body| body["metadata"] = json!({ "nested": { "a": "b" } })),
        broken(&|body| body["channel"]["metadata"]["customAttributes"] = json!({ "a": 1 })),
        broken(&|body| body["channel"]["from"]["id"] = json!("")),
        broken(&|body| body["channel"]["from"]["idType"] = json!("Name")),
        broken(&|body| body["channel"]["time"] = json!("yesterday")),
        broken(&|body| body["text"] = json!("")),
        broken(&|body| body["text"] = json!("x".repeat(4_097))),
        broken(&|body| body["content"] = json!([{ "contentType": "Attachment" }])),
    ];
    for body in bodies {
        let answer = world.post(&path, &body).await;
        assert_eq!(
            (answer.status.as_u16(), code(&answer).as_str()),
            (400, "bad.request"),
            "{body}"
        );
    }
    assert!(world.simulator.chats().is_empty());
}

#[tokio::test]
async fn one_open_conversation_for_each_visitor() {
    let world = World::start().await;
    let first = world.write("u-1", "hello").await;
    assert_eq!(world.write("u-1", "are you there?").await, first);
    let other = world.write("u-2", "hello").await;
    assert_ne!(other, first);
    let path = format!("/conversations/messages/{first}");
    world.call("PATCH", &path, &json!({ "state": "disconnected" })).await.expect(200).unwrap();
    let again = world.write("u-1", "me again").await;
    assert!(again != first && again != other);
    let phases: Vec<Phase> = world.simulator.chats().iter().map(|chat| chat.phase).collect();
    assert_eq!(phases, [Phase::Ended, Phase::Waiting, Phase::Waiting]);
}

#[tokio::test]
async fn a_conversation_both_ways() {
    let world = World::start().await;
    let chat = world.write("u-1", "my VPN is down").await;
    world.accept(&chat, "Grace");
    world.say(&chat, "Good morning, عليكم 🙂");
    let receipt = world.webhook.call(0).await.unwrap();
    assert_eq!(
        (&receipt.body["type"], &receipt.body["status"]),
        (&json!("Receipt"), &json!("Published"))
    );
    let typing = world.webhook.call(1).await.unwrap().body;
    assert_eq!(typing["events"][0]["typing"], json!({ "type": "On", "duration": 5000 }));
    let call = world.webhook.call(2).await.unwrap();
    let signed = signature("the secret of the webhook", call.body.to_string().as_bytes());
    assert_eq!(call.headers["x-hub-signature-256"], signed);
    assert_eq!(call.body["text"], "Good morning, عليكم 🙂");
    assert_eq!(call.body["direction"], "Outbound");
    assert_eq!(call.body["channel"]["to"]["id"], "u-1");
    assert_eq!(call.body["channel"]["from"]["nickname"], "Grace");

    let typed = json!({
        "channel": { "from": { "id": "u-1", "idType": "Opaque" }, "time": "2026-03-01T10:15:00Z" },
        "events": [{ "eventType": "Typing" }],
    });
    world.post(&world.inbound("event"), &typed).await.expect(200).unwrap();
    assert!(world.simulator.chats()[0].visitor_types);
    let delivered = json!({
        "id": call.body["id"],
        "channel": { "to": { "id": "u-1" }, "time": "2026-03-01T10:15:00Z" },
        "status": "Delivered",
    });
    world.post(&world.inbound("receipt"), &delivered).await.expect(200).unwrap();

    let read = world.get(&format!("/conversations/messages/{chat}")).await;
    let purposes: Vec<&Value> =
        read["participants"].as_array().unwrap().iter().map(|each| &each["purpose"]).collect();
    assert_eq!(purposes, ["customer", "acd", "agent"]);
    assert_eq!(read["participants"][0]["attributes"], json!({ "topic": "VPN" }));
    assert_eq!(read["participants"][2]["messages"][0]["messageStatus"], "delivery-success");
    let ids = json!([read["participants"][0]["messages"][0]["messageId"]]);
    let bulk = world.post(&format!("/conversations/messages/{chat}/messages/bulk"), &ids).await;
    let bulk: Value = bulk.json().unwrap();
    assert_eq!(bulk["entities"][0]["normalizedMessage"]["channel"]["messageId"], "m-1");

    world.act(&chat, Act::Note { text: "he is angry".to_owned() });
    world.act(&chat, Act::File { name: "a.pdf".to_owned(), url: "http://files.test/a".to_owned() });
    world.webhook.call(3).await.unwrap();
    let file = world.webhook.call(4).await.unwrap().body;
    assert_eq!(file["content"][0]["attachment"]["url"], "http://files.test/a");
    world.act(&chat, Act::End);
    let shown = &world.simulator.chats()[0];
    let from: Vec<From> = shown.lines.iter().map(|line| line.from).collect();
    assert_eq!(from, [From::Visitor, From::Agent, From::Note, From::Agent]);
    assert_eq!(world.webhook.calls().len(), 5, "a note or an end was delivered");
    let over = world.simulator.act(&chat, Act::Say { text: "x".to_owned() });
    assert!(over.is_err());
}

#[tokio::test]
async fn a_failed_delivery_is_repeated_and_those_behind_it_wait() {
    let world = World::start().await;
    let chat = world.write("u-1", "hello").await;
    world.webhook.call(0).await.unwrap();
    for reply in [Reply::Status(500, String::new()), Reply::Status(429, String::new())] {
        world.webhook.then(reply);
    }
    world.webhook.then(Reply::Silent);
    world.accept(&chat, "Grace");
    world.say(&chat, "one");
    let types: Vec<Value> = {
        world.webhook.call(5).await.unwrap();
        world.webhook.calls().iter().map(|call| call.body["type"].clone()).collect()
    };
    assert_eq!(types, ["Receipt", "Event", "Event", "Event", "Event", "Text"]);
    let calls = world.webhook.calls();
    assert!(calls[2].at - calls[1].at >= Duration::from_millis(100), "it was not waited");
    assert_eq!(calls[1].body["id"], calls[4].body["id"]);
}

#[tokio::test]
async fn a_delivery_is_given_up_after_five_repeats_and_at_once_when_refused() {
    let world = World::start().await;
    let chat = world.write("u-1", "hello").await;
    world.webhook.call(0).await.unwrap();
    world.accept(&chat, "Grace");
    for _ in 0..6 {
        world.webhook.then(Reply::Status(503, String::new()));
    }
    world.webhook.then(Reply::Status(403, String::new()));
    world.act(&chat, Act::Type { on: true });
    world.say(&chat, "one");
    world.webhook.call(8).await.unwrap();
    let types: Vec<Value> =
        world.webhook.calls().iter().map(|call| call.body["type"].clone()).collect();
    // Six times the first typing, once the second, which is refused, and then the text.
    let mut expected = vec!["Receipt"];
    expected.extend(["Event"; 7]);
    expected.push("Text");
    assert_eq!(types, expected);
    let ids: Vec<Value> =
        world.webhook.calls().iter().map(|call| call.body["id"].clone()).collect();
    assert!(ids[1..7].iter().all(|id| *id == ids[1]), "five repeats of the first: {ids:?}");
    assert_ne!(ids[7], ids[1], "a sixth repeat");
}

#[tokio::test]
async fn deliveries_are_repeated_where_that_is_wanted() {
    let world = World::with(|options| options.repeat_deliveries = true).await;
    world.write("u-1", "hello").await;
    let first = world.webhook.call(0).await.unwrap();
    let second = world.webhook.call(1).await.unwrap();
    assert_eq!(first.body, second.body);
}

#[tokio::test]
async fn integrations_are_created_read_and_changed() {
    let world = World::start().await;
    let root = "/conversations/messaging/integrations/open";
    let mut wanted = json!({
        "name": "Baton",
        "outboundNotificationWebhookUrl": world.webhook.url,
        "outboundNotificationWebhookSignatureSecretToken": "fifteen charact",
        "webhookHeaders": { "x-from": "here" },
    });
    assert_eq!(world.post(root, &wanted).await.status.as_u16(), 400, "a short secret");
    wanted["outboundNotificationWebhookSignatureSecretToken"] = json!("a secret of the webhook");
    let created: Value = world.post(root, &wanted).await.expect(200).unwrap().json().unwrap();
    let id = created["id"].as_str().unwrap();
    let read = world.get(&format!("{root}/{id}")).await;
    assert_eq!((&read["name"], &read["createStatus"]), (&json!("Baton"), &json!("Completed")));
    assert_eq!(world.get(root).await["total"], 2);

    let path = format!("/conversations/messages/{id}/inbound/open/message");
    world.post(&path, &written("u-1", "hello")).await.expect(200).unwrap();
    let call = world.webhook.call(0).await.unwrap();
    assert_eq!(
        (call.body["channel"]["id"].as_str(), &call.headers["x-from"][..]),
        (Some(id), "here")
    );
    let signed = signature("a secret of the webhook", call.body.to_string().as_bytes());
    assert_eq!(call.headers["x-hub-signature-256"], signed);
}

#[test]
fn the_signature_is_the_base64_of_the_hmac() {
    // Computed by another implementation.
    let expected = "sha256=0TdCTmyW/diF2lohlUhc8VnCjbfyy6WpmHffM7lT2OQ=";
    assert_eq!(signature("a secret of the webhook", "{\"text\":\"hé\"}".as_bytes()), expected);
}

#[tokio::test]
async fn a_conversation_may_be_found_late_and_stay_open_without_an_agent() {
    let world = World::with(|options| {
        options.reads_before_found = 2;
        options.agent_end = AgentEnd::CustomerStays;
        options.webhook_ids = WebhookIds::Other;
    })
    .await;
    let id = world.write("ada", "hello").await;
    let path = format!("/conversations/messages/{id}");
    for status in [404, 404, 200] {
        assert_eq!(world.call("GET", &path, &Value::Null).await.status.as_u16(), status);
    }
    world.accept(&id, "Jo Park");
    world.say(&id, "hi");
    let told = world.webhook.call(2).await.unwrap().body;
    assert_eq!(told["type"], "Text");
    world.act(&id, Act::End);
    let shown = world.get(&path).await;
    let states = shown["participants"].as_array().unwrap().iter().map(|each| &each["state"]);
    assert_eq!(states.collect::<Vec<_>>(), ["connected", "disconnected", "disconnected"]);
    assert_ne!(told["id"], shown["participants"][2]["messages"][0]["messageId"]);
}
