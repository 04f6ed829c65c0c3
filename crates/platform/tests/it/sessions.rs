//! The bot's sessions, and what it is told with each query.

use dialogflow::{Edition, Query};
use machine::conversation::Trigger;
use platform::{BotConfig, IpFrom};
use serde_json::{Map, Value, json};

use crate::world::{MINUTE, Visitor, World, config, control, says};

async fn world(choose: impl FnOnce(&mut BotConfig)) -> World {
    World::with(|bot, bridge| {
        let mut config = config(bot, &bridge.url, "support", "script");
        choose(&mut config);
        vec![config]
    })
    .await
}

/// The last query of this visitor.
fn last(world: &World, visitor: &Visitor) -> Query {
    let queries = world.bot.queries.lock().unwrap();
    queries.iter().rfind(|query| query.session.contains(&visitor.conversation)).cloned().unwrap()
}

fn context<'a>(query: &'a Query, name: &str) -> Option<&'a Map<String, Value>> {
    query.contexts.iter().find(|context| context.name == name).map(|context| &context.parameters)
}

/// Checklist 21: two clocks, and the session's never interrupts a live chat.
#[tokio::test]
async fn ambiguity_13_21_a_session_expires_only_with_the_bot() {
    let world = world(|bot| {
        bot.policy.session_length = Some(20 * MINUTE);
        bot.policy.session_notice = Some("Your session has expired".to_owned());
    })
    .await;
    let mut visitor = world.visitor().await;
    visitor.say("hello").await;
    visitor.until(says("echo: hello")).await;
    world.clock.advance(20 * MINUTE);
    visitor.say("again").await;
    visitor.until(says("echo: again")).await;
    let query = last(&world, &visitor);
    let second = format!("projects/baton/agent/sessions/{}-1", visitor.conversation);
    assert_eq!(query.session, second);
    assert_eq!(query.memory, None, "a new session knows nothing");
    assert!(visitor.conversation.len() + "-99999".len() <= 36, "Dialogflow takes no longer ids");
    visitor.until(says("Your session has expired")).await;

    let pause = json!({ "eventType": "channel_update", "paused": true, "minutesPaused": 60 });
    assert_eq!(world.push(&visitor, pause).await.0, 200);
    world.clock.advance(30 * MINUTE);
    visitor.say("still there?").await;
    visitor.at_rest().await;
    let call = world.bridge.calls_of(&visitor.user).pop().unwrap();
    assert_eq!(call.text(), "still there?", "to the human whatever the session's clock says");
    assert_eq!(call.body["sessionId"], format!("{}-1", visitor.conversation));
    assert_eq!(call.body["session"], second);
}

#[tokio::test]
async fn the_bot_may_start_afresh_and_be_told_of_the_human() {
    let choose = |bot: &mut BotConfig| {
        bot.policy.new_session_on_resume = true;
        bot.facts.resume_marker = Some("human-was-here".to_owned());
    };
    for edition in [Edition::Es, Edition::Cx] {
        let world = world(choose).await;
        world.bot.speak(edition);
        let mut visitor = world.paused_visitor("support").await;
        world.clock.advance(2 * MINUTE);
        let resume = json!({ "eventType": "channel_update", "paused": false });
        assert_eq!(world.push(&visitor, resume).await.0, 200);
        visitor.say("hello").await;
        visitor.until(says("echo: hello")).await;
        let query = last(&world, &visitor);
        let parameter = query.parameters.get("human-was-here").and_then(Value::as_object);
        let marker = match edition {
            Edition::Es => context(&query, "human-was-here"),
            Edition::Cx => parameter,
        };
        let marker = marker.unwrap();
        assert_eq!((&marker["agent"], &marker["seconds"]), (&json!("Jane Doe"), &json!(120)));
        assert!(query.session.ends_with("-1"));
        visitor.say("once more").await;
        visitor.until(says("echo: once more")).await;
        let query = last(&world, &visitor);
        assert_eq!(context(&query, "human-was-here"), None, "told once");
        let taken_back = query.parameters.get("human-was-here");
        assert_eq!(taken_back, (edition == Edition::Cx).then_some(&Value::Null));
    }
}

