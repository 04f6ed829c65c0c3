//! What a visitor reads when control changes, word for word, and `unpauseChatEvent` (contract,
//! sections 10 and 13.8).

use serde_json::{Value, json};

use super::{
    Case, Checked, Platform, Reply, Visit, case, holds,
    visit::{accepted, shown_all},
};
use crate::{push::KeyIn, visitor::Event};

const JOINED: &str = "You are now chatting with an Agent.";
const LEFT: &str = "The human has left the conversation. You are now chatting with the bot.";
const JANE_LEFT: &str = "Jane Doe has left the conversation. You are now chatting with the bot.";

const WORDS: &str = "Show the notice of the contract, word for word.";
const EVENT: &str = "Show the notice for default, empty or missing, and nothing for none; else \
                     send the event to Dialogflow.";

pub(super) const CASES: &[Case<Platform>] = &[
    case!(R3 "platform/notice-joined" "10",
        "A pause push shows `You are now chatting with an Agent.`", WORDS, joined),
    case!(R3 "platform/notice-joined-once" "10",
        "A pause push that only renews the pause shows no second notice.",
        "Show the notice when the state or the agent's name changes.", joined_once),
    case!(R3 "platform/notice-another-agent" "10",
        "A pause push with another agent's name shows the notice again, with the new name.",
        "Show the notice when the state or the agent's name changes.", another_agent),
    case!(All "platform/notice-left" "10",
        "A resume without a name shows `The human has left the conversation. …`",
        WORDS, |w| left(w, json!({}), Some(LEFT))),
    case!(All "platform/notice-left-named" "10",
        "A resume with a name shows `NAME has left the conversation. …`",
        WORDS, |w| left(w, json!({ "agentProfile": { "name": "Jane Doe" } }), Some(JANE_LEFT))),
    case!(All "platform/notice-left-blank-name" "10",
        "In a resume, a blank name counts as no name.",
        WORDS, |w| left(w, json!({ "agentProfile": { "name": "  " } }), Some(LEFT))),
    case!(R2 "platform/unpause-default" "10",
        "`unpauseChatEvent: \"default\"` shows the notice.",
        EVENT, |w| left(w, json!({ "unpauseChatEvent": "default" }), Some(LEFT))),
    case!(R2 "platform/unpause-empty" "10",
        "An empty `unpauseChatEvent` shows the notice.",
        EVENT, |w| left(w, json!({ "unpauseChatEvent": "" }), Some(LEFT))),
    case!(R2 "platform/unpause-none" "10",
        "`unpauseChatEvent: \"none\"` shows no notice.",
        EVENT, |w| left(w, json!({ "unpauseChatEvent": "none" }), None)),
    case!(R2 "platform/unpause-event" "10",
        "Any other `unpauseChatEvent` is sent to the bot; its answer is shown instead of the \
         notice.",
        EVENT, event),
    case!(R3 "platform/name-of-the-conversation" "13.8",
        "A resume push of r3 without a name shows the notice with the last known name.",
        "When the key is only in the header, use the last known name.",
        |w| nameless(w, KeyIn::Bare, JANE_LEFT)),
    case!(R1 "platform/name-of-this-push-alone" "13.8",
        "A resume push of r1 without a name shows the notice without a name.",
        "When the key is in the body, use the name in this push only.",
        |w| nameless(w, KeyIn::Body, LEFT)),
    case!(All "platform/resume-twice" "10",
        "A second resume shows no second notice.",
        "Do nothing when the bot already has control.", twice),
];

async fn joined(world: &Platform) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused()).await?;
    let fields = json!({ "paused": true, "agentProfile": { "name": "Jane Doe" } });
    visit.pushed("channel_update", fields).await?;
    let events = visit.since(control.seq.unwrap_or_default()).await?;
    notices_are(&events, &[JOINED])
}

async fn joined_once(world: &Platform) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused()).await?;
    let fields = json!({ "paused": true, "agentProfile": { "name": "Jane Doe" } });
    for _ in 0..3 {
        visit.pushed("channel_update", fields.clone()).await?;
    }
    let events = visit.since(control.seq.unwrap_or_default()).await?;
    notices_are(&events, &[JOINED])
}

async fn another_agent(world: &Platform) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused()).await?;
    for name in ["Jane Doe", "John Roe"] {
        let fields = json!({ "paused": true, "agentProfile": { "name": name } });
        visit.pushed("channel_update", fields).await?;
    }
    let events = visit.since(control.seq.unwrap_or_default()).await?;
    notices_are(&events, &[JOINED, JOINED])?;
    let named = events.iter().any(|event| event.agent_name() == Some("John Roe"));
    holds(named, "an event with the new name", shown_all(&events))
}

fn notices_are(events: &[Event], expected: &[&str]) -> Checked {
    let shown = events.iter().filter(|event| event.is("notice"));
    let shown: Vec<_> = shown.map(|event| event.text.as_str()).collect();
    holds(shown == expected, format!("{expected:?}"), format!("{shown:?}"))
}

/// A resume with these fields, and the notice that must follow.
async fn left(world: &Platform, fields: Value, notice: Option<&str>) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused()).await?;
    let mut resume = json!({ "paused": false });
    super::visit::merge(&mut resume, fields);
    visit.pushed("channel_update", resume).await?;
    let after = control.seq.unwrap_or_default();
    visit.wait(after, "control with the bot", |event| event.gives("bot")).await?;
    // What follows the resume is there when the bot has answered the next message.
    visit.bot_answers().await?;
    let events = visit.since(after).await?;
    notices_are(&events, &notice.into_iter().collect::<Vec<_>>())
}

async fn event(world: &Platform) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused()).await?;
    let fields = json!({ "paused": false, "unpauseChatEvent": world.options.event });
    visit.pushed("channel_update", fields).await?;
    let after = control.seq.unwrap_or_default();
    let answered = |event: &Event| event.is("bot_message");
    visit.wait(after, "the bot's answer to the event", answered).await?;
    notices_are(&visit.since(after).await?, &[])
}

async fn nameless(world: &Platform, key_in: KeyIn, notice: &str) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused()).await?;
    let fields = json!({ "paused": true, "agentProfile": { "name": "Jane Doe" } });
    accepted(&visit.push_by(key_in, "channel_update", fields).await?)?;
    accepted(&visit.push_by(key_in, "channel_update", json!({ "paused": false })).await?)?;
    let after = control.seq.unwrap_or_default();
    visit.wait(after, "control with the bot", |event| event.gives("bot")).await?;
    visit.bot_answers().await?;
    notices_are(&visit.since(after).await?, &[JOINED, notice])
}

async fn twice(world: &Platform) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused()).await?;
    for _ in 0..2 {
        visit.pushed("channel_update", json!({ "paused": false })).await?;
    }
    visit.bot_answers().await?;
    notices_are(&visit.since(control.seq.unwrap_or_default()).await?, &[LEFT])
}
