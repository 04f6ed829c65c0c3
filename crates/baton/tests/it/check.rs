//! `baton check` against our own platform and bridge, with the same cases as for others.

use std::{net::SocketAddr, path::Path, process::Output, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use kit::{
    address::free_address,
    agent::Desk,
    conformance::{
        Report, Selection,
        middleware::{self, Operator, Pushes, Task},
        platform,
    },
};
use proving::{
    config::{Bot, PUSH_KEY, Setup, WEBHOOK_TOKEN},
    load::ASK,
    server::Server,
};
use secrecy::SecretString;
use serde_json::Value;
use tokio::process::Command;

use crate::world::{BATON, QUESTION, sign_in};

fn all_pass(report: &Report) {
    assert_eq!((report.failed, report.skipped), (0, 0), "{}", report.to_json());
    assert!(report.passed >= 40, "{}", report.passed);
}

/// Jane Doe at the desk does what the check asks of the operator.
async fn operate(desk: Desk, user: String, task: Task) -> anyhow::Result<()> {
    let chat = desk.open_chat_of(&user).await?;
    if chat.status == "queued" {
        desk.claim(&chat.id).await?.expect(200)?;
    }
    match task {
        Task::Answer(texts) => {
            for text in texts {
                desk.say(&chat.id, &text, &text).await?;
            }
            Ok(())
        }
        Task::Type => desk.typing(&chat.id).await,
        Task::End => desk.close(&chat.id).await,
    }
}

/// Checklist 20, and all cases for a middleware.
#[tokio::test]
async fn our_bridge_passes_every_case() -> anyhow::Result<()> {
    let listen = free_address()?;
    let mut server =
        Server::baton(Path::new(BATON), |_| Setup::bridge(&format!("http://{listen}"), 1))?;
    server.start().await?;
    let desk = sign_in(&kit::http::Http::new(), &server.base, 0).await?;
    let hook = move |user, task| -> BoxFuture<'static, anyhow::Result<()>> {
        Box::pin(operate(desk.clone(), user, task))
    };
    let options = middleware::Options {
        url: format!("{}/handover/desk", server.base),
        token: SecretString::from(WEBHOOK_TOKEN),
        bot: "check".to_owned(),
        pushes: Some(Pushes {
            listen: listen.parse()?,
            key: SecretString::from(PUSH_KEY),
            operator: Operator::Hook(Arc::new(hook)),
            patience: Duration::from_secs(20),
        }),
    };
    all_pass(&middleware::check(options, &Selection::default()).await?);
    Ok(())
}

/// A platform whose bot calls `listen`, with history and typing on.
async fn platform_for(listen: &str) -> anyhow::Result<Server> {
    let mut bot = Bot::demo("support", &format!("http://{listen}/hook"));
    let header = "header = { name = \"x-gateway-key\", value = \"open\" }";
    bot.webhook_more = format!("history = true, typing = true, {header}");
    let mut server = Server::baton(Path::new(BATON), |_| Setup::platform(vec![bot]))?;
    server.start().await?;
    Ok(server)
}

/// The checklist of the contract, section 17, and all cases for a platform.
#[tokio::test]
async fn our_platform_passes_every_case() -> anyhow::Result<()> {
    let listen = free_address()?;
    let server = platform_for(&listen).await?;
    let options = platform::Options {
        base: server.base.clone(),
        push_key: SecretString::from(PUSH_KEY),
        bot: "support".to_owned(),
        listen: listen.parse::<SocketAddr>()?,
        webhook_token: SecretString::from(WEBHOOK_TOKEN),
        custom_header: Some("x-gateway-key".to_owned()),
        trigger: ASK.to_owned(),
        question: QUESTION.to_owned(),
        event: "WELCOME".to_owned(),
        patience: Duration::from_secs(10),
    };
    all_pass(&platform::check(options, &Selection::default()).await?);
    Ok(())
}

/// Runs `baton check` with these arguments and returns its output.
async fn check(words: &str) -> anyhow::Result<Output> {
    let mut check = Command::new(BATON);
    // `baton check --config` reads this variable, so it must not be set here.
    check.arg("check").args(words.split(' ')).env("BATON_CONFIG", "unused.toml");
    check.env("CHECK_TOKEN", WEBHOOK_TOKEN).env("CHECK_KEY", PUSH_KEY).kill_on_drop(true);
    Ok(tokio::time::timeout(Duration::from_mins(1), check.output()).await??)
}

const BY_NAME: &str = "--push-key-env CHECK_KEY --webhook-token-env CHECK_TOKEN";

