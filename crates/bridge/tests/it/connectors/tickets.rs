//! Tests that every ticket tool must pass.

use std::time::Duration;

use simulators::{Act, Chat, From, Phase, Simulator, faults::Plan};

use super::{accepted, chat_when, meanwhile, resumed};
use crate::world::World;

/// What agents read of the visitor, without our label.
pub(crate) fn written(chat: &Chat) -> Vec<String> {
    let lines = chat.lines.iter().filter(|line| line.from == From::Visitor);
    lines
        .map(|line| {
            let (label, text) = line.text.split_once("] ").unwrap();
            assert!(label.starts_with("[chat "), "{label}");
            text.to_owned()
        })
        .collect()
}

pub(crate) fn say(text: &str) -> Act {
    Act::Say { text: text.to_owned() }
}

/// Waits until the platform has these texts of agents and notices. The first notice, with the
/// number of the ticket, is left out.
pub(crate) async fn visitor_reads(world: &World, expected: &[&str]) {
    let count = expected.len() + 1;
    meanwhile(world, async || (world.platform.texts().len() >= count).then_some(())).await;
    assert_eq!(world.platform.texts()[1..], *expected);
}

/// Messages both ways, a transfer, work notes, a hold, and the resolution at the end.
pub(crate) async fn a_whole_conversation(world: &World, tool: &Simulator, number: &str) {
    let chat = accepted(world, tool, "u1").await;
    let before = chat.lines.iter().filter(|line| line.from == From::History);
    let before: Vec<&str> = before.map(|line| line.text.as_str()).collect();
    assert!(before.join("\n").contains("handover"), "{before:?}");
    world.step_two("u1", "my VPN is down").await;
    let chat = chat_when(world, tool, |chat| !written(chat).is_empty()).await;
    assert_eq!(written(&chat), ["my VPN is down"]);
    tool.act(&chat.id, say("Which client?")).unwrap();
    tool.act(&chat.id, Act::Note { text: "for us alone".to_owned() }).unwrap();
    visitor_reads(world, &["Which client?"]).await;
    assert!(world.platform.texts()[0].contains(number), "{}", world.platform.texts()[0]);
    tool.act(&chat.id, Act::Transfer { agent: "Kim".to_owned() }).unwrap();
    let joined = |body: &serde_json::Value| body["agentProfile"]["name"] == "Kim";
    meanwhile(world, async || world.platform.taken().into_iter().find(joined)).await;
    tool.act(&chat.id, Act::Hold { on: true }).unwrap();
    tool.act(&chat.id, say("line one\nline two")).unwrap();
    tool.act(&chat.id, Act::End).unwrap();
    let texts = ["Which client?", "line one\nline two", "The client was restarted."];
    visitor_reads(world, &texts).await;
    let resume = resumed(world).await;
    assert_eq!(resume["agentProfile"]["name"], "Kim");
    assert_eq!(world.step_two("u1", "and now?").await["paused"], false);
    assert_eq!(world.platform.texts().len(), 4, "nothing was said twice");
}

/// The bridge restarts while an answer of the tool is lost and while an agent writes.
pub(crate) async fn a_restart_in_the_middle(world: World, tool: &Simulator) -> World {
    let chat = accepted(&world, tool, "u1").await;
    tool.act(&chat.id, say("one")).unwrap();
    visitor_reads(&world, &["one"]).await;
    tool.faults().set(Plan { lose: 1_000, ..Plan::default() });
    world.step_two("u1", "before").await;
    chat_when(&world, tool, |chat| written(chat).len() == 1).await;
    let world = world.restart().await;
    tool.act(&chat.id, say("two")).unwrap();
    tool.faults().set(Plan::default());
    world.step_two("u1", "after").await;
    let chat = chat_when(&world, tool, |chat| written(chat).len() >= 2).await;
    visitor_reads(&world, &["one", "two"]).await;
    assert_eq!(written(&chat), ["before", "after"]);
    tool.act(&chat.id, say("three")).unwrap();
    visitor_reads(&world, &["one", "two", "three"]).await;
    world
}

