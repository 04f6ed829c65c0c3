//! Tests the emulator and the rendering of responses with Google's own clients: the Python and the
//! Node.js client talk to every bundled agent over loopback, and their results are compared with
//! ours. `cargo xtask test` installs them and runs this with two arguments: the Python interpreter
//! and the folder of the Node.js packages.

use std::{collections::HashMap, path::PathBuf, process::ExitCode, process::Stdio, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use axum::{Json, Router, extract::State, routing::post};
use dialogflow::{
    emulator,
    local::{LocalAgent, LocalBot},
    render,
};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpListener, process::Command};

mod expected;
mod verdict;

use self::verdict::Verdict;

/// Friday, 5 March 2027, 12:00 UTC.
const NOON: i64 = 1_804_248_000_000;
/// Name in place of an agent for the server that gives the fixed responses.
const PARROT: &str = "responses";

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut args = std::env::args().skip(1);
    let (python, packages) = args.next().zip(args.next()).context("judges PYTHON NODE_FOLDER")?;
    let (mut asks_python, mut asks_node) = (Vec::new(), Vec::new());
    let mut expected = HashMap::new();
    for (agent, turns) in expected::conversations()? {
        let path = expected::agents().join(&agent);
        let bot = LocalBot::new(LocalAgent::load(&path).with_context(|| agent.clone())?.0);
        expected.insert(agent.clone(), expected::answers(&bot, &turns));
        let walk = "projects/demo/agent/sessions/walk";
        // One emulator for each client, or the second would continue the sessions of the first.
        for asks in [&mut asks_python, &mut asks_node] {
            let router = emulator::router(bot.clone(), Arc::new(|| NOON), None);
            let address = listen(router).await?;
            asks.push(
                json!({ "name": agent, "address": address, "turns": turns, "contexts": walk }),
            );
        }
    }
    let responses = expected::responses()?;
    let address = listen(parrot(responses.clone())).await?;
    let turns: Vec<Value> = (0..responses.len()).map(expected::numbered_turn).collect();
    for asks in [&mut asks_python, &mut asks_node] {
        asks.push(json!({ "name": PARROT, "address": address, "turns": turns }));
    }
    expected.insert(PARROT.to_owned(), responses.into_iter().map(Ok).collect());

    let scripts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let python = ask(Command::new(python).arg(scripts.join("ask.py")), asks_python).await?;
    let mut node = Command::new("node");
    let node = ask(node.arg(scripts.join("ask.mjs")).arg(packages), asks_node).await?;

    let mut verdict = Verdict::default();
    for (name, answers) in &expected {
        ensure!(!answers.is_empty(), "{name} was asked nothing");
        verdict.python(name, answers, &python[name]["turns"]);
        verdict.node(name, answers, &node[name]);
        if name != PARROT {
            verdict.contexts(name, &python[name]["contexts"]);
        }
    }
    println!("{} passed, {} failed", verdict.passed, verdict.failed);
    Ok(if verdict.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn listen(router: Router) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

/// Answers with the response of the requested number.
fn parrot(responses: Vec<Value>) -> Router {
    let say = async |State(responses): State<Arc<Vec<Value>>>, Json(body): Json<Value>| {
        let number = body.pointer("/queryInput/text/text").and_then(Value::as_str);
        let number = number.and_then(|number| number.parse::<usize>().ok());
        Json(number.and_then(|number| responses.get(number)).cloned().unwrap_or_default())
    };
    Router::new().route("/v2/{*path}", post(say)).with_state(Arc::new(responses))
}

/// Runs a client's script with the queries as input; returns its results.
async fn ask(command: &mut Command, asks: Vec<Value>) -> Result<Value> {
    let mut script = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = script.stdin.take().context("the script reads nothing")?;
    stdin.write_all(Value::Array(asks).to_string().as_bytes()).await?;
    drop(stdin);
    let output = script.wait_with_output().await?;
    ensure!(output.status.success(), "{command:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).context("the output of the script is not JSON")
}

/// The response as in Node.js, in both styles.
fn rendered(canonical: &Value) -> (String, String) {
    let whole = render::render(canonical, render::CURRENT);
    (whole.to_string(), render::contract_r1(canonical).to_string())
}
