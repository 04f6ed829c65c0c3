//! ICWS `web-chat` on the wire.

use super::*;
use crate::pureconnect::Fields;

const ROOT: &str = "/icws/web-chat/";

fn opening() -> Value {
    json!({
        "participantName": "Ada",
        "targetName": "Service Desk",
        "targetType": "Workgroup",
        "language": "en-us",
        "notes": "VPN",
        "attributes": { "botId": "b-1" },
        "routingContexts": [{ "context": "VPN", "category": 1 }],
        "chatHistory": [{
            "timestamp": "20260301T101500Z", "displayName": "Ada",
            "participantType": "WebUser", "message": "my VPN is down",
        }],
    })
}

async fn started(options: Options) -> (Site, String) {
    let site = Site::new(Server::new(options), ROOT).await;
    let reply: Value = site.post("start", &opening()).await.expect(200).unwrap().json().unwrap();
    assert_eq!(reply["__type"], "urn:inin.com:webChat:startChatResponse");
    assert_eq!(reply["pollWaitSuggestion"], "2000");
    assert_eq!(reply["chatId"], site.chat());
    let participant = reply["participantId"].as_str().unwrap().to_owned();
    (site, participant)
}

async fn poll(site: &Site, participant: &str) -> Value {
    let answer = site.get(&format!("messages/{participant}")).await;
    answer.expect(200).unwrap().json::<Value>().unwrap()["messages"].clone()
}

