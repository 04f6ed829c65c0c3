//! Shows one call as text for people or as JSON for programs. All secrets are masked.

use std::{fmt::Write as _, time::Duration};

use http::HeaderMap;
use serde_json::{Value, json};

use super::{
    answer::{self, Meaning, Outcome},
    call::{self, Kind, Seen},
    mask::Secrets,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    ToMiddleware,
    ToPlatform,
}

/// One call with its answer.
pub(crate) struct Exchange<'a> {
    /// Time of the call, RFC 3339.
    pub(crate) at: &'a str,
    pub(crate) direction: Direction,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) outcome: Outcome<'a>,
    pub(crate) took: Duration,
}

/// An exchange after reading.
pub(crate) struct Shown<'a> {
    exchange: &'a Exchange<'a>,
    secrets: Secrets,
    seen: Seen,
    pub(crate) meaning: Meaning,
}

impl<'a> Shown<'a> {
    pub(crate) fn new(exchange: &'a Exchange<'a>) -> Self {
        let Exchange { headers, body, outcome, took, .. } = exchange;
        let parsed: Value = wire::json::read(body).unwrap_or_default();
        let secrets = Secrets::presented(headers, &parsed);
        let (seen, meaning) = match exchange.direction {
            Direction::ToMiddleware => {
                let seen = call::webhook(headers, body);
                let meaning = answer::of_webhook(seen.kind, *outcome, *took);
                (seen, meaning)
            }
            Direction::ToPlatform => {
                let seen = call::push(headers, body);
                let meaning = answer::of_push(seen.kind, *outcome);
                (seen, meaning)
            }
        };
        Self { exchange, secrets, seen, meaning }
    }

    /// One line for the call, and one for each warning.
    pub(crate) fn lines(&self) -> String {
        let Exchange { at, direction, outcome, took, .. } = self.exchange;
        let Seen { kind, user, bot, text, .. } = &self.seen;
        let arrow = if *direction == Direction::ToMiddleware { '→' } else { '←' };
        let status = outcome.map_or("---".to_owned(), |(status, _)| status.to_string());
        let time = at.get(11..23).unwrap_or(at);
        let about = if text.is_empty() {
            format!("{user} at {bot}")
        } else {
            format!("{user} at {bot}: “{text}”")
        };
        let (kind, ms, meaning) = (kind.name(), took.as_millis(), &self.meaning.text);
        let mut lines =
            format!("{time} {arrow} {kind:<13} {about}  ⇒ {status} in {ms} ms: {meaning}\n");
        for (side, warning) in self.warnings() {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "             ! {side}: {warning}");
        }
        self.secrets.hide(&lines)
    }

    pub(crate) fn json(&self) -> Value {
        let Exchange { at, direction, headers, body, outcome, took } = self.exchange;
        let Seen { kind, user, bot, text, .. } = &self.seen;
        let warnings = self.warnings().map(|(side, warning)| json!({ side: warning }));
        let (status, answer) = match outcome {
            Ok((status, body)) => (Some(*status), self.shown(body)),
            Err(_) => (None, Value::Null),
        };
        json!({
            "at": at,
            "direction": match direction {
                Direction::ToMiddleware => "toMiddleware",
                Direction::ToPlatform => "toPlatform",
            },
            "kind": kind.name(),
            "userId": self.secrets.hide(user),
            "botId": self.secrets.hide(bot),
            "text": self.secrets.hide(text),
            "status": status,
            "ms": took.as_millis() as u64,
            "meaning": self.secrets.hide(&self.meaning.text),
            "good": self.meaning.good,
            "warnings": warnings.collect::<Vec<_>>(),
            "headers": self.secrets.headers(headers),
            "body": self.shown(body),
            "answer": answer,
        })
    }

    /// Every breach of the contract, with the side that made it: the call or the answer.
    fn warnings(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let call = if self.seen.kind == Kind::Unknown { "unknown call" } else { "call" };
        let of_call = self.seen.warnings.iter().map(move |warning| (call, warning));
        of_call.chain(self.meaning.warnings.iter().map(|warning| ("answer", warning)))
    }

    /// A body with its secrets masked. A body that is not JSON is shown by its length only.
    pub(crate) fn shown(&self, body: &[u8]) -> Value {
        match wire::json::read::<Value>(body) {
            Ok(body) => self.secrets.body(&body),
            Err(_) => Value::String(format!("{} bytes that are not JSON", body.len())),
        }
    }
}
