//! Genesys Cloud by Web Messaging.

use std::time::Duration;

use connector::Verdict;
use connectors::Settings;
use edge::{Clock as WallClock, egress::Egress};
use serde_json::{Value, json};
use simulators::{
    Act, Chat, Phase, Simulator,
    faults::Plan,
    genesys_cloud::{ConversationDisconnect, GenesysCloud, Options},
    time::Time,
};

use super::{chat_when, meanwhile, platform_reads, read, resumed};
use crate::world::{TOKEN, World};

struct Tool {
    world: World,
    simulator: Simulator,
    genesys: GenesysCloud,
}

fn settings(base: &str, deployment: &str) -> Value {
    json!({
        "kind": "genesys-web-messaging",
        "region": "region.test",
        "deployment_id": deployment,
        "token_secret": "a secret of the bridge",
        "origin": "https://shop.test",
        "attributes": { "topic": "IT" },
        "messaging_url": base,
        "api_url": base,
        "cdn_url": base,
        "allow_private": true,
    })
}

async fn start(change: impl FnOnce(&mut Options)) -> Tool {
    start_with(change, |_| {}).await
}

async fn start_with(change: impl FnOnce(&mut Options), configure: impl FnOnce(&mut Value)) -> Tool {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let origins = vec!["https://shop.test".to_owned()];
    let mut options = Options { time: Time::new(2, 0), origins, ..Options::default() };
    change(&mut options);
    let mut given = settings(&base, &options.deployment_id);
    configure(&mut given);
    let world = World::with_tool(|_| given).await;
    let genesys = GenesysCloud::new(options);
    let simulator = Simulator::serve(listener, genesys.clone()).unwrap();
    Tool { world, simulator, genesys }
}

fn say(text: &str) -> Act {
    Act::Say { text: text.to_owned() }
}

/// Nobody tells that an agent joined; his first words do.
async fn greeted(tool: &Tool, user: &str) -> Chat {
    assert_eq!(tool.world.step_one(user).await["paused"], true);
    let (world, simulator) = (&tool.world, &tool.simulator);
    let chat = chat_when(world, simulator, |chat| chat.phase == Phase::Waiting).await;
    simulator.act(&chat.id, Act::Accept { agent: "Jo Park".to_owned() }).unwrap();
    simulator.act(&chat.id, say("Hello")).unwrap();
    let greeting = |body: &Value| body["agentProfile"]["name"] == "Jo Park";
    meanwhile(world, async || world.platform.taken().into_iter().find(greeting)).await;
    chat
}

fn bot() -> Value {
    crate::world::step_one("u1")["botId"].clone()
}

#[tokio::test]
async fn a_whole_conversation() {
    let tool = start(|_| {}).await;
    let chat = greeted(&tool, "u1").await;
    let Tool { world, simulator, .. } = &tool;
    assert!(read(&chat)[0].starts_with("Visitor: handover\nBot: "), "{chat:?}");
    assert!(chat.facts.contains(&("topic".to_owned(), "IT".to_owned())), "{chat:?}");
    world.step_two("u1", "my VPN is down 🙂").await;
    let chat = chat_when(world, simulator, |chat| read(chat).len() == 2).await;
    assert_eq!(read(&chat)[1], "my VPN is down 🙂");
    let url = "https://example.org/a.pdf".to_owned();
    simulator.act(&chat.id, Act::File { name: "a.pdf".to_owned(), url }).unwrap();
    simulator.act(&chat.id, Act::Note { text: "for us alone".to_owned() }).unwrap();
    simulator.act(&chat.id, Act::Transfer { agent: "Kim Roe".to_owned() }).unwrap();
    simulator.act(&chat.id, say("Good bye")).unwrap();
    let expected = ["Hello", "[a.pdf](https://example.org/a.pdf)", "Good bye"];
    platform_reads(world, &expected).await;
    simulator.act(&chat.id, Act::End).unwrap();
    resumed(world).await;
    assert_eq!(world.step_two("u1", "and now?").await["paused"], false);
}

#[tokio::test]
async fn both_sides_see_each_other_type() {
    let tool = start(|_| {}).await;
    let chat = greeted(&tool, "u1").await;
    let Tool { world, simulator, .. } = &tool;
    let typing = json!({ "eventType": "user_typing", "userId": "u1", "botId": bot() });
    world.call(&[("authorization", TOKEN)], &typing).await;
    chat_when(world, simulator, |chat| chat.visitor_types).await;
    simulator.act(&chat.id, Act::Type { on: true }).unwrap();
    let is_typing = |body: &Value| body["eventType"] == "user_typing";
    let seen = meanwhile(world, async || {
        world.platform.attempts().into_iter().map(|a| a.body).find(is_typing)
    });
    assert_eq!(seen.await["agentProfile"]["name"], "Jo Park");
}