fn error(answer: Answer, status: u16) -> String {
    let error: Value = answer.expect(status).unwrap().json().unwrap();
    assert!(error["message"].is_string());
    error["errorId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_chat_is_told_what_came_before_and_is_numbered_from_zero() {
    let (site, own) = started(Options::default()).await;
    let chat = site.simulator.chats().remove(0);
    assert_eq!(chat.visitor, "Ada");
    assert!(chat.facts.contains(&("notes".to_owned(), "VPN".to_owned())));
    assert!(chat.facts.contains(&("botId".to_owned(), "b-1".to_owned())));
    assert!(chat.facts.contains(&("context 1".to_owned(), "VPN".to_owned())));
    assert_eq!(chat.lines[0].text, "my VPN is down");
    assert_eq!(chat.lines[0].at, 1_772_360_100_000);

    site.act(accept("Grace"));
    let first = poll(&site, &own).await;
    assert_eq!(column(&first, "sequenceNumber"), [0, 1, 2, 3].map(|number| json!(number)));
    assert_eq!(column(&first, "participantType"), ["WebUser", "System", "Agent", "Agent"]);
    assert_eq!(column(&first, "state"), [2, 2, 1, 2].map(|state| json!(state)));
    assert_eq!(first[0]["participantId"], own);
    assert_eq!(first[3]["displayName"], "Grace");
    assert_eq!(first[3]["timestamp"].as_str().unwrap().len(), "20260301T101500Z".len());
    assert_eq!(poll(&site, &own).await, json!([]));
}

#[tokio::test]
async fn both_write_and_type() {
    let (site, own) = started(Options::default()).await;
    site.act(accept("Grace"));
    poll(&site, &own).await;
    site.act(Act::Type { on: true });
    site.act(Act::SayHtml { html: "<b>Hello</b>".to_owned() });
    let on = json!({ "typingIndicator": true });
    site.post(&format!("typing-state/{own}"), &on).await.expect(204).unwrap();
    assert!(site.simulator.chats()[0].visitor_types);
    let body = json!({ "message": "hi", "contentType": "text/plain" });
    site.post(&format!("send-message/{own}"), &body).await.expect(204).unwrap();
    assert!(!site.simulator.chats()[0].visitor_types);

    let told = poll(&site, &own).await;
    let kinds = ["chatTypingIndicatorMessage", "chatTextMessage", "chatTextMessage"];
    assert_eq!(column(&told, "__type"), kinds.map(|kind| format!("urn:inin.com:webChat:{kind}")));
    assert_eq!(column(&told, "value"), [json!(true), json!("<b>Hello</b>"), json!("hi")]);
    assert_eq!(told[1]["contentType"], "text/html");
    assert_eq!(told[2]["participantId"], own, "the customer's own text");
}

#[tokio::test]
async fn without_echo_the_own_text_is_in_the_history_alone() {
    let (site, own) = started(Options { echo: false, ..Options::default() }).await;
    poll(&site, &own).await;
    let body = json!({ "message": "hi", "contentType": "text/plain" });
    site.post(&format!("send-message/{own}"), &body).await.expect(204).unwrap();
    assert_eq!(poll(&site, &own).await, json!([]));
    let all = site.get(&format!("message-history/{own}")).await.expect(200).unwrap();
    assert_eq!(all.json::<Value>().unwrap()["messages"][2]["value"], "hi");
}

#[tokio::test]
async fn hold_transfer_requeue_and_the_end() {
    let (site, own) = started(Options::default()).await;
    site.act(accept("Grace"));
    poll(&site, &own).await;
    site.act(Act::Hold { on: true });
    site.act(Act::Hold { on: false });
    site.act(Act::Transfer { agent: "Joan".to_owned() });
    let told = poll(&site, &own).await;
    assert_eq!(column(&told, "state"), [3, 2, 4, 1, 2].map(|state| json!(state)));
    assert_eq!(told[4]["displayName"], "Joan");
    assert_ne!(told[4]["participantId"], told[2]["participantId"]);

    site.act(Act::Requeue);
    let told = poll(&site, &own).await;
    assert_eq!(column(&told, "participantType"), ["Agent", "System"]);
    assert_eq!(site.simulator.chats()[0].phase, Phase::Waiting);

    site.act(Act::End);
    let told = poll(&site, &own).await;
    assert_eq!((&told[0]["state"], &told[0]["participantId"]), (&json!(4), &json!(own)));
    assert_eq!(error(site.get(&format!("messages/{own}")).await, 410), ENDED);
    let body = json!({ "message": "hi", "contentType": "text/plain" });
    assert_eq!(error(site.post(&format!("send-message/{own}"), &body).await, 410), ENDED);
}

const ENDED: &str = "error.request.webChat.ended";

#[tokio::test]
async fn files_are_downloaded_and_urls_are_text() {
    let (site, own) = started(Options::default()).await;
    site.act(accept("Grace"));
    poll(&site, &own).await;
    site.act(Act::File { name: "my map.txt".to_owned(), url: "here you are".to_owned() });
    site.act(Act::File { name: String::new(), url: "https://example.org/x".to_owned() });
    let told = poll(&site, &own).await;
    assert_eq!((&told[0]["fileName"], &told[0]["fileSize"]), (&json!("my map.txt"), &json!(12)));
    assert_eq!(told[1]["value"], "https://example.org/x");
    let guid = told[0]["fileGuid"].as_str().unwrap();
    let bytes = site.get(&format!("file/{own}/{guid}/my%20map.txt")).await.expect(200).unwrap();
    assert_eq!(bytes.text(), "here you are");
    site.get(&format!("file/{own}/{own}/x")).await.expect(400).unwrap();
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let (site, own) = started(Options::default()).await;
    let nobody = "send-message/9b1f7c1e-0d2a-4f7e-8a55-3c1d2e4f5a60";
    let body = json!({ "message": "hi", "contentType": "text/plain" });
    let invalid = "error.request.webChat.invalidParticipantId";
    assert_eq!(error(site.post(nobody, &body).await, 400), invalid);
    for body in [
        json!({ "message": "hi" }),
        json!({ "message": 1, "contentType": "text/plain" }),
        json!({ "message": "hi", "contentType": "text/rtf" }),
    ] {
        let answer = site.post(&format!("send-message/{own}"), &body).await;
        assert_eq!(error(answer, 400), "error.request.invalid", "{body}");
    }
    let mut lost = opening();
    lost["targetName"] = json!("Nowhere");
    assert_eq!(error(site.post("start", &lost).await, 400), "error.request.webChat.invalidTarget");
    let mut dated = opening();
    dated["chatHistory"][0]["timestamp"] = json!("2026-03-01T10:15:00Z");
    assert_eq!(error(site.post("start", &dated).await, 400), "error.request.invalid");
    let gone = json!({ "chatId": "none", "participantId": own });
    let answer = site.post("reconnect", &gone).await;
    assert_eq!(error(answer, 400), "error.request.webChat.invalidChatId");
    assert_eq!(site.simulator.chats().len(), 1, "nothing wrong began a chat");
}

#[tokio::test]
async fn each_version_takes_its_own_fields() {
    let mut five = json!({
        "participantName": "Ada", "targetName": "Service Desk", "targetType": "Workgroup",
        "language": "en-us", "transcriptEmailAddress": "ada@example.org",
    });
    let first = Site::new(Server::new(Options { web_chat: 1, ..Options::default() }), ROOT).await;
    first.post("start", &five).await.expect(200).unwrap();
    first.post("start", &opening()).await.expect(400).unwrap();
    let own = "9b1f7c1e-0d2a-4f7e-8a55-3c1d2e4f5a60";
    first.get(&format!("message-history/{own}")).await.expect(404).unwrap();

    five["webhook"] = json!("http://127.0.0.1:9/");
    let fourth = Site::new(Server::new(Options { web_chat: 4, ..Options::default() }), ROOT).await;
    fourth.post("start", &opening()).await.expect(200).unwrap();
    fourth.post("start", &five).await.expect(400).unwrap();
}

#[tokio::test]
async fn the_names_of_the_lists_may_be_others() {
    let fields = Fields {
        history: "history".to_owned(),
        attributes: "additional".to_owned(),
        contexts: "skills".to_owned(),
    };
    let site = Site::new(Server::new(Options { fields, ..Options::default() }), ROOT).await;
    site.post("start", &opening()).await.expect(400).unwrap();
    let mut body = opening();
    body.as_object_mut().unwrap().retain(|name, _| !name.starts_with(['a', 'r', 'c']));
    body["history"] = opening()["chatHistory"].clone();
    site.post("start", &body).await.expect(200).unwrap();
    assert_eq!(site.simulator.chats()[0].lines.len(), 1);
}

#[tokio::test]
async fn the_backup_answers_503_until_it_is_active_and_then_takes_chats_up() {
    let (primary, backup) = Server::pair(Options::default());
    let first = Site::new(primary, ROOT).await;
    let second = Site::new(backup.clone(), ROOT).await;
    let reply: Value = first.post("start", &opening()).await.json().unwrap();
    let own = reply["participantId"].as_str().unwrap();
    let ids = json!({ "chatId": reply["chatId"], "participantId": own });
    second.post("reconnect", &ids).await.expect(503).unwrap();

    backup.switch_over();
    first.get(&format!("messages/{own}")).await.expect(503).unwrap();
    second.get(&format!("messages/{own}")).await.expect(400).unwrap();
    second.post("reconnect", &ids).await.expect(204).unwrap();
    let told = poll(&second, own).await;
    assert_eq!(column(&told, "sequenceNumber"), [0, 1], "numbers go on");
}

#[tokio::test]
async fn a_webhook_hears_of_everything() {
    use axum::{Json, Router, extract::State, routing::post};
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    let (sender, mut heard) = unbounded_channel();
    let hear = async |State(to): State<UnboundedSender<Value>>, Json(body): Json<Value>| {
        to.send(body).unwrap();
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(hear)).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, router).await });

    let site = Site::new(Server::new(Options::default()), ROOT).await;
    let mut body = opening();
    body["webhook"] = json!(url);
    site.post("start", &body).await.expect(200).unwrap();
    site.act(accept("Grace"));
    site.act(say("hello"));
    for number in 0..5 {
        let body = heard.recv().await.unwrap();
        assert_eq!(body["messages"][0]["sequenceNumber"], number);
        if number == 4 {
            assert_eq!(body["messages"][0]["value"], "hello");
        }
    }
}
