//! A tool of one's own, behind the contract of docs/connectors/webhook.md.

use kit::hostile::{mutants, traps};
use machine::chat::Clock;
use serde_json::{Value, json};
use simulators::{
    Act, Phase, Simulator,
    faults::Plan,
    time::Time,
    webhook::{Options, Webhook},
};

use super::{accepted, chat_when, holds_under_faults, meanwhile, platform_reads, read, resumed};
use crate::{
    hostile::judge,
    world::{MINUTE, World},
};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn start(change: impl FnOnce(&mut Options)) -> (World, Simulator) {
    start_with(Clock::default(), change).await
}

async fn start_with(times: Clock, change: impl FnOnce(&mut Options)) -> (World, Simulator) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let mut base = String::new();
    let settings = |bridge: &str| {
        bridge.clone_into(&mut base);
        json!({
            "kind": "webhook", "url": url, "allow_private": true, "signing_key": KEY,
            "token": "tool's token",
        })
    };
    let world = World::with_tool_changed(settings, times, |_| {}).await;
    let mut options = Options {
        events_url: format!("{base}/connectors/tool/events"),
        token: "tool's token".to_owned(),
        signing_key: KEY.to_owned(),
        refuses: None,
        notice: String::new(),
        time: Time::default(),
    };
    change(&mut options);
    (world, Simulator::serve(listener, Webhook::new(options)).unwrap())
}

fn say(text: &str) -> Act {
    Act::Say { text: text.to_owned() }
}

#[tokio::test]
async fn a_whole_conversation() {
    let (world, tool) = start(|options| "You are number 2.".clone_into(&mut options.notice)).await;
    let chat = accepted(&world, &tool, "u1").await;
    assert_eq!(chat.visitor, "u1");
    assert!(chat.lines.iter().any(|line| line.text == "handover"), "{chat:?}");
    world.step_two("u1", "my VPN is down").await;
    let chat = chat_when(&world, &tool, |chat| !read(chat).is_empty()).await;
    assert_eq!(read(&chat), ["my VPN is down"]);
    tool.act(&chat.id, say("Which **client**?")).unwrap();
    tool.act(&chat.id, Act::SayHtml { html: "<p>See <b>this</b></p>".to_owned() }).unwrap();
    let url = "https://example.org/a.pdf".to_owned();
    tool.act(&chat.id, Act::File { name: "a.pdf".to_owned(), url }).unwrap();
    tool.act(&chat.id, Act::Note { text: "for us alone".to_owned() }).unwrap();
    let expected = [
        "You are number 2.",
        "Which **client**?",
        "See **this**",
        "[a.pdf](https://example.org/a.pdf)",
    ];
    platform_reads(&world, &expected).await;
    tool.act(&chat.id, Act::End).unwrap();
    let resume = resumed(&world).await;
    assert_eq!(resume["agentProfile"]["name"], "Jo Park");
    assert_eq!(world.step_two("u1", "and now?").await["paused"], false);
}

#[tokio::test]
async fn what_a_tool_says_arrives_as_it_was_meant() {
    let (world, tool) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    let html = "2*3*4 <b>ok</b><span style=\"display:none\">secret</span>".to_owned();
    tool.act(&chat.id, Act::SayHtml { html }).unwrap();
    let (name, url) = ("a [b] (1).pdf".to_owned(), "https://example.org/a b (1).pdf".to_owned());
    tool.act(&chat.id, Act::File { name, url }).unwrap();
    let words: Vec<String> = (0..2_500).map(|n| format!("word{n}")).collect();
    tool.act(&chat.id, say(&words.join(" "))).unwrap();
    tool.act(&chat.id, say("after")).unwrap();
    let is_last = |texts: &Vec<String>| texts.last().is_some_and(|text| text == "after");
    let texts = meanwhile(&world, async || Some(world.platform.texts()).filter(is_last)).await;
    assert_eq!(texts[0], r"2\*3\*4 **ok**");
    assert_eq!(texts[1], r"[a \[b\] (1).pdf](https://example.org/a%20b%20%281%29.pdf)");
    let long = &texts[2..texts.len() - 1];
    assert!(long.len() > 4 && long.iter().all(|part| part.chars().count() <= 4_000));
    assert_eq!(long.join(" "), words.join(" "));
}

