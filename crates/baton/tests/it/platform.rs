//! The platform alone with a scripted receiver: webhook calls and the effect of their replies
//! (contract, sections 4.2 to 4.5, 8 and 9; checklist numbers refer to section 17).

use std::path::Path;

use kit::{
    address::free_address,
    http::Http,
    receiver::{Receiver, Reply},
    visitor::Visitor,
};
use proving::{
    config::{Bot, Setup},
    load::ASK,
    server::Server,
};
use serde_json::Value;

use crate::world::{BATON, Platform, QUESTION, ask_for_human, pause_of, texts};

const MINUTE_MS: i64 = 60_000;

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().into_iter().flatten().map(|(key, _)| &**key).collect();
    keys.sort_unstable();
    keys
}

/// Facts of both calls that need our own bot. The conformance cases check the fields.
#[tokio::test]
async fn both_steps_carry_the_zone_and_step_one_the_intent() -> anyhow::Result<()> {
    let platform = Platform::start().await?;
    let (visitor, _) = platform.paused_visitor().await?;
    visitor.say("s", "help me please").await?;
    let (one, two) = (platform.receiver.call(0).await?, platform.receiver.call(1).await?);
    for call in [&one, &two] {
        assert_eq!(call.body["queryInput"]["text"]["languageCode"], "en");
        let zone = &call.body["queryParams"]["contexts"][0];
        assert_eq!(zone["name"], "botcopy-timezone");
        assert_eq!(zone["parameters"]["tz"], "Europe/Vienna");
    }
    let result = &one.body["dialogflowResponse"]["queryResult"];
    assert_eq!(result["queryText"], ASK);
    assert_eq!(result["intent"]["displayName"], "Operator Request");
    let contexts = result["outputContexts"].as_array().into_iter().flatten();
    let names: Vec<_> = contexts.filter_map(|context| context["name"].as_str()).collect();
    assert!(names.iter().any(|name| name.eq_ignore_ascii_case("operator_request")), "{names:?}");
    Ok(())
}

/// Checklist 18: only step one has the history, and only when it is switched on.
#[tokio::test]
async fn history_goes_with_step_one_when_it_is_on() -> anyhow::Result<()> {
    let platform = Platform::with(|bot| bot.webhook_more = "history = true".to_owned()).await?;
    let visitor = platform.visitor().await?;
    let asked = visitor.say("q", QUESTION).await?;
    visitor.wait_for(asked, |event| event.is("bot_message")).await?;
    ask_for_human(&visitor).await?;
    visitor.say("s", "help me please").await?;
    let (one, two) = (platform.receiver.call(0).await?, platform.receiver.call(1).await?);
    let history = one.body["messageHistory"].to_string();
    assert!(history.contains(QUESTION) && history.contains("\"dialogflowES\""), "{history}");
    assert!(two.body.get("messageHistory").is_none());
    Ok(())
}

/// Checklist 2 and 6: the pause lasts ten minutes or as long as the reply asks. Step two moves the
/// expiry.
#[tokio::test]
async fn a_pause_is_as_long_as_the_reply_says() -> anyhow::Result<()> {
    let platform = Platform::start().await?;
    let (visitor, control) = platform.paused_visitor().await?;
    assert_eq!(pause_of(&control)?, 10 * MINUTE_MS);
    platform.receiver.always(Reply::paused_for(5.0));
    let (_, control) = platform.paused_visitor().await?;
    assert_eq!(pause_of(&control)?, 5 * MINUTE_MS);

    // Step two shortens the pause to a moment. It then expires with the notice.
    platform.receiver.always(Reply::paused_for(0.01));
    let said = visitor.say("s", "help me please").await?;
    let ended = visitor.wait_for(said, |event| event.gives("bot")).await?;
    assert_eq!(ended.reason, "expired");
    let left = visitor.wait_for(said, |event| event.is("notice")).await?;
    let text = "The human has left the conversation. You are now chatting with the bot.";
    assert_eq!(left.text, text);
    Ok(())
}