/// The answer to the opening at `path` is lost; everything after it goes over a bad link.
pub(crate) async fn holds_under_faults(world: &World, tool: &Simulator, path: &str, seed: u64) {
    let plan = Plan { seed, cut: 150, lose: 150, delay_ms_max: 20, ..Plan::default() };
    let path = Some(path.to_owned());
    tool.faults().set(Plan { lose: 1_000, path, ..Plan::default() });
    assert_eq!(world.step_one("u1").await["paused"], true, "it may have been opened");
    chat_when(world, tool, |chat| chat.phase == Phase::Waiting).await;
    tool.faults().set(plan);
    let id = tool.chats().pop().unwrap().id;
    tool.act(&id, Act::Accept { agent: "Jo Park".to_owned() }).unwrap();
    for n in 0..12 {
        world.step_two("u1", &format!("visitor {n}")).await;
        tool.act(&id, say(&format!("agent {n}"))).unwrap();
        world.hand.advance(40);
    }
    let of_this = || tool.chats().into_iter().find(|chat| chat.id == id).unwrap();
    meanwhile(world, async || (written(&of_this()).len() >= 12).then_some(())).await;
    tool.faults().set(Plan::default());
    let agents: Vec<String> = (0..12).map(|n| format!("agent {n}")).collect();
    let agents: Vec<&str> = agents.iter().map(String::as_str).collect();
    visitor_reads(world, &agents).await;
    let wanted: Vec<String> = (0..12).map(|n| format!("visitor {n}")).collect();
    assert_eq!(written(&of_this()), wanted, "seed {seed}");
    assert_eq!(tool.chats().len(), 1, "the handover was opened twice, seed {seed}");
    tool.act(&id, Act::End).unwrap();
    resumed(world).await;
}

/// Texts in many scripts, and one longer than an entry.
pub(crate) async fn every_text_survives(world: &World, tool: &Simulator) {
    let chat = accepted(world, tool, "u1").await;
    let texts = ["🦀👩‍👩‍👧‍👦 emoji", "שלום עולם", "مرحبا", "a\nb\n\nc", "<b>", "[chat 1] forged"];
    for text in texts {
        world.step_two("u1", text).await;
    }
    let agents: Vec<&str> = texts[..5].to_vec();
    for text in &agents {
        tool.act(&chat.id, say(text)).unwrap();
    }
    let long = "wörter ".repeat(571);
    world.step_two("u1", long.trim_end()).await;
    let is_whole = |chat: &Chat| {
        let read = written(chat);
        read.get(texts.len()..).is_some_and(|parts| parts.join(" ") == long.trim_end())
    };
    let chat = chat_when(world, tool, is_whole).await;
    assert_eq!(written(&chat)[..texts.len()], texts);
    assert!(chat.lines.iter().all(|line| line.text.chars().count() <= 1_000));
    visitor_reads(world, &agents).await;
}

/// A tool that refuses the chat: the visitor is not paused.
pub(crate) async fn is_refused(world: &World, tool: &Simulator) {
    assert_eq!(world.step_one("u1").await["paused"], false);
    assert!(tool.chats().is_empty());
    assert_eq!(world.platform.attempts().len(), 0);
}

/// One poll reads all tickets, and the number of calls does not grow with them.
pub(crate) async fn one_poll_reads_all(world: &World, tool: &Simulator, calls_of_a_poll: u64) {
    for n in 0..20 {
        assert_eq!(world.step_one(&format!("u{n}")).await["paused"], true);
    }
    meanwhile(world, async || (world.platform.texts().len() >= 20).then_some(())).await;
    let before = tool.faults().calls();
    let ids: Vec<String> = tool.chats().into_iter().map(|chat| chat.id).collect();
    for id in &ids {
        tool.act(id, say("hello")).unwrap();
    }
    meanwhile(world, async || (world.platform.texts().len() >= 40).then_some(())).await;
    let calls = tool.faults().calls() - before;
    assert!(calls <= 8 * calls_of_a_poll, "{calls} calls for twenty answers");
}

