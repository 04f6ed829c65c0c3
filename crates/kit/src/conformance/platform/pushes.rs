//! Pushes of every revision, what they show, and what they do to the pause (contract, sections
//! 4.6, 6.6, 9, 12 and 13).

use futures::future::join_all;
use http::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{
    super::time::moved,
    Case, Checked, Platform, Reply, Visit, broken, case, holds,
    step_one::pause_is,
    visit::{accepted, merge, shown_all},
};
use crate::{push::KeyIn, visitor::Event};

const MINUTE_MS: i64 = 60_000;
const SLACK_MS: i64 = 3_000;

const SHAPE: &str = "Accept the fields of all revisions on every event type, and ignore other \
    fields.";
const KEY: &str = "Accept the key in the body, in Authorization, or in Authorization after Bearer.";
const PAUSE: &str = "Apply paused and minutesPaused of every push; 10 minutes by default.";
const REPEATS: &str = "Store the id of each push with its answer; answer a known id with the \
    stored answer.";

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!("../../../../wire/examples/", $name, ".json"))
    };
}

pub(super) const CASES: &[Case<Platform>] = &[
    case!(R1 "platform/push-r1-message" "4.6",
        "A message push of r1 is accepted.", SHAPE, |w| taken(w, golden!("r1.push_message"))),
    case!(R1 "platform/push-r1-pause" "4.6",
        "A pause push of r1 is accepted.", SHAPE, |w| taken(w, golden!("r1.push_pause"))),
    case!(R1 "platform/push-r1-resume" "4.6",
        "A resume push of r1 is accepted.", SHAPE, |w| taken(w, golden!("r1.push_resume"))),
    case!(R1 "platform/push-r1-typing" "4.6",
        "A typing push of r1 is accepted.", SHAPE, |w| taken(w, golden!("r1.push_typing"))),
    case!(R3 "platform/push-r3-message" "6.6",
        "A message push of r3 is accepted.", SHAPE, |w| taken(w, golden!("r3.push_message"))),
    case!(R3 "platform/push-r3-pause" "6.6",
        "A pause push of r3 is accepted.", SHAPE, |w| taken(w, golden!("r3.push_pause"))),
    case!(R3 "platform/push-r3-resume" "6.6",
        "A resume push of r3 is accepted.", SHAPE, |w| taken(w, golden!("r3.push_resume"))),
    case!(R3 "platform/push-r3-typing" "6.6",
        "A typing push of r3 is accepted.", SHAPE, |w| taken(w, golden!("r3.push_typing"))),
    case!(R1 "platform/push-key-in-body" "12",
        "The push key is accepted in the body.", KEY, |w| by_key(w, KeyIn::Body)),
    case!(R23 "platform/push-key-bare" "12",
        "The push key is accepted in `Authorization` without a scheme.",
        KEY, |w| by_key(w, KeyIn::Bare)),
    case!(R22 "platform/push-key-after-bearer" "12",
        "The push key is accepted in `Authorization` after `Bearer`.",
        KEY, |w| by_key(w, KeyIn::Bearer)),
    case!(R22 "platform/push-key-any-scheme-case" "12",
        "The scheme `Bearer` is accepted in upper and lower case.", KEY, any_scheme_case),
    case!(All "platform/push-message" "4.6",
        "A message is shown with its text and the agent's name and avatar.",
        "Show text, agentProfile.name and agentProfile.avatarUrl.", message),
    case!(All "platform/push-message-again-without-name" "13.12",
        "A message without `agentProfile` is shown with the last known name and avatar.",
        "Store the last name and avatar of each conversation.", name_remembered),
    case!(All "platform/push-message-to-nobody-there" "10",
        "A message that is pushed while the visitor is away is shown when the visitor returns.",
        "Store messages, and show those after the last one that the visitor has read.", away),
    case!(All "platform/push-message-keeps-markup" "13.27",
        "A message with markup is not changed.",
        "Store the text unchanged, and escape it where it is shown.", markup),
    case!(All "platform/push-messages-in-order" "4.6",
        "Messages are shown in the order they were pushed.",
        "Show messages in the order in which their pushes were accepted.", in_order),
    case!(All "platform/push-message-pauses" "9",
        "A message with `paused: true` pauses for ten minutes, also when there was no pause.",
        PAUSE, message_pauses),
    case!(All "platform/push-renews" "13.11",
        "A message with `minutesPaused` moves the end of the pause to that many minutes from now.",
        PAUSE, |w| renews(w, "message", json!({ "text": "hello" }))),
    case!(All "platform/push-pause-renews" "9",
        "A pause push moves the end of the pause.",
        PAUSE, |w| renews(w, "channel_update", json!({}))),
    case!(R3 "platform/push-typing-renews" "9",
        "Typing with `paused: true` moves the end of the pause.",
        PAUSE, |w| renews(w, "user_typing", json!({}))),
    case!(All "platform/push-without-paused" "9",
        "A push without `paused` does not change the pause.", PAUSE, without_paused),
    case!(All "platform/push-message-resumes" "9",
        "A message with `paused: false` is shown, and then the bot has control.",
        PAUSE, message_resumes),
    case!(All "platform/push-starts-chat" "9",
        "A pause push gives control to the human agent, also without a request of the visitor.",
        PAUSE, starts),
    case!(All "platform/push-resume" "4.6",
        "After a resume push, the next message goes to the bot and makes no webhook call.",
        PAUSE, resume),
    case!(All "platform/push-paused-in-quotes" "12",
        "`paused` may be `\"true\"` or `\"false\"`, and `minutesPaused` a number in quotes.",
        SHAPE, in_quotes),
    case!(All "platform/push-unknown-fields" "12",
        "Unknown fields of a push are ignored.", SHAPE, unknown_fields),
    case!(All "platform/push-without-content-type" "15",
        "A push without `Content-Type` is accepted: r1 does not require it.",
        SHAPE, no_content_type),
    case!(All "platform/push-answer" "15",
        "An accepted push is answered `{\"ok\":true,\"paused\":…,\"pausedUntil\":…}`.",
        "Answer 200 with these three fields.", answer),
    case!(All "platform/push-same-message-id" "13.28",
        "A repeated push with the same `messageId` is shown once and gets the same answer.",
        REPEATS, same_message_id),
    case!(All "platform/push-same-idempotency-key" "13.28",
        "A repeated push with the same `Idempotency-Key` is shown once and gets the same answer.",
        REPEATS, same_idempotency_key),
    case!(All "platform/push-same-at-once" "13.28",
        "A push that arrives ten times at once is shown once.", REPEATS, same_at_once),
];

