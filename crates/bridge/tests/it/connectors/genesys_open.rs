//! Genesys Cloud by Open Messaging.

use std::time::Duration;

use connector::Verdict;
use connectors::Settings;
use edge::{Clock as WallClock, egress::Egress};
use kit::hostile::{mutants, traps};
use machine::chat::Clock;
use serde_json::{Value, json};
use simulators::{
    Act, Chat, Phase, Simulator,
    faults::Plan,
    genesys_cloud::{
        AgentEnd, Channels, DisconnectType, GenesysCloud, Options, WebhookIds, signature,
    },
    time::Time,
};

use super::{accepted, chat_when, holds_under_faults, meanwhile, platform_reads, read, resumed};
use crate::{
    hostile::judge,
    world::{MINUTE, PATIENCE, TOKEN, World},
};

/// The vendor's five seconds are a quarter of ours.
const SPEED: u32 = 20;

struct Tool {
    world: World,
    simulator: Simulator,
    genesys: GenesysCloud,
}

fn settings(base: &str, options: &Options) -> Value {
    json!({
        "kind": "genesys-open-messaging",
        "region": "region.test",
        "client_id": options.client_id,
        "client_secret": options.client_secret,
        "integration_id": options.integration_id,
        "webhook_secret": options.webhook_secret,
        "attributes": { "topic": "IT" },
        "api_url": base,
        "login_url": base,
        "allow_private": true,
    })
}

async fn start(change: impl FnOnce(&mut Options)) -> Tool {
    start_with(Clock::default(), change, |_| {}).await
}

async fn start_with(
    times: Clock,
    change: impl FnOnce(&mut Options),
    configure: impl FnOnce(&mut Value),
) -> Tool {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut options = Options { time: Time::new(SPEED, 0), ..Options::default() };
    change(&mut options);
    let settings = |bridge: &str| {
        options.webhook_url = format!("{bridge}/connectors/tool/webhook");
        let mut settings = settings(&base, &options);
        configure(&mut settings);
        settings
    };
    let world = World::with_tool_changed(settings, times, |_| {}).await;
    let genesys = GenesysCloud::new(options);
    let simulator = Simulator::serve(listener, genesys.clone()).unwrap();
    Tool { world, simulator, genesys }
}

fn say(text: &str) -> Act {
    Act::Say { text: text.to_owned() }
}

/// What the visitor said after the transcript.
fn words(chat: &simulators::Chat) -> Vec<String> {
    read(chat).split_off(1)
}

fn bot() -> Value {
    crate::world::step_one("u1")["botId"].clone()
}

async fn pushed(world: &World, name: &str) {
    let by = |body: &Value| body["agentProfile"]["name"] == name;
    meanwhile(world, async || world.platform.taken().into_iter().find(by)).await;
}

#[tokio::test]
async fn a_whole_conversation() {
    let Tool { world, simulator, .. } = start(|_| {}).await;
    let chat = accepted(&world, &simulator, "u1").await;
    assert!(read(&chat)[0].starts_with("Visitor: handover\nBot: "), "{chat:?}");
    for fact in [("topic", "IT"), ("botId", bot().as_str().unwrap()), ("language", "en")] {
        let known = chat.facts.iter().find(|(name, _)| name == fact.0);
        assert!(known.is_some_and(|(_, value)| value.starts_with(fact.1)), "{fact:?}: {chat:?}");
    }
    world.step_two("u1", "my VPN is down").await;
    let chat = chat_when(&world, &simulator, |chat| read(chat).len() == 2).await;
    assert_eq!(words(&chat), ["my VPN is down"]);
    simulator.act(&chat.id, say("Which client?")).unwrap();
    let url = "https://example.org/a.pdf".to_owned();
    simulator.act(&chat.id, Act::File { name: "a.pdf".to_owned(), url }).unwrap();
    simulator.act(&chat.id, Act::Note { text: "for us alone".to_owned() }).unwrap();
    platform_reads(&world, &["Which client?", "[a.pdf](https://example.org/a.pdf)"]).await;
    simulator.act(&chat.id, say("Good bye")).unwrap();
    simulator.act(&chat.id, Act::End).unwrap();
    let resume = resumed(&world).await;
    assert_eq!(resume["agentProfile"]["name"], "Jo Park");
    let expected = ["Which client?", "[a.pdf](https://example.org/a.pdf)", "Good bye"];
    assert_eq!(world.platform.texts(), expected, "words and their end came in another order");
    assert_eq!(world.step_two("u1", "and now?").await["paused"], false);
    assert_eq!(simulator.chats().len(), 1);
}

