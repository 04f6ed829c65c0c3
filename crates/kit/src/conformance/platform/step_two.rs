//! The effect of each kind of reply to step two, the order of calls, and the winner of each race
//! (contract, sections 8, 9 and 13.3 to 13.5).

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use super::{
    super::time::moved, Case, Checked, Platform, Reply, Visit, broken, case, holds,
    visit::shown_all,
};
use crate::{receiver::Call, visitor::Event};

const MINUTE_MS: i64 = 60_000;
/// Longest time between two moments of one case.
const SLACK_MS: i64 = 3_000;

const KEEP: &str = "While paused, send messages to the webhook and nothing to the bot.";
const FORWARD: &str = "Send this message to the bot once, and show the answer.";
const FAILED: &str = "Send this one message to the bot, and do not change the end of the pause.";
const END: &str = "End the pause, show the notice, then send the message to the bot.";
const ONE_BY_ONE: &str = "Make one call at a time for each conversation, in the order of its \
    messages.";

pub(super) const CASES: &[Case<Platform>] = &[
    case!(All "platform/bot-is-silent" "4.4",
        "While paused, each message makes one step two call, and the bot does not answer.",
        KEEP, silent),
    case!(All "platform/step-two-renews" "9",
        "When step two is answered `paused: true`, the pause ends ten minutes from now.",
        "Set a new end of the pause with each reply that pauses.", renews),
    case!(All "platform/step-two-shortens" "9",
        "When step two is answered with fewer minutes, the pause becomes shorter: the last reply \
         or push counts.",
        "Set a new end of the pause with each reply that pauses.", shortens),
    case!(All "platform/step-two-zero" "8",
        "When step two is answered `paused: true, minutesPaused: 0`, the pause ends, and this \
         message does not go to the bot.",
        "End the pause, and do not send this message to the bot.", zero),
    case!(All "platform/step-two-refused" "13.3",
        "When step two is answered `paused: false`, the pause ends, and this message goes to the \
         bot.",
        END, |w| refused(w, r#"{"paused":false}"#)),
    case!(All "platform/step-two-ended" "13.4",
        "When step two is answered `paused: false, minutesPaused: 0`, the pause ends, the notice \
         is shown, and this message goes to the bot.",
        END, |w| refused(w, r#"{"paused":false,"minutesPaused":0}"#)),
    case!(All "platform/step-two-refused-with-minutes" "8",
        "When step two is answered `paused: false`, the pause ends, whatever `minutesPaused` is.",
        END, |w| refused(w, r#"{"paused":false,"minutesPaused":10}"#)),
    case!(All "platform/step-two-late-silence" "13.3",
        "When step two gets no reply, this message goes to the bot, and the pause does not change.",
        FAILED, |w| failed(w, Reply::Silent)),
    case!(All "platform/step-two-late-by-a-tenth" "13.5",
        "A reply to step two after 5.1 seconds does not change the pause when it arrives.",
        FAILED, |w| failed(w, Reply::paused().after_ms(5_100))),
    case!(All "platform/step-two-dripping" "8",
        "A reply to step two that comes byte by byte and is not complete after five seconds is \
         late.",
        FAILED, |w| failed(w, Reply::Drip)),
    case!(All "platform/step-two-500" "8",
        "When step two is answered with status 500, this message goes to the bot, and the pause \
         does not change.",
        FAILED, |w| failed(w, Reply::JsonStatus(500, r#"{"paused":true}"#.to_owned()))),
    case!(All "platform/step-two-html" "8",
        "An HTML page as the reply to step two counts as no reply.",
        FAILED, |w| failed(w, Reply::Status(200, "<html>It works!</html>".to_owned()))),
    case!(All "platform/step-two-empty-object" "8",
        "`{}` as the reply to step two counts as no reply.",
        FAILED, |w| failed(w, Reply::Json("{}".to_owned()))),
    case!(All "platform/step-two-cut-connection" "8",
        "A connection that closes without a reply to step two counts as no reply.",
        FAILED, |w| failed(w, Reply::Cut)),
    case!(All "platform/step-two-redirect" "8",
        "A redirect as the reply to step two counts as no reply.",
        FAILED, redirect),
    case!(All "platform/step-two-endless" "15",
        "A body without end as the reply to step two counts as no reply.",
        FAILED, |w| failed(w, Reply::Endless)),
    case!(All "platform/trigger-while-paused" "13.29",
        "A message that goes to the bot during a pause does not start step one.",
        "Ignore triggers while the conversation is paused.", trigger_while_paused),
    case!(All "platform/forwarded-then-trigger" "13.29",
        "A message that goes to the bot because the pause has ended may start step one.",
        FORWARD, forwarded_then_trigger),
    case!(All "platform/calls-in-order" "8",
        "Calls are made in the order of the visitor's messages.", ONE_BY_ONE, in_order),
    case!(All "platform/one-call-at-a-time" "8",
        "The next call is made after the previous call was answered.", ONE_BY_ONE, one_at_a_time),
    case!(All "platform/visitors-do-not-wait" "8",
        "A slow call of one visitor does not delay other visitors.",
        "Limit calls for each conversation, not for all conversations together.", others_go_on),
    case!(All "platform/resume-beats-reply" "8",
        "When a resume push arrives during a call, the reply to this call does not pause again.",
        "Ignore the pause of a reply when a push has changed the pause since the call began.",
        race),
    case!(All "platform/same-client-id" "8",
        "A repeated message with the same `clientId` makes no second call.",
        "Recognize a repeated message by its clientId.", same_client_id),
];

async fn silent(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let said = visit.say(&world.options.question).await?;
    visit.calls(2).await?;
    visit.say("and then").await?;
    let calls = visit.calls(3).await?;
    let texts: Vec<_> = calls[1..].iter().map(Call::text).collect();
    let once = texts == [world.options.question.as_str(), "and then"];
    holds(once, "one step two call for each message", format!("{texts:?}"))?;
    let events = visit.since(said).await?;
    let spoke = events.iter().any(|event| event.is("bot_message"));
    holds(!spoke, "nothing from the bot", shown_all(&events))
}

/// By how many milliseconds one step two moved the end of the pause.
async fn end_moves(world: &Platform, before: Reply, reply: Reply) -> Checked<i64> {
    let (visit, _) = Visit::paused(world, before).await?;
    let first = until(&visit).await?;
    visit.hook().then(reply);
    visit.say("help me please").await?;
    visit.calls(2).await?;
    // The platform makes the next call only after it has processed the reply.
    visit.hook().then(Reply::paused().after_ms(1_500));
    visit.say("and then").await?;
    visit.calls(3).await?;
    let second = until(&visit).await?;
    moved(&first, &second).ok_or_else(|| broken("times", format!("{first} and {second}")))
}

async fn until(visit: &Visit<'_>) -> Checked<String> {
    let until = visit.paused_until().await?;
    until.ok_or_else(|| broken("`pausedUntil`: a pause that goes on", "`pausedUntil: null`"))
}

async fn renews(world: &Platform) -> Checked {
    let by = end_moves(world, Reply::paused_for(5.0), Reply::paused()).await?;
    let (least, most) = (5 * MINUTE_MS, 5 * MINUTE_MS + SLACK_MS);
    holds(
        (least..=most).contains(&by),
        "the end of the pause five minutes later",
        format!("{by} ms later"),
    )
}

async fn shortens(world: &Platform) -> Checked {
    let by = end_moves(world, Reply::paused(), Reply::paused_for(5.0)).await?;
    let (least, most) = (-5 * MINUTE_MS, -5 * MINUTE_MS + SLACK_MS);
    holds(
        (least..=most).contains(&by),
        "the end of the pause five minutes earlier",
        format!("{by} ms later"),
    )
}

async fn zero(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.hook().then(Reply::paused_for(0.0));
    let said = visit.say(&world.options.question).await?;
    visit.wait(said, "the end of the pause", |event| event.gives("bot")).await?;
    let next = visit.bot_answers().await?;
    let events = visit.since(said).await?;
    let mut before = events.iter().take_while(|event| event.seq.is_some_and(|seq| seq < next));
    let spoke = before.any(|event| event.is("bot_message"));
    holds(!spoke, "no answer of the bot to this message", shown_all(&events))
}

async fn refused(world: &Platform, reply: &str) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.hook().then(Reply::Json(reply.to_owned()));
    let said = visit.say(&world.options.question).await?;
    let answered = |event: &Event| event.is("bot_message");
    visit.wait(said, "the bot's answer to this message", answered).await?;
    let next = visit.bot_answers().await?;
    let events = visit.since(said).await?;
    let kinds = events.iter().take_while(|event| event.seq.is_some_and(|seq| seq < next));
    let kinds: Vec<_> = kinds.map(|event| event.kind.as_str()).collect();
    let expected = ["control", "notice", "bot_message"];
    holds(kinds == expected, format!("{expected:?}"), format!("{kinds:?}"))?;
    let calls = visit.hook().calls().len();
    holds(calls == 2, "no call for the next message", format!("{calls} calls"))
}

async fn failed(world: &Platform, reply: Reply) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let before = until(&visit).await?;
    visit.hook().then(reply);
    let said = visit.say(&world.options.question).await?;
    let answered = |event: &Event| event.is("bot_message");
    visit.wait(said, "the bot's answer to this message", answered).await?;
    // The reply that was a tenth too late has arrived by now.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let after = until(&visit).await?;
    let by = moved(&before, &after).unwrap_or(-1);
    holds(by == 0, "the end of the pause unchanged", format!("{by} ms later"))?;
    visit.say("still there").await?;
    let calls = visit.calls(3).await?;
    let text = calls[2].text();
    holds(text == "still there", "step two with the next message", format!("{text:?}"))?;
    let events = visit.since(said).await?;
    let answers = events.iter().filter(|event| event.is("bot_message")).count();
    holds(answers == 1, "one answer of the bot", shown_all(&events))
}

async fn redirect(world: &Platform) -> Checked {
    failed(world, Reply::Redirect(format!("{}/elsewhere", world.hook.url))).await
}

async fn trigger_while_paused(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.hook().then(Reply::JsonStatus(500, "{}".to_owned()));
    let said = visit.say(&world.options.trigger).await?;
    visit.wait(said, "the bot's answer", |event| event.is("bot_message")).await?;
    visit.say("still there").await?;
    let calls = visit.calls(3).await?;
    let again = calls[1..].iter().filter(|call| call.is_step_one()).count();
    holds(again == 0, "no second step one", format!("{again}"))
}

async fn forwarded_then_trigger(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.hook().then(Reply::refused());
    let said = visit.say(&world.options.trigger).await?;
    visit.wait(said, "control with the human agent again", |event| event.gives("human")).await?;
    let calls = visit.calls(3).await?;
    holds(calls[2].is_step_one(), "step one for the forwarded message", "step two")
}

async fn in_order(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let texts: Vec<_> = (0..8).map(|n| format!("message {n}")).collect();
    for (n, text) in texts.iter().enumerate() {
        // Fast replies follow slow ones: a platform that does not wait shows them in the wrong
        // order.
        visit.hook().then(Reply::paused().after_ms(if n % 2 == 0 { 120 } else { 0 }));
        visit.say(text).await?;
    }
    let calls = visit.calls(1 + texts.len()).await?;
    let came: Vec<_> = calls[1..].iter().map(Call::text).collect();
    holds(came == texts, format!("{texts:?}"), format!("{came:?}"))
}

async fn one_at_a_time(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    for text in ["first", "second", "third"] {
        visit.hook().then(Reply::paused().after_ms(400));
        visit.say(text).await?;
    }
    let calls = visit.calls(4).await?;
    for pair in calls[1..].windows(2) {
        let apart = pair[1].at.duration_since(pair[0].at);
        let seen = format!("{apart:?} apart, the reply after 400 ms");
        holds(apart >= Duration::from_millis(390), "one call after the other", seen)?;
    }
    Ok(())
}

async fn others_go_on(world: &Platform) -> Checked {
    let (slow, _) = Visit::paused(world, Reply::paused()).await?;
    slow.hook().then(Reply::paused().after_ms(4_000));
    slow.say("this will take a while").await?;
    let under_way = slow.calls(2).await?[1].at;
    let others = (0..3).map(async |_| {
        let (visit, _) = Visit::paused(world, Reply::paused()).await?;
        visit.say("quick").await?;
        Checked::Ok(visit.calls(2).await?[1].at)
    });
    for came in join_all(others).await {
        let waited = came?.duration_since(under_way);
        let fits = waited < Duration::from_millis(3_500);
        holds(fits, "calls of other visitors during the slow call", format!("after {waited:?}"))?;
    }
    Ok(())
}

async fn race(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.hook().then(Reply::paused().after_ms(1_000));
    let said = visit.say("on its way").await?;
    visit.calls(2).await?;
    visit.pushed("channel_update", json!({ "paused": false })).await?;
    visit.wait(said, "the end of the pause", |event| event.gives("bot")).await?;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    visit.bot_answers().await?;
    let events = visit.since(said).await?;
    let paused = events.iter().any(|event| event.gives("human"));
    holds(!paused, "no pause after the resume", shown_all(&events))
}

async fn same_client_id(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let body = json!({ "clientId": "again", "text": "only once" });
    let (first, second) =
        (visit.post("messages", &body).await?, visit.post("messages", &body).await?);
    let same = first.json()["seq"] == second.json()["seq"];
    holds(same, format!("the same answer: {}", first.shown()), second.shown())?;
    visit.say("after").await?;
    let calls = visit.calls(3).await?;
    let texts: Vec<_> = calls[1..].iter().map(Call::text).collect();
    holds(texts == ["only once", "after"], "one call for this message", format!("{texts:?}"))
}
