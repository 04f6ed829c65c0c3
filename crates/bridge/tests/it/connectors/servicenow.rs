//! ServiceNow with live agents: the Virtual Agent Bot Integration API and its callbacks.

use connectors::Settings;
use edge::{Clock, egress::Egress};
use machine::chat;
use serde_json::{Value, json};
use simulators::{
    Act, From, Phase, Simulator,
    faults::Plan,
    servicenow::{Greeting, Options, Proof, ServiceNow},
    time::Time,
};

use super::{accepted, chat_when, meanwhile, platform_reads, read, resumed, tickets::say};
use crate::world::{MINUTE, START, TOKEN, World};

/// What the simulated instance writes before an agent joins.
const WAITING: [&str; 2] = ["One moment, a colleague will join.", "You are next in line"];
const OPENING: &str = "The bot hands this visitor over to you.";

async fn start(change: impl FnOnce(&mut Options)) -> (World, Simulator, ServiceNow) {
    start_with(json!({}), chat::Clock::default(), change).await
}

async fn start_with(
    more: Value,
    times: chat::Clock,
    change: impl FnOnce(&mut Options),
) -> (World, Simulator, ServiceNow) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut base = String::new();
    let settings = |bridge: &str| {
        bridge.clone_into(&mut base);
        settings(&url, &more)
    };
    let world = World::with_tool_changed(settings, times, |_| {}).await;
    let mut options = Options {
        callback: Some(format!("{base}/connectors/tool/callback/secret-path")),
        callback_headers: vec![("x-fixed".to_owned(), "shared".to_owned())],
        callback_delay_ms: (0, 10),
        ..Options::default()
    };
    change(&mut options);
    let instance = ServiceNow::new(options);
    (world, Simulator::serve(listener, instance.clone()).unwrap(), instance)
}

fn settings(url: &str, more: &Value) -> Value {
    let mut settings = json!({
        "kind": "servicenow", "instance": url, "allow_private": true,
        "virtual_agent": {
            "token": "static token", "callback_key": "secret-path",
            "callback_header": { "name": "x-fixed", "value": "shared" },
            "context": { "topic": "VPN" },
        },
    });
    for (name, value) in more.as_object().unwrap() {
        match name.strip_prefix("virtual_agent.") {
            Some(name) => settings["virtual_agent"][name] = value.clone(),
            None => settings[name] = value.clone(),
        }
    }
    if settings["virtual_agent"]["token"].is_null() {
        settings["virtual_agent"].as_object_mut().unwrap().remove("token");
    }
    settings
}

/// Waits until the platform has these texts of agents, without the texts before them.
async fn visitor_reads(world: &World, expected: &[&str]) {
    let all: Vec<&str> = WAITING.iter().chain(expected).copied().collect();
    platform_reads(world, &all).await;
}

async fn leaves(world: &World, user: &str) {
    let bot = crate::world::step_one(user)["botId"].clone();
    let left = json!({ "eventType": "user_left", "userId": user, "botId": bot });
    world.call(&[("authorization", TOKEN)], &left).await;
}

#[tokio::test]
async fn a_whole_conversation() {
    let greets = |options: &mut Options| options.greeting = Greeting::UnlessLiveAgentOnly;
    let (world, tool, _) = start(greets).await;
    let chat = accepted(&world, &tool, "u1").await;
    for fact in ["live_agent_only", "topic", "requester_session_language"] {
        assert!(chat.facts.iter().any(|(name, _)| name == fact), "{fact}: {:?}", chat.facts);
    }
    let before = |line: &simulators::Line| line.from == From::History;
    assert!(chat.lines.iter().any(|line| before(line) && line.text == "handover"), "{chat:?}");
    world.step_two("u1", "my VPN is down").await;
    let chat = chat_when(&world, &tool, |chat| read(chat).len() > 1).await;
    assert_eq!(read(&chat), [OPENING, "my VPN is down"]);
    for text in ["Which **client**?", "And which version?", "Thank you"] {
        tool.act(&chat.id, say(text)).unwrap();
    }
    tool.act(&chat.id, Act::SayHtml { html: "<p>See <b>this</b></p>".to_owned() }).unwrap();
    for name in ["a.pdf", "b.png"] {
        let (name, url) = (name.to_owned(), format!("https://example.org/{name}"));
        tool.act(&chat.id, Act::File { name, url }).unwrap();
    }
    tool.act(&chat.id, Act::Note { text: "for us alone".to_owned() }).unwrap();
    tool.act(&chat.id, Act::Transfer { agent: "Kim".to_owned() }).unwrap();
    tool.act(&chat.id, say("I am Kim")).unwrap();
    let expected = [
        "Which **client**?",
        "And which version?",
        "Thank you",
        "See **this**",
        "[a.pdf](https://example.org/a.pdf)",
        "[b.png](https://example.org/b.png)",
        "I am Kim",
    ];
    visitor_reads(&world, &expected).await;
    tool.act(&chat.id, Act::End).unwrap();
    let resume = resumed(&world).await;
    assert_eq!(resume["agentProfile"]["name"], "Kim");
    assert_eq!(world.step_two("u1", "and now?").await["paused"], false);
    visitor_reads(&world, &expected).await;
}

