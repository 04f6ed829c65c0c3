//! Pushes of every revision to a platform alone (contract, sections 4.6, 6.6, 9, 10 and 15).

use futures::future::join_all;
use proving::{config::PUSH_KEY, push::KeyIn};
use serde_json::{Value, json};

use crate::world::{Platform, QUESTION, between, pause_of};

const LEFT: &str = "The human has left the conversation. You are now chatting with the bot.";
const JANE_LEFT: &str = "Jane Doe has left the conversation. You are now chatting with the bot.";

fn jane() -> Value {
    json!({ "name": "Jane Doe", "avatarUrl": "https://example.com/jane.png" })
}

/// Checklist 16: the key counts wherever a revision puts it, and nothing else does.
#[tokio::test]
async fn the_key_may_travel_in_three_ways() -> anyhow::Result<()> {
    let platform = Platform::start().await?;
    let (visitor, _) = platform.paused_visitor().await?;
    let pusher = platform.pusher(&visitor);
    let message = || json!({ "text": "hello", "paused": true });
    for key_in in [KeyIn::Body, KeyIn::Bare, KeyIn::Bearer] {
        let pusher = pusher.clone().with_key(PUSH_KEY, key_in);
        let answer = pusher.send("message", message()).await?.expect(200)?;
        let answer: Value = answer.json()?;
        assert_eq!((&answer["ok"], &answer["paused"]), (&true.into(), &true.into()));
        assert!(answer["pausedUntil"].is_string(), "{answer}");
    }
    for (key, key_in) in [
        (PUSH_KEY, KeyIn::Nowhere),
        ("wrong", KeyIn::Body),
        ("wrong", KeyIn::Bare),
        (proving::config::WEBHOOK_TOKEN, KeyIn::Bearer),
        ("", KeyIn::Bare),
    ] {
        let pusher = pusher.clone().with_key(key, key_in);
        let answer: Value = pusher.send("message", message()).await?.expect(401)?.json()?;
        assert_eq!(answer["ok"], false, "{key_in:?}: {answer}");
        assert_eq!(answer["error"]["code"], "unauthorized", "{key_in:?}: {answer}");
    }
    let history = visitor.history().await?;
    let shown = history.iter().filter(|event| event.is("agent_message")).count();
    assert_eq!(shown, 3);
    Ok(())
}

/// Checklist 10 and 15: text, name and avatar; a message pauses for ten minutes by default, and a
/// platform that was not paused is paused by it.
#[tokio::test]
async fn a_message_is_shown_and_pauses() -> anyhow::Result<()> {
    let platform = Platform::start().await?;
    let visitor = platform.visitor().await?;
    let fields = json!({ "text": "Hi, how may I assist?", "paused": true, "agentProfile": jane() });
    platform.pusher(&visitor).send("message", fields).await?.expect(200)?;
    let shown = visitor.wait_for(0, |event| event.is("agent_message")).await?;
    assert_eq!(shown.text, "Hi, how may I assist?");
    let agent = shown.agent.clone().unwrap_or_else(|| panic!("no agent: {shown:?}"));
    assert_eq!(json!({ "name": agent.name, "avatarUrl": agent.avatar_url }), jane());
    let control = visitor.wait_for(0, |event| event.gives("human")).await?;
    assert_eq!((pause_of(&control)?, &*control.reason), (600_000, "agent_message"));
    visitor.say("s", QUESTION).await?;
    assert_eq!(platform.receiver.call(0).await?.text(), QUESTION);

    // `agent_typing`, as the scope of r1 spells it: gone after ten seconds.
    let mut stream = visitor.stream(0).await?;
    let typing = platform.pusher(&visitor);
    typing.send("agent_typing", json!({ "agentProfile": jane() })).await?.expect(200)?;
    let typing = stream.wait_for(|event| event.is("typing")).await?;
    assert_eq!(between(&typing.at, typing.until.as_deref().unwrap_or_default())?, 10_000);
    Ok(())
}

