//! Interaction Web Tools on the wire.

use super::*;
use crate::pureconnect::Replay;

/// Behind a reverse proxy, and in mixed case.
const ROOT: &str = "/I3Root/Server1/WebSvcs/";
const GONE: &str = "error.websvc.unknownEntity.session";

fn opening() -> Value {
    json!({
        "supportedContentTypes": "text/plain",
        "participant": { "name": "Ada", "credentials": null },
        "transcriptRequired": false,
        "target": "Service Desk",
        "targettype": "Workgroup",
        "language": "en-us",
        "customInfo": "VPN",
        "attributes": { "botId": "b-1" },
        "routingContexts": [{ "context": "VPN", "category": "1" }],
        "clientToken": "deprecated",
    })
}

/// A reply's content, which must have succeeded.
fn good(answer: Answer) -> Value {
    assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
    let body: Value = answer.expect(200).unwrap().json().unwrap();
    let chat = body["chat"].clone();
    assert_eq!(chat["status"]["type"], "success", "{body}");
    chat
}

fn reason(answer: Answer) -> String {
    let body: Value = answer.expect(200).unwrap().json().unwrap();
    assert_eq!(body["chat"]["status"]["type"], "failure");
    body["chat"]["status"]["reason"].as_str().unwrap().to_owned()
}

fn own(chat: &Value) -> String {
    chat["participantID"].as_str().unwrap().to_owned()
}

async fn events(site: &Site, own: &str) -> Value {
    good(site.get(&format!("chat/poll/{own}")).await)["events"].clone()
}

#[tokio::test]
async fn a_configuration_is_a_list_of_one() {
    let site = Site::new(Server::new(Options::default()), ROOT).await;
    let body: Value = site.get("serverConfiguration").await.json().unwrap();
    let chat = body[0]["serverConfiguration"]["capabilities"]["chat"].clone();
    for wanted in ["start", "reconnect", "poll", "sendMessage", "setTypingState", "exit"] {
        assert!(chat.as_array().unwrap().contains(&json!(wanted)));
    }
}

#[tokio::test]
async fn a_chat_from_start_to_end() {
    // The switch is ICWS's alone.
    let options = Options { echo: false, ..Options::default() };
    let site = Site::new(Server::new(options), ROOT).await;
    let chat = good(site.post("chat/start", &opening()).await);
    let own = own(&chat);
    assert_eq!(chat["pollWaitSuggestion"], 2_000);
    assert_eq!(column(&chat["events"], "participantType"), ["WebUser", "System"]);
    assert_eq!(chat["events"][0]["participantID"], own);
    let facts = site.simulator.chats()[0].facts.clone();
    assert!(facts.contains(&("CUSTOM_INFO".to_owned(), "VPN".to_owned())));
    assert!(facts.contains(&("WebTools_botId".to_owned(), "b-1".to_owned())));

    site.act(accept("Grace"));
    site.act(say("hello"));
    let sent = json!({ "message": "hi", "contentType": "text/plain" });
    let told = good(site.post(&format!("chat/sendMessage/{own}"), &sent).await)["events"].clone();
    assert_eq!(column(&told, "sequenceNumber"), [2, 3, 4, 5], "the reply carries what is new");
    assert_eq!(column(&told, "state")[..2], ["alerting", "active"]);
    assert_eq!(
        (&told[2]["value"], &told[2]["conversationSequenceNumber"]),
        (&json!("hello"), &json!(0))
    );
    assert_eq!(
        (&told[3]["value"], &told[3]["conversationSequenceNumber"]),
        (&json!("hi"), &json!(1))
    );
    assert_eq!(told[3]["participantType"], "WebUser");

    let wanted = json!({ "participantID": told[1]["participantID"] });
    let party: Value = site.post(&format!("partyInfo/{own}"), &wanted).await.json().unwrap();
    assert_eq!(party["partyInfo"]["name"], "Grace");

    let on = json!({ "typingIndicator": true });
    good(site.post(&format!("chat/setTypingState/{own}"), &on).await);
    assert!(site.simulator.chats()[0].visitor_types);

    site.act(Act::Hold { on: true });
    site.act(Act::Requeue);
    site.act(Act::End);
    let told = events(&site, &own).await;
    let states = ["held", "disconnected", "active", "disconnected"];
    assert_eq!(column(&told, "state"), states);
    assert_eq!(told[3]["participantID"], own);
    assert_eq!(reason(site.get(&format!("chat/poll/{own}")).await), GONE);
    assert_eq!(reason(site.post(&format!("chat/sendMessage/{own}"), &sent).await), GONE);
}