/// CX: the trigger is a session parameter, which stays set; it is cleared with the next query.
#[tokio::test]
async fn ambiguity_13_16_a_session_parameter_triggers_once() {
    let world = world(|bot| {
        bot.policy.triggers = vec![Trigger::Parameter("bcHumanHandover".to_owned())];
    })
    .await;
    world.bot.speak(Edition::Cx);
    world.bridge.will_reply(&[r#"{"paused":false}"#]);
    let mut visitor = world.visitor().await;
    visitor.say("handover").await;
    visitor.until(control("requested")).await;
    visitor.until(control("bot")).await;
    visitor.say("hello").await;
    visitor.until(says("echo: hello")).await;
    let query = last(&world, &visitor);
    assert_eq!(query.parameters.get("bcHumanHandover"), Some(&Value::Null));
    let call = &world.bridge.calls_of(&visitor.user)[0];
    assert_eq!(call.body["queryParams"]["contexts"], json!([]), "always an array");
    assert_eq!(call.body["queryParams"]["parameters"]["bcTimeZone"], "Europe/Vienna");
    let parameters = &call.body["dialogflowResponse"]["queryResult"]["parameters"];
    assert_eq!(parameters["bcHumanHandover"], true, "the response of CX, unchanged");
}

#[tokio::test]
async fn the_other_triggers_start_a_handover_too() {
    let others = [
        (Trigger::Handoff, "live agent"),
        (Trigger::Intent("Any".to_owned()), "hello"),
        (Trigger::Action("help.human".to_owned()), "action"),
        (Trigger::BotFailed, "fail"),
        (Trigger::Fallbacks(1), "nonsense"),
    ];
    for (trigger, words) in others {
        let world = world(|bot| bot.policy.triggers = vec![trigger.clone()]).await;
        let mut visitor = world.visitor().await;
        visitor.say(words).await;
        visitor.until(control("human")).await;
        let call = &world.bridge.calls_of(&visitor.user)[0];
        assert!(call.is_step_one() && call.body["dialogflowResponse"].is_object(), "{trigger:?}");
        assert_eq!(call.text(), words);
    }
}

/// Under the names that agents made for the Botcopy widget expect.
#[tokio::test]
async fn the_bot_is_told_where_the_visitor_is() {
    let page = json!({ "url": "https://example.com/shop?ref=mail", "ref": "mail",
                       "snippet": "footer", "mobile": true });
    let message = json!({ "clientId": "a", "text": "hello", "page": page,
                          "parameters": { "size": "XL" } });
    let choose = |bot: &mut BotConfig| {
        bot.facts.mobile = true;
        bot.facts.ip = Some(IpFrom::Peer);
    };
    let es = world(choose).await;
    let mut visitor = es.visitor().await;
    visitor.post(message.clone()).await;
    visitor.until(says("echo: hello")).await;
    let query = last(&es, &visitor);
    let of = |name: &str| Value::Object(context(&query, name).unwrap().clone());
    assert_eq!(of("botcopy-timezone"), json!({ "tz": "Europe/Vienna", "time": "11:00:00 AM" }));
    assert_eq!(of("botcopy-botid"), json!({ "botId": "support" }));
    let url = json!({ "origin": "https://example.com", "path": "/shop",
                      "url": "https://example.com/shop?ref=mail" });
    assert_eq!(of("botcopy-current-url"), url);
    let references = json!({ "botcopySnippetRefValue": "footer", "botcopyRefValue": "mail" });
    assert_eq!(of("botcopy-ref-context"), references);
    assert_eq!(of("botcopy-is-mobile"), json!({ "isMobile": "true" }));
    assert_eq!(of("botcopy-form-context"), json!({ "size": "XL" }));

    let cx = world(choose).await;
    cx.bot.speak(Edition::Cx);
    let mut visitor = cx.visitor().await;
    visitor.post(message).await;
    visitor.until(says("echo: hello")).await;
    let query = last(&cx, &visitor);
    assert!(query.contexts.is_empty());
    let expected = json!({
        "bcBotId": "support", "bcCurrentUrl": url, "bcTime": "11:00:00 AM",
        "bcTimeZone": "Europe/Vienna", "bcOriginIp": "127.0.0.1", "bcIsMobile": true,
        "botcopySnippetValue": "footer", "botcopyRefValue": "mail", "size": "XL",
    });
    assert_eq!(Value::Object(query.parameters), expected);
}

#[tokio::test]
async fn device_and_address_are_told_only_when_switched_on() {
    let world = world(|_| {}).await;
    world.bot.speak(Edition::Cx);
    let mut visitor = world.visitor().await;
    let page = json!({ "mobile": true });
    visitor.post(json!({ "clientId": "a", "text": "hello", "page": page })).await;
    visitor.until(says("echo: hello")).await;
    let names: Vec<_> = last(&world, &visitor).parameters.keys().cloned().collect();
    assert_eq!(names, ["bcBotId", "bcTime", "bcTimeZone"]);
}
