//! Limits, silence, and events that come late or twice: the same for both APIs.

use super::*;
use crate::{From, faults::Plan};

const ROOT: &str = "/icws/web-chat/";

fn opening() -> Value {
    json!({ "participantName": "Ada", "targetName": "Service Desk", "targetType": "Workgroup" })
}

async fn start(site: &Site) -> String {
    let reply: Value = site.post("start", &opening()).await.expect(200).unwrap().json().unwrap();
    reply["participantId"].as_str().unwrap().to_owned()
}

async fn numbers(site: &Site, own: &str) -> Vec<Value> {
    let answer = site.get(&format!("messages/{own}")).await.expect(200).unwrap();
    column(&answer.json::<Value>().unwrap()["messages"], "sequenceNumber")
}

#[tokio::test]
async fn five_chats_begin_in_a_second() {
    let site = Site::new(Server::new(Options::default()), ROOT).await;
    for _ in 0..5 {
        start(&site).await;
    }
    site.post("start", &opening()).await.expect(500).unwrap();
    let tools = Site { root: "/websvcs/", ..site };
    let body = json!({
        "supportedContentTypes": "text/plain", "participant": { "name": "Ada" },
        "target": "Service Desk", "targettype": "Workgroup",
    });
    tools.post("chat/start", &body).await.expect(404).unwrap();
}

#[tokio::test]
async fn an_address_has_only_so_many_chats_until_one_ends() {
    let options = Options { active_per_ip_max: 1, ..Options::default() };
    let site = Site::new(Server::new(options), ROOT).await;
    let own = start(&site).await;
    site.post("start", &opening()).await.expect(500).unwrap();
    site.post(&format!("exit/{own}"), &Value::Null).await.expect(204).unwrap();
    start(&site).await;
}

#[tokio::test]
async fn who_goes_silent_is_disconnected() {
    let options = Options { unpolled_ms_max: 150, ..Options::default() };
    let site = Site::new(Server::new(options), ROOT).await;
    let own = start(&site).await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        numbers(&site, &own).await;
    }
    assert_eq!(site.simulator.chats()[0].phase, Phase::Waiting, "polls keep it");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(site.simulator.chats()[0].phase, Phase::Ended);
    let told = numbers(&site, &own).await;
    assert_eq!(told, [2], "the own participant is disconnected");
}

#[tokio::test]
async fn late_events_leave_a_gap_that_closes() {
    let options = Options { late_per_mille: 500, late_ms: 100, ..Options::default() };
    let site = Site::new(Server::new(options), ROOT).await;
    let own = start(&site).await;
    site.act(accept("Grace"));
    for _ in 0..20 {
        site.act(say("hello"));
    }
    let first = numbers(&site, &own).await;
    assert!((10..24).contains(&first.len()), "{first:?}");
    tokio::time::sleep(Duration::from_millis(150)).await;
    let rest = numbers(&site, &own).await;
    assert_eq!(first.len() + rest.len(), 24);
}

#[tokio::test]
async fn some_events_are_told_twice() {
    let options = Options { repeat_per_mille: 1_000, ..Options::default() };
    let site = Site::new(Server::new(options), ROOT).await;
    let own = start(&site).await;
    site.act(accept("Grace"));
    site.act(say("hello"));
    assert_eq!(numbers(&site, &own).await, [0, 1, 2, 3, 4]);
    assert_eq!(numbers(&site, &own).await, [4]);
    assert_eq!(numbers(&site, &own).await.len(), 0);
}

#[tokio::test]
async fn agents_do_what_the_state_of_the_chat_allows() {
    let site = Site::new(Server::new(Options::default()), ROOT).await;
    let own = start(&site).await;
    let chat = site.chat();
    assert!(site.simulator.act(&chat, say("hello")).is_err(), "nobody has it");
    site.act(accept("Grace"));
    assert!(site.simulator.act(&chat, accept("Joan")).is_err(), "Grace has it");
    site.act(Act::Note { text: "difficult".to_owned() });
    assert_eq!(site.simulator.chats()[0].lines[0].from, From::Note);
    assert_eq!(numbers(&site, &own).await, [0, 1, 2, 3], "a note is not told");
    site.act(Act::End);
    assert!(site.simulator.act(&chat, say("hello")).is_err(), "it is over");
}

#[tokio::test]
async fn a_lost_answer_leaves_its_events_to_the_history() {
    let site = Site::new(Server::new(Options::default()), ROOT).await;
    let own = start(&site).await;
    site.simulator.faults().set(Plan { lose: 1_000, ..Plan::default() });
    assert!(site.http.get(&site.url(&format!("messages/{own}")), &[]).await.is_err());
    site.simulator.faults().set(Plan::default());
    assert!(numbers(&site, &own).await.is_empty());
    let all: Value = site.get(&format!("message-history/{own}")).await.json().unwrap();
    assert_eq!(all["messages"].as_array().unwrap().len(), 2);
}