/// A golden example of a push, for this visitor and with the key where its revision puts it.
async fn taken(world: &Platform, golden: &str) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let mut body: Value = serde_json::from_str(golden).unwrap_or_default();
    let key = world.options.push_key.expose_secret();
    let is_r1 = body.get("accessToken").is_some();
    let ids = json!({ "userId": visit.user, "botId": world.options.bot });
    merge(&mut body, ids);
    if is_r1 {
        body["accessToken"] = key.into();
    }
    let headers: &[_] = if is_r1 { &[] } else { &[("authorization", key)] };
    let answer = world.push_text(headers, &body.to_string()).await?;
    accepted(&answer)?;
    let resumed = body["paused"] == false;
    let fits = answer.json()["paused"] == !resumed;
    holds(fits, format!("`paused: {}`", !resumed), answer.shown())?;
    let Some(text) = body["text"].as_str() else { return Ok(()) };
    shown_once(&visit, text).await
}

/// The agent's message with this text is there, once.
async fn shown_once(visit: &Visit<'_>, text: &str) -> Checked {
    let this = |event: &Event| event.is("agent_message") && event.text == text;
    visit.wait(0, "the agent's message", this).await?;
    let events = visit.since(0).await?;
    let count = events.iter().filter(|event| this(event)).count();
    holds(count == 1, "the agent's message once", format!("{count} times"))
}

async fn by_key(world: &Platform, key_in: KeyIn) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let fields = json!({ "text": "hello", "paused": true });
    accepted(&visit.push_by(key_in, "message", fields).await?)?;
    shown_once(&visit, "hello").await
}

async fn any_scheme_case(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let key = world.options.push_key.expose_secret();
    for scheme in ["bearer", "BEARER"] {
        let body = json!({
            "eventType": "message", "userId": visit.user, "botId": world.options.bot,
            "text": scheme,
        });
        let header = format!("{scheme} {key}");
        accepted(&world.push_text(&[("authorization", &header)], &body.to_string()).await?)?;
        shown_once(&visit, scheme).await?;
    }
    Ok(())
}

fn jane() -> Value {
    json!({ "name": "Jane Doe", "avatarUrl": "https://example.com/jane.png" })
}