#[tokio::test]
async fn the_customer_leaves() {
    let site = Site::new(Server::new(Options::default()), ROOT).await;
    let own = own(&good(site.post("chat/start", &opening()).await));
    good(site.post(&format!("chat/exit/{own}"), &Value::Null).await);
    assert_eq!(site.simulator.chats()[0].phase, Phase::Ended);
    assert_eq!(reason(site.post(&format!("chat/exit/{own}"), &Value::Null).await), GONE);
}

#[tokio::test]
async fn files_and_urls() {
    let site = Site::new(Server::new(Options::default()), ROOT).await;
    let own = own(&good(site.post("chat/start", &opening()).await));
    site.act(accept("Grace"));
    site.act(Act::File { name: "my map.txt".to_owned(), url: "here you are".to_owned() });
    site.act(Act::File { name: String::new(), url: "https://example.org/x".to_owned() });
    let told = events(&site, &own).await;
    assert_eq!(
        (&told[3]["type"], &told[3]["value"]),
        (&json!("url"), &json!("https://example.org/x"))
    );
    let path = told[2]["value"].as_str().unwrap();
    let url = format!("{}{path}", site.simulator.base);
    let bytes = site.http.get(&url, &[]).await.unwrap().expect(200).unwrap();
    assert_eq!(bytes.text(), "here you are");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let site = Site::new(Server::new(Options::default()), ROOT).await;
    let mut body = opening();
    body["target"] = json!("Nowhere");
    let answer = site.post("chat/start", &body).await;
    assert_eq!(reason(answer), "error.websvc.unknownEntity.badTarget");
    body.as_object_mut().unwrap().remove("target");
    let answer = site.post("chat/start", &body).await;
    assert_eq!(reason(answer), "error.websvc.content.invalid.missingData");
    let answer = site.http.post(&site.url("chat/start"), &[], &opening()).await.unwrap();
    assert_eq!(reason(answer), "error.websvc.contentType.invalidCharset");
    assert_eq!(reason(site.get("chat/poll/nobody").await), GONE);
    let answer = site.post("chat/reconnect", &json!({ "chatID": "none" })).await;
    assert_eq!(reason(answer), GONE);
    site.get("nothing/here").await.expect(404).unwrap();

    let query = json!({ "queueName": "service desk", "queueType": "workgroup", "participant": {} });
    let answer: Value = site.post("queue/query", &query).await.json().unwrap();
    assert_eq!(answer["queue"]["agentsAvailable"], 2);
    assert_eq!(site.simulator.chats().len(), 0);
}

#[tokio::test]
async fn target_type_is_read_in_both_spellings() {
    let site = Site::new(Server::new(Options::default()), ROOT).await;
    let mut body = opening();
    body.as_object_mut().unwrap().remove("targettype");
    assert!(reason(site.post("chat/start", &body).await).ends_with("missingData"));
    body["targetType"] = json!("Workgroup");
    good(site.post("chat/start", &body).await);
}

#[tokio::test]
async fn a_reconnect_makes_a_new_participant_with_numbers_of_its_own() {
    let (primary, backup) = Server::pair(Options::default());
    let first = Site::new(primary, ROOT).await;
    let second = Site::new(backup.clone(), ROOT).await;
    let chat = good(first.post("chat/start", &opening()).await);
    let before = own(&chat);
    first.act(accept("Grace"));
    first.act(say("hello"));
    events(&first, &before).await;

    backup.switch_over();
    first.get(&format!("chat/poll/{before}")).await.expect(503).unwrap();
    assert_eq!(reason(second.get(&format!("chat/poll/{before}")).await), GONE);
    let id = json!({ "chatID": chat["chatID"] });
    let again = good(second.post("chat/reconnect", &id).await);
    assert_ne!(own(&again), before);
    assert_eq!(column(&again["events"], "sequenceNumber"), [0, 1, 2, 3, 4]);
    assert_eq!(again["events"][0]["participantID"], own(&again));
    assert_eq!(again["events"][4]["value"], "hello", "a new participant is told everything");
}

#[tokio::test]
async fn a_reconnect_may_tell_only_who_is_there() {
    let options = Options { replay: Replay::States, ..Options::default() };
    let site = Site::new(Server::new(options), ROOT).await;
    let chat = good(site.post("chat/start", &opening()).await);
    site.act(accept("Grace"));
    site.act(say("hello"));
    let id = json!({ "chatID": chat["chatID"] });
    let again = good(site.post("chat/reconnect", &id).await);
    assert_eq!(column(&again["events"], "participantType"), ["WebUser", "System", "Agent"]);
    site.act(say("back again"));
    let told = events(&site, &own(&again)).await;
    assert_eq!((&told[0]["sequenceNumber"], &told[0]["value"]), (&json!(3), &json!("back again")));
}
