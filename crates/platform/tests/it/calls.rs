//! What the bridge is sent: bodies, headers, order, and how often.

use futures::future::join_all;
use machine::conversation::Event;
use serde_json::{Value, json};

use crate::bridge::Call;
use crate::world::{WEBHOOK_TOKEN, World, config, control, says, wait_for};

/// The names in a body and how they are nested, without the values.
fn names(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut named: Vec<_> = fields.iter().collect();
            named.sort_by_key(|(name, _)| *name);
            named.into_iter().map(|(name, value)| json!([name, names(value)])).collect()
        }
        Value::Array(items) => items.iter().map(names).collect(),
        _ => Value::Null,
    }
}

fn sample(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn used_triggers_are_cleared_and_the_time_zone_goes_to_the_bot() {
    let world = World::new().await;
    world.bridge.will_reply(&[r#"{"paused":false}"#]);
    let mut visitor = world.visitor().await;
    visitor.say("handover").await;
    visitor.until(control("bot")).await;
    visitor.say("hello").await;
    visitor.until(says("echo: hello")).await;
    let queries = world.bot.queries.lock().unwrap();
    let second = queries.iter().rfind(|q| q.session.ends_with(&visitor.conversation)).unwrap();
    let contexts: Vec<_> = second.contexts.iter().map(|c| (c.name.as_str(), c.lifespan)).collect();
    assert_eq!(contexts, [("botcopy-timezone", 10), ("botcopy-botid", 10), ("handover-test", 0)]);
    assert_eq!(second.time_zone.as_deref(), Some("Europe/Vienna"));
    assert_eq!(second.memory.as_deref(), Some("handover"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_makes_one_call_in_order_however_they_arrive() {
    let world = World::new().await;
    let visitors = join_all((0..8).map(|_| world.paused_visitor("support"))).await;
    let said = visitors.iter().flat_map(|visitor| {
        (0..20).map(async |n| (visitor.user.clone(), visitor.say(&format!("m{n}")).await, n))
    });
    let said = join_all(said).await;
    for visitor in &visitors {
        visitor.at_rest().await;
        let mut expected: Vec<_> = said.iter().filter(|(user, ..)| *user == visitor.user).collect();
        expected.sort_by_key(|(_, seq, _)| *seq);
        let expected: Vec<_> = expected.iter().map(|(_, _, n)| format!("m{n}")).collect();
        let calls = world.bridge.calls_of(&visitor.user);
        let got: Vec<_> = calls.iter().map(|call| call.text().to_owned()).collect();
        assert_eq!(got, expected);
        assert!(world.bot.asked(&visitor.conversation).is_empty(), "the bot was asked");
    }
}

#[tokio::test]
async fn two_calls_of_one_conversation_never_overlap() {
    let world = World::with(|bot, bridge| {
        let of = |id, path| config(bot, &bridge.url, id, path);
        vec![of("support", "held"), of("other", "script")]
    })
    .await;
    let visitor = world.visitor().await;
    visitor.say("handover").await;
    wait_for(async || (world.bridge.calls_under("held") == 1).then_some(())).await;
    // An agent steps in while step one is under way; the next message is owed to the bridge.
    let push = json!({ "eventType": "message", "text": "Jane here", "paused": true });
    assert_eq!(world.push(&visitor, push).await.0, 200);
    visitor.say("hello").await;
    // Long enough for another conversation to have its call made and answered.
    let other = world.paused_visitor("other").await;
    other.say("hello").await;
    other.at_rest().await;
    world.bridge.seen.gate.add_permits(1);
    wait_for(async || (world.bridge.calls_under("held") == 2).then_some(())).await;
    world.bridge.seen.gate.add_permits(1);
    visitor.at_rest().await;
    assert_eq!(world.bridge.seen.held.lock().unwrap().1, 1, "step two overtook step one");
    let ignored = |event: &Event| matches!(event, Event::CallIgnored { .. });
    visitor.until_noted(ignored).await;
}

#[tokio::test]
async fn a_refused_message_is_forwarded_once_and_its_answer_may_hand_over_again() {
    let world = World::new().await;
    let mut visitor = world.paused_visitor("support").await;
    world.bridge.will_reply(&[r#"{"paused":false,"minutesPaused":0}"#]);
    visitor.say("handover").await;
    visitor.until(control("requested")).await;
    visitor.until(|event| event["reason"] == "webhook_paused").await;
    visitor.at_rest().await;
    assert_eq!(world.bot.asked(&visitor.conversation), ["handover"]);
    let calls = world.bridge.calls_of(&visitor.user);
    assert_eq!(calls.iter().map(Call::is_step_one).collect::<Vec<_>>(), [false, true]);
    assert_ne!(calls[0].id(), calls[1].id());
}

#[tokio::test]
async fn history_goes_with_step_one_only_and_only_when_switched_on() {
    let world = World::with(|bot, bridge| {
        let mut config = config(bot, &bridge.url, "support", "script");
        config.webhook.as_mut().unwrap().history = true;
        vec![config]
    })
    .await;
    let mut visitor = world.visitor().await;
    visitor.post(json!({ "clientId": "w", "event": { "name": "WELCOME" } })).await;
    visitor.until(says("echo: !WELCOME")).await;
    visitor.say("hello").await;
    visitor.until(says("echo: hello")).await;
    visitor.say("handover").await;
    visitor.until(control("human")).await;
    visitor.say("help").await;
    wait_for(async || (world.bridge.calls_of(&visitor.user).len() == 2).then_some(())).await;
    let calls = world.bridge.calls_of(&visitor.user);
    let history = calls[0].body["messageHistory"].as_array().unwrap();
    let lines: Vec<_> = history.iter().filter_map(wire::history::line).map(|l| l.text).collect();
    let said = ["[WELCOME]", "echo: !WELCOME", "hello", "echo: hello"];
    let expected = [&said[..], &["handover", "human handover text"]].concat();
    assert_eq!(lines, expected);
    assert_eq!(history[0]["payload"]["event"]["name"], "WELCOME");
    assert_eq!(history[0]["createdAt"], "2026-11-22T10:00:00.000Z");
    assert!(calls[1].body.get("messageHistory").is_none());
}

#[tokio::test]
async fn what_waits_behind_the_handover_is_no_history() {
    let world = World::with(|bot, bridge| {
        let mut config = config(bot, &bridge.url, "support", "script");
        config.webhook.as_mut().unwrap().history = true;
        vec![config]
    })
    .await;
    let visitor = world.visitor().await;
    for text in ["slow handover", "anybody?", "hello?"] {
        visitor.say(text).await;
    }
    world.bot.gate.add_permits(1);
    wait_for(async || (world.bridge.calls_of(&visitor.user).len() == 3).then_some(())).await;
    let calls = world.bridge.calls_of(&visitor.user);
    let history = calls[0].body["messageHistory"].as_array().unwrap();
    let lines: Vec<_> = history.iter().filter_map(wire::history::line).map(|l| l.text).collect();
    assert_eq!(lines, ["slow handover", "echo: slow handover"]);
    assert_eq!([calls[1].text(), calls[2].text()], ["anybody?", "hello?"]);
}

#[tokio::test]
async fn typing_leaves_room_for_messages_and_bots_do_not_share_it() {
    let world = World::with(|bot, bridge| {
        let bots = ["support", "other"].map(|id| {
            let mut config = config(bot, &bridge.url, id, "held");
            config.webhook.as_mut().unwrap().typing = true;
            config
        });
        bots.into()
    })
    .await;
    let types = async |bot: &'static str| {
        let visitor = world.paused_visitor(bot).await;
        visitor.types().await;
        visitor
    };
    let visitors = join_all((0..20).map(|_| types("support"))).await;
    let other = types("other").await;
    wait_for(async || world.bridge.calls_of(&other.user).pop()).await;
    visitors[0].say("hello").await;
    let said = async || {
        let calls = world.bridge.calls_of(&visitors[0].user);
        calls.into_iter().find(|call| call.text() == "hello")
    };
    wait_for(said).await;
    let typed = visitors.iter().flat_map(|visitor| world.bridge.calls_of(&visitor.user));
    assert_eq!(typed.filter(|call| call.body["eventType"] == "user_typing").count(), 8);
}

#[tokio::test]
async fn typing_is_passed_on_every_four_seconds_while_a_human_has_control() {
    let world = World::with(|bot, bridge| {
        let mut typing = config(bot, &bridge.url, "support", "script");
        typing.webhook.as_mut().unwrap().typing = true;
        vec![typing, config(bot, &bridge.url, "quiet", "script")]
    })
    .await;
    let typed = |visitor: &crate::world::Visitor| {
        let calls = world.bridge.calls_of(&visitor.user).into_iter();
        calls.filter(|call| call.body["eventType"] == "user_typing").collect::<Vec<_>>()
    };
    // No call is made while the bot has control, or when the call is switched off.
    let alone = world.visitor().await;
    alone.types().await;
    let quiet = world.paused_visitor("quiet").await;
    quiet.types().await;
    quiet.say("hi").await;
    quiet.at_rest().await;
    assert!(world.bridge.calls_of(&quiet.user)[0].body.get("eventType").is_none());

    let visitor = world.paused_visitor("support").await;
    for (step_ms, expected) in [(0, 1), (0, 1), (3_999, 1), (1, 2), (3_999, 2), (1, 3)] {
        world.clock.advance(step_ms);
        visitor.types().await;
        wait_for(async || (typed(&visitor).len() >= expected).then_some(())).await;
    }
    visitor.say("hi").await;
    visitor.at_rest().await;
    let calls = typed(&visitor);
    assert_eq!(calls.len(), 3);
    assert_eq!(
        names(&calls[0].body),
        names(&sample(include_str!("../../../wire/examples/r3.typing_call.json")))
    );
    assert_eq!(calls[0].headers["authorization"], WEBHOOK_TOKEN);
    let message = world.bridge.calls_of(&visitor.user).into_iter().find(|c| c.text() == "hi");
    assert_eq!(message.unwrap().body["eventType"], "message");
    assert!(typed(&alone).is_empty() && typed(&quiet).is_empty());
}

#[tokio::test]
async fn a_failing_bot_says_so_and_the_next_message_is_answered() {
    let world = World::new().await;
    let mut visitor = world.visitor().await;
    for text in ["fail", "panic", "hello"] {
        visitor.say(text).await;
    }
    visitor.until(says("echo: hello")).await;
    let story = visitor.story().await;
    let answers: Vec<_> = story.iter().filter(|line| !line.starts_with("visitor")).collect();
    let failed = "notice: Sorry, that could not be answered. Please try again.";
    assert_eq!(answers, [failed, failed, "bot: echo: hello"]);
}

#[tokio::test]
async fn a_long_message_reaches_the_bot_cut_and_the_human_whole() {
    let world = World::new().await;
    let mut visitor = world.visitor().await;
    let long = "é".repeat(1_000);
    visitor.say(&long).await;
    visitor.until(says(&format!("echo: {}", "é".repeat(256)))).await;
    visitor.say("handover").await;
    visitor.until(control("human")).await;
    visitor.say(&long).await;
    wait_for(async || (world.bridge.calls_of(&visitor.user).len() == 2).then_some(())).await;
    assert_eq!(world.bridge.calls_of(&visitor.user)[1].text(), long);
}