#[tokio::test]
async fn an_event_with_a_nul_or_a_careless_body_is_stored() {
    let (world, tool) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    let url = format!("{}/connectors/tool/events", world.url);
    let event = |id: &str, text: &str| {
        format!(
            "\u{feff}{{\"id\":\"{id}\",\"handover\":\"{}\",\"type\":\"agent.message\",\
             \"format\":\"plain\",\
             \"agent\":{{\"id\":\"j\\u0000o\",\"name\":\"\\u202eJo\\u0000 Park\",\
             \"avatarUrl\":\"javascript:alert(1)\"}},\"text\":\"{text}\"}}",
            chat.id
        )
    };
    for (id, text) in [("1", "a\\u0000b"), ("2", "half \\ud83d"), ("3", "_plain_")] {
        let call = world.http.post(&url).bearer_auth("tool's token").body(event(id, text));
        assert_eq!(call.send().await.unwrap().status(), 200, "{text}");
    }
    platform_reads(&world, &["ab", "half \u{fffd}", r"\_plain\_"]).await;
    let said = world.platform.taken().into_iter().find(|body| body["text"] == "ab").unwrap();
    assert_eq!(said["agentProfile"], json!({ "name": "Jo Park", "avatarUrl": "" }));
}

#[tokio::test]
async fn both_sides_see_each_other_type() {
    let (world, tool) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    let typing = json!({ "eventType": "user_typing", "userId": "u1", "botId": chat.facts[0].1 });
    world.call(&[("authorization", crate::world::TOKEN)], &typing).await;
    chat_when(&world, &tool, |chat| chat.visitor_types).await;
    chat_when(&world, &tool, |chat| !chat.visitor_types).await;
    tool.act(&chat.id, Act::Type { on: true }).unwrap();
    let is_typing = |body: &Value| body["eventType"] == "user_typing";
    let seen = meanwhile(&world, async || {
        world.platform.attempts().into_iter().map(|a| a.body).find(is_typing)
    });
    assert_eq!(seen.await["agentProfile"]["name"], "Jo Park");
}

#[tokio::test]
async fn the_end_on_either_side_is_the_end_on_both() {
    let (world, tool) = start(|_| {}).await;
    accepted(&world, &tool, "u1").await;
    let left = json!({ "eventType": "user_left", "userId": "u1", "botId": bot() });
    world.call(&[("authorization", crate::world::TOKEN)], &left).await;
    chat_when(&world, &tool, |chat| chat.phase == Phase::Ended).await;
    let chat = accepted(&world, &tool, "u1").await;
    tool.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
}

fn bot() -> Value {
    crate::world::step_one("u1")["botId"].clone()
}

#[tokio::test]
async fn a_tool_that_refuses_is_known_before_step_one_is_answered() {
    let (world, tool) = start(|options| options.refuses = Some("closed".to_owned())).await;
    assert_eq!(world.step_one("u1").await["paused"], false);
    assert_eq!(world.platform.attempts().len(), 0, "nobody was promised anything");
    assert!(tool.chats().is_empty());
}

#[tokio::test]
async fn an_unreachable_tool_is_retried_and_then_the_visitor_is_told() {
    let (world, tool) = start(|_| {}).await;
    tool.faults().set(Plan { down: true, ..Plan::default() });
    assert_eq!(world.step_one("u1").await["paused"], true, "it may come back");
    let resume = resumed(&world).await;
    assert_eq!(resume["paused"], false);
    assert_eq!(world.platform.texts().len(), 1, "the visitor was told");
    tool.faults().set(Plan::default());
    accepted(&world, &tool, "u1").await;
}