#[tokio::test]
async fn both_sides_see_each_other_type_and_agents_see_what_was_delivered() {
    let Tool { world, simulator, genesys } = start(|_| {}).await;
    let chat = accepted(&world, &simulator, "u1").await;
    let typing = json!({ "eventType": "user_typing", "userId": "u1", "botId": bot() });
    world.call(&[("authorization", TOKEN)], &typing).await;
    chat_when(&world, &simulator, |chat| chat.visitor_types).await;
    simulator.act(&chat.id, Act::Type { on: true }).unwrap();
    let is_typing = |body: &Value| body["eventType"] == "user_typing";
    let seen = meanwhile(&world, async || {
        world.platform.attempts().into_iter().map(|a| a.body).find(is_typing)
    });
    assert_eq!(seen.await["agentProfile"]["name"], "Jo Park");
    simulator.act(&chat.id, say("hello")).unwrap();
    platform_reads(&world, &["hello"]).await;
    meanwhile(&world, async || (genesys.delivered() == 1).then_some(())).await;
}

#[tokio::test]
async fn a_transfer_and_a_requeue_keep_the_visitor_with_humans() {
    let Tool { world, simulator, .. } = start(|_| {}).await;
    let chat = accepted(&world, &simulator, "u1").await;
    simulator.act(&chat.id, Act::Transfer { agent: "Kim Roe".to_owned() }).unwrap();
    pushed(&world, "Kim Roe").await;
    simulator.act(&chat.id, Act::Requeue).unwrap();
    simulator.act(&chat.id, Act::Accept { agent: "Lee Poe".to_owned() }).unwrap();
    pushed(&world, "Lee Poe").await;
    simulator.act(&chat.id, say("It is me now")).unwrap();
    platform_reads(&world, &["It is me now"]).await;
    assert_eq!(world.step_two("u1", "still there?").await["paused"], true);
    chat_when(&world, &simulator, |chat| read(chat).len() == 2).await;
}

#[tokio::test]
async fn the_end_on_either_side_is_the_end_on_both() {
    let Tool { world, simulator, genesys } = start(|_| {}).await;
    accepted(&world, &simulator, "u1").await;
    let left = json!({ "eventType": "user_left", "userId": "u1", "botId": bot() });
    world.call(&[("authorization", TOKEN)], &left).await;
    chat_when(&world, &simulator, |chat| chat.phase == Phase::Ended).await;
    let chat = accepted(&world, &simulator, "u1").await;
    assert_eq!(simulator.chats().len(), 2, "another handover is another conversation");
    genesys.disconnect(&chat.id, DisconnectType::Inactivity).unwrap();
    resumed(&world).await;
}