#[tokio::test]
async fn the_end_on_either_side_is_the_end_on_both() {
    for mode in [ConversationDisconnect::Send, ConversationDisconnect::ReadOnly] {
        let tool = start(|options| options.conversation_disconnect = mode).await;
        greeted(&tool, "u1").await;
        let Tool { world, simulator, .. } = &tool;
        let left = json!({ "eventType": "user_left", "userId": "u1", "botId": bot() });
        world.call(&[("authorization", TOKEN)], &left).await;
        chat_when(world, simulator, |chat| chat.phase == Phase::Ended).await;
        world.hand.advance(1_000);
        let chat = greeted(&tool, "u1").await;
        simulator.act(&chat.id, Act::End).unwrap();
        resumed(world).await;
        assert_eq!(simulator.chats().len(), 2);
    }
}

#[tokio::test]
async fn a_broken_socket_and_a_restart_lose_and_repeat_nothing() {
    let tool = start(|_| {}).await;
    let chat = greeted(&tool, "u1").await;
    let Tool { world, simulator, genesys } = tool;
    genesys.drop_web_sockets();
    simulator.act(&chat.id, say("while the socket was broken")).unwrap();
    platform_reads(&world, &["Hello", "while the socket was broken"]).await;
    world.step_two("u1", "one").await;
    chat_when(&world, &simulator, |chat| read(chat).len() == 2).await;
    simulator.faults().set(Plan { down: true, ..Plan::default() });
    genesys.drop_web_sockets();
    let world = world.restart().await;
    world.step_two("u1", "two").await;
    simulator.act(&chat.id, say("while nobody was there")).unwrap();
    simulator.faults().set(Plan::default());
    let chat = chat_when(&world, &simulator, |chat| read(chat).len() >= 3).await;
    assert_eq!(read(&chat)[1..], ["one", "two"]);
    let expected = ["Hello", "while the socket was broken", "while nobody was there"];
    platform_reads(&world, &expected).await;
    simulator.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
}

#[tokio::test]
async fn words_of_one_moment_keep_their_order_over_a_broken_socket() {
    let tool = start(|_| {}).await;
    let chat = greeted(&tool, "u1").await;
    let Tool { world, simulator, genesys } = tool;
    let words: Vec<String> = (0..8).map(|n| format!("word {n}")).collect();
    genesys.drop_web_sockets();
    for word in &words {
        simulator.act(&chat.id, say(word)).unwrap();
    }
    let expected: Vec<&str> =
        ["Hello"].into_iter().chain(words.iter().map(String::as_str)).collect();
    platform_reads(&world, &expected).await;
}

#[tokio::test]
async fn what_a_new_socket_brings_waits_for_the_history() {
    let tool = start(|_| {}).await;
    let chat = greeted(&tool, "u1").await;
    let Tool { world, simulator, genesys } = tool;
    let path = Some("/webmessaging/messages".to_owned());
    simulator.faults().set(Plan { seed: 3, delay_ms_max: 600, path, ..Plan::default() });
    let calls = simulator.faults().calls();
    genesys.drop_web_sockets();
    simulator.act(&chat.id, say("by the history")).unwrap();
    meanwhile(&world, async || (simulator.faults().calls() > calls).then_some(())).await;
    // The socket is open; a moment later its session is configured.
    tokio::time::sleep(Duration::from_millis(100)).await;
    simulator.act(&chat.id, say("by both")).unwrap();
    platform_reads(&world, &["Hello", "by the history", "by both"]).await;
    simulator.act(&chat.id, say("by the socket")).unwrap();
    platform_reads(&world, &["Hello", "by the history", "by both", "by the socket"]).await;
}

#[tokio::test]
async fn sockets_that_break_again_and_again_change_nothing() {
    let tool = start(|_| {}).await;
    let chat = greeted(&tool, "u1").await;
    let Tool { world, simulator, genesys } = tool;
    let (cut, delay_ms_max) = (300, 20);
    simulator.faults().set(Plan { seed: 7, cut, delay_ms_max, ..Plan::default() });
    for n in 0..6 {
        world.step_two("u1", &format!("visitor {n}")).await;
        genesys.drop_web_sockets();
        simulator.act(&chat.id, say(&format!("agent {n}"))).unwrap();
        world.hand.advance(40);
    }
    let chat = chat_when(&world, &simulator, |chat| read(chat).len() >= 7).await;
    assert_eq!(read(&chat)[1..], (0..6).map(|n| format!("visitor {n}")).collect::<Vec<_>>());
    let agents: Vec<String> = (0..6).map(|n| format!("agent {n}")).collect();
    let expected: Vec<&str> =
        ["Hello"].into_iter().chain(agents.iter().map(String::as_str)).collect();
    platform_reads(&world, &expected).await;
}

