//! Typing in both directions (contract, sections 6.4, 10 and 13.1).

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::time::between, Case, Checked, Platform, Reply, Visit, case, holds, step_one::skipped,
    visit::shown_all,
};
use crate::receiver::Call;

const SECONDS_MS: i64 = 1_000;
/// Gives the poll time to reach the server before the push.
const POLL_FIRST: Duration = Duration::from_millis(300);

const CALL: &str = "Send {userId, botId, sessionId, eventType}, and the token only in the header.";

pub(super) const CASES: &[Case<Platform>] = &[
    case!(All "platform/agent-types" "10",
        "`user_typing` is shown for ten seconds.",
        "Show the indicator until ten seconds after the push.", |w| shown(w, "user_typing")),
    case!(R1 "platform/agent-types-as-r1-says" "13.1",
        "`agent_typing`, which the text of r1 also names, has the same effect as `user_typing`.",
        "Treat agent_typing like user_typing.", |w| shown(w, "agent_typing")),
    case!(All "platform/agent-types-again" "10",
        "A second `user_typing` after some seconds shows the indicator for ten more seconds.",
        "Set a new end of the indicator with each push.", again),
    case!(R31 "platform/typing-call" "6.4",
        "A typing call has `userId`, `botId`, `sessionId` and `eventType` only, and the token in \
         the header.", CALL, call),
    case!(R31 "platform/typing-calls-are-rare" "6.4",
        "At most one typing call is made in four seconds.",
        "Store the time of the last typing call.", rare),
    case!(R31 "platform/typing-only-while-paused" "6.4",
        "While the bot has control, typing makes no call.",
        "Check that the conversation is paused before you call.", only_paused),
    case!(R31 "platform/typing-reply-ignored" "6.4",
        "The reply to a typing call changes nothing.",
        "Ignore status and body.", reply_ignored),
    case!(R31 "platform/event-type-in-step-two" "6.3",
        "Step two has `eventType: \"message\"` when typing calls are made, and only then.",
        "Use one setting for both.", event_type),
];

async fn shown(world: &Platform, event_type: &str) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    lasts_ten_seconds(&visit, event_type).await
}

async fn again(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    lasts_ten_seconds(&visit, "user_typing").await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    lasts_ten_seconds(&visit, "user_typing").await
}

async fn lasts_ten_seconds(visit: &Visit<'_>, event_type: &str) -> Checked {
    let after = visit.since(0).await?.last().and_then(|event| event.seq).unwrap_or_default();
    let push = async {
        tokio::time::sleep(POLL_FIRST).await;
        visit.pushed(event_type, json!({ "agentProfile": { "name": "Jane Doe" } })).await
    };
    let (page, pushed) = tokio::join!(visit.poll(after, 5), push);
    pushed?;
    let events = page?.events;
    let typing = events.iter().find(|event| event.is("typing"));
    let length = typing.and_then(|event| between(&event.at, event.until.as_deref()?));
    let Some(length) = length else {
        return holds(false, "an event `typing` with `at` and `until`", shown_all(&events));
    };
    let fits = (length - 10 * SECONDS_MS).abs() <= SECONDS_MS / 2;
    holds(fits, "ten seconds", format!("{length} ms"))
}

/// A paused visitor who has typed, and the calls about it.
async fn typed(world: &Platform) -> Checked<(Visit<'_>, Vec<Call>)> {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.types().await?;
    visit.say("what was typed").await?;
    visit.calls(2).await?;
    visit.say("more of it").await?;
    visit.calls(3).await?;
    // A typing call may arrive at the same time as the messages.
    let some = |calls: &[Call]| calls.iter().any(Call::is_typing);
    let mut calls = visit.hook().until(Duration::from_millis(500), some).await;
    calls.retain(Call::is_typing);
    if calls.is_empty() {
        return Err(skipped("no typing call is made: switch typing calls on to check them"));
    }
    Ok((visit, calls))
}

async fn call(world: &Platform) -> Checked {
    let (visit, calls) = typed(world).await?;
    let call = &calls[0];
    let mut keys: Vec<_> = call.body.as_object().into_iter().flatten().collect();
    keys.sort_unstable_by_key(|(key, _)| *key);
    let names: Vec<_> = keys.iter().map(|(key, _)| key.as_str()).collect();
    let expected = ["botId", "eventType", "sessionId", "userId"];
    holds(names == expected, format!("{expected:?}"), format!("{names:?}"))?;
    let fits = call.user_id() == visit.user && call.body["sessionId"].is_string();
    let seen = format!("{} {}", call.body["userId"], call.body["sessionId"]);
    holds(fits, "the visitor's id and a session", seen)?;
    let has_token = call.headers.get("authorization").is_some_and(|token| !token.is_empty());
    holds(has_token, "the token in Authorization", "none")
}

async fn rare(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    for _ in 0..10 {
        visit.types().await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut calls = visit.hook().calls();
    calls.retain(Call::is_typing);
    if calls.is_empty() {
        return Err(skipped("no typing call is made: switch typing calls on to check them"));
    }
    for pair in calls.windows(2) {
        let apart = pair[1].at.duration_since(pair[0].at);
        let fits = apart >= Duration::from_millis(3_900);
        holds(fits, "four seconds between two calls", format!("{apart:?}"))?;
    }
    Ok(())
}

async fn only_paused(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    visit.types().await?;
    visit.bot_answers().await?;
    visit.types().await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let calls = visit.hook().calls().len();
    holds(calls == 0, "no call", format!("{calls}"))
}

async fn reply_ignored(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.hook().always(Reply::refused());
    visit.types().await?;
    let some = |calls: &[Call]| calls.iter().any(Call::is_typing);
    let calls = visit.hook().until(Duration::from_secs(1), some).await;
    if !some(&calls) {
        return Err(skipped("no typing call is made: switch typing calls on to check them"));
    }
    visit.hook().always(Reply::paused());
    tokio::time::sleep(Duration::from_millis(300)).await;
    visit.say("still there").await?;
    visit.calls(2).await.map(drop)
}

async fn event_type(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.types().await?;
    visit.say("what was typed").await?;
    let two = visit.calls(2).await?[1].body.get("eventType").cloned();
    let some = |calls: &[Call]| calls.iter().any(Call::is_typing);
    let types = some(&visit.hook().until(Duration::from_millis(500), some).await);
    let expected = types.then(|| Value::from("message"));
    holds(two == expected, format!("{expected:?}"), format!("{two:?}"))
}

impl Visit<'_> {
    async fn types(&self) -> Checked {
        let answer = self.post("typing", &json!({})).await?;
        holds((200..300).contains(&answer.status), "typing accepted", answer.shown())
    }
}