#[tokio::test]
async fn words_of_a_flow_are_nobodys() {
    let Tool { world, simulator, genesys } = start(|_| {}).await;
    assert_eq!(world.step_one("u1").await["paused"], true);
    let chat = chat_when(&world, &simulator, |chat| chat.phase == Phase::Waiting).await;
    genesys.flow_says(&chat.id, "You are number 2.").unwrap();
    platform_reads(&world, &["You are number 2."]).await;
    simulator.act(&chat.id, Act::Accept { agent: "Jo Park".to_owned() }).unwrap();
    simulator.act(&chat.id, say("Hello")).unwrap();
    platform_reads(&world, &["You are number 2.", "Hello"]).await;
    let names: Vec<Value> =
        world.platform.taken().iter().map(|body| body["agentProfile"]["name"].clone()).collect();
    assert!(!names.contains(&json!("Open Messaging")), "{names:?}");
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_within_the_answer() {
    let wrong: [fn(&mut Value); 3] = [
        |settings| settings["client_secret"] = json!("another secret"),
        |settings| settings["client_id"] = json!("nobody"),
        |settings| settings["integration_id"] = json!("unknown"),
    ];
    for configure in wrong {
        let tool = start_with(Clock::default(), |_| {}, configure).await;
        assert_eq!(tool.world.step_one("u1").await["paused"], false);
        assert_eq!(tool.world.platform.attempts().len(), 0, "nobody was promised anything");
        assert!(tool.simulator.chats().is_empty());
    }
}

#[tokio::test]
async fn a_token_that_is_turned_away_is_replaced() {
    let Tool { world, simulator, genesys } = start(|_| {}).await;
    accepted(&world, &simulator, "u1").await;
    genesys.revoke_tokens();
    world.step_two("u1", "after a revocation").await;
    let chat = chat_when(&world, &simulator, |chat| read(chat).len() == 2).await;
    assert_eq!(words(&chat), ["after a revocation"]);
    genesys.revoke_tokens();
    simulator.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
}

#[tokio::test]
async fn tokens_that_end_soon_are_renewed() {
    let Tool { world, simulator, .. } = start(|options| options.token_seconds = 40).await;
    accepted(&world, &simulator, "u1").await;
    for n in 0..3 {
        // Forty seconds of the vendor are two of ours.
        tokio::time::sleep(Duration::from_millis(700)).await;
        world.step_two("u1", &format!("word {n}")).await;
    }
    let chat = chat_when(&world, &simulator, |chat| read(chat).len() == 4).await;
    assert_eq!(words(&chat), ["word 0", "word 1", "word 2"]);
    simulator.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
}

#[tokio::test]
async fn an_opening_whose_answer_is_lost_is_not_opened_twice() {
    let Tool { world, simulator, .. } = start(|_| {}).await;
    let path = Some("/inbound/open/message".to_owned());
    simulator.faults().set(Plan { lose: 1_000, path, ..Plan::default() });
    assert_eq!(world.step_one("u1").await["paused"], true);
    chat_when(&world, &simulator, |chat| read(chat).len() == 1).await;
    simulator.faults().set(Plan::default());
    let chat = chat_when(&world, &simulator, |chat| read(chat).len() >= 2).await;
    simulator.act(&chat.id, Act::Accept { agent: "Jo Park".to_owned() }).unwrap();
    pushed(&world, "Jo Park").await;
    assert_eq!(simulator.chats().len(), 1);
    let told = read(&simulator.chats()[0]);
    let transcripts = told.iter().filter(|text| text.starts_with("Visitor: ")).count();
    assert_eq!(transcripts, 1, "{told:?}");
}

#[tokio::test]
async fn a_restart_in_the_middle_loses_and_repeats_nothing() {
    let Tool { world, simulator, .. } = start(|_| {}).await;
    let chat = accepted(&world, &simulator, "u1").await;
    simulator.act(&chat.id, say("before")).unwrap();
    platform_reads(&world, &["before"]).await;
    let path = Some("/inbound/open/message".to_owned());
    simulator.faults().set(Plan { lose: 1_000, path, ..Plan::default() });
    world.step_two("u1", "one").await;
    chat_when(&world, &simulator, |chat| read(chat).len() == 2).await;
    let world = world.restart().await;
    simulator.faults().set(Plan::default());
    world.step_two("u1", "two").await;
    let chat = chat_when(&world, &simulator, |chat| read(chat).len() >= 3).await;
    assert_eq!(words(&chat), ["one", "two"]);
    simulator.act(&chat.id, say("after")).unwrap();
    platform_reads(&world, &["before", "after"]).await;
    simulator.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
    assert_eq!(world.platform.texts(), ["before", "after"]);
}

#[tokio::test]
async fn without_notifications_everything_is_seen_a_little_later() {
    let Tool { world, simulator, .. } = start(|options| options.notifications = false).await;
    let chat = accepted(&world, &simulator, "u1").await;
    simulator.act(&chat.id, say("hello")).unwrap();
    platform_reads(&world, &["hello"]).await;
    simulator.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
}

#[tokio::test]
async fn notifications_that_break_off_are_taken_up_again() {
    for lost in [Channels::Kept, Channels::Forgotten] {
        let Tool { world, simulator, genesys } = start(|_| {}).await;
        let chat = accepted(&world, &simulator, "u1").await;
        genesys.drop_notifications(lost);
        simulator.act(&chat.id, Act::Transfer { agent: "Kim Roe".to_owned() }).unwrap();
        pushed(&world, "Kim Roe").await;
        meanwhile(&world, async || genesys.is_listened_to().then_some(())).await;
        simulator.act(&chat.id, Act::End).unwrap();
        resumed(&world).await;
    }
}

#[tokio::test]
async fn what_the_webhook_did_not_bring_is_found_in_the_conversation() {
    let Tool { world, simulator, genesys } = start(|_| {}).await;
    let chat = accepted(&world, &simulator, "u1").await;
    simulator.act(&chat.id, say("one")).unwrap();
    platform_reads(&world, &["one"]).await;
    genesys.set_webhook_url("http://127.0.0.1:9/nobody");
    simulator.act(&chat.id, say("two")).unwrap();
    simulator.act(&chat.id, say("three")).unwrap();
    platform_reads(&world, &["one", "two", "three"]).await;
    simulator.act(&chat.id, say("four")).unwrap();
    simulator.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
    assert_eq!(world.platform.texts(), ["one", "two", "three", "four"]);
}

#[tokio::test]
async fn the_webhook_believes_signatures_alone_and_repeats_are_harmless() {
    let tool = start(|options| options.repeat_deliveries = true).await;
    let Tool { world, simulator, .. } = tool;
    let chat = accepted(&world, &simulator, "u1").await;
    simulator.act(&chat.id, say("once")).unwrap();
    simulator.act(&chat.id, say("and again")).unwrap();
    platform_reads(&world, &["once", "and again"]).await;

    let customer = &chat.facts.iter().find(|(name, _)| name == "from.id").unwrap().1;
    let body = json!({
        "id": "m-1", "type": "Text", "text": "forged", "direction": "Outbound",
        "channel": { "to": { "id": customer }, "from": { "nickname": "Eve" } },
    });
    let secret = Options::default().webhook_secret;
    let send = async |path: &str, body: &Value, signed_with: &str, signed: &str| {
        let url = format!("{}/connectors/tool/{path}", world.url);
        let signature = signature(signed_with, signed.as_bytes());
        let request = world.http.post(url).header("x-hub-signature-256", signature);
        crate::world::answer(request.body(body.to_string()).send().await.unwrap()).await.0
    };
    let text = body.to_string();
    assert_eq!(send("webhook", &body, "another secret of length", &text).await, 401);
    assert_eq!(send("webhook", &body, &secret, "another body").await, 401);
    let unsigned = world.http.post(format!("{}/connectors/tool/webhook", world.url));
    assert_eq!(unsigned.body(text.clone()).send().await.unwrap().status(), 401);
    assert_eq!(send("elsewhere", &body, &secret, &text).await, 404);
    let mut other = body.clone();
    other["channel"]["to"]["id"] = json!("cht_unknown.1");
    assert_eq!(send("webhook", &other, &secret, &other.to_string()).await, 404);
    let receipt = json!({ "id": "m-2", "type": "Receipt", "status": "Published" });
    assert_eq!(send("webhook", &receipt, &secret, &receipt.to_string()).await, 200);
    assert_eq!(world.platform.texts(), ["once", "and again"]);
    assert_eq!(send("webhook", &body, &secret, &text).await, 200);
    platform_reads(&world, &["once", "and again", "forged"]).await;
}

#[tokio::test]
async fn no_call_of_the_webhook_is_fatal() {
    let Tool { world, simulator, .. } = start(|_| {}).await;
    let chat = accepted(&world, &simulator, "u1").await;
    let customer = &chat.facts.iter().find(|(name, _)| name == "from.id").unwrap().1;
    let good = json!({
        "id": "m-1", "type": "Structured", "text": "x", "direction": "Outbound",
        "channel": { "to": { "id": customer }, "from": { "nickname": "Jo Park" } },
        "content": [{ "attachment": { "url": "https://example.org/", "filename": "a" } }],
        "events": [{ "eventType": "Typing", "typing": { "type": "On", "duration": 5000 } }],
    });
    let secret = Options::default().webhook_secret;
    let url = format!("{}/connectors/tool/webhook", world.url);
    for body in traps().into_iter().chain(mutants(&good)) {
        let signature = signature(&secret, &body);
        let request = world.http.post(&url).header("x-hub-signature-256", signature);
        judge(request.body(body.clone()).send().await.unwrap(), &body).await;
        let stranger = world.http.post(&url).body(body.clone()).send().await.unwrap();
        assert_eq!(stranger.status(), 401, "a stranger learns nothing");
    }
    simulator.act(&chat.id, say("still well")).unwrap();
    let wanted = |texts: Vec<String>| texts.contains(&"still well".to_owned()).then_some(());
    meanwhile(&world, async || wanted(world.platform.texts())).await;
}

/// A chat whose end is seen by a look alone.
async fn unnoticed(poll_seconds: u32) -> (Tool, Chat) {
    let tool = start_with(
        Clock::default(),
        |options| options.notifications = false,
        |settings| settings["poll_seconds"] = json!(poll_seconds),
    )
    .await;
    let chat = accepted(&tool.world, &tool.simulator, "u1").await;
    (tool, chat)
}

async fn nobody_waits(world: &World, simulator: &Simulator) {
    let all_over = || simulator.chats().iter().all(|chat| chat.phase == Phase::Ended);
    meanwhile(world, async || all_over().then_some(())).await;
}

#[tokio::test]
async fn words_into_a_conversation_that_is_over_leave_nobody_waiting() {
    let (Tool { world, simulator, genesys }, chat) = unnoticed(3_600).await;
    // It is over before anybody looks again.
    genesys.disconnect(&chat.id, DisconnectType::Client).unwrap();
    world.step_two("u1", "are you there?").await;
    resumed(&world).await;
    nobody_waits(&world, &simulator).await;
}

#[tokio::test]
async fn the_same_when_the_answer_is_lost() {
    let (Tool { world, simulator, genesys }, chat) = unnoticed(3_600).await;
    genesys.disconnect(&chat.id, DisconnectType::Client).unwrap();
    simulator.faults().set(Plan { lose: 1_000, ..Plan::default() });
    world.step_two("u1", "are you there?").await;
    meanwhile(&world, async || (simulator.chats().len() == 2).then_some(())).await;
    simulator.faults().set(Plan::default());
    resumed(&world).await;
    nobody_waits(&world, &simulator).await;
    assert!(simulator.chats().len() <= 3, "another one for each attempt");
}

#[tokio::test]
async fn the_same_when_the_end_is_seen_before_the_words_are_sent_again() {
    let (Tool { world, simulator, genesys }, chat) = unnoticed(1).await;
    simulator.faults().set(Plan { lose: 1_000, ..Plan::default() });
    genesys.disconnect(&chat.id, DisconnectType::Client).unwrap();
    world.step_two("u1", "are you there?").await;
    let begun = async || (simulator.chats().len() == 2).then_some(());
    tokio::time::timeout(PATIENCE, crate::world::eventually(begun)).await.unwrap();
    // The look is due, and the words are not.
    simulator.faults().set(Plan::default());
    for _ in 0..40 {
        world.hand.advance(20);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    resumed(&world).await;
    nobody_waits(&world, &simulator).await;
}

#[tokio::test]
async fn a_conversation_that_is_not_found_at_first_is_not_over() {
    let Tool { world, simulator, .. } = start(|options| options.reads_before_found = 3).await;
    let chat = accepted(&world, &simulator, "u1").await;
    simulator.act(&chat.id, say("hello")).unwrap();
    platform_reads(&world, &["hello"]).await;
    assert_eq!(world.step_two("u1", "are you there?").await["paused"], true);
    simulator.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
}

#[tokio::test]
async fn a_conversation_that_is_never_found_is_given_up_on_both_sides() {
    let Tool { world, simulator, .. } = start(|options| options.reads_before_found = 1_000).await;
    let begun = world.clock.now();
    assert_eq!(world.step_one("u1").await["paused"], true);
    resumed(&world).await;
    let waited = world.clock.now() - begun;
    assert!(waited >= 15_000, "given up after {waited} ms");
    chat_when(&world, &simulator, |chat| chat.phase == Phase::Ended).await;
}

#[tokio::test]
async fn a_visitor_leaves_a_conversation_that_is_not_found_at_first() {
    let Tool { world, simulator, .. } = start(|_| {}).await;
    let chat = accepted(&world, &simulator, "u1").await;
    let (status, path) = (Some(404), Some(chat.id));
    simulator.faults().set(Plan { status, path, ..Plan::default() });
    let left = json!({ "eventType": "user_left", "userId": "u1", "botId": bot() });
    world.call(&[("authorization", TOKEN)], &left).await;
    meanwhile(&world, async || (simulator.faults().wrong() >= 2).then_some(())).await;
    simulator.faults().set(Plan::default());
    chat_when(&world, &simulator, |chat| chat.phase == Phase::Ended).await;
}

#[tokio::test]
async fn a_visitor_whom_the_agent_left_alone_goes_back_to_the_bot() {
    let tool = start(|options| options.agent_end = AgentEnd::CustomerStays).await;
    let Tool { world, simulator, .. } = tool;
    let chat = accepted(&world, &simulator, "u1").await;
    simulator.act(&chat.id, say("Good bye")).unwrap();
    platform_reads(&world, &["Good bye"]).await;
    let left = world.clock.now();
    simulator.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
    let waited = world.clock.now() - left;
    assert!((10_000..60_000).contains(&waited), "given up after {waited} ms");
    chat_when(&world, &simulator, |chat| chat.phase == Phase::Ended).await;
    assert_eq!(world.step_two("u1", "and now?").await["paused"], false);
}

#[tokio::test]
async fn a_moment_between_two_agents_is_no_end() {
    let tool = start(|options| options.agent_end = AgentEnd::CustomerStays).await;
    let Tool { world, simulator, genesys } = tool;
    let chat = accepted(&world, &simulator, "u1").await;
    meanwhile(&world, async || genesys.is_listened_to().then_some(())).await;
    let calls = simulator.faults().calls();
    simulator.act(&chat.id, Act::End).unwrap();
    // The bridge's clock stands still while it looks.
    while simulator.faults().calls() == calls {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(30)).await;
    simulator.act(&chat.id, Act::Accept { agent: "Kim Roe".to_owned() }).unwrap();
    pushed(&world, "Kim Roe").await;
    world.hand.advance(15_000);
    simulator.act(&chat.id, say("It is me now")).unwrap();
    platform_reads(&world, &["It is me now"]).await;
    assert_eq!(world.step_two("u1", "still there?").await["paused"], true);
}

#[tokio::test]
async fn other_ids_at_the_webhook_lose_and_double_nothing() {
    let tool = start(|options| options.webhook_ids = WebhookIds::Other).await;
    let Tool { world, simulator, genesys } = tool;
    let chat = accepted(&world, &simulator, "u1").await;
    for text in ["one", "ok", "ok"] {
        simulator.act(&chat.id, say(text)).unwrap();
    }
    platform_reads(&world, &["one", "ok", "ok"]).await;
    let world = world.restart().await;
    let looks = simulator.faults().calls() + 3;
    meanwhile(&world, async || (simulator.faults().calls() >= looks).then_some(())).await;
    simulator.act(&chat.id, say("two")).unwrap();
    platform_reads(&world, &["one", "ok", "ok", "two"]).await;
    genesys.set_webhook_url("http://127.0.0.1:9/nobody");
    simulator.act(&chat.id, say("by no webhook")).unwrap();
    simulator.act(&chat.id, Act::End).unwrap();
    resumed(&world).await;
    assert_eq!(world.platform.texts(), ["one", "ok", "ok", "two", "by no webhook"]);
}

#[tokio::test]
async fn what_the_webhook_left_out_while_nobody_was_there_is_told_first() {
    let Tool { world, simulator, genesys } = start(|_| {}).await;
    let chat = accepted(&world, &simulator, "u1").await;
    simulator.act(&chat.id, say("one")).unwrap();
    platform_reads(&world, &["one"]).await;
    genesys.set_webhook_url("http://127.0.0.1:9/nobody");
    // The conversation cannot be looked at before the webhook comes.
    let path = Some(chat.id.clone());
    simulator.faults().set(Plan { status: Some(500), path, ..Plan::default() });
    let world = world.restart().await;
    simulator.act(&chat.id, say("two")).unwrap();
    let customer = &chat.facts.iter().find(|(name, _)| name == "from.id").unwrap().1;
    genesys.set_webhook_url(&format!("{}/connectors/tool/webhook", world.url));
    // What was given up is not sent again, and what is new is.
    let body = json!({
        "id": "m-3", "type": "Text", "text": "three", "direction": "Outbound",
        "channel": { "to": { "id": customer }, "from": { "nickname": "Jo Park" } },
    });
    let signed = signature(&Options::default().webhook_secret, body.to_string().as_bytes());
    let url = format!("{}/connectors/tool/webhook", world.url);
    let request = world.http.post(url).header("x-hub-signature-256", signed);
    let early = request.body(body.to_string()).send().await.unwrap();
    assert_eq!(early.status(), 503, "it must not be told before what nobody has looked for yet");
    simulator.faults().set(Plan::default());
    simulator.act(&chat.id, say("three")).unwrap();
    platform_reads(&world, &["one", "two", "three"]).await;
}

#[tokio::test]
async fn without_the_right_to_look_the_webhook_is_believed() {
    let Tool { world, simulator, .. } = start(|_| {}).await;
    let chat = accepted(&world, &simulator, "u1").await;
    let (status, path) = (Some(403), Some(chat.id.clone()));
    simulator.faults().set(Plan { status, path, ..Plan::default() });
    let world = world.restart().await;
    simulator.act(&chat.id, say("hello")).unwrap();
    platform_reads(&world, &["hello"]).await;
}

#[tokio::test]
async fn an_hour_without_the_tool_and_then_its_limit_lose_nothing() {
    let times = Clock { idle: 180 * MINUTE, pause: 60 * MINUTE, ..Clock::default() };
    let Tool { world, simulator, .. } = start_with(times, |_| {}, |_| {}).await;
    accepted(&world, &simulator, "u1").await;
    simulator.faults().set(Plan { down: true, ..Plan::default() });
    for n in 0..6 {
        world.step_two("u1", &format!("word {n}")).await;
        world.hand.advance(10 * MINUTE);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    simulator.faults().set(Plan { calls_per_second: Some(5), ..Plan::default() });
    let chat = chat_when(&world, &simulator, |chat| read(chat).len() == 7).await;
    assert_eq!(words(&chat), (0..6).map(|n| format!("word {n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn cuts_losses_and_delays_change_nothing() {
    for seed in 1..=3 {
        let repeat_deliveries = seed % 2 == 0;
        let tool = start(|options| options.repeat_deliveries = repeat_deliveries).await;
        let (cut, lose, delay_ms_max) = (120, 120, 20);
        let plan = Plan { seed, cut, lose, delay_ms_max, ..Plan::default() };
        holds_under_faults(&tool.world, &tool.simulator, plan).await;
    }
}

#[tokio::test]
async fn every_text_survives() {
    let Tool { world, simulator, .. } = start(|_| {}).await;
    let chat = accepted(&world, &simulator, "u1").await;
    let long = "wörter ".repeat(700);
    let agents = ["🦀👩‍👩‍👧‍👦 emoji", "שלום עולם", "مرحبا", "a\nb\n\nc", "<b>&amp;"];
    for text in agents {
        world.step_two("u1", text).await;
        simulator.act(&chat.id, say(text)).unwrap();
    }
    world.step_two("u1", long.trim_end()).await;
    let enough = agents.len() + 3;
    let chat = chat_when(&world, &simulator, |chat| read(chat).len() >= enough).await;
    let told = words(&chat);
    assert_eq!(told[..agents.len()], agents);
    assert_eq!(told[agents.len()..].join(" "), long.trim_end(), "a long text in two parts");
    platform_reads(&world, &agents).await;
}

#[tokio::test]
async fn a_check_tries_everything() {
    let tool = start(|_| {}).await;
    let options = Options::default();
    let verdicts = async |change: &dyn Fn(&mut Value)| {
        let mut given = settings(&tool.simulator.base, &options);
        change(&mut given);
        let given: Settings = serde_json::from_value(given).unwrap();
        let (egress, clock) = (Egress::new().unwrap(), WallClock::system());
        let findings = given.check("tool", egress, clock).await.unwrap();
        findings.iter().map(|finding| finding.verdict).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&|_| {}).await, [Verdict::Good; 5]);
    let wrong = verdicts(&|given| given["client_secret"] = json!("another")).await;
    assert_eq!(wrong, [Verdict::Wrong]);
    let wrong = verdicts(&|given| given["integration_id"] = json!("unknown")).await;
    assert_eq!(wrong, [Verdict::Good, Verdict::Wrong]);
    tool.genesys.set_webhook_url("https://elsewhere.test/hook");
    let elsewhere = verdicts(&|_| {}).await;
    assert_eq!(elsewhere.iter().filter(|verdict| **verdict == Verdict::Wrong).count(), 1);
    let tool = start(|options| options.notifications = false).await;
    let given = settings(&tool.simulator.base, &options);
    let given: Settings = serde_json::from_value(given).unwrap();
    let findings = given.check("tool", Egress::new().unwrap(), WallClock::system()).await.unwrap();
    assert_eq!(findings.last().map(|finding| finding.verdict), Some(Verdict::Unsure));
}
