//! Replies, repeats and the order of calls (contract, sections 4.3, 8, 12 and 13).

use std::time::Duration;

use super::{
    Case, Checked, Contract, Middleware, Miss, broken,
    call::{given, is_no_failure},
    case, holds,
};

/// Time limit; a middleware that answers before it does its work needs much less.
const QUICK: Duration = Duration::from_secs(2);
/// Longest reply in bytes: platforms stop reading there (contract, section 15).
const REPLY_BYTES_MAX: usize = 64 * 1024;

const AT_ONCE: &str = "Answer first, then call the tool behind the middleware.";
const REPEATS: &str = "Store the id of each call with its answer; answer a known id with the \
    stored answer.";

pub(super) const CASES: &[Case<Middleware>] = &[
    case!(All "middleware/reply-step-one" "4.3",
        "The reply to step one is an object with a boolean `paused`; `minutesPaused`, if present, \
         is above 0.",
        "Answer exactly {\"paused\":true,\"minutesPaused\":10}.", reply_step_one),
    case!(All "middleware/reply-step-two" "4.5",
        "The reply to step two is an object with a boolean `paused`; `minutesPaused`, if present, \
         is above 0.",
        "Answer exactly {\"paused\":true,\"minutesPaused\":10}.", reply_step_two),
    case!(All "middleware/reply-quick" "8",
        "Step one is answered within two seconds; the limit of the contract is five.",
        AT_ONCE, reply_quick),
    case!(All "middleware/reply-quick-step-two" "8",
        "Step two is answered within two seconds; the limit of the contract is five.",
        AT_ONCE, reply_quick_two),
    case!(All "middleware/reply-is-json" "4.3",
        "A reply has at most 64 KiB, and its content type is not HTML.",
        "Send Content-Type: application/json, and only the two fields.", reply_is_json),
    case!(All "middleware/repeat-step-one" "8",
        "A repeated step one with the same `Idempotency-Key` gets the same answer.",
        REPEATS, repeat_step_one),
    case!(All "middleware/repeat-step-two" "8",
        "A repeated step two with the same `Idempotency-Key` gets the same answer.",
        REPEATS, repeat_step_two),
    case!(All "middleware/step-one-again" "13.29",
        "A second step one during a chat, as after a late reply, is answered with `paused: true` \
         too.",
        "Continue the open chat and answer as before.", step_one_again),
    case!(All "middleware/step-two-alone" "8",
        "Step two without a chat gets a valid reply.",
        "Answer {\"paused\":false,\"minutesPaused\":0} when there is no chat.", step_two_alone),
    case!(All "middleware/step-two-first" "8",
        "Step one starts a chat also after a step two that came too early.",
        "Store nothing from a step two without a chat.", step_two_first),
    case!(All "middleware/session-changes" "12",
        "A chat goes on when the session changes.",
        "Find the chat by botId and userId, never by session or sessionId.", session_changes),
    case!(All "middleware/two-visitors" "12",
        "Two visitors with the same session have separate chats.",
        "Find the chat by botId and userId, never by session or sessionId.", two_visitors),
    case!(All "middleware/many-messages" "8",
        "Twenty messages in a row are all answered with `paused: true`.",
        AT_ONCE, many_messages),
    case!(R31 "middleware/user-left" "13.26",
        "A call with the extension `eventType: \"user_left\"` does not get a 5xx answer.",
        "Close the chat, or ignore the call.", |w| extension(w, "user_left")),
    case!(R31 "middleware/pause-expired" "13.26",
        "A call with the extension `eventType: \"pause_expired\"` does not get a 5xx answer.",
        "Close the chat, or ignore the call.", |w| extension(w, "pause_expired")),
    case!(R31 "middleware/unknown-event-type" "12",
        "A call with an unknown `eventType` does not get a 5xx answer.",
        "Ignore it, or answer a 4xx.", |w| extension(w, "from_the_future")),
    case!(All "middleware/handover-after-the-end" "3",
        "A visitor whose chat has ended can be handed over again.",
        "Open a new chat at step one, also when an earlier chat has ended.", after_the_end),
];

async fn reply_step_one(world: &Middleware) -> Checked {
    let given = world.reply(&world.step_one(Contract::R1, &world.user("reply"))).await?;
    positive(given.paused, given.minutes)
}

async fn reply_step_two(world: &Middleware) -> Checked {
    let user = world.user("reply-two");
    world.hand_over(&user).await?;
    let given = world.reply(&world.step_two(Contract::R1, &user, "help me please")).await?;
    positive(given.paused, given.minutes)
}