fn is_jane(event: &Event) -> Checked {
    let agent = event.agent.as_ref();
    let seen = agent.map(|agent| json!({ "name": agent.name, "avatarUrl": agent.avatar_url }));
    let seen = seen.unwrap_or_default();
    holds(seen == jane(), jane().to_string(), seen.to_string())
}

async fn message(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let fields = json!({ "text": "Grüß Gott 👋", "paused": true, "agentProfile": jane() });
    visit.pushed("message", fields).await?;
    let shown = visit.wait(0, "the agent's message", |event| event.is("agent_message")).await?;
    holds(shown.text == "Grüß Gott 👋", "the text as it was pushed", &shown.text)?;
    is_jane(&shown)
}

async fn name_remembered(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let fields = json!({ "paused": true, "agentProfile": jane() });
    visit.pushed("channel_update", fields).await?;
    visit.pushed("message", json!({ "text": "hello", "paused": true })).await?;
    is_jane(&visit.wait(0, "the agent's message", |event| event.is("agent_message")).await?)
}

async fn away(world: &Platform) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused()).await?;
    for text in ["one", "two"] {
        visit.pushed("message", json!({ "text": text, "paused": true })).await?;
    }
    let events = visit.since(control.seq.unwrap_or_default()).await?;
    texts_are(&events, &["one", "two"])
}

async fn markup(world: &Platform) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused()).await?;
    let text = "<b>bold</b> **bold** <script>1</script> \"'\\";
    visit.pushed("message", json!({ "text": text, "paused": true })).await?;
    texts_are(&visit.since(control.seq.unwrap_or_default()).await?, &[text])
}

fn texts_are(events: &[Event], expected: &[&str]) -> Checked {
    let shown = events.iter().filter(|event| event.is("agent_message"));
    let shown: Vec<_> = shown.map(|event| event.text.as_str()).collect();
    holds(shown == expected, format!("{expected:?}"), format!("{shown:?}"))
}

async fn in_order(world: &Platform) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused()).await?;
    let texts: Vec<_> = (0..10).map(|n| format!("answer {n}")).collect();
    for text in &texts {
        visit.pushed("message", json!({ "text": text, "paused": true })).await?;
    }
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    texts_are(&visit.since(control.seq.unwrap_or_default()).await?, &texts)
}

async fn message_pauses(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    visit.pushed("message", json!({ "text": "hello", "paused": true })).await?;
    let gives = |event: &Event| event.gives("human");
    let control = visit.wait(0, "control with the human agent", gives).await?;
    pause_is(&control, 10 * MINUTE_MS)?;
    visit.say("hello yourself").await?;
    let text = visit.calls(1).await?[0].text().to_owned();
    holds(text == "hello yourself", "step two with the message", format!("{text:?}"))
}

async fn until(visit: &Visit<'_>) -> Checked<String> {
    let until = visit.paused_until().await?;
    until.ok_or_else(|| broken("a pause", "`pausedUntil: null`"))
}

async fn renews(world: &Platform, event_type: &str, fields: Value) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let before = until(&visit).await?;
    let mut all = json!({ "paused": true, "minutesPaused": 25 });
    merge(&mut all, fields);
    let answer = visit.pushed(event_type, all).await?.json();
    let after = answer["pausedUntil"].as_str().unwrap_or_default();
    let by = moved(&before, after).unwrap_or(-1);
    let fits = (15 * MINUTE_MS..15 * MINUTE_MS + SLACK_MS).contains(&by);
    holds(fits, "the end of the pause 15 minutes later", format!("{by} ms later"))
}

async fn without_paused(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let before = until(&visit).await?;
    visit.pushed("message", json!({ "text": "hello", "minutesPaused": 25 })).await?;
    visit.pushed("user_typing", json!({ "minutesPaused": 25 })).await?;
    let after = until(&visit).await?;
    let by = moved(&before, &after).unwrap_or(-1);
    holds(by == 0, "the end of the pause unchanged", format!("{by} ms later"))
}

async fn message_resumes(world: &Platform) -> Checked {
    let (visit, control) = Visit::paused(world, Reply::paused()).await?;
    visit.pushed("message", json!({ "text": "Good bye", "paused": false })).await?;
    let after = control.seq.unwrap_or_default();
    visit.wait(after, "control with the bot", |event| event.gives("bot")).await?;
    let events = visit.since(after).await?;
    let place = |wanted: &dyn Fn(&Event) -> bool| events.iter().position(wanted);
    let (text, end) = (place(&|it| it.text == "Good bye"), place(&|it| it.gives("bot")));
    let fits = text.is_some() && text < end;
    holds(fits, "the message, then the resume", shown_all(&events))
}