/// Checklist 4: the bot keeps control unless a valid body arrives in time.
#[tokio::test]
async fn only_the_right_reply_pauses() -> anyhow::Result<()> {
    let paused = r#"{"paused":true}"#.to_owned();
    let elsewhere = Receiver::start().await?;
    let replies = [
        Reply::refused(),
        Reply::Json("{}".to_owned()),
        Reply::Json("[]".to_owned()),
        Reply::Json("\"x\"".to_owned()),
        Reply::Json(r#"{"paused":"true"}"#.to_owned()),
        Reply::Json(r#"{"paused":true,"minutesPaused":0}"#.to_owned()),
        Reply::Json(String::new()),
        Reply::Status(200, "<html><body>It works!</body></html>".to_owned()),
        Reply::Status(500, paused.clone()),
        Reply::Status(404, paused),
        Reply::Redirect(elsewhere.url.clone()),
        Reply::Cut,
    ];
    let mut bots = Vec::new();
    let mut receivers = Vec::new();
    for (n, reply) in replies.iter().enumerate() {
        let receiver = Receiver::start().await?;
        receiver.always(reply.clone());
        bots.push(Bot::demo(&format!("bot{n}"), &receiver.url));
        receivers.push(receiver);
    }
    // No server listens at this address.
    bots.push(Bot::demo("refused", &format!("http://{}/hook", free_address()?)));
    let ids: Vec<_> = bots.iter().map(|bot| bot.id.clone()).collect();
    let mut server = Server::baton(Path::new(BATON), |_| Setup::platform(bots))?;
    server.start().await?;
    for (n, id) in ids.iter().enumerate() {
        let what = replies.get(n);
        let visitor = Visitor::create(&Http::new(), &server.base, id).await?;
        let control = ask_for_human(&visitor).await?;
        assert!(control.gives("bot"), "{what:?}: {control:?}");
        let next = visitor.say("next", QUESTION).await?;
        visitor.wait_for(next, |event| event.is("bot_message")).await?;
        let calls = receivers.get(n).map_or(1, |receiver| receiver.calls().len());
        assert_eq!(calls, 1, "{what:?}: step one alone, once");
    }
    assert_eq!(elsewhere.calls().len(), 0, "a redirect is not followed");
    Ok(())
}

/// Checklist 5 and 7: the bot is silent during a pause. After a refusal and its notice, the bot
/// answers the same message once.
#[tokio::test]
async fn a_refused_message_reaches_the_bot_once() -> anyhow::Result<()> {
    let platform = Platform::start().await?;
    let (visitor, _) = platform.paused_visitor().await?;
    let kept = visitor.say("kept", QUESTION).await?;
    platform.receiver.call(1).await?;
    for (id, reply) in [
        ("plain", Reply::refused()),
        ("ending", Reply::Json(r#"{"paused":false,"minutesPaused":0}"#.to_owned())),
    ] {
        let calls = platform.receiver.calls().len();
        platform.receiver.then(reply);
        let said = visitor.say(id, QUESTION).await?;
        visitor.wait_for(said, |event| event.is("bot_message")).await?;
        let after = visitor.poll(said, 0).await?.events;
        let kinds: Vec<_> = after.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["control", "notice", "bot_message"], "{id}: {after:#?}");
        assert_eq!((&*after[0].control, &*after[0].reason), ("bot", "webhook_refused"));
        assert_eq!(platform.receiver.calls().len(), calls + 1, "{id}: one call");

        // Checklist 9: the bot answers the next message without a webhook call.
        let next = visitor.say(&format!("{id} next"), QUESTION).await?;
        visitor.wait_for(next, |event| event.is("bot_message")).await?;
        assert_eq!(platform.receiver.calls().len(), calls + 1, "{id}: no call");
        let again = visitor.say(&format!("{id} ask"), ASK).await?;
        visitor.wait_for(again, |event| event.gives("human")).await?;
    }
    let history = visitor.history().await?;
    let kept = history.iter().position(|event| event.seq == Some(kept));
    let next = kept.map(|at| history[at + 1].kind.as_str());
    assert_eq!(next, Some("visitor_message"), "only the human agent answers during a pause");
    Ok(())
}

/// The other readings of contract 13.3, which the settings can select.
#[tokio::test]
async fn owners_may_choose_the_other_readings() -> anyhow::Result<()> {
    let platform = Platform::with(|bot| {
        bot.more = "on_refused = \"keep\"\non_late = \"end\"".to_owned();
    })
    .await?;
    let (visitor, _) = platform.paused_visitor().await?;
    platform.receiver.then(Reply::refused());
    let said = visitor.say("kept", QUESTION).await?;
    visitor.wait_for(said, |event| event.is("bot_message")).await?;
    let after = visitor.poll(said, 0).await?.events;
    assert!(!after.iter().any(|event| event.is("control")), "{after:#?}");
    platform.receiver.then(Reply::Cut);
    let said = visitor.say("ended", QUESTION).await?;
    let ended = visitor.wait_for(said, |event| event.is("control")).await?;
    assert_eq!((&*ended.control, &*ended.reason), ("bot", "webhook_failed"));
    visitor.wait_for(said, |event| event.is("bot_message")).await?;
    Ok(())
}

/// Checklist 21: a pause survives SIGKILL, and ends on time although the server was down.
#[tokio::test]
async fn a_restart_keeps_the_pause() -> anyhow::Result<()> {
    let mut platform = Platform::start().await?;
    let (visitor, control) = platform.paused_visitor().await?;
    platform.receiver.always(Reply::paused_for(0.02));
    let (brief, _) = platform.paused_visitor().await?;
    platform.receiver.always(Reply::paused());
    platform.server.kill().await?;
    platform.server.start().await?;
    let calls = platform.receiver.calls().len();
    let said = visitor.say("after", QUESTION).await?;
    let call = platform.receiver.call(calls).await?;
    assert_eq!((call.text(), call.is_step_one()), (QUESTION, false));
    let history = visitor.history().await?;
    assert_eq!(history.last().and_then(|event| event.seq), Some(said), "{history:#?}");
    assert!(history.contains(&control));
    brief.wait_for(0, |event| event.gives("bot") && event.reason == "expired").await?;
    Ok(())
}

/// Checklist 19: typing calls come only during a pause, at least four seconds apart, and with
/// exactly these fields.
#[tokio::test]
async fn typing_calls_are_rare_and_small() -> anyhow::Result<()> {
    let platform = Platform::with(|bot| bot.webhook_more = "typing = true".to_owned()).await?;
    let visitor = platform.visitor().await?;
    visitor.typing().await?;
    ask_for_human(&visitor).await?;
    for _ in 0..5 {
        visitor.typing().await?;
    }
    visitor.say("s", "help me please").await?;
    // What comes after the message came before it if it came at all: the second is on its way.
    let later = visitor.say("s2", "are you there").await?;
    let calls = loop {
        let calls = platform.receiver.calls();
        if calls.iter().any(|call| call.text() == "are you there") {
            break calls;
        }
        platform.receiver.call(calls.len()).await?;
    };
    let typing: Vec<_> = calls.iter().filter(|call| call.is_typing()).collect();
    assert_eq!(typing.len(), 1, "{calls:#?}");
    assert_eq!(keys(&typing[0].body), ["botId", "eventType", "sessionId", "userId"]);
    let said: Vec<_> = calls.iter().filter(|call| !call.text().is_empty()).collect();
    let types: Vec<_> = said.iter().map(|call| call.body.get("eventType").cloned()).collect();
    assert_eq!(types, [None, Some("message".into()), Some("message".into())]);
    assert_eq!(texts(&visitor.poll(later, 0).await?.events, "bot_message"), [""; 0]);
    Ok(())
}
