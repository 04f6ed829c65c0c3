//! `--webhook`, and `fulfilment` in a configuration.

use std::sync::Arc;

use anyhow::Context as _;
use axum::{Json, Router, http::HeaderMap, routing::post};
use kit::http::Http;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command};

use crate::{emulate::start, world::BATON};

const AGENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../agents/pizza-orders");

type Calls = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// A webhook that answers with what it was asked; its URL and the calls it got.
async fn webhook() -> anyhow::Result<(String, Calls)> {
    let calls = Calls::default();
    let heard = Arc::clone(&calls);
    let answer = async move |headers: HeaderMap, Json(body): Json<Value>| {
        let text = format!("asked: {}", body["queryResult"]["queryText"]);
        heard.lock().push((headers, body));
        Json(json!({ "fulfillmentText": text }))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let router = Router::new().route("/hook", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, calls))
}

async fn greet(base: &Value) -> anyhow::Result<Value> {
    let body = json!({ "queryInput": { "text": { "text": "hello", "languageCode": "en" } } });
    let base = base.as_str().context("baseUrl")?;
    let url = format!("{base}/v2/projects/any/agent/sessions/s-1:detectIntent");
    Http::new().post(&url, &[], &body).await?.json()
}

#[tokio::test]
async fn the_emulator_and_the_demo_call_the_webhook_that_the_command_line_names() {
    let (url, calls) = webhook().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let listen = ["--listen", "127.0.0.1:0", "--json", "--webhook", &url];
    let emulate = [&["emulate", AGENT], &listen[..]].concat();
    let demo = [&["demo", "--agent", AGENT, "--data", &data], &listen[..]].concat();
    for args in [emulate, demo] {
        let (_program, facts) = start(&args).await.unwrap();
        let answer = greet(&facts["baseUrl"]).await.unwrap();
        assert_eq!(answer["queryResult"]["fulfillmentText"], "asked: \"hello\"", "{answer}");
        let (headers, body) = calls.lock().pop().unwrap();
        assert_eq!(headers["authorization"], "Basic a2l0Y2hlbjo=");
        assert_eq!(headers["x-shop"], "vienna");
        assert_eq!(body["session"], "projects/any/agent/sessions/s-1");
    }
}

#[tokio::test]
async fn without_the_option_nothing_is_called() {
    let args = ["emulate", AGENT, "--listen", "127.0.0.1:0", "--json"];
    let (_program, facts) = start(&args).await.unwrap();
    let answer = greet(&facts["baseUrl"]).await.unwrap();
    let text = &answer["queryResult"]["fulfillmentText"];
    assert_eq!(text, "Hello! The kitchen does not answer right now.");
    assert_eq!(answer.get("webhookStatus"), None);
}

#[tokio::test]
async fn a_check_says_whether_the_webhook_is_called_and_a_wrong_setting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baton.toml");
    let check = async |agent: &str| {
        let config =
            format!("[[bots]]\nid = \"b\"\npush_key = \"twelve chars\"\nagent = {{ {agent} }}\n");
        std::fs::write(&path, config).unwrap();
        let mut check = Command::new(BATON);
        let output = check.args(["check", "--config"]).arg(&path).output().await.unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), said)
    };
    let export = |rest: &str| format!("export = \"{AGENT}\"{rest}");
    for (agent, good, expected) in [
        (export(""), true, "its webhook is not called"),
        (export(", fulfilment = false"), true, "its webhook is not called"),
        (export(", fulfilment = true"), true, "its webhook is called"),
        (export(", fulfilment = { password = \"x\" }"), true, "its webhook is called"),
        (export(", fulfilment = { url = \"http://10.1.1.1\" }"), false, "not a public address"),
        (export(", fulfilment = { url = \"http://example.com\" }"), false, "use https"),
        (export(", fulfilment = { uri = \"x\" }"), false, "did you mean `url`?"),
        (export(", fulfilment = \"yes\""), false, "true, false, or a table with `url`"),
        (
            export(", fulfilment = { password = { env = \"BATON_NOT_SET\" } }"),
            false,
            "`bots.agent.fulfilment.password`",
        ),
        ("es = { project = \"p\" }, fulfilment = true".to_owned(), false, "belongs to `export`"),
    ] {
        let (accepted, said) = check(&agent).await;
        assert!(accepted == good && said.contains(expected), "{agent}: {said}");
    }
}
