//! `baton demo --json`: it prints one line, and every address and key in it works. Every simulated
//! tool works too.

use std::{fs::File, path::Path, process::Stdio, time::Duration};

use anyhow::Context as _;
use kit::{agent::Desk, http::Http, visitor::Visitor};
use serde_json::{Value, json};
use simulators::catalog;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::world::{BATON, ask_for_human};

const KEYS: [&str; 11] = [
    "baseUrl",
    "botId",
    "pushKey",
    "webhookToken",
    "routeUrl",
    "agentEmail",
    "agentPassword",
    "adminKey",
    "portalUrl",
    "deskUrl",
    "widgetUrl",
];

pub(crate) async fn start(
    data: &Path,
    more: &[&str],
) -> anyhow::Result<(Child, String, BufReader<tokio::process::ChildStdout>)> {
    let mut demo = Command::new(BATON)
        .args(["demo", "--listen", "127.0.0.1:0", "--json", "--data"])
        .arg(data)
        .args(more)
        .stdout(Stdio::piped())
        .env("BATON_LOG", "trace")
        .stderr(File::create(data.with_extension("log"))?)
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
    let (mut demo, line, mut out) = start(&folder.path().join("data"), &[]).await?;
    let facts: Value = serde_json::from_str(&line)?;
    let keys: Vec<_> = facts.as_object().context("an object")?.keys().collect();
    assert_eq!(keys, KEYS);
    let fact = |name: &str| facts[name].as_str().unwrap_or_default().to_owned();
    let base = fact("baseUrl");
    assert_eq!(fact("routeUrl"), format!("{base}/handover/desk"));
    assert_eq!(facts["portalUrl"], Value::Null, "no page that is not there is named");

    let http = Http::new();
    for page in ["deskUrl", "widgetUrl"] {
        http.get(&fact(page), &[]).await?.expect(200)?;
    }
    // A page of a stranger whose name leads here does not get the password.
    let told = async |host: &str| -> anyhow::Result<Value> {
        http.get(&format!("{base}/demo.json"), &[("host", host)]).await?.expect(200)?.json()
    };
    let own = base.trim_start_matches("http://");
    assert_eq!(told(own).await?["agentPassword"], facts["agentPassword"]);
    let rebound = told("rebound.example.com").await?;
    assert_eq!((&rebound["agentPassword"], &rebound["botId"]), (&Value::Null, &facts["botId"]));

    let email = fact("agentEmail");
    let desk = Desk::sign_in(&http, &base, &email, &fact("agentPassword")).await?;
    let visitor = Visitor::create(&http, &base, &fact("botId")).await?;
    assert!(ask_for_human(&visitor).await?.gives("human"));
    let chat = desk.open_chat_of(&visitor.user_id).await?;
    desk.claim(&chat.id).await?.expect(200)?;

    // Messages and secrets are kept. Standard output has only the one line.
    terminate(&demo).await?;
    let mut rest = String::new();
    out.read_to_string(&mut rest).await?;
    assert_eq!((rest.as_str(), demo.wait().await?.code()), ("", Some(0)));
    let (_demo, again, _) = start(&folder.path().join("data"), &[]).await?;
    let again: Value = serde_json::from_str(&again)?;
    for same in ["pushKey", "webhookToken", "agentPassword"] {
        assert_eq!(again[same], facts[same], "{same}");
    }
    Ok(())
}

/// Every connector with its simulated tool, in the real binary; the test acts as the human agent
/// over HTTP. The log and the database contain no secret of the tool.
#[tokio::test]
async fn agents_may_work_in_any_simulated_tool() -> anyhow::Result<()> {
    for tool in catalog::names() {
        works(tool).await.context(tool)?;
    }
    Ok(())
}

async fn works(tool: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    let (mut demo, line, _out) = start(&data, &["--tool", tool]).await?;
    let facts: Value = serde_json::from_str(&line)?;
    let fact = |name: &str| facts[name].as_str().unwrap_or_default().to_owned();
    let (http, chats) = (Http::new(), format!("{}chats", fact("deskUrl")));
    let visitor = Visitor::create(&http, &fact("baseUrl"), &fact("botId")).await?;
    assert!(ask_for_human(&visitor).await?.gives("human"), "{tool}: no human agent took over");
    let id = eventually(&http, &chats, |chat| chat["id"].as_str().map(str::to_owned)).await?;
    let act = async |act: Value| {
        let answer = http.post(&format!("{chats}/{id}"), &[], &act).await?;
        answer.expect(204)
    };
    act(json!({ "act": "accept", "agent": "Jo Park" })).await?;
    act(json!({ "act": "say", "text": "Hello from the tool" })).await?;
    let read = visitor.wait_for(0, |event| event.text.contains("Hello from the tool")).await?;
    assert_eq!(read.agent_name(), Some("Jo Park"), "{tool}");
    visitor.say("c-9", "hello agent").await?;
    eventually(&http, &chats, |chat| {
        let lines = chat["lines"].as_array()?;
        let reads =
            |line: &Value| line["text"].as_str().is_some_and(|t| t.ends_with("hello agent"));
        lines.iter().any(reads).then_some(())
    })
    .await?;
    act(json!({ "act": "end" })).await?;
    visitor.wait_for(read.seq.unwrap_or_default(), |event| event.gives("bot")).await?;
    terminate(&demo).await?;
    demo.wait().await?;
    keeps_secrets(tool, &data)
}

fn keeps_secrets(tool: &str, data: &Path) -> anyhow::Result<()> {
    let entry = catalog::entry(tool, "http://127.0.0.1:9", "http://127.0.0.1:9");
    let settings: toml::Table = entry.context("it is in the catalog")?.settings.parse()?;
    let mut secrets = Vec::new();
    collect_secrets(&settings, &mut secrets);
    anyhow::ensure!(!secrets.is_empty(), "{tool} has no secret");
    let mut files = vec![data.with_extension("log")];
    for entry in std::fs::read_dir(data)? {
        files.extend(Some(entry?.path()).filter(|path| path.is_file()));
    }
    for file in files {
        let content = std::fs::read(&file)?;
        for secret in &secrets {
            let shows = content.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!shows, "{tool}: {secret} is in {}", file.display());
        }
    }
    Ok(())
}

fn collect_secrets<'a>(settings: &'a toml::Table, found: &mut Vec<&'a str>) {
    for (key, value) in settings {
        match value {
            toml::Value::Table(table) => collect_secrets(table, found),
            toml::Value::String(text) => {
                let words = ["secret", "token", "password", "key"];
                found.extend(words.iter().any(|word| key.contains(word)).then_some(text.as_str()));
            }
            _ => {}
        }
    }
}

/// Polls the tool for its latest chat until `find` returns a value.
async fn eventually<T>(
    http: &Http,
    chats: &str,
    find: impl Fn(&Value) -> Option<T>,
) -> anyhow::Result<T> {
    let mut last = Value::Null;
    for _ in 0..600 {
        last = http.get(chats, &[]).await?.expect(200)?.json()?;
        if let Some(found) = last["chats"].as_array().and_then(|chats| find(chats.last()?)) {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("it did not come: {last}")
}
