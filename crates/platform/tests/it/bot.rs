//! A bot that answers by what it is asked: `handover` triggers, `slow …` waits for the test,
//! `fail`, `panic` and `panic at once` do so, anything else is echoed.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use dialogflow::{Answer, Bot, BotError, BoxFuture, Edition, Input, Query};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pub(crate) struct FakeBot {
    pub(crate) queries: Mutex<Vec<Query>>,
    /// One permit lets one slow query go.
    pub(crate) gate: Semaphore,
    /// Whether asking for the path of a session panics.
    pub(crate) breaks_paths: AtomicBool,
    edition: Mutex<Edition>,
}

impl FakeBot {
    pub(crate) fn new() -> Arc<Self> {
        let edition = Mutex::new(Edition::Es);
        let (gate, breaks_paths) = (Semaphore::new(0), AtomicBool::new(false));
        Arc::new(Self { queries: Mutex::default(), gate, breaks_paths, edition })
    }

    pub(crate) fn speak(&self, edition: Edition) {
        *self.edition.lock().unwrap() = edition;
    }

    /// What was asked in the session of one conversation, events as `!NAME`.
    pub(crate) fn asked(&self, conversation: &str) -> Vec<String> {
        let queries = self.queries.lock().unwrap();
        let own = queries.iter().filter(|query| query.session.ends_with(conversation));
        own.map(|query| words(&query.input)).collect()
    }
}

impl Bot for FakeBot {
    fn edition(&self) -> Edition {
        *self.edition.lock().unwrap()
    }

    fn session_path(&self, session: &str) -> String {
        assert!(!self.breaks_paths.load(Ordering::SeqCst), "scripted");
        format!("projects/baton/agent/sessions/{session}")
    }

    fn detect_intent(&self, query: Query) -> BoxFuture<'_, Result<Answer, BotError>> {
        let words = words(&query.input);
        let session = query.session.clone();
        self.queries.lock().unwrap().push(query);
        assert!(words != "panic at once", "scripted");
        Box::pin(async move {
            if words.starts_with("slow") {
                self.gate.acquire().await.unwrap().forget();
            }
            match words.as_str() {
                "fail" | "!FAIL" => Err(BotError::Unavailable("scripted".to_owned())),
                "panic" => panic!("scripted"),
                _ => {
                    let response = match self.edition() {
                        Edition::Es => response(&session, &words),
                        Edition::Cx => cx(&words),
                    };
                    Ok(Answer { response, memory: Some(words) })
                }
            }
        })
    }
}

fn words(input: &Input) -> String {
    match input {
        Input::Text(text) => text.clone(),
        Input::Event { name, .. } => format!("!{name}"),
    }
}

/// `handover` sets the session parameter `bcHumanHandover`.
fn cx(words: &str) -> Value {
    let parameters =
        if words == "handover" { json!({ "bcHumanHandover": true }) } else { json!({}) };
    json!({ "responseId": "5a1e4c3e", "queryResult": {
        "text": words, "languageCode": "en", "parameters": parameters,
        "responseMessages": [
            { "text": { "text": [format!("echo: {words}")] } },
            if words == "handover" { json!({ "liveAgentHandoff": {} }) } else { json!({}) },
        ],
        "match": { "matchType": "INTENT", "intent": { "displayName": "Any" } },
    } })
}

/// `handover` sets a context, `live agent` a flag of the intent, `action` an action; `nonsense`
/// matches nothing.
fn response(session: &str, words: &str) -> Value {
    let says = match words {
        "handover" => "human handover text".to_owned(),
        words => format!("echo: {words}"),
    };
    let messages = match words {
        "!MUTE" => json!([]),
        "chips" => json!([{ "quickReplies": { "title": "Pick", "quickReplies": ["a", "b"] } }]),
        _ => json!([{ "text": { "text": [says] } }]),
    };
    let context = |name: &str, lifespan: u32, parameters: Value| {
        json!({ "name": format!("{session}/contexts/{name}"), "lifespanCount": lifespan,
                "parameters": parameters })
    };
    let time_zone = context("botcopy-timezone", 9, json!({ "tz": "Europe/Vienna" }));
    let contexts = if words.ends_with("handover") {
        json!([context("Handover-Test", 1, json!({})), time_zone])
    } else {
        json!([time_zone])
    };
    json!({
        "responseId": "5a1e4c3e",
        "queryResult": {
            "queryText": words,
            "action": if words == "action" { "help.human" } else { "" },
            "allRequiredParamsPresent": true,
            "fulfillmentText": if words == "!MUTE" { "" } else { &says },
            "fulfillmentMessages": messages,
            "outputContexts": contexts,
            "intent": { "name": "projects/test/agent/intents/1", "displayName": "Any",
                        "isFallback": words == "nonsense",
                        "liveAgentHandoff": words == "live agent" },
            "intentDetectionConfidence": 1,
            "languageCode": "en"
        }
    })
}