#[tokio::test]
async fn both_sides_see_each_other_type() {
    let (world, tool, _) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    let bot = crate::world::step_one("u1")["botId"].clone();
    let typing = json!({ "eventType": "user_typing", "userId": "u1", "botId": bot });
    world.call(&[("authorization", TOKEN)], &typing).await;
    chat_when(&world, &tool, |chat| chat.visitor_types).await;
    chat_when(&world, &tool, |chat| !chat.visitor_types).await;
    tool.act(&chat.id, Act::Type { on: true }).unwrap();
    let is_typing = |body: &Value| body["eventType"] == "user_typing";
    let seen = meanwhile(&world, async || {
        world.platform.attempts().into_iter().map(|a| a.body).find(is_typing)
    });
    assert_eq!(seen.await["agentProfile"]["name"], "Jo Park");
    tool.act(&chat.id, Act::Type { on: false }).unwrap();
}

#[tokio::test]
async fn the_end_on_either_side_is_the_end_on_both() {
    let (world, tool, _) = start(|_| {}).await;
    accepted(&world, &tool, "u1").await;
    leaves(&world, "u1").await;
    chat_when(&world, &tool, |chat| chat.phase == Phase::Ended).await;
    let chat = accepted(&world, &tool, "u1").await;
    assert_eq!(tool.chats().len(), 2);
    tool.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
}

#[tokio::test]
async fn an_agent_may_put_the_visitor_back_into_the_queue() {
    let (world, tool, _) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    tool.act(&chat.id, Act::Requeue).unwrap();
    let id = world.ledger.open_ids(9).await.unwrap()[0].0.clone();
    meanwhile(&world, async || {
        let state = world.ledger.load(&id).await.unwrap()?;
        state.agent().is_none().then_some(())
    })
    .await;
    tool.act(&chat.id, Act::Accept { agent: "Kim".to_owned() }).unwrap();
    let joined = |body: &Value| body["agentProfile"]["name"] == "Kim";
    meanwhile(&world, async || world.platform.taken().into_iter().find(joined)).await;
}

#[tokio::test]
async fn an_agent_is_requested_again_if_the_first_request_only_opened_the_conversation() {
    let (world, tool, _) = start(|options| options.greeting = Greeting::Always).await;
    assert_eq!(world.step_one("u1").await["paused"], true);
    let accepts = async || {
        let id = tool.chats().pop()?.id;
        tool.act(&id, Act::Accept { agent: "Jo Park".to_owned() }).ok()
    };
    meanwhile(&world, accepts).await;
    let chat = tool.chats().remove(0);
    tool.act(&chat.id, say("hello")).unwrap();
    platform_reads(&world, &["Hi, how can I help?", WAITING[0], WAITING[1], "hello"]).await;
    assert!(chat.facts.iter().any(|(name, _)| name == "live_agent_only"));
}

#[tokio::test]
async fn the_second_request_for_an_agent_is_repeated_until_the_instance_accepts_it() {
    let change = |options: &mut Options| {
        (options.greeting, options.callback_delay_ms) = (Greeting::Always, (200, 200));
    };
    let (world, tool, _) = start(change).await;
    assert_eq!(world.step_one("u1").await["paused"], true);
    let calls = tool.faults().calls();
    let away = Plan {
        status: Some(503),
        path: Some("bot/integration".to_owned()),
        seed: 1,
        ..Plan::default()
    };
    tool.faults().set(away);
    let calls_more = async || (tool.faults().calls() > calls).then_some(());
    crate::world::eventually(calls_more).await;
    tool.faults().set(Plan::default());
    platform_reads(&world, &["Hi, how can I help?", WAITING[0], WAITING[1]]).await;
}

#[tokio::test]
async fn callbacks_that_come_twice_are_read_once() {
    for (message_ids, seed) in [(true, 1), (true, 2), (false, 3)] {
        let change = |options: &mut Options| {
            (options.message_ids, options.seed, options.callback_repeat) = (message_ids, seed, 500);
        };
        let (world, tool, _) = start(change).await;
        let chat = accepted(&world, &tool, "u1").await;
        let texts: Vec<String> = (0..20).map(|n| format!("agent {n}")).collect();
        for text in &texts {
            tool.act(&chat.id, say(text)).unwrap();
        }
        tool.act(&chat.id, Act::End).unwrap();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        visitor_reads(&world, &texts).await;
        resumed(&world).await;
        visitor_reads(&world, &texts).await;
    }
}

