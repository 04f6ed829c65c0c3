//! `baton emulate --json`, the emulator of the demo, and a bot that calls an emulator.

use std::process::Stdio;

use anyhow::Context as _;
use kit::http::Http;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::world::BATON;

const DETECT: &str = "/v2/projects/any/agent/sessions/s-1:detectIntent";

/// A running `baton` command and the first line of its output.
pub(crate) async fn start(args: &[&str]) -> anyhow::Result<(Child, Value)> {
    let mut program = Command::new(BATON)
        .args(args)
        .env("BATON_EMULATOR_KEY", "")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut line = String::new();
    let mut out = BufReader::new(program.stdout.take().context("standard output")?);
    tokio::time::timeout(std::time::Duration::from_secs(30), out.read_line(&mut line)).await??;
    Ok((program, serde_json::from_str(&line)?))
}

fn agent() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../agents/handoff-demo").to_owned()
}

async fn ask(base: &str, headers: &[(&str, &str)]) -> anyhow::Result<(u16, Value)> {
    let body = json!({ "queryInput": { "text": {
        "text": "talk to a person", "languageCode": "en" } } });
    let url = format!("{base}{DETECT}");
    let answer = Http::new().post(&url, headers, &body).await?;
    Ok((answer.status.as_u16(), answer.json()?))
}

fn intent(answer: &Value) -> &str {
    answer["queryResult"]["intent"]["displayName"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn an_export_is_served_to_clients_of_google() -> anyhow::Result<()> {
    let (_emulator, facts) =
        start(&["emulate", &agent(), "--listen", "127.0.0.1:0", "--json"]).await?;
    assert_eq!(facts["apiKey"], Value::Null);
    let (status, answer) = ask(facts["baseUrl"].as_str().context("baseUrl")?, &[]).await?;
    assert_eq!((status, intent(&answer)), (200, "Operator Request"), "{answer}");
    Ok(())
}

/// A listener that is not on loopback requires a key.
#[tokio::test]
async fn callers_from_elsewhere_need_the_key() -> anyhow::Result<()> {
    let (_emulator, facts) =
        start(&["emulate", &agent(), "--listen", "0.0.0.0:0", "--json"]).await?;
    let base = facts["baseUrl"].as_str().context("baseUrl")?.replace("0.0.0.0", "127.0.0.1");
    let key = facts["apiKey"].as_str().context("apiKey")?;
    assert_eq!(ask(&base, &[]).await?.0, 401);
    assert_eq!(ask(&base, &[("x-goog-api-key", key)]).await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn the_demo_serves_its_agent_the_same_way() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data").display().to_string();
    let (_demo, facts) =
        start(&["demo", "--listen", "127.0.0.1:0", "--json", "--data", &data]).await?;
    let (status, answer) = ask(facts["baseUrl"].as_str().context("baseUrl")?, &[]).await?;
    assert_eq!((status, intent(&answer)), (200, "Operator Request"), "{answer}");
    Ok(())
}

#[tokio::test]
async fn a_check_says_who_answers_and_a_wrong_setting_is_named() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("baton.toml");
    let check = async |agent: &str| {
        let config =
            format!("[[bots]]\nid = \"b\"\npush_key = \"key-of-this-test\"\nagent = {agent}\n");
        std::fs::write(&path, config)?;
        let mut check = Command::new(BATON);
        let output = check.args(["check", "--config"]).arg(&path).output().await?;
        let said = [output.stdout, output.stderr].concat();
        anyhow::Ok((output.status.success(), String::from_utf8(said)?))
    };
    let (good, said) =
        check(r#"{ es = { project = "p", endpoint = "http://127.0.0.1:8070" } }"#).await?;
    assert!(good && said.contains("Dialogflow ES, projects/p/agent at http://127.0"), "{said}");
    for (agent, expected) in [
        (r#"{ es = { project = "p", endpoint = "http://example.com" } }"#, "`endpoint`: http is"),
        (
            r#"{ cx = { project = "p", location = "l", agent = "a", credentials.file = "x" } }"#,
            "bots.agent.cx.credentials",
        ),
        (r#"{ es = { project = "p", user = "u", endpoint = "http://[::1]:1" } }"#, "`user`"),
    ] {
        let (good, said) = check(agent).await?;
        assert!(!good && said.contains(expected), "{said}");
    }
    Ok(())
}