/// Both machine formats, and secrets from environment variables.
#[tokio::test]
async fn a_good_run_ends_with_0() -> anyhow::Result<()> {
    let listen = free_address()?;
    let server = platform_for(&listen).await?;
    let (base, junit) = (&server.base, server.path("junit.xml").display().to_string());
    let side = format!("platform --url {base} --bot support --listen {listen} {BY_NAME}");
    let good = check(&format!("{side} --only */pause-* --json --junit {junit}")).await?;
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    let document: Value = serde_json::from_slice(&good.stdout)?;
    assert_eq!((&document["suite"], &document["failed"]), (&"platform".into(), &0.into()));
    let xml = std::fs::read_to_string(&junit)?;
    assert!(xml.contains("platform/pause-default") && xml.ends_with("</testsuite>\n"), "{xml}");
    Ok(())
}

/// The report explains a failed case, and no output contains a secret.
#[tokio::test]
async fn a_bad_run_ends_with_1_and_keeps_secrets() -> anyhow::Result<()> {
    let listen = free_address()?;
    let server = platform_for(&listen).await?;
    let (base, junit) = (&server.base, server.path("junit.xml").display().to_string());
    let side = format!("platform --url {base} --bot support --listen {listen} --patience 2");
    // The bot does not hand over for this text.
    let bad = check(&format!("{side} {BY_NAME} --only */pause-null --trigger hello")).await?;
    assert_eq!(bad.status.code(), Some(1), "{bad:?}");
    let told = String::from_utf8(bad.stdout)?;
    for part in ["FAIL  platform/pause-null", "expected", "seen", "fix", "0 passed, 1 failed"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let secrets = "--push-key canary-key-1 --webhook-token canary-token-2";
    let only = "--only */token-* --only */push-key-*";
    let wrong = check(&format!("{side} {secrets} {only} --json --junit {junit}")).await?;
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    let said = [wrong.stdout, wrong.stderr, std::fs::read(&junit)?].concat();
    let said = String::from_utf8(said)?;
    // The check saw a wrong token, so the report had a secret to hide.
    assert!(said.contains("the webhook token as `accessToken`"), "{said}");
    for secret in ["canary-key-1", "canary-token-2", WEBHOOK_TOKEN, PUSH_KEY] {
        assert!(!said.contains(secret), "{secret}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_run_ends_with_2() -> anyhow::Result<()> {
    let listen = free_address()?;
    let server = platform_for(&listen).await?;
    let base = &server.base;
    let platform = format!("platform --url {base} --listen {listen} {BY_NAME} --bot");
    for (words, said) in [
        (format!("{platform} support --only platform/none"), "no case has this name"),
        (format!("{platform} nobody"), "no visitors for bot \"nobody\""),
        ("middleware --url http://127.0.0.1:9/ --token-env CHECK_TOKEN".to_owned(), "reached"),
        (format!("middleware --url {base} --token-env NOT_SET"), "no variable NOT_SET"),
        (format!("middleware --url {base} --token t --contract r9"), "use r1, r2"),
        (format!("middleware --url {base}"), "--token"),
    ] {
        let refused = check(&words).await?;
        assert_eq!(refused.status.code(), Some(2), "{words}: {refused:?}");
        let told = String::from_utf8(refused.stderr)?;
        assert!(told.contains(said), "{words}: {told}");
    }
    Ok(())
}

/// `baton check --config` still works.
#[tokio::test]
async fn a_configuration_is_checked_as_before() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("baton.toml");
    std::fs::write(&path, Setup::whole("http://127.0.0.1:9", 1).to_toml("127.0.0.1:0"))?;
    let good = check(&format!("--config {}", path.display())).await?;
    assert_eq!(good.status.code(), Some(0), "{good:?}");
    let told = String::from_utf8(good.stdout)?;
    assert!(told.contains("the configuration is good"), "{told}");
    assert!(told.contains("remark: any page may use this bot"), "{told}");
    let mut setup = Setup::whole("http://127.0.0.1:9", 1);
    setup.bots[0].more = "allowed_origins = [\"https://*.example.com\"]".to_owned();
    std::fs::write(&path, setup.to_toml("127.0.0.1:0"))?;
    let listed = check(&format!("--config {}", path.display())).await?;
    assert!(!String::from_utf8(listed.stdout)?.contains("remark"));
    let missing = check("--config no-such-file.toml").await?;
    assert_eq!(missing.status.code(), Some(1), "{missing:?}");
    Ok(())
}
