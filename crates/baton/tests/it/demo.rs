//! `baton demo --json`: one line, and what it names works.

use std::{process::Stdio, time::Duration};

use anyhow::Context as _;
use proving::{agent::Desk, http::Http, visitor::Visitor};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::world::{BATON, ask_for_human};

const KEYS: [&str; 10] = [
    "baseUrl",
    "botId",
    "pushKey",
    "webhookToken",
    "routeUrl",
    "agentEmail",
    "agentPassword",
    "portalUrl",
    "deskUrl",
    "widgetUrl",
];

async fn start(
    data: &std::path::Path,
) -> anyhow::Result<(Child, String, BufReader<tokio::process::ChildStdout>)> {
    let mut demo = Command::new(BATON)
        .args(["demo", "--listen", "127.0.0.1:0", "--json", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut out = BufReader::new(demo.stdout.take().context("standard output")?);
    let mut line = String::new();
    tokio::time::timeout(Duration::from_secs(30), out.read_line(&mut line)).await??;
    Ok((demo, line, out))
}

async fn terminate(demo: &Child) -> anyhow::Result<()> {
    let pid = demo.id().context("it runs")?.to_string();
    Command::new("kill").args(["-TERM", &pid]).status().await?;
    Ok(())
}

#[tokio::test]
async fn the_first_line_is_all_a_script_needs() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut demo, line, mut out) = start(&folder.path().join("data")).await?;
    let facts: Value = serde_json::from_str(&line)?;
    let keys: Vec<_> = facts.as_object().context("an object")?.keys().collect();
    assert_eq!(keys, KEYS);
    let fact = |name: &str| facts[name].as_str().unwrap_or_default().to_owned();
    let base = fact("baseUrl");
    assert_eq!(fact("routeUrl"), format!("{base}/handover/desk"));

    let http = Http::new();
    let email = fact("agentEmail");
    let desk = Desk::sign_in(&http, &base, &email, &fact("agentPassword")).await?;
    let visitor = Visitor::create(&http, &base, &fact("botId")).await?;
    assert!(ask_for_human(&visitor).await?.gives("human"));
    let chat = desk.open_chat_of(&visitor.user_id).await?;
    desk.claim(&chat.id).await?.expect(200)?;

    // What was said and the secrets are kept; nothing but the line is on standard output.
    terminate(&demo).await?;
    let mut rest = String::new();
    out.read_to_string(&mut rest).await?;
    assert_eq!((rest.as_str(), demo.wait().await?.code()), ("", Some(0)));
    let (_demo, again, _) = start(&folder.path().join("data")).await?;
    let again: Value = serde_json::from_str(&again)?;
    for same in ["pushKey", "webhookToken", "agentPassword"] {
        assert_eq!(again[same], facts[same], "{same}");
    }
    Ok(())
}
