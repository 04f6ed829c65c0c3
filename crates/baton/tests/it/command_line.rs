//! Starting, refusing to start, and stopping.

use std::{path::Path, process::Output, time::Duration};

use kit::{
    address::free_address,
    http::Http,
    push::{KeyIn, Pusher},
    visitor::Visitor,
};
use proving::{
    config::{Agent, PUSH_KEY, Setup},
    server::Server,
};
use serde_json::json;
use tokio::process::Command;

use crate::world::{BATON, ask_for_human, sign_in};

/// Runs `baton serve` with a configuration that it must refuse.
async fn refused(config: &str) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("baton.toml");
    std::fs::write(&path, config)?;
    let mut serve = Command::new(BATON);
    serve.args(["serve", "--config"]).arg(&path).kill_on_drop(true);
    let Output { status, stderr, .. } =
        tokio::time::timeout(Duration::from_secs(20), serve.output()).await??;
    anyhow::ensure!(status.code() == Some(1), "{status}");
    Ok(String::from_utf8(stderr)?)
}

fn good() -> String {
    Setup::whole("http://127.0.0.1:9", 1).to_toml("127.0.0.1:0")
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_with_the_way_out() -> anyhow::Result<()> {
    let cases: [(&str, &str, &[&str]); 5] = [
        ("triggers =", "trigers =", &["trigers", "did you mean `triggers`?"]),
        (", allow_private = true }", " }", &["bots.webhook.url", "127.0.0.1", "allow_private"]),
        ("http://127.0.0.1:9/handover", "http://2130706433/handover", &[]),
        (
            "push_key = \"push-key-of-the-tests\"",
            "push_key = { env = \"BATON_NO_SUCH\" }",
            &["bots.push_key", "BATON_NO_SUCH"],
        ),
        ("agents/handoff-demo", "agents/no-such-agent", &["no-such-agent"]),
    ];
    for (from, to, expected) in cases {
        let good = good();
        anyhow::ensure!(good.contains(from), "{from}: {good}");
        if expected.is_empty() {
            // Every spelling of a private address is refused.
            let spelled = good.replacen(from, to, 1).replace(", allow_private = true", "");
            let said = refused(&spelled).await?;
            assert!(said.contains("allow_private"), "{said}");
            continue;
        }
        let said = refused(&good.replacen(from, to, 1)).await?;
        for part in expected {
            assert!(said.contains(part), "{to}: {said}");
        }
    }
    Ok(())
}

/// Secrets from a file and from the environment work like secrets in the configuration. No secret
/// is logged.
#[tokio::test]
async fn secrets_may_come_from_elsewhere() -> anyhow::Result<()> {
    let address = free_address()?;
    let mut server = Server::baton_at(
        Path::new(BATON),
        &address,
        &Setup::whole(&format!("http://{address}"), 1),
    )?
    .with_env("BATON_TEST_PUSH_KEY", PUSH_KEY);
    let secret = server.path("password");
    std::fs::write(&secret, format!("{}\n", Agent::number(0).password))?;
    let config = std::fs::read_to_string(server.path("baton.toml"))?;
    let config = config
        .replace(
            &format!("push_key = {PUSH_KEY:?}"),
            "push_key = { env = \"BATON_TEST_PUSH_KEY\" }",
        )
        .replace(
            &format!("password = {:?}", Agent::number(0).password),
            &format!("password = {{ file = {:?} }}", secret.display().to_string()),
        );
    assert!(!config.contains(&Agent::number(0).password) && config.contains("env ="));
    std::fs::write(server.path("baton.toml"), config)?;
    server.start().await?;
    let http = Http::new();
    sign_in(&http, &server.base, 0).await?;
    let visitor = Visitor::create(&http, &server.base, "support").await?;
    let pusher = Pusher::new(&http, &server.base, PUSH_KEY, "support", &visitor.user_id);
    let pusher = pusher.with_key(PUSH_KEY, KeyIn::Bare);
    pusher.send("message", json!({ "text": "hello" })).await?.expect(200)?;
    let log = server.log();
    for secret in [PUSH_KEY, &Agent::number(0).password, &visitor.token, "hello"] {
        assert!(!log.contains(secret), "in the log: {secret}");
    }
    Ok(())
}

/// Checklist 22 and A1: the server stops at once after SIGTERM, with open streams and a running
/// call.
#[tokio::test]
async fn sigterm_ends_it_quickly_and_well() -> anyhow::Result<()> {
    let mut server = Server::baton(Path::new(BATON), |base| Setup::whole(base, 1))?;
    server.start().await?;
    let http = Http::new();
    let desk = sign_in(&http, &server.base, 0).await?;
    let visitor = Visitor::create(&http, &server.base, "support").await?;
    ask_for_human(&visitor).await?;
    let (mut page, _screen) = (visitor.stream(0).await?, desk.stream().await?);
    let polling = visitor.poll(1_000, 25);
    let stopping = server.stop();
    let (polled, stopped) = tokio::join!(polling, stopping);
    let (status, took) = stopped?;
    assert_eq!(status.code(), Some(0), "{}", server.log());
    assert!(took < Duration::from_secs(3), "{took:?}");
    drop(polled);
    let told = loop {
        match page.next().await {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    let code = told.downcast_ref::<kit::socket::Closed>().and_then(|closed| closed.code);
    assert_eq!(code, Some(1001), "going away: {told:#}");

    server.start().await?;
    assert!(visitor.history().await?.iter().any(|event| event.gives("human")));
    Ok(())
}