#[tokio::test]
async fn a_history_that_cannot_be_read_ends_nothing() {
    for status in [400, 404] {
        let tool = start(|_| {}).await;
        let chat = greeted(&tool, "u1").await;
        let Tool { world, simulator, genesys } = tool;
        let (status, path) = (Some(status), Some("/webmessaging/messages".to_owned()));
        simulator.faults().set(Plan { status, path, ..Plan::default() });
        genesys.drop_web_sockets();
        simulator.act(&chat.id, say("meanwhile")).unwrap();
        meanwhile(&world, async || (simulator.faults().wrong() >= 3).then_some(())).await;
        simulator.faults().set(Plan::default());
        platform_reads(&world, &["Hello", "meanwhile"]).await;
        assert_eq!(world.step_two("u1", "still there?").await["paused"], true);
    }
}

#[tokio::test]
async fn sockets_that_break_at_once_are_opened_ever_more_slowly() {
    let tool = start(|_| {}).await;
    greeted(&tool, "u1").await;
    let Tool { world, simulator, genesys } = tool;
    let clock = || world.clock.now();
    for wait in [800, 1_600, 4_000] {
        let (calls, broken) = (simulator.faults().calls(), clock());
        genesys.drop_web_sockets();
        // The second call reads the history: the session has its socket again.
        let again = async || (simulator.faults().calls() >= calls + 2).then_some(());
        meanwhile(&world, again).await;
        let waited = clock() - broken;
        assert!(waited >= wait, "after {waited} ms instead of {wait}");
    }
}

#[tokio::test]
async fn long_texts_are_sent_in_parts_no_faster_than_the_tool_takes_them() {
    let tool = start(|_| {}).await;
    greeted(&tool, "u1").await;
    let long = "wörter ".repeat(1_300);
    tool.world.step_two("u1", long.trim_end()).await;
    let chat = chat_when(&tool.world, &tool.simulator, |chat| read(chat).len() >= 4).await;
    assert_eq!(read(&chat)[1..].join(" "), long.trim_end());
}

#[tokio::test]
async fn a_deployment_that_is_not_there_or_not_ours_is_refused() {
    let wrong: [fn(&mut Value); 2] = [
        |given| given["deployment_id"] = json!("unknown"),
        |given| given["origin"] = json!("https://evil.test"),
    ];
    for configure in wrong {
        let tool = start_with(|_| {}, configure).await;
        assert_eq!(tool.world.step_one("u1").await["paused"], false);
        assert!(tool.simulator.chats().is_empty());
    }
}

#[tokio::test]
async fn a_session_that_ran_out_ends_the_chat() {
    let tool = start(|_| {}).await;
    let chat = greeted(&tool, "u1").await;
    let token = &chat.facts.iter().find(|(name, _)| name == "from.id").unwrap().1;
    tool.genesys.expire_web_session(token);
    resumed(&tool.world).await;
}

#[tokio::test]
async fn a_check_tries_the_deployment_and_a_socket() {
    let tool = start(|_| {}).await;
    let deployment = Options::default().deployment_id;
    let verdicts = async |base: &str, deployment: &str| {
        let given: Settings = serde_json::from_value(settings(base, deployment)).unwrap();
        let findings = given.check("tool", Egress::new().unwrap(), WallClock::system()).await;
        findings.unwrap().iter().map(|finding| finding.verdict).collect::<Vec<_>>()
    };
    let base = &tool.simulator.base;
    assert_eq!(verdicts(base, &deployment).await, [Verdict::Good, Verdict::Good]);
    assert_eq!(verdicts(base, "unknown").await, [Verdict::Wrong, Verdict::Wrong]);
    assert!(tool.simulator.chats().is_empty(), "a check opens no chat");
    let off = ConversationDisconnect::Off;
    let tool = start(|options| options.conversation_disconnect = off).await;
    let shown = verdicts(&tool.simulator.base, &deployment).await;
    assert_eq!(shown, [Verdict::Unsure, Verdict::Good]);
}