/// Checklist 11 to 13: the notices, word for word, and what `unpauseChatEvent` makes of them.
#[tokio::test]
async fn notices_are_word_for_word() -> anyhow::Result<()> {
    let platform = Platform::start().await?;
    let cases = [
        (json!({ "paused": false, "agentProfile": jane() }), Some(JANE_LEFT)),
        (json!({ "paused": false }), Some(LEFT)),
        (json!({ "paused": false, "agentProfile": { "name": "  ", "avatarUrl": "" } }), Some(LEFT)),
        (json!({ "paused": false, "unpauseChatEvent": "default" }), Some(LEFT)),
        (json!({ "paused": false, "unpauseChatEvent": "" }), Some(LEFT)),
        (json!({ "paused": "false" }), Some(LEFT)),
        (json!({ "paused": false, "unpauseChatEvent": "none" }), None),
    ];
    for (fields, notice) in cases {
        let (visitor, _) = platform.paused_visitor().await?;
        let pusher = platform.pusher(&visitor);
        let paused = json!({ "paused": true, "agentProfile": { "name": "Al", "avatarUrl": "" } });
        pusher.send("channel_update", paused).await?.expect(200)?;
        let joined = visitor.wait_for(0, |event| event.is("notice")).await?;
        assert_eq!(joined.text, "You are now chatting with an Agent.");
        pusher.send("channel_update", fields.clone()).await?.expect(200)?;
        let after = joined.seq.unwrap_or_default();
        let control = visitor.wait_for(after, |event| event.gives("bot")).await?;
        assert_eq!(control.reason, "push", "{fields}");
        let said = visitor.say("next", QUESTION).await?;
        visitor.wait_for(said, |event| event.is("bot_message")).await?;
        let events = visitor.history().await?;
        let shown = events.iter().filter(|event| event.notice == "agent_left");
        let shown: Vec<_> = shown.map(|event| event.text.as_str()).collect();
        assert_eq!(shown, notice.into_iter().collect::<Vec<_>>(), "{fields}");
    }
    Ok(())
}

/// Checklist 12: any other name is a Dialogflow event, whose answer speaks instead of a notice.
#[tokio::test]
async fn a_resume_may_name_an_event_for_the_bot() -> anyhow::Result<()> {
    let platform = Platform::start().await?;
    let (visitor, control) = platform.paused_visitor().await?;
    let fields = json!({ "paused": false, "unpauseChatEvent": "WELCOME" });
    platform.pusher(&visitor).send("channel_update", fields).await?.expect(200)?;
    let after = control.seq.unwrap_or_default();
    let answer = visitor.wait_for(after, |event| event.is("bot_message")).await?;
    assert!(answer.text.starts_with("Hi! I'm an agent"), "{answer:?}");
    let notices = visitor.poll(after, 0).await?.events;
    assert!(!notices.iter().any(|event| event.is("notice")), "{notices:#?}");
    Ok(())
}

/// The same `messageId` again, also after a crash, is the same push.
#[tokio::test]
async fn a_repeated_push_is_shown_once() -> anyhow::Result<()> {
    let mut platform = Platform::start().await?;
    let (visitor, _) = platform.paused_visitor().await?;
    let pusher = platform.pusher(&visitor);
    let fields = |text: &str| json!({ "text": text, "paused": true, "messageId": "m1" });
    let pushes = (0..20).map(|_| pusher.send("message", fields("once")));
    for answer in join_all(pushes).await {
        answer?.expect(200)?;
    }
    platform.server.kill().await?;
    platform.server.start().await?;
    pusher.send("message", fields("once")).await?.expect(200)?;
    pusher.send("message", fields("another text")).await?.expect(422)?;
    let history = visitor.history().await?;
    assert_eq!(history.iter().filter(|event| event.is("agent_message")).count(), 1);
    Ok(())
}

/// Section 15: what is wrong with a push is said, and has no effect.
#[tokio::test]
async fn wrong_pushes_are_refused_with_the_field_to_blame() -> anyhow::Result<()> {
    let platform = Platform::start().await?;
    let (visitor, _) = platform.paused_visitor().await?;
    let before = visitor.history().await?.len();
    let pusher = platform.pusher(&visitor);
    let cases = [
        ("message", json!({ "paused": true }), 400, "text"),
        ("message", json!({ "text": "", "paused": true }), 400, "text"),
        ("greeting", json!({}), 400, "eventType"),
        ("channel_update", json!({ "paused": "maybe" }), 400, "paused"),
        ("channel_update", json!({}), 400, "paused"),
    ];
    for (event_type, fields, status, field) in cases {
        let answer = pusher.send(event_type, fields.clone()).await?;
        let answer: Value = answer.expect(status)?.json()?;
        assert_eq!(answer["error"]["field"], field, "{fields}: {answer}");
    }
    let stranger = json!({ "text": "hello", "userId": "usr_nobody" });
    pusher.send("message", stranger).await?.expect(404)?;
    assert_eq!(visitor.history().await?.len(), before);
    Ok(())
}