fn positive(paused: bool, minutes: Option<f64>) -> Checked {
    let expected = "`paused: true` with `minutesPaused` above 0, or without it";
    let fits = !paused || minutes.is_none_or(|minutes| minutes > 0.0);
    holds(fits, expected, format!("minutesPaused {minutes:?}"))
}

async fn reply_quick(world: &Middleware) -> Checked {
    let answer = world.send(&world.step_one(Contract::R1, &world.user("quick"))).await?;
    given(&answer)?;
    quick(answer.took)
}

async fn reply_quick_two(world: &Middleware) -> Checked {
    let user = world.user("quick-two");
    world.hand_over(&user).await?;
    let answer = world.send(&world.step_two(Contract::R1, &user, "help me please")).await?;
    given(&answer)?;
    quick(answer.took)
}

fn quick(took: Duration) -> Checked {
    holds(took < QUICK, format!("an answer within {QUICK:?}"), format!("{took:?}"))
}

async fn reply_is_json(world: &Middleware) -> Checked {
    let answer = world.send(&world.step_one(Contract::R1, &world.user("json"))).await?;
    given(&answer)?;
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    // No revision requires a content type, but `text/html` is a sign of an error page.
    let fits = kind.is_empty() || kind.contains("json") || kind.starts_with("text/plain");
    holds(fits, "Content-Type: application/json", format!("{kind:?}"))?;
    let length = answer.body.len();
    holds(length <= REPLY_BYTES_MAX, "at most 64 KiB", format!("{length} bytes"))
}

async fn repeat_step_one(world: &Middleware) -> Checked {
    let user = world.user("repeat");
    let call = world.step_one(Contract::R1, &user).header("idempotency-key", &user);
    world.paused(&call).await?;
    world.paused(&call).await
}

async fn repeat_step_two(world: &Middleware) -> Checked {
    let user = world.user("repeat-two");
    world.hand_over(&user).await?;
    let call = world.step_two(Contract::R1, &user, "only once");
    let call = call.header("idempotency-key", &user).header("x-request-id", &user);
    world.paused(&call).await?;
    world.paused(&call).await
}

async fn step_one_again(world: &Middleware) -> Checked {
    let user = world.user("again");
    world.hand_over(&user).await?;
    world.hand_over(&user).await
}

async fn step_two_alone(world: &Middleware) -> Checked {
    let call = world.step_two(Contract::R1, &world.user("alone"), "is there anybody");
    world.reply(&call).await.map(drop)
}

async fn step_two_first(world: &Middleware) -> Checked {
    let user = world.user("first");
    world.send(&world.step_two(Contract::R1, &user, "too early")).await?;
    world.hand_over(&user).await
}

async fn session_changes(world: &Middleware) -> Checked {
    let user = world.user("session");
    world.hand_over(&user).await?;
    let call = world.step_two(Contract::R3, &user, "from another session");
    let call = call.with("session", "projects/p/agent/sessions/other").with("sessionId", "other");
    world.paused(&call).await
}

async fn two_visitors(world: &Middleware) -> Checked {
    let lone = world.step_two(Contract::R3, &world.user("same-0"), "alone");
    if world
        .reply(&lone.with("session", "of-its-own").with("sessionId", "of-its-own"))
        .await?
        .paused
    {
        let why = "the middleware opens a chat at a step two without a chat, so separate chats \
            cannot be recognized";
        return Err(Miss::Skipped(why.to_owned()));
    }
    let (one, other) = (world.user("same-1"), world.user("same-2"));
    world.hand_over(&one).await?;
    // Only the first visitor has a chat; both calls carry the same session.
    let without_chat = world.reply(&world.step_two(Contract::R3, &other, "not mine")).await?;
    if without_chat.paused {
        return Err(broken("`paused: false` for a visitor without a chat", "`paused: true`"));
    }
    world.paused(&world.step_two(Contract::R3, &one, "mine")).await
}

async fn many_messages(world: &Middleware) -> Checked {
    let user = world.user("many");
    world.hand_over(&user).await?;
    for n in 1..=20 {
        world.paused(&world.step_two(Contract::R1, &user, &format!("message {n}"))).await?;
    }
    Ok(())
}

async fn extension(world: &Middleware, event_type: &str) -> Checked {
    let user = world.user(event_type);
    world.hand_over(&user).await?;
    is_no_failure(&world.send(&world.event(&user, event_type)).await?)
}

async fn after_the_end(world: &Middleware) -> Checked {
    let user = world.user("after-the-end");
    world.hand_over(&user).await?;
    world.send(&world.event(&user, "user_left")).await?;
    world.hand_over(&user).await
}