async fn starts(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    visit.pushed("channel_update", json!({ "paused": true, "minutesPaused": 5 })).await?;
    let gives = |event: &Event| event.gives("human");
    let control = visit.wait(0, "control with the human agent", gives).await?;
    pause_is(&control, 5 * MINUTE_MS)
}

async fn resume(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let answer = visit.pushed("channel_update", json!({ "paused": false })).await?;
    let fits = answer.json()["paused"] == false;
    holds(fits, "`paused: false`", answer.shown())?;
    visit.bot_answers().await?;
    let calls = visit.hook().calls().len();
    holds(calls == 1, "step one alone", format!("{calls} calls"))
}

async fn in_quotes(world: &Platform) -> Checked {
    let visit = Visit::new(world).await?;
    let fields = json!({ "paused": "true", "minutesPaused": "5" });
    let paused = visit.pushed("channel_update", fields).await?;
    holds(paused.json()["paused"] == true, "`paused: true`", paused.shown())?;
    let control =
        visit.wait(0, "control with the human agent", |event| event.gives("human")).await?;
    pause_is(&control, 5 * MINUTE_MS)?;
    let resumed = visit.pushed("channel_update", json!({ "paused": "false" })).await?;
    holds(resumed.json()["paused"] == false, "`paused: false`", resumed.shown())
}

async fn unknown_fields(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let fields = json!({
        "text": "hello", "paused": true, "xNew": { "a": [1] }, "sessionId": "s1",
        "agentProfile": { "name": "Jane Doe", "avatarUrl": "", "title": "Dr" },
    });
    visit.pushed("message", fields).await?;
    shown_once(&visit, "hello").await
}

async fn no_content_type(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let body = json!({
        "eventType": "message", "userId": visit.user, "botId": world.options.bot, "text": "hello",
        "accessToken": world.options.push_key.expose_secret(),
    });
    let url = format!("{}{}", world.options.base, wire::push::PATH);
    accepted(&world.client.send(Method::POST, &url, &[], body.to_string()).await?)?;
    shown_once(&visit, "hello").await
}

async fn answer(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let (paused, resumed) = (
        visit.pushed("channel_update", json!({ "paused": true })).await?,
        visit.pushed("channel_update", json!({ "paused": false })).await?,
    );
    let (first, second) = (paused.json(), resumed.json());
    let is_time = first["pausedUntil"].as_str().is_some_and(|until| until.contains('T'));
    let fits = first["ok"] == true && first["paused"] == true && is_time;
    holds(fits, "ok, paused and the time of the end", paused.shown())?;
    let fits = second["ok"] == true && second["paused"] == false && second["pausedUntil"].is_null();
    holds(fits, "ok, paused false and no time", resumed.shown())
}

async fn same_message_id(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let fields = json!({ "text": "only once", "paused": true, "messageId": "m1" });
    for _ in 0..3 {
        visit.pushed("message", fields.clone()).await?;
    }
    visit.pushed("message", json!({ "text": "after", "paused": true, "messageId": "m2" })).await?;
    shown_once(&visit, "only once").await?;
    shown_once(&visit, "after").await
}

async fn same_idempotency_key(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let key = world.options.push_key.expose_secret();
    for (id, text) in [("k1", "only once"), ("k1", "only once"), ("k2", "after")] {
        let body = json!({
            "eventType": "message", "userId": visit.user, "botId": world.options.bot,
            "text": text, "paused": true,
        });
        let headers = [("authorization", key), ("idempotency-key", id)];
        accepted(&world.push_text(&headers, &body.to_string()).await?)?;
    }
    shown_once(&visit, "only once").await?;
    shown_once(&visit, "after").await
}

async fn same_at_once(world: &Platform) -> Checked {
    let (visit, _) = Visit::paused(world, Reply::paused()).await?;
    let fields = || json!({ "text": "only once", "paused": true, "messageId": "m1" });
    let pushes = (0..10).map(|_| visit.pushed("message", fields()));
    for pushed in join_all(pushes).await {
        pushed?;
    }
    shown_once(&visit, "only once").await
}
