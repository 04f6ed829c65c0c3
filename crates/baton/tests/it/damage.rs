//! One damaged row in the database: other rows work, readiness reports it, and it can be repaired.

use std::{path::Path, process::Output};

use kit::{address::free_address, http::Http, receiver::Receiver, visitor::Visitor};
use proving::{
    config::{Bot, Setup},
    server::Server,
};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::world::{BATON, QUESTION};

/// A platform, and the URL of its readiness.
async fn platform(receiver: &Receiver) -> anyhow::Result<(Server, String)> {
    let setup = Setup::platform(vec![Bot::demo("support", &receiver.url)]);
    let mut server = Server::baton(Path::new(BATON), |_| setup)?;
    let operations = free_address()?;
    let path = server.path("baton.toml");
    let config = std::fs::read_to_string(&path)?;
    std::fs::write(
        &path,
        format!("operations = {operations:?}\nstop_grace_seconds = 0\n{config}"),
    )?;
    server.start().await?;
    Ok((server, format!("http://{operations}/readyz")))
}

fn damage(server: &Server, sql: &str) -> anyhow::Result<String> {
    let database = rusqlite::Connection::open(server.path("data").join("baton.db"))?;
    let id = database
        .query_row("SELECT min(id) FROM subjects WHERE kind = 'cnv'", (), |row| row.get(0))?;
    assert_eq!(database.execute(sql, [&id])?, 1);
    Ok(id)
}

async fn store(server: &Server, args: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
    let mut command = Command::new(BATON);
    command.arg("store").args(args).arg("--config").arg(server.path("baton.toml"));
    let Output { status, stdout, stderr } = command.output().await?;
    Ok((status.code(), String::from_utf8(stdout)? + &String::from_utf8(stderr)?))
}

async fn speaks(visitor: &Visitor, client_id: &str) -> anyhow::Result<()> {
    let asked = visitor.say(client_id, QUESTION).await?;
    visitor.wait_for(asked, |event| event.is("bot_message")).await.map(drop)
}

#[tokio::test]
async fn a_damaged_row_harms_its_own_conversation_alone() -> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    let (mut server, ready) = platform(&receiver).await?;
    let http = Http::new();
    let damaged = Visitor::create(&http, &server.base, "support").await?;
    speaks(&damaged, "first").await?;
    let (code, said) = store(&server, &["check"]).await?;
    assert_eq!(code, Some(1));
    assert!(said.contains("stop the server first"), "{said}");
    server.stop().await?;
    assert_eq!(store(&server, &["check"]).await?, (Some(0), "every row can be read\n".to_owned()));

    let sql = "UPDATE subjects SET state = '{}', owes = 1, wake_at = 1 WHERE id = ?1";
    let id = damage(&server, sql)?;
    server.start().await?;
    let sound = Visitor::create(&http, &server.base, "support").await?;
    speaks(&sound, "second").await?;
    assert!(damaged.say("third", QUESTION).await.is_err());
    speaks(&sound, "fourth").await?;
    let answer: Value = http.get(&ready, &[]).await?.expect(200)?.json()?;
    assert_eq!((&answer["ready"], &answer["store"]), (&true.into(), &"degraded".into()));
    assert_eq!(answer["setAside"][0]["id"], Value::from(id.as_str()), "{answer}");
    let log = server.log();
    let told = log.lines().filter(|line| line.contains("is set aside")).count();
    assert_eq!(told, 1, "{log}");
    server.stop().await?;

    let (code, said) = store(&server, &["check"]).await?;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&id) && said.contains("the checksum does not match"), "{said}");

    // The next start knows of it before anyone asks for it.
    server.start().await?;
    let answer: Value = http.get(&ready, &[]).await?.expect(200)?.json()?;
    assert_eq!(answer["setAside"][0]["id"], Value::from(id.as_str()), "{answer}");
    speaks(&sound, "beside it").await?;
    server.stop().await?;

    let (code, said) = store(&server, &["check", "--repair"]).await?;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("rebuilt from"), "{said}");
    server.start().await?;
    speaks(&damaged, "fifth").await?;
    let answer: Value = http.get(&ready, &[]).await?.expect(200)?.json()?;
    assert_eq!(answer["store"], Value::from("ok"));
    Ok(())
}

#[tokio::test]
async fn a_conversation_is_discarded_after_a_dry_run() -> anyhow::Result<()> {
    let receiver = Receiver::start().await?;
    let (mut server, _) = platform(&receiver).await?;
    let visitor = Visitor::create(&Http::new(), &server.base, "support").await?;
    speaks(&visitor, "first").await?;
    server.stop().await?;
    let sql = "UPDATE events SET body = '{}' WHERE seq = 1 AND sub = 0 \
        AND subject = (SELECT num FROM subjects WHERE id = ?1)";
    let id = damage(&server, sql)?;
    let (code, said) = store(&server, &["check", "--repair"]).await?;
    assert_eq!(code, Some(1), "an event cannot be rebuilt");
    assert!(said.contains("event 1: the checksum does not match"), "{said}");
    for (args, expected) in [
        (&["discard", &id, "--dry-run"][..], (0, "would be removed")),
        (&["discard", &id], (0, "is removed")),
        (&["discard", &id], (1, "there is no")),
        (&["check"], (0, "every row can be read")),
    ] {
        let (code, said) = store(&server, args).await?;
        assert_eq!((code, said.contains(expected.1)), (Some(expected.0), true), "{said}");
    }
    // The answer tells the page to start a new conversation.
    server.start().await?;
    let message = json!({ "clientId": "second", "text": QUESTION });
    visitor.post("messages", &message).await?.expect(401)?;
    Ok(())
}
