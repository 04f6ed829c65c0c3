//! The judge must see what it is there for.

use kit::{
    agent::ChatEvent,
    http::Http,
    visitor::{Event, Visitor},
};
use serde_json::json;

use super::judge::{ChatPromises, Promise, Promises, judge_history, judge_journal};

fn promise(id: &str, text: &str, seq: u64) -> Promise {
    Promise { client_id: id.to_owned(), text: text.to_owned(), seq }
}

fn chat() -> ChatPromises {
    ChatPromises {
        id: "cht_1".to_owned(),
        said: vec![promise("v1", "question 1", 1), promise("v2", "question 2", 4)],
        answered: vec![promise("a1", "answer 1", 2), promise("a2", "answer 2", 4)],
    }
}

/// (type, text, client id), numbered from 1.
fn history(lines: &[(&str, &str, &str)]) -> Vec<Event> {
    let event = |(n, (kind, text, id)): (u64, &(&str, &str, &str))| {
        let event = json!({ "seq": n, "type": kind, "text": text, "clientId": id });
        serde_json::from_value(event).unwrap()
    };
    (1..).zip(lines).map(event).collect()
}

const GOOD: [(&str, &str, &str); 5] = [
    ("visitor_message", "question 1", "v1"),
    ("bot_message", "an answer of the bot", ""),
    ("agent_message", "answer 1", ""),
    ("visitor_message", "question 2", "v2"),
    ("agent_message", "answer 2", ""),
];

async fn faults(stored: &[(&str, &str, &str)], live: &[(&str, &str, &str)]) -> Vec<String> {
    let mut promises = Promises::new(nobody().await);
    promises.said = chat().said;
    promises.chats = vec![chat()];
    promises.to_bot = vec![1];
    promises.seen = history(live);
    judge_history(&promises, &history(stored))
}

/// A visitor who is never asked anything.
async fn nobody() -> Visitor {
    let app = axum::Router::new().fallback(async || {
        let created = json!({ "userId": "usr_1", "token": "vst_1" });
        (axum::http::StatusCode::CREATED, axum::Json(created))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Visitor::create(&Http::new(), &base, "support").await.unwrap()
}

#[tokio::test]
async fn a_history_with_every_promise_kept_has_no_faults() {
    assert_eq!(faults(&GOOD, &GOOD[..3]).await, Vec::<String>::new());
}

#[tokio::test]
async fn every_kind_of_broken_history_is_seen() {
    let lost = [&GOOD[..3], &GOOD[4..]].concat();
    assert!(faults(&lost, &[]).await[0].contains("is lost"));
    let mut twice = GOOD.to_vec();
    twice.push(GOOD[3]);
    assert!(faults(&twice, &[]).await[0].contains("2 times"));
    let mut swapped = GOOD;
    swapped.swap(2, 4);
    assert!(faults(&swapped, &[]).await[0].contains("out of order"));
    let mut foreign = GOOD.to_vec();
    foreign.push(("visitor_message", "question 3", "v3"));
    assert!(faults(&foreign, &[]).await[0].contains("1 more"));
    let mut other = GOOD;
    other[1].1 = "seen live, then gone";
    assert!(faults(&GOOD, &other).await[0].contains("seen live"));
    let silent = [&GOOD[..1], &[("notice", "", "")], &GOOD[2..]].concat();
    assert!(faults(&silent, &[]).await[0].contains("0 messages"));
}

fn journal(lines: &[(&str, &str, &str)]) -> Vec<ChatEvent> {
    let event = |(n, (kind, text, id)): (u64, &(&str, &str, &str))| {
        let event = json!({ "seq": n, "type": kind, "text": text, "clientId": id });
        serde_json::from_value(event).unwrap()
    };
    (1..).zip(lines).map(event).collect()
}

#[test]
fn every_kind_of_broken_journal_is_seen() {
    let good = [
        ("visitor_message", "question 1", ""),
        ("agent_message", "answer 1", "a1"),
        ("visitor_message", "question 2", ""),
        ("agent_message", "answer 2", "a2"),
    ];
    assert_eq!(judge_journal(&chat(), &journal(&good)), Vec::<String>::new());
    assert!(judge_journal(&chat(), &journal(&good[1..]))[0].contains("is lost"));
    let mut swapped = good;
    swapped.swap(0, 2);
    assert!(judge_journal(&chat(), &journal(&swapped))[0].contains("out of order"));
    let mut twice = good.to_vec();
    twice.push(good[0]);
    assert!(judge_journal(&chat(), &journal(&twice))[0].contains("2 times"));
    let mut gap = journal(&good);
    gap[3].seq = 5;
    assert!(judge_journal(&chat(), &gap)[0].contains("number 4"));
}

#[tokio::test]
async fn a_chat_that_is_opened_again_is_judged_as_one() {
    let mut promises = Promises::new(nobody().await);
    let ChatPromises { id, said, answered } = chat();
    let part = |at: usize| ChatPromises {
        id: id.clone(),
        said: vec![said[at].clone()],
        answered: vec![answered[at].clone()],
    };
    promises.add(part(0));
    promises.add(part(1));
    promises.add(ChatPromises { id: "cht_2".to_owned(), ..part(0) });
    assert_eq!(promises.chats.len(), 2);
    assert_eq!((promises.chats[0].said.len(), promises.chats[0].answered.len()), (2, 2));
}
