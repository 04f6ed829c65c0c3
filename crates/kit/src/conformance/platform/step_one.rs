//! The effect of each kind of reply to step one (contract, sections 3, 8 and 9).

use std::time::Duration;

use serde_json::json;

use super::{
    super::time::between,
    Case, Checked, Miss, Platform, Reply, Visit, case, holds,
    visit::{shown, shown_all},
};
use crate::visitor::Event;

const MINUTE_MS: i64 = 60_000;
/// A platform may round the times that it reports.
const ROUNDING_MS: i64 = 1_000;
/// Five seconds, plus a margin for a busy machine.
const TIMEOUT: std::ops::Range<i64> = 5_000..6_500;

const CLOCK: &str =
    "Read minutesPaused as a number of minutes; use 10 when it is missing or not a number.";
const BODY: &str = "Pause only for a 2xx status and an object with `paused: true`.";
const LATE: &str = "Stop waiting five seconds after connecting, and ignore a later reply.";

pub(super) const CASES: &[Case<Platform>] = &[
    case!(All "platform/pause-default" "9",
        "`{\"paused\":true}` pauses for ten minutes.",
        CLOCK, |w| lasts(w, r#"{"paused":true}"#, 10 * MINUTE_MS)),
    case!(All "platform/pause-five-minutes" "4.3",
        "`minutesPaused: 5` pauses for five minutes.",
        CLOCK, |w| lasts(w, r#"{"paused":true,"minutesPaused":5}"#, 5 * MINUTE_MS)),
    case!(All "platform/pause-fraction" "9",
        "`minutesPaused: 0.5` pauses for thirty seconds.",
        CLOCK, |w| lasts(w, r#"{"paused":true,"minutesPaused":0.5}"#, MINUTE_MS / 2)),
    case!(All "platform/pause-number-in-text" "8",
        "`minutesPaused: \"5\"` pauses for five minutes.",
        CLOCK, |w| lasts(w, r#"{"paused":true,"minutesPaused":"5"}"#, 5 * MINUTE_MS)),
    case!(All "platform/pause-not-a-number" "8",
        "A `minutesPaused` that is not a number pauses for ten minutes.",
        CLOCK, |w| lasts(w, r#"{"paused":true,"minutesPaused":"soon"}"#, 10 * MINUTE_MS)),
    case!(All "platform/pause-null" "8",
        "`minutesPaused: null` pauses for ten minutes.",
        CLOCK, |w| lasts(w, r#"{"paused":true,"minutesPaused":null}"#, 10 * MINUTE_MS)),
    case!(All "platform/reply-with-more-fields" "8",
        "Unknown fields of a reply are ignored.",
        BODY, |w| lasts(w, r#"{"paused":true,"minutesPaused":5,"x":[{}]}"#, 5 * MINUTE_MS)),
    case!(All "platform/reply-as-text" "8",
        "A valid body counts with any content type.",
        BODY, |w| taken(w, Reply::Status(200, r#"{"paused":true}"#.to_owned()))),
    case!(All "platform/reply-created" "8",
        "Every 2xx status counts.",
        BODY, |w| taken(w, Reply::JsonStatus(201, r#"{"paused":true}"#.to_owned()))),
    case!(All "platform/reply-at-four-seconds" "8",
        "A reply after four seconds is in time.",
        LATE, |w| taken(w, Reply::paused().after_ms(4_000))),
    case!(All "platform/pause-zero" "8",
        "`minutesPaused: 0` with `paused: true` does not pause.",
        CLOCK, |w| declined(w, json(r#"{"paused":true,"minutesPaused":0}"#))),
    case!(All "platform/pause-negative" "8",
        "A negative `minutesPaused` does not pause.",
        CLOCK, |w| declined(w, json(r#"{"paused":true,"minutesPaused":-5}"#))),
    case!(All "platform/refused" "4.3",
        "`{\"paused\":false}` does not pause.", BODY, |w| declined(w, Reply::refused())),
    case!(All "platform/reply-empty-object" "8",
        "`{}` does not pause.", BODY, |w| declined(w, json("{}"))),
    case!(All "platform/reply-array" "8",
        "`[]` does not pause.", BODY, |w| declined(w, json("[]"))),
    case!(All "platform/reply-text" "8",
        "`\"x\"` does not pause.", BODY, |w| declined(w, json("\"x\""))),
    case!(All "platform/reply-list-of-one" "8",
        "A valid object inside an array does not pause.",
        BODY, |w| declined(w, json(r#"[{"paused":true}]"#))),
    case!(All "platform/reply-paused-in-quotes" "8",
        "`\"paused\":\"true\"`, which is not a boolean, does not pause.",
        BODY, |w| declined(w, json(r#"{"paused":"true"}"#))),
    case!(All "platform/reply-paused-one" "8",
        "`\"paused\":1`, which is not a boolean, does not pause.",
        BODY, |w| declined(w, json(r#"{"paused":1}"#))),
    case!(All "platform/reply-empty" "8",
        "An empty body does not pause.", BODY, |w| declined(w, json(""))),
    case!(All "platform/reply-cut-json" "8",
        "A truncated body does not pause.",
        BODY, |w| declined(w, json(r#"{"paused":true"#))),
    case!(All "platform/reply-html" "8",
        "An HTML page does not pause.",
        BODY, |w| declined(w, Reply::Status(200, "<html>It works!</html>".to_owned()))),
    case!(All "platform/reply-500" "8",
        "A valid body with status 500 does not pause.",
        BODY, |w| declined(w, Reply::JsonStatus(500, r#"{"paused":true}"#.to_owned()))),
    case!(All "platform/reply-404" "8",
        "A valid body with status 404 does not pause.",
        BODY, |w| declined(w, Reply::JsonStatus(404, r#"{"paused":true}"#.to_owned()))),
    case!(All "platform/reply-redirect" "8",
        "A redirect is not followed and does not pause.",
        "Do not follow redirects: they can send the token to another server.", redirect),
    case!(All "platform/reply-cut-connection" "8",
        "A connection that closes without a reply does not pause.",
        BODY, |w| declined(w, Reply::Cut)),
    case!(All "platform/reply-endless" "15",
        "A body without end is not read further than a limit, and does not pause.",
        "Limit how much of a reply is read, for example to 64 KiB.",
        |w| declined(w, Reply::Endless)),
    case!(All "platform/late-silence" "4.3",
        "No reply within five seconds does not pause.", LATE, |w| late(w, Reply::Silent)),
    case!(All "platform/late-dripping" "8",
        "A reply that comes byte by byte and is not complete after five seconds is late.",
        LATE, |w| late(w, Reply::Drip)),
    case!(All "platform/late-by-a-tenth" "4.3",
        "A reply after 5.1 seconds does not pause when it arrives.",
        LATE, |w| late(w, Reply::paused().after_ms(5_100))),
    case!(All "platform/late-then-push" "8",
        "After a late reply, a pause push still pauses.",
        "Apply a pause push also when step one has failed.", late_then_push),
    case!(All "platform/answer-before-reply" "8",
        "The bot's answer with the trigger is shown without waiting for the webhook.",
        "Show the answer before you call the webhook.", answer_first),
    case!(All "platform/no-call-without-trigger" "3",
        "A message without the trigger makes no call.",
        "Compare the names of contexts and parameters with the trigger.", no_trigger),
    case!(All "platform/human-again" "13.29",
        "After the pause has ended, the trigger starts step one again.",
        "Look for the trigger whenever the conversation is not paused.", again),
    case!(All "platform/trigger-used-once" "3",
        "After a handover, the bot's next answer does not start another handover.",
        "Reset the trigger with the next query to the bot.", used_once),
    case!(All "platform/pause-runs-out" "9",
        "When its time is over, a pause ends; the leave notice is shown once, and the bot answers \
         again.",
        "Keep a timer for each pause, and check the time before each message.", runs_out),
];

fn json(text: &str) -> Reply {
    Reply::Json(text.to_owned())
}

async fn lasts(world: &Platform, reply: &str, expected: i64) -> Checked {
    let (_, control) = Visit::paused(world, json(reply)).await?;
    pause_is(&control, expected)
}

pub(super) fn pause_is(control: &Event, expected: i64) -> Checked {
    let until = control.paused_until.as_deref().unwrap_or_default();
    let length = between(&control.at, until).unwrap_or(-1);
    let fits = (length - expected).abs() <= ROUNDING_MS;
    holds(fits, format!("a pause of {expected} ms"), format!("{length} ms"))
}

async fn taken(world: &Platform, reply: Reply) -> Checked {
    Visit::paused(world, reply).await.map(drop)
}

async fn declined(world: &Platform, reply: Reply) -> Checked {
    let visit = Visit::new(world).await?;
    visit.hook().then(reply);
    let control = visit.ask().await?;
    holds(control.gives("bot"), "control with the bot", shown(&control))?;
    the_bot_goes_on(&visit, 1).await
}

/// The bot answers, there was one call, and the visitor is not paused.
async fn the_bot_goes_on(visit: &Visit<'_>, calls: usize) -> Checked {
    visit.bot_answers().await?;
    let came = visit.hook().calls().len();
    holds(came == calls, format!("{calls} webhook calls"), format!("{came}"))?;
    let events = visit.since(0).await?;
    let paused = events.iter().any(|event| event.gives("human"));
    holds(!paused, "no pause", shown_all(&events))
}

async fn redirect(world: &Platform) -> Checked {
    // The redirect keeps the user, so a platform that follows it makes a visible second call.
    let elsewhere = format!("{}/elsewhere", world.hook.url);
    declined(world, Reply::Redirect(elsewhere)).await
}

async fn late(world: &Platform, reply: Reply) -> Checked {
    let visit = Visit::new(world).await?;
    visit.hook().then(reply);
    let control = visit.ask().await?;
    holds(control.gives("bot"), "control with the bot", shown(&control))?;
    let events = visit.since(0).await?;
    let asked = events.iter().find(|event| event.gives("requested"));
    let took = asked.and_then(|asked| between(&asked.at, &control.at)).unwrap_or(-1);
    holds(
        TIMEOUT.contains(&took),
        "step one to end after five seconds",
        format!("after {took} ms"),
    )?;
    // The reply that was late by a tenth has come by now.
    tokio::time::sleep(Duration::from_millis(400)).await;
    the_bot_goes_on(&visit, 1).await
}

async fn late_then_push(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    visit.hook().then(Reply::Silent);
    let control = visit.ask().await?;
    visit.pushed("channel_update", json!({ "paused": true })).await?;
    let after = control.seq.unwrap_or_default();
    visit.wait(after, "control with the human agent", |event| event.gives("human")).await.map(drop)
}

async fn answer_first(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    visit.hook().then(Reply::paused().after_ms(2_000));
    let asked = visit.say(&world.options.trigger).await?;
    visit.calls(1).await?;
    // The call is there and its reply is not: what the bot said must have been shown.
    let answered = |event: &Event| event.is("bot_message");
    let answer = visit.wait(asked, "the bot's answer", answered).await?;
    let events = visit.since(asked).await?;
    let paused = events.iter().any(|event| event.gives("human"));
    holds(!paused, "the bot's answer before the reply", shown(&answer))
}

async fn no_trigger(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    // Its second answer comes when whatever followed the first is over.
    visit.bot_answers().await?;
    the_bot_goes_on(&visit, 0).await
}

async fn again(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.pushed("channel_update", json!({ "paused": false })).await?;
    let control = visit.ask().await?;
    holds(control.gives("human"), "control with the human agent again", shown(&control))?;
    let calls = visit.calls(2).await?;
    holds(calls[1].is_step_one(), "step one", "step two")
}

async fn used_once(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    visit.pushed("channel_update", json!({ "paused": false })).await?;
    visit.bot_answers().await?;
    visit.bot_answers().await?;
    let calls = visit.hook().calls().len();
    holds(calls == 1, "one webhook call", format!("{calls}"))
}

async fn runs_out(world: &Platform) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused_for(0.02)).await?;
    let after = control.seq.unwrap_or_default();
    let ended = visit.wait(after, "the end of the pause", |event| event.gives("bot")).await?;
    let lasted = between(&control.at, &ended.at).unwrap_or(-1);
    let seen = format!("after {lasted} ms");
    holds((1_100..4_000).contains(&lasted), "the end after 1,200 ms", seen)?;
    let asked = visit.bot_answers().await?;
    let events = visit.since(after).await?;
    let notices = events.iter().filter(|event| event.is("notice"));
    let early = notices.clone().all(|event| event.seq.is_some_and(|seq| seq < asked));
    holds(
        notices.count() == 1 && early,
        "one notice, before the next message",
        shown_all(&events),
    )?;
    let calls = visit.hook().calls().len();
    holds(calls == 1, "one webhook call", format!("{calls}"))
}

/// Why a case cannot be judged when something it needs is switched off.
pub(super) fn skipped(why: &str) -> Miss {
    Miss::Skipped(why.to_owned())
}