#[tokio::test]
async fn callbacks_out_of_order_lose_nothing() {
    // First all callbacks in swapped pairs, so that the last text comes after the end; then some
    // by chance.
    for (seed, swap) in [(0, 1_000), (1, 500), (2, 500)] {
        let change = |options: &mut Options| {
            (options.seed, options.callback_swap, options.callback_delay_ms) =
                (seed, swap, (20, 40));
        };
        let (world, tool, _) = start(change).await;
        let chat = accepted(&world, &tool, "u1").await;
        let texts: Vec<String> = (0..9).map(|n| format!("agent {n}")).collect();
        for text in &texts {
            tool.act(&chat.id, say(text)).unwrap();
        }
        tool.act(&chat.id, Act::End).unwrap();
        resumed(&world).await;
        let mut read = world.platform.texts();
        read.retain(|text| text.starts_with("agent"));
        read.sort_unstable();
        assert_eq!(read, texts, "seed {seed}");
    }
}

#[tokio::test]
async fn a_restart_in_the_middle_loses_nothing() {
    let (world, tool, _) = start(|options| options.callback_tries = 200).await;
    let chat = accepted(&world, &tool, "u1").await;
    tool.faults().set(Plan { down: true, ..Plan::default() });
    world.step_two("u1", "before").await;
    let world = world.restart().await;
    tool.faults().set(Plan::default());
    world.step_two("u1", "after").await;
    let chat = chat_when(&world, &tool, |one| one.id == chat.id && read(one).len() >= 3).await;
    assert_eq!(read(&chat), [OPENING, "before", "after"]);
    tool.act(&chat.id, say("still here")).unwrap();
    visitor_reads(&world, &["still here"]).await;
    tool.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
}

#[tokio::test]
async fn an_end_that_was_heard_survives_a_restart() {
    let (world, tool, _) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    let id = world.ledger.open_ids(9).await.unwrap()[0].0.clone();
    tool.act(&chat.id, Act::End).unwrap();
    meanwhile(&world, async || {
        let state = world.ledger.load(&id).await.unwrap()?;
        state.checkpoint_at_tool()?.text.contains("\"over\":true").then_some(())
    })
    .await;
    assert!(world.ledger.load(&id).await.unwrap().unwrap().is_open(), "not told yet");
    let world = world.restart().await;
    resumed(&world).await;
}

#[tokio::test]
async fn cuts_and_lost_answers_lose_nothing() {
    for seed in 1..=3 {
        let (world, tool, _) = start(|options| options.seed = seed).await;
        let chat = accepted(&world, &tool, "u1").await;
        let plan = Plan { seed, cut: 200, lose: 200, delay_ms_max: 20, ..Plan::default() };
        tool.faults().set(plan);
        for n in 0..10 {
            world.step_two("u1", &format!("visitor {n}")).await;
        }
        let last = |chat: &simulators::Chat| read(chat).contains(&"visitor 9".to_owned());
        let found = chat_when(&world, &tool, |one| one.id == chat.id && last(one)).await;
        // The instance cannot be asked what has arrived, so a message whose answer was lost is sent
        // again: it may appear twice, one right after the other, and in order.
        let mut words = read(&found);
        words.dedup();
        let wanted: Vec<String> = (0..10).map(|n| format!("visitor {n}")).collect();
        assert_eq!(words[1..], wanted, "seed {seed}");
    }
}

#[tokio::test]
async fn a_message_a_callback_has_named_is_not_sent_again() {
    let (world, tool, _) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    let of_bot = "bot/integration".to_owned();
    tool.faults().set(Plan { lose: 1_000, path: Some(of_bot), ..Plan::default() });
    world.step_two("u1", "once").await;
    while read(&tool.chats()[0]).len() < 2 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    tool.act(&chat.id, say("I have read it")).unwrap();
    let heard = async || (world.platform.texts().len() >= 3).then_some(());
    crate::world::eventually(heard).await;
    tool.faults().set(Plan::default());
    world.step_two("u1", "twice").await;
    let chat = chat_when(&world, &tool, |chat| read(chat).len() > 2).await;
    assert_eq!(read(&chat), [OPENING, "once", "twice"]);
}

