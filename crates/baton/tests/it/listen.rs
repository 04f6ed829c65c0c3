//! `baton listen` between a real platform and a scripted middleware; `baton trigger` as each side.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use anyhow::Context as _;
use kit::{
    address::free_address,
    push::{KeyIn, Pusher},
    receiver::{Receiver, Reply},
};
use proving::{
    config::{PUSH_KEY, WEBHOOK_TOKEN},
    load::ASK,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use crate::world::{BATON, Platform, ask_for_human, texts};

/// A running `baton listen --json`.
struct Listener {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// All output so far.
    written: String,
}

impl Listener {
    async fn start(address: &str, middleware: &str, platform: &str) -> anyhow::Result<Self> {
        let mut process = Command::new(BATON)
            .args(["listen", "--json", "--listen", address])
            .args(["--forward-to", middleware, "--push-to", platform])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let lines = BufReader::new(process.stdout.take().context("standard output")?).lines();
        let mut listener = Self { _process: process, lines, written: String::new() };
        let first = listener.next().await?;
        assert_eq!(first["webhookUrl"], format!("http://{address}"));
        Ok(listener)
    }

    async fn next(&mut self) -> anyhow::Result<Value> {
        let line = tokio::time::timeout(Duration::from_secs(20), self.lines.next_line()).await??;
        let line = line.context("it has ended")?;
        self.written.push_str(&line);
        Ok(serde_json::from_str(&line)?)
    }
}

#[tokio::test]
async fn every_call_is_passed_on_unchanged_and_shown() -> anyhow::Result<()> {
    let (address, middleware) = (free_address()?, Receiver::start().await?);
    let webhook = format!("http://{address}/any/path");
    let platform = Platform::with(|bot| bot.webhook_url = webhook).await?;
    let base = platform.server.base.clone();
    let mut listener = Listener::start(&address, &middleware.url, &base).await?;

    let visitor = platform.visitor().await?;
    assert!(ask_for_human(&visitor).await?.gives("human"));
    let one = listener.next().await?;
    assert_eq!((&one["kind"], &one["good"]), (&json!("step one"), &json!(true)));
    assert_eq!(one["warnings"], json!([]));
    assert_eq!(one["userId"], json!(visitor.user_id));
    let call = middleware.call(0).await?;
    assert_eq!(call.headers["authorization"], WEBHOOK_TOKEN);
    assert_eq!(call.body["accessToken"], WEBHOOK_TOKEN);
    let ids = ["idempotency-key", "x-request-id"].map(|name| call.headers.get(name).cloned());
    assert!(ids.iter().all(Option::is_some), "{:?}", call.headers);
    assert!(one["body"]["dialogflowResponse"].is_object());

    // Pushes, with the key where each revision has it. Refused pushes are shown too.
    let relay = format!("http://{address}");
    let pusher = Pusher::new(&platform.http, &relay, PUSH_KEY, "support", &visitor.user_id);
    for (key_in, text) in [(KeyIn::Body, "Hi"), (KeyIn::Bearer, "there")] {
        pusher.clone().with_key(PUSH_KEY, key_in).say(text, 5.0).await?;
        let push = listener.next().await?;
        assert_eq!((&push["kind"], &push["text"]), (&json!("push message"), &json!(text)));
        assert_eq!((&push["good"], &push["status"]), (&json!(true), &json!(200)), "{push}");
    }
    assert_eq!(texts(&visitor.history().await?, "agent_message"), ["Hi", "there"]);
    let wrong = pusher.clone().with_key("another-key", KeyIn::Bare);
    wrong.send("user_typing", json!({})).await?.expect(401)?;
    let refused = listener.next().await?;
    assert_eq!((&refused["good"], &refused["status"]), (&json!(false), &json!(401)));

    for secret in [WEBHOOK_TOKEN, PUSH_KEY, "another-key", &visitor.token] {
        assert!(!listener.written.contains(secret), "{secret}: {}", listener.written);
    }
    Ok(())
}

/// The platform closes the connection after five seconds. The time of the late answer is still
/// shown.
#[tokio::test]
async fn late_and_missing_answers_are_told() -> anyhow::Result<()> {
    let (address, middleware) = (free_address()?, Receiver::start().await?);
    let webhook = format!("http://{address}/");
    let platform = Platform::with(|bot| bot.webhook_url = webhook).await?;
    let mut listener = Listener::start(&address, &middleware.url, &platform.server.base).await?;
    let late = Reply::After(Duration::from_millis(5_400), Box::new(Reply::paused()));
    middleware.then(late).then(Reply::Cut);
    let visitor = platform.visitor().await?;
    assert!(ask_for_human(&visitor).await?.gives("bot"));
    let late = listener.next().await?;
    assert!(late["warnings"][0]["answer"].as_str().unwrap_or_default().contains("late"), "{late}");
    assert!(late["ms"].as_u64() >= Some(5_300) && late["status"] == 200, "{late}");

    visitor.say("ask again", ASK).await?;
    let cut = listener.next().await?;
    assert_eq!((&cut["status"], &cut["good"]), (&Value::Null, &json!(false)), "{cut}");
    Ok(())
}

async fn trigger(args: &[&str], secret: &str) -> anyhow::Result<Output> {
    let mut command = Command::new(BATON);
    command.arg("trigger").args(args).args(["--token-env", "BATON_TEST_SECRET"]);
    command.env("BATON_TEST_SECRET", secret).kill_on_drop(true);
    Ok(tokio::time::timeout(Duration::from_secs(20), command.output()).await??)
}

#[tokio::test]
async fn one_call_is_sent_as_its_revision_would() -> anyhow::Result<()> {
    let middleware = Receiver::start().await?;
    let url = middleware.url.as_str();
    let sent = trigger(&["step-one", "--url", url, "--user", "u7"], "c4nary").await?;
    assert!(sent.status.success(), "{sent:?}");
    let said = String::from_utf8(sent.stdout)?;
    assert!(said.contains("paused 10 min") && !said.contains("c4nary"), "{said}");
    let one = middleware.call(0).await?;
    assert!(one.is_step_one() && one.user_id() == "u7");
    assert_eq!(
        (one.headers["authorization"].as_str(), &one.body["accessToken"]),
        ("c4nary", &json!("c4nary"))
    );

    middleware.then(Reply::Json("[]".to_owned()));
    let two =
        ["step-two", "--url", url, "--contract", "r2.2", "--text", "hi", "--id", "i1", "--json"];
    let refused = trigger(&two, "c4nary").await?;
    assert_eq!(refused.status.code(), Some(1));
    let shown: Value = serde_json::from_slice(&refused.stdout)?;
    assert_eq!(shown["good"], false);
    let two = middleware.call(1).await?;
    assert_eq!((two.text(), two.headers["authorization"].as_str()), ("hi", "Bearer c4nary"));
    assert_eq!(
        (two.headers["idempotency-key"].as_str(), two.body.get("accessToken")),
        ("i1", None)
    );

    // An invalid signing key is refused before the call is sent, and is not shown.
    let step_two = ["step-two", "--url", url, "--sign-env", "BATON_TEST_SECRET"];
    let unsigned = String::from_utf8(trigger(&step_two, "c4nary").await?.stderr)?;
    assert!(unsigned.contains("whsec_") && !unsigned.contains("c4nary"), "{unsigned}");
    assert_eq!(middleware.calls().len(), 2);
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
    assert!(trigger(&step_two, key).await?.status.success());
    let signed = middleware.call(2).await?;
    assert!(signed.headers["webhook-signature"].starts_with("v1,"), "{:?}", signed.headers);
    assert_eq!(signed.headers["webhook-id"], signed.headers["idempotency-key"]);

    let printed =
        trigger(&["message", "--print", "--contract", "r1", "--text", "c4nary"], "c4nary");
    let printed: Value = serde_json::from_slice(&printed.await?.stdout)?;
    assert_eq!((&printed["accessToken"], &printed["text"]), (&json!("***"), &json!("***")));
    Ok(())
}

#[tokio::test]
async fn pushes_of_every_kind_reach_a_real_visitor() -> anyhow::Result<()> {
    let platform = Platform::start().await?;
    let (visitor, _) = platform.paused_visitor().await?;
    let base = platform.server.base.as_str();
    for kind in ["typing", "message", "pause", "resume"] {
        for contract in ["r1", "r2.2", "r3"] {
            let to = ["--user", &visitor.user_id, "--url", base, "--contract", contract];
            let sent = trigger(&[&[kind], &to[..]].concat(), PUSH_KEY).await?;
            assert!(sent.status.success(), "{kind} {contract}: {sent:?}");
        }
    }
    let history = visitor.history().await?;
    assert_eq!(texts(&history, "agent_message").len(), 3);
    assert!(history.iter().rev().find(|event| event.is("control")).is_some_and(|e| e.gives("bot")));
    let wrong = trigger(&["message", "--url", base, "--user", &visitor.user_id], "another").await?;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8(wrong.stdout)?.contains("push key"));
    Ok(())
}
