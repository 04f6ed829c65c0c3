//! What an answer means for its caller (contract, sections 8 and 15), and what is wrong with it.

use std::time::Duration;

use serde_json::Value;
use wire::webhook::Reply;

use super::call::{Kind, plain, strings_for};

/// A platform stops waiting for a webhook after this time (contract, section 8).
const LATE: Duration = Duration::from_secs(5);
/// Slower answers get a warning: under load they may miss [`LATE`].
const SLOW: Duration = Duration::from_millis(2_500);
/// A platform does not accept a longer answer.
const REPLY_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) text: String,
    /// Each warning names the field and what to do.
    pub(crate) warnings: Vec<String>,
    /// False when the answer is invalid or late, or when the receiver refuses the call.
    pub(crate) good: bool,
}

/// Status and body of the answer, or the reason why there is none.
pub(crate) type Outcome<'a> = Result<(u16, &'a [u8]), &'a str>;

/// The effect of a middleware's answer to a webhook call on the pause.
pub(crate) fn of_webhook(kind: Kind, outcome: Outcome<'_>, took: Duration) -> Meaning {
    if !matches!(kind, Kind::StepOne | Kind::StepTwo) {
        let text = "the answer is ignored".to_owned();
        return Meaning { text, good: outcome.is_ok(), warnings: Vec::new() };
    }
    let lost = if kind == Kind::StepOne { "not paused" } else { "the bot answers this message" };
    let useless = |why: String, advice: &str| Meaning {
        text: format!("{lost}: {why}"),
        warnings: vec![advice.to_owned()],
        good: false,
    };
    if took >= LATE {
        let advice = "late: answer within five seconds, work afterwards, and push the result";
        return useless("the platform no longer waits for this answer".to_owned(), advice);
    }
    let (status, body) = match outcome {
        Ok(answer) => answer,
        Err(why) => return useless(why.to_owned(), "answer 200 with {\"paused\":true}"),
    };
    if body.len() > REPLY_BYTES_MAX {
        return useless("the answer is over 64 KiB".to_owned(), "answer `paused` and nothing else");
    }
    let mut meaning = match Reply::parse(status, body) {
        Reply::Invalid(_) if (300..400).contains(&status) => {
            let advice =
                "answer directly: a platform does not follow redirects, to protect the secret";
            return useless(format!("status {status}"), advice);
        }
        Reply::Invalid(why) => return useless(why, "answer 200 with `paused` true or false"),
        Reply::Refused if kind == Kind::StepOne => done("not paused: the bot continues"),
        Reply::Refused => done("the pause ends, and the bot answers this message"),
        Reply::Paused(Some(ms)) if ms <= 0 => {
            let text = if kind == Kind::StepOne {
                lost
            } else {
                "the human agent gets this message; the pause ends"
            };
            let warning = "`minutesPaused` is not above 0: send more, or `paused` false";
            Meaning { text: text.to_owned(), warnings: vec![warning.to_owned()], good: false }
        }
        Reply::Paused(length) => paused(kind, length),
    };
    let body: Value = wire::json::read(body).unwrap_or_default();
    meaning.warnings.extend(strings_for(&body, &["minutesPaused"]));
    let minutes = body.get("minutesPaused");
    if minutes.is_some_and(|minutes| !minutes.is_number() && !minutes.is_string()) {
        meaning.warnings.push("`minutesPaused` is not a number: the platform uses 10".to_owned());
    }
    if took >= SLOW {
        meaning.warnings.push("slow: the platform stops waiting after five seconds".to_owned());
    }
    meaning
}

fn paused(kind: Kind, length: Option<i64>) -> Meaning {
    let minutes = match length {
        Some(ms) => format!("{} min", ms as f64 / 60_000.0),
        None => "10 min (the default)".to_owned(),
    };
    match kind {
        Kind::StepOne => done(&format!("paused {minutes}")),
        _ => done(&format!("the human agent gets this message; paused {minutes} from now")),
    }
}

/// The meaning of a platform's answer to a push.
pub(crate) fn of_push(kind: Kind, outcome: Outcome<'_>) -> Meaning {
    let (status, body) = match outcome {
        Ok(answer) => answer,
        Err(why) => return failed(why, "send it again with the same id"),
    };
    let body: Value = wire::json::read(body).unwrap_or_default();
    if (200..300).contains(&status) {
        let did = match kind {
            Kind::Message => "shown",
            Kind::Typing => "typing indicator shown for ten seconds",
            _ => "accepted",
        };
        return match body.get("pausedUntil").and_then(Value::as_str) {
            Some(until) => done(&format!("{did}; paused until {}", plain(until))),
            None if body.get("paused") == Some(&Value::Bool(false)) => {
                done(&format!("{did}; the bot has control"))
            }
            None => done(did),
        };
    }
    let said = body.pointer("/error/message").or_else(|| body.get("detail"));
    let said = said.and_then(Value::as_str).map_or_else(|| format!("status {status}"), plain);
    let advice = match status {
        401 | 403 => "send the push key of this bot, in `Authorization` or as `accessToken`",
        404 => "send the `userId` and `botId` of the webhook call",
        408 | 425 | 429 | 500.. => "send it again later with the same `Idempotency-Key`",
        _ => "correct the push: the platform will not accept this one",
    };
    failed(&said, advice)
}

fn done(text: &str) -> Meaning {
    Meaning { text: text.to_owned(), warnings: Vec::new(), good: true }
}

fn failed(why: &str, advice: &str) -> Meaning {
    Meaning { text: format!("not accepted: {why}"), warnings: vec![advice.to_owned()], good: false }
}
