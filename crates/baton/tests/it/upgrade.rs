//! This binary opens databases of an earlier binary (commit dfe53b0, before formats). It does the
//! work that the earlier process still owed, once and in order. Every visitor can continue.
//!
//! Each database holds five visitors: one with the bot; one who waits at the desk; one with a human
//! agent whose messages are not yet pushed; one whose human agent has handed back; and one whose
//! chat is at a tool. All of their pauses expired long ago.

use std::{fs, path::Path};

use kit::{
    address::free_address,
    http::Http,
    receiver::Receiver,
    visitor::{Event, Visitor},
};
use proving::{
    config::{Bot, Route, Setup},
    load::ASK,
    server::Server,
};
use serde_json::Value;

use crate::world::{BATON, QUESTION, Schema, sign_in, texts};

const WRITTEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/dfe53b0");

#[tokio::test]
async fn a_sqlite_database_of_an_earlier_binary_goes_on() -> anyhow::Result<()> {
    let tool = Receiver::start().await?;
    let mut server = server(&tool, String::new())?;
    fs::create_dir_all(server.path("data"))?;
    fs::copy(Path::new(WRITTEN).join("baton.db"), server.path("data/baton.db"))?;
    server.start().await?;
    goes_on(&server, &tool, "sqlite.json").await
}

#[tokio::test]
async fn a_postgresql_database_of_an_earlier_binary_goes_on() -> anyhow::Result<()> {
    let Some(schema) = Schema::create("upgrade").await? else { return Ok(()) };
    let written = fs::read_to_string(Path::new(WRITTEN).join("postgres.sql"))?;
    schema.client.batch_execute(&written).await?;

    let tool = Receiver::start().await?;
    let mut server = server(&tool, schema.url()?)?;
    server.start().await?;
    goes_on(&server, &tool, "postgres.json").await?;
    server.stop().await?;
    schema.remove().await
}

/// Both halves with the settings of that time, at other addresses.
fn server(tool: &Receiver, database: String) -> anyhow::Result<Server> {
    let address = free_address()?;
    let base = format!("http://{address}");
    let mut setup = Setup::whole(&base, 1);
    "history = true".clone_into(&mut setup.bots[0].webhook_more);
    let mut tooled = Bot::demo("tooled", &format!("{base}/handover/homemade"));
    "history = true".clone_into(&mut tooled.webhook_more);
    setup.bots.push(tooled);
    setup.routes.push(Route::tool("homemade", &base));
    setup.connectors = format!(
        "\n[connectors.homemade]\nkind = \"webhook\"\nurl = {:?}\n\
         token = \"tool-token-of-the-tests\"\nallow_private = true\n\
         signing_key = \"whsec_dGhlLXRvb2wtc2lnbmluZy1rZXktb2YtdGVzdHM=\"\n",
        tool.url
    );
    setup.database = database;
    Server::baton_at(Path::new(BATON), &address, &setup)
}

async fn goes_on(server: &Server, tool: &Receiver, facts: &str) -> anyhow::Result<()> {
    let facts: Value = serde_json::from_slice(&fs::read(Path::new(WRITTEN).join(facts))?)?;
    let http = Http::new();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let visitor = |name: &str| {
        let known = &facts[name];
        Visitor::known(&http, &server.base, &text(&known["userId"]), &text(&known["token"]))
    };

    let with_bot = visitor("withBot");
    let said = with_bot.history().await?;
    assert_eq!(texts(&said, "visitor_message"), [QUESTION]);
    assert_eq!(texts(&said, "bot_message").len(), 1, "{said:?}");
    let asked = with_bot.say("again", QUESTION).await?;
    assert_eq!(asked, 3, "numbers go on without a gap");
    with_bot.wait_for(asked, |event| event.is("bot_message")).await?;

    for (name, owed) in [
        ("withHuman", &["Hi, this is Jane.", "How can I help?"][..]),
        ("handedBack", &["Done already."]),
        ("waiting", &[]),
        ("atTool", &[]),
    ] {
        let visitor = visitor(name);
        let human = visitor.wait_for(0, |event| event.gives("human")).await?;
        let heard = |event: &Event| event.text == owed.last().copied().unwrap_or_default();
        let last = if owed.is_empty() { human } else { visitor.wait_for(0, heard).await? };
        let last = last.seq.unwrap_or_default();
        visitor.wait_for(last, |event| event.gives("bot")).await?;
        assert_eq!(texts(&visitor.history().await?, "agent_message"), owed, "{name}");
    }
    let mut calls = 0;
    loop {
        let call = tool.call(calls).await?;
        calls += 1;
        assert_eq!(call.body["handover"], facts["handover"], "the tool's chat is known");
        if call.body["type"] == "handover.left" {
            break;
        }
    }

    let desk = sign_in(&http, &server.base, 0).await?;
    let waiting = visitor("waiting");
    let asked = waiting.say("ask again", ASK).await?;
    waiting.wait_for(asked, |event| event.gives("human")).await?;
    let chat = desk.open_chat_of(&waiting.user_id).await?;
    desk.claim(&chat.id).await?.expect(200)?;
    let before = waiting.say("w2", "hello again").await?;
    desk.say(&chat.id, "m1", "Here I am.").await?;
    waiting.wait_for(before, |event| event.text == "Here I am.").await?;
    let asked = with_bot.say("human", ASK).await?;
    with_bot.wait_for(asked, |event| event.gives("human")).await?;
    Ok(())
}