#[tokio::test]
async fn every_text_survives() {
    let (world, tool, _) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    let long = "wörter ".repeat(571);
    let texts = ["🦀👩‍👩‍👧‍👦 emoji", "שלום עולם", "مرحبا", long.trim_end(), "a\nb\n\nc", "<b>&amp;"];
    for text in texts {
        world.step_two("u1", text).await;
        tool.act(&chat.id, say(text)).unwrap();
    }
    let chat = chat_when(&world, &tool, |chat| read(chat).len() > texts.len()).await;
    assert_eq!(read(&chat)[1..], texts);
    visitor_reads(&world, &texts).await;
}

#[tokio::test]
async fn an_idle_conversation_that_is_given_back_ends_the_chat() {
    let change = |options: &mut Options| {
        (options.time, options.idle_seconds) = (Time::new(1_000, 0), 3_600);
    };
    let (world, tool, _) = start(change).await;
    accepted(&world, &tool, "u1").await;
    resumed(&world).await;
    assert_eq!(tool.chats()[0].phase, Phase::Ended);
}

#[tokio::test]
async fn every_way_of_authentication_works() {
    let hash = json!({ "virtual_agent.token": null, "virtual_agent.signing_key": "key" });
    let signs = |options: &mut Options| options.proof = Proof::Signature("key".to_owned());
    let (world, tool, _) = start_with(hash, chat::Clock::default(), signs).await;
    accepted(&world, &tool, "u1").await;
    let user = json!({ "username": "integration", "password": "integration's password" });
    let users = |options: &mut Options| options.proof = Proof::User;
    let (world, tool, _) = start_with(user, chat::Clock::default(), users).await;
    accepted(&world, &tool, "u1").await;
}

#[tokio::test]
async fn wrong_credentials_refuse_the_handover_and_a_wrong_token_ends_by_the_clock() {
    let user = json!({ "username": "integration", "password": "wrong" });
    let users = |options: &mut Options| options.proof = Proof::User;
    let (world, tool, _) = start_with(user, chat::Clock::default(), users).await;
    assert_eq!(world.step_one("u1").await["paused"], false);
    assert!(tool.chats().is_empty());
    // The instance reports success and does nothing; the queue's clock ends the chat.
    let times = chat::Clock { queue: MINUTE, ..chat::Clock::default() };
    let token = |options: &mut Options| options.proof = Proof::Token("another".to_owned());
    let (world, tool, _) = start_with(json!({}), times, token).await;
    assert_eq!(world.step_one("u1").await["paused"], true);
    resumed(&world).await;
    assert!(tool.chats().is_empty());
}

#[tokio::test]
async fn only_the_instance_may_call_back() {
    let (world, tool, _) = start(|_| {}).await;
    accepted(&world, &tool, "u1").await;
    let session = tool.chats()[0].facts[0].1.clone();
    assert!(session.starts_with("cht_"), "{session}");
    let body = json!({
        "clientSessionId": session, "agentChat": true,
        "body": [{ "uiType": "OutputText", "value": "forged", "messageId": "m",
            "agentInfo": { "sentFromAgent": true, "agentName": "Jo Park" } }],
    });
    let send = async |path: &str, header: &str, body: String| {
        let url = format!("{}/connectors/tool/{path}", world.url);
        let request = world.http.post(url).header("x-fixed", header).body(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(send("callback/wrong", "shared", body.to_string()).await, 401);
    assert_eq!(send("callback/secret-path", "wrong", body.to_string()).await, 401);
    assert_eq!(send("elsewhere", "shared", body.to_string()).await, 404);
    assert_eq!(send("callback/secret-path", "shared", "{".to_owned()).await, 415);
    let mut other = body.clone();
    other["clientSessionId"] = json!("cht_other.1");
    assert_eq!(send("callback/secret-path", "shared", other.to_string()).await, 200);
    assert_eq!(world.platform.texts(), WAITING);
    assert_eq!(send("callback/secret-path", "shared", body.to_string()).await, 200);
    visitor_reads(&world, &["forged"]).await;
}

#[tokio::test]
async fn the_check_reports_what_it_can_test() {
    let tool = Simulator::start(ServiceNow::new(Options::default())).await.unwrap();
    let check = async |url: &str| {
        let settings = settings(url, &json!({}));
        let settings: Settings = serde_json::from_value(settings).unwrap();
        let clock = Clock::manual(START).0;
        let findings = settings.check("tool", Egress::new().unwrap(), clock).await.unwrap();
        let words = findings.into_iter().map(|f| format!("{:?} {}", f.verdict, f.words));
        words.collect::<Vec<_>>()
    };
    let good = check(&tool.base).await;
    assert!(good[0].starts_with("Good") && good[1].starts_with("Unsure"), "{good:?}");
    assert!(tool.chats().is_empty(), "no conversation was opened");
    tool.faults().set(Plan { status: Some(405), ..Plan::default() });
    assert!(check(&tool.base).await[0].starts_with("Wrong"));
}
