//! The example receiver of docs/receivers that needs no build step, as the middleware of a real
//! platform. `cargo xtask receivers` checks the answers of all examples.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, bail};
use kit::{address::free_address, visitor::Event};
use proving::config::{PUSH_KEY, WEBHOOK_TOKEN};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use crate::world::{BATON, Platform, QUESTION, ask_for_human, texts};

const RECEIVER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/receivers/python/receiver.py");

async fn start(address: &str, platform: &str) -> anyhow::Result<Child> {
    let port = address.rsplit(':').next().context("a port")?;
    let receiver = Command::new("python3")
        .arg(RECEIVER)
        .env("PORT", port)
        .env("WEBHOOK_TOKEN", WEBHOOK_TOKEN)
        .env("PUSH_URL", format!("{platform}{}", wire::push::PATH))
        .env("PUSH_KEY", PUSH_KEY)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    for _ in 0..200 {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(receiver);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bail!("the receiver does not listen on {address}")
}

#[tokio::test]
async fn an_echo_takes_over_answers_once_and_hands_back() -> anyhow::Result<()> {
    let address = free_address()?;
    let webhook = format!("http://{address}/");
    let platform = Platform::with(|bot| bot.webhook_url.clone_from(&webhook)).await?;
    let _receiver = start(&address, &platform.server.base).await?;
    let visitor = platform.visitor().await?;
    assert!(ask_for_human(&visitor).await?.gives("human"));
    let said = |wanted: &'static str| {
        move |event: &Event| event.is("agent_message") && event.text.contains(wanted)
    };
    visitor.wait_for(0, said("I am Echo")).await?;
    visitor.say("hi", "hi there").await?;
    visitor.wait_for(0, said("You said: hi there")).await?;

    // The platform repeats the call after a crash.
    for _ in 0..2 {
        let mut call = Command::new(BATON);
        call.args(["trigger", "step-two", "--url", &webhook, "--id", "same", "--text", "again"]);
        call.args(["--user", &visitor.user_id, "--token-env", "TOKEN"]).env("TOKEN", WEBHOOK_TOKEN);
        let sent = call.output().await?;
        assert!(sent.status.success(), "{sent:?}");
    }
    let bye = visitor.say("bye", "Bye").await?;
    visitor.wait_for(bye, |event| event.gives("bot")).await?;
    let history = visitor.history().await?;
    let agent = texts(&history, "agent_message");
    assert_eq!(agent[1..], ["You said: hi there", "You said: again", "Goodbye!"]);
    let asked = visitor.say("q", QUESTION).await?;
    visitor.wait_for(asked, |event| event.is("bot_message")).await?;
    Ok(())
}