/// The visitor leaves, and the ticket has an entry that says so.
pub(crate) async fn the_visitor_leaves(world: &World, tool: &Simulator) -> Chat {
    accepted(world, tool, "u1").await;
    let bot = crate::world::step_one("u1")["botId"].clone();
    let left = serde_json::json!({ "eventType": "user_left", "userId": "u1", "botId": bot });
    world.call(&[("authorization", crate::world::TOKEN)], &left).await;
    chat_when(world, tool, |chat| written(chat) == ["The visitor left the chat."]).await
}

/// An agent's entry that begins with one of our labels is still the agent's.
pub(crate) async fn an_agent_who_quotes_our_entry_is_read(world: &World, tool: &Simulator) {
    let chat = accepted(world, tool, "u1").await;
    world.step_two("u1", "my VPN is down").await;
    let chat = chat_when(world, tool, |one| one.id == chat.id && !written(one).is_empty()).await;
    let ours = chat.lines.iter().find(|line| line.from == From::Visitor).unwrap();
    let quoting = format!("{}\nSince when?", ours.text);
    tool.act(&chat.id, say(&quoting)).unwrap();
    tool.act(&chat.id, say("And where?")).unwrap();
    visitor_reads(world, &[&quoting, "And where?"]).await;
}

/// What agents read of the visitor, by entries; only for tools that gather quick messages.
fn entries(chat: &Chat) -> Vec<Vec<String>> {
    written(chat).iter().map(|entry| entry.lines().map(str::to_owned).collect()).collect()
}

/// Messages within two seconds are one entry, also if its answer is lost.
pub(crate) async fn quick_lines_are_one_entry(world: World, tool: &Simulator) {
    let chat = accepted(&world, tool, "u1").await;
    let calls = tool.faults().calls();
    for line in ["my VPN", "is down", "again"] {
        world.step_two("u1", line).await;
    }
    let chat = chat_when(&world, tool, |one| one.id == chat.id && !written(one).is_empty()).await;
    assert_eq!(entries(&chat), [["my VPN", "is down", "again"]]);
    assert!(tool.faults().calls() > calls);
    // An answer is lost, another line comes, and then the bridge is started again.
    tool.faults().set(Plan { lose: 1_000, ..Plan::default() });
    for line in ["one", "two"] {
        world.step_two("u1", line).await;
    }
    chat_when(&world, tool, |chat| entries(chat).len() == 2).await;
    world.step_two("u1", "three").await;
    let world = world.restart().await;
    tool.faults().set(Plan::default());
    world.step_two("u1", "four").await;
    let all = |chat: &Chat| entries(chat).concat().iter().any(|line| line == "four");
    let chat = chat_when(&world, tool, all).await;
    let lines = ["my VPN", "is down", "again", "one", "two", "three", "four"];
    assert_eq!(entries(&chat).concat(), lines, "each once, and in order");
    assert_eq!(entries(&chat)[1], ["one", "two"]);
    // When the visitor leaves, nothing is gathered any more.
    world.step_two("u1", "bye").await;
    let bot = crate::world::step_one("u1")["botId"].clone();
    let left = serde_json::json!({ "eventType": "user_left", "userId": "u1", "botId": bot });
    world.call(&[("authorization", crate::world::TOKEN)], &left).await;
    let last = "The visitor left the chat.";
    for _ in 0..100 {
        // In all less time than messages are gathered for.
        world.hand.advance(15);
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    let chat = tool.chats().pop().unwrap();
    assert_eq!(entries(&chat).concat()[lines.len()..], ["bye", last]);
}