#[tokio::test]
async fn an_hour_without_the_tool_loses_nothing() {
    let idle = 180 * MINUTE;
    let times = Clock { idle, pause: 60 * MINUTE, ..Clock::default() };
    let (world, tool) = start_with(times, |_| {}).await;
    accepted(&world, &tool, "u1").await;
    tool.faults().set(Plan { down: true, ..Plan::default() });
    for n in 0..6 {
        world.step_two("u1", &format!("word {n}")).await;
        world.hand.advance(10 * MINUTE);
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
    tool.faults().set(Plan { calls_per_second: Some(3), ..Plan::default() });
    let chat = chat_when(&world, &tool, |chat| read(chat).len() == 6).await;
    assert_eq!(read(&chat), (0..6).map(|n| format!("word {n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_restart_in_the_middle_loses_and_repeats_nothing() {
    let (world, tool) = start(|_| {}).await;
    accepted(&world, &tool, "u1").await;
    tool.faults().set(Plan { lose: 1_000, ..Plan::default() });
    world.step_two("u1", "before").await;
    chat_when(&world, &tool, |chat| read(chat).len() == 1).await;
    let world = world.restart().await;
    tool.faults().set(Plan::default());
    world.step_two("u1", "after").await;
    let chat = chat_when(&world, &tool, |chat| read(chat).len() >= 2).await;
    assert_eq!(read(&chat), ["before", "after"]);
    tool.act(&chat.id, say("still here")).unwrap();
    platform_reads(&world, &["still here"]).await;
    tool.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
}

#[tokio::test]
async fn cuts_losses_repeats_and_delays_change_nothing() {
    for seed in 1..=4 {
        let (world, tool) = start(|_| {}).await;
        let (cut, lose, repeat, delay_ms_max) = (150, 150, 150, 20);
        let plan = Plan { seed, cut, lose, repeat, delay_ms_max, ..Plan::default() };
        holds_under_faults(&world, &tool, plan).await;
    }
}

/// The tool refuses a message because the chat is over, before the agent's last message arrives.
#[tokio::test]
async fn the_agents_last_message_arrives_although_the_visitor_writes_after_the_end() {
    let nowhere = format!("http://{}/", kit::address::free_address().unwrap());
    let (world, tool) = start(|options| options.events_url = nowhere).await;
    world.step_one("u1").await;
    let chat = chat_when(&world, &tool, |chat| chat.phase == Phase::Waiting).await;
    tool.act(&chat.id, Act::End).unwrap();
    world.step_two("u1", "one more thing").await;
    meanwhile(&world, async || (tool.faults().calls() >= 3).then_some(())).await;
    let agent = json!({ "name": "Jo Park" });
    let said = json!({
        "id": "m1", "handover": chat.id, "type": "agent.message", "text": "bye", "agent": agent,
    });
    let ended = json!({ "id": "m2", "handover": chat.id, "type": "handover.ended" });
    let url = format!("{}/connectors/tool/events", world.url);
    let body = json!({ "events": [said, ended] }).to_string();
    let told = world.http.post(&url).bearer_auth("tool's token").body(body).send().await;
    assert_eq!(told.unwrap().status(), 200);
    resumed(&world).await;
    assert!(world.platform.texts().contains(&"bye".to_owned()), "{:?}", world.platform.texts());
}

#[tokio::test]
async fn no_request_of_a_tool_stops_the_bridge() {
    let (world, tool) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    let url = format!("{}/connectors/tool/events", world.url);
    let good = json!({
        "id": "m1", "handover": chat.id, "type": "agent.joined", "format": "html", "on": true,
        "agent": { "id": "jo", "name": "Jo Park", "avatarUrl": "" }, "text": "<b>x</b>",
        "files": [{ "name": "a", "url": "https://example.org/" }],
    });
    for body in traps().into_iter().chain(mutants(&good)) {
        let request = world.http.post(&url).bearer_auth("tool's token").body(body.clone());
        judge(request.send().await.unwrap(), &body).await;
        let stranger = world.http.post(&url).body(body.clone()).send().await.unwrap();
        assert_eq!(stranger.status(), 401, "a stranger learns nothing");
    }
    for path in ["tool/", "tool/%ff", "tool/events/more", "nobody/events"] {
        let request = world.http.post(format!("{}/connectors/{path}", world.url));
        let status = request.bearer_auth("tool's token").send().await.unwrap().status();
        assert!(status.is_client_error(), "{path}: {status}");
    }
    tool.act(&chat.id, say("still well")).unwrap();
    let wanted = |texts: Vec<String>| texts.contains(&"still well".to_owned()).then_some(());
    meanwhile(&world, async || wanted(world.platform.texts())).await;
}

#[tokio::test]
async fn every_text_survives() {
    let (world, tool) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    let long = "wörter ".repeat(571);
    let texts = ["🦀👩‍👩‍👧‍👦 emoji", "שלום עולם", "مرحبا", long.trim_end(), "a\nb\n\nc", "<b>&amp;"];
    for text in texts {
        world.step_two("u1", text).await;
        tool.act(&chat.id, say(text)).unwrap();
    }
    let chat = chat_when(&world, &tool, |chat| read(chat).len() == texts.len()).await;
    assert_eq!(read(&chat), texts);
    platform_reads(&world, &texts).await;
}

#[tokio::test]
async fn wrong_events_are_answered_with_a_problem_and_repeats_change_nothing() {
    let (world, tool) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    let url = format!("{}/connectors/tool/events", world.url);
    let send = async |token: &str, body: Value| {
        let request = world.http.post(&url).bearer_auth(token).body(body.to_string());
        crate::world::answer(request.send().await.unwrap()).await
    };
    let good = json!({
        "id": "m1", "handover": chat.id, "type": "agent.message", "text": "once",
        "agent": { "name": "Jo Park" },
    });
    assert_eq!(send("wrong", good.clone()).await.0, 401);
    for (change, field) in [
        (json!({ "id": "" }), "id"),
        (json!({ "text": " " }), "text"),
        (json!({ "agent": {} }), "agent.name"),
        (json!({ "type": "agent.dances" }), "type"),
    ] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, problem) = send("tool's token", bad).await;
        assert_eq!((status, problem["field"].as_str()), (400, Some(field)), "{problem}");
    }
    let other = json!({ "id": "m1", "handover": "cht_x.1", "type": "agent.left" });
    assert_eq!(send("tool's token", other).await.0, 404);
    for _ in 0..3 {
        assert_eq!(send("tool's token", json!({ "events": [good] })).await.0, 200);
    }
    platform_reads(&world, &["once"]).await;
}

#[tokio::test]
async fn a_route_with_another_connector_after_a_restart_hands_its_chats_back() {
    let (world, tool) = start(|_| {}).await;
    let chat = accepted(&world, &tool, "u1").await;
    tool.act(&chat.id, say("hello")).unwrap();
    platform_reads(&world, &["hello"]).await;
    tool.faults().set(Plan { down: true, ..Plan::default() });
    world.step_two("u1", "my VPN is down").await;
    let world =
        world.restart_changed(|route| route.connector = bridge::ConnectorChoice::Desk).await;
    let notice = "Nobody can take your chat at the moment. Please try again later.";
    platform_reads(&world, &["hello", notice]).await;
    resumed(&world).await;
    tool.faults().set(Plan::default());
    let calls = tool.faults().calls();
    assert_eq!(world.step_two("u1", "anybody there?").await["paused"], false);
    assert_eq!(world.step_one("u1").await["paused"], false, "nobody is at the desk");
    world.hand.advance(MINUTE);
    let world = world.restart().await;
    platform_reads(&world, &["hello", notice]).await;
    assert_eq!(tool.faults().calls(), calls, "something was delivered to the old tool");
    assert_eq!(read(&tool.chats()[0]), Vec::<String>::new());
}
