//! Unusual texts and large calls: none of them may break a middleware.

use serde_json::{Value, json};

use super::{Case, Checked, Contract, Middleware, call::is_no_failure, case};

const TEXT: &str = "Accept UTF-8 text of up to 4,000 characters and pass it on unchanged.";
const SIZE: &str = "Accept bodies of at least 1 MiB; frameworks often stop at 100 KiB.";

pub(super) const CASES: &[Case<Middleware>] = &[
    case!(All "middleware/text-unicode" "4.4",
        "A text with accents, Greek and Chinese is accepted.",
        TEXT, |w| kept(w, "unicode", "Grüße, καλημέρα, 你好, e\u{301}")),
    case!(All "middleware/text-right-to-left" "4.4",
        "A text in Arabic and Hebrew, with direction marks, is accepted.",
        TEXT, |w| kept(w, "rtl", "\u{202b}مرحبا بالعالم\u{202c} שלום \u{200f}abc")),
    case!(All "middleware/text-emoji" "4.4",
        "A text with combined and coloured emoji is accepted.",
        TEXT, |w| kept(w, "emoji", "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇦🇹")),
    case!(All "middleware/text-long" "4.4",
        "A text of 4,000 characters is accepted.",
        TEXT, long),
    case!(All "middleware/text-markup" "4.4",
        "A text with HTML, quotes and braces is accepted.",
        TEXT, |w| kept(w, "markup", r#"<script>alert("1")</script> {{7*7}} ' OR 1=1 -- \ %s"#)),
    case!(All "middleware/text-lines" "4.4",
        "A text of several lines is accepted.",
        TEXT, |w| kept(w, "lines", "one\ntwo\r\n\tthree")),
    case!(All "middleware/text-control-characters" "4.4",
        "A text of control characters does not get a 5xx answer, and the next message is accepted.",
        "Remove or refuse characters that your tool cannot handle.",
        |w| odd(w, "\u{0}\u{7}\u{1b}[2J\u{7f}")),
    case!(All "middleware/text-lone-surrogate" "4.4",
        "A text with half a surrogate pair, such as `\\ud83d`, does not get a 5xx answer.",
        "Replace it, or answer a 4xx.", lone_surrogate),
    case!(All "middleware/text-empty" "4.4",
        "An empty text does not get a 5xx answer, and the next message is accepted.",
        "Ignore it, or answer a 4xx.", |w| odd(w, "")),
    case!(All "middleware/large-response" "4.2",
        "Step one with a `dialogflowResponse` of 150 KB is answered with `paused: true`.",
        SIZE, large_response),
    case!(R3 "middleware/large-history" "7",
        "Step one with a history of 400 items is answered with `paused: true`.",
        SIZE, large_history),
];

async fn kept(world: &Middleware, name: &str, text: &str) -> Checked {
    let user = world.user(name);
    let mut one = world.step_one(Contract::R3, &user);
    one.body["queryInput"]["text"]["text"] = text.into();
    world.paused(&one).await?;
    world.paused(&world.step_two(Contract::R3, &user, text)).await
}

async fn long(world: &Middleware) -> Checked {
    kept(world, "long", &"ä".repeat(4_000)).await
}

/// A text that may be refused, but must not cause a failure.
async fn odd(world: &Middleware, text: &str) -> Checked {
    let user = world.user(&format!("odd-{}", text.len()));
    world.hand_over(&user).await?;
    is_no_failure(&world.send(&world.step_two(Contract::R3, &user, text)).await?)?;
    world.paused(&world.step_two(Contract::R3, &user, "and on")).await
}

async fn lone_surrogate(world: &Middleware) -> Checked {
    let user = world.user("surrogate");
    world.hand_over(&user).await?;
    let call = world.step_two(Contract::R3, &user, "HALF");
    let body = call.body.to_string().replace("HALF", "half \\ud83d");
    is_no_failure(&world.send_text(&call, body).await?)
}

async fn large_response(world: &Middleware) -> Checked {
    let mut call = world.step_one(Contract::R3, &world.user("large"));
    let line = json!({ "text": { "text": ["a line that says nothing new ".repeat(50)] } });
    let messages = vec![line; 100];
    call.body["dialogflowResponse"]["queryResult"]["fulfillmentMessages"] = messages.into();
    world.paused(&call).await
}

async fn large_history(world: &Middleware) -> Checked {
    let item = |n: usize| {
        json!({
            "_id": format!("h{n}"), "botPlatform": "dialogflowES", "direction": "in",
            "payload": {
                "queryParameters": {}, "query": format!("question {n}"), "lang": "en",
                "sessionId": "s1",
            },
            "createdAt": "2026-01-01T10:00:00.000Z", "sender": "customer",
        })
    };
    let history: Vec<Value> = (0..400).map(item).collect();
    let call = world.step_one(Contract::R3, &world.user("large-history"));
    world.paused(&call.with("messageHistory", history)).await
}
