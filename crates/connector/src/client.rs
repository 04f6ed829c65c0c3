//! Calls to a tool's HTTP API, with a deadline, a size limit and the rules of [`Egress`]. Calls are
//! paced as the settings and the tool ask for. Each failure says whether the call may have been
//! done.

use std::time::Duration;

use bytes::Bytes;
use edge::egress::{Egress, EgressError, Target};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use machine::Millis;
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use crate::failure::Failure;

/// Longest time of one call.
const DEADLINE: Duration = Duration::from_secs(12);
/// Most bytes of an answer that are read, unless the request says otherwise.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest time for which the tool's `Retry-After` can stop all calls.
const REST_MAX: Duration = Duration::from_mins(5);
/// Longest time a call waits for its turn; a call that would wait longer fails at once.
const TURN_WAIT_MAX: Duration = Duration::from_secs(10);
/// Time between two calls after the tool answered 429: at first, and at most.
const SPACING_MIN: Duration = Duration::from_millis(20);
const SPACING_MAX: Duration = Duration::from_secs(1);

/// Calls to one tool.
pub struct PacedClient {
    egress: Egress,
    base: Target,
    pace: Mutex<Pace>,
}

/// When the next call may go.
struct Pace {
    next: Instant,
    spacing: Duration,
    /// As the settings say.
    spacing_min: Duration,
}

/// One call before it is sent.
#[derive(Clone)]
pub struct Request {
    method: Method,
    /// Relative to the base, with its query.
    path: String,
    headers: HeaderMap,
    body: Bytes,
    answer_bytes_max: usize,
}

impl Request {
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let (path, body, answer_bytes_max) = (path.into(), Bytes::new(), ANSWER_BYTES_MAX);
        Self { method, path, headers, body, answer_bytes_max }
    }

    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    #[must_use]
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs);
        self.body("application/x-www-form-urlencoded", form.finish())
    }

    #[must_use]
    pub fn body(mut self, media: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        self.body = body.into();
        self
    }

    /// A value that no header can carry is left out; the tool then reports what is missing.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    #[must_use]
    pub fn secret_header(mut self, name: HeaderName, value: &SecretString) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value.expose_secret()) {
            value.set_sensitive(true);
            self.headers.insert(name, value);
        }
        self
    }

    #[must_use]
    pub fn bearer(self, token: &SecretString) -> Self {
        let value = SecretString::from(format!("Bearer {}", token.expose_secret()));
        self.secret_header(header::AUTHORIZATION, &value)
    }

    #[must_use]
    pub fn basic(self, user: &str, password: &SecretString) -> Self {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let pair = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
        self.secret_header(header::AUTHORIZATION, &SecretString::from(format!("Basic {pair}")))
    }

    /// A longer answer is not read: the call fails as [`Failure::Unknown`].
    #[must_use]
    pub fn answer_bytes_max(self, bytes: usize) -> Self {
        Self { answer_bytes_max: bytes, ..self }
    }

    pub fn bytes(&self) -> &Bytes {
        &self.body
    }
}

/// A complete answer, with any status.
pub struct Response {
    pub status: u16,
    pub body: Bytes,
    retry_after: Option<Duration>,
}

impl Response {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON. Any other body is [`Failure::Unknown`]: the tool did not send it.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        wire::json::read(&self.body).map_err(|error| Failure::Unknown {
            detail: format!("status {} with a body that cannot be read: {error}", self.status),
        })
    }

    /// The failure that a status means by HTTP alone, with the vendor's explanation.
    pub fn failure(&self, words: &str) -> Failure {
        let detail = match plain(words) {
            words if words.is_empty() => format!("status {}", self.status),
            words => format!("status {}: {words}", self.status),
        };
        let after = self.retry_after.map(|after| after.as_millis().min(86_400_000) as Millis);
        match self.status {
            401 | 403 => Failure::Denied { detail },
            404 | 410 => Failure::Gone { detail },
            408 | 425 | 429 | 503 => Failure::Later { after, detail },
            400..=499 => Failure::Refused { detail },
            _ => Failure::Unknown { detail },
        }
    }
}

impl PacedClient {
    pub fn new(egress: Egress, base: Target) -> Self {
        let pace =
            Pace { next: Instant::now(), spacing: Duration::ZERO, spacing_min: Duration::ZERO };
        Self { egress, base, pace: Mutex::new(pace) }
    }

    /// At most this many calls per second; the tool may ask for fewer.
    #[must_use]
    pub fn paced(self, per_second: Option<f64>) -> Self {
        if let Some(spacing) = per_second.and_then(|n| Duration::try_from_secs_f64(1.0 / n).ok()) {
            let mut pace = self.pace.lock();
            (pace.spacing, pace.spacing_min) = (spacing, spacing);
        }
        self
    }

    pub fn base(&self) -> &Target {
        &self.base
    }

    /// Sends once. A call without an answer fails, and a call with status 429, which always is
    /// [`Failure::Later`]. The caller decides what any other status means.
    pub async fn send(&self, request: Request) -> Result<Response, Failure> {
        let target = self.base.at(&request.path);
        let target = target.map_err(|error| Failure::refused(error.to_string()))?;
        self.wait_for_turn().await?;
        let call = (request.method, request.headers, request.body);
        let answered = self.egress.call(&target, call, DEADLINE, request.answer_bytes_max).await;
        let reply = answered.map_err(|error| of_egress(&error))?;
        let retry_after = reply.retry_after;
        let response = Response { status: reply.status, body: reply.body, retry_after };
        self.heed(&response);
        if response.status == 429 { Err(response.failure("too many calls")) } else { Ok(response) }
    }

    /// Reserves the next turn and waits for it. A call that fails here reserves nothing.
    async fn wait_for_turn(&self) -> Result<(), Failure> {
        let turn = {
            let mut pace = self.pace.lock();
            let now = Instant::now();
            let turn = pace.next.max(now);
            let wait = turn - now;
            if wait > TURN_WAIT_MAX {
                let after = Some(wait.as_millis() as Millis);
                let detail = "too many calls wait, or the tool asked for fewer calls".to_owned();
                return Err(Failure::Later { after, detail });
            }
            pace.next = turn + pace.spacing;
            turn
        };
        tokio::time::sleep_until(turn).await;
        Ok(())
    }

    /// Slows down if the tool refuses calls as too many, and speeds up again step by step.
    fn heed(&self, response: &Response) {
        let mut pace = self.pace.lock();
        if response.status == 429 || (response.status == 503 && response.retry_after.is_some()) {
            let rest = response.retry_after.unwrap_or(SPACING_MAX).min(REST_MAX);
            let until = Instant::now() + rest;
            // Of calls that were refused together, only the first counts.
            if pace.next < until {
                pace.next = until;
                pace.spacing = (pace.spacing * 2).clamp(SPACING_MIN, SPACING_MAX);
            }
        } else if response.is_success() {
            pace.spacing = (pace.spacing / 64 * 63).max(pace.spacing_min);
            if pace.spacing < Duration::from_millis(1) {
                pace.spacing = pace.spacing_min;
            }
        }
    }
}

/// The failure of a call without an answer, or of a socket that did not open.
pub fn of_egress(error: &EgressError) -> Failure {
    let detail = error.to_string();
    match error {
        EgressError::NoSocket(401 | 403) => Failure::Denied { detail },
        EgressError::Unreachable(_)
        | EgressError::NoTurn
        | EgressError::NoSocket(0..=399 | 408 | 425 | 429 | 500..) => Failure::later(detail),
        EgressError::BadUrl(_)
        | EgressError::Blocked(_)
        | EgressError::Forbidden(_)
        | EgressError::Own(_)
        | EgressError::NoSocket(_) => Failure::refused(detail),
        EgressError::Late
        | EgressError::TooLarge(_)
        | EgressError::Network(_)
        | EgressError::Unanswered(_) => Failure::Unknown { detail },
    }
}

/// A vendor's explanation, shortened for our log and journal.
fn plain(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_would_wait_too_long_reserves_no_turn() {
        let base = Target::parse("http://127.0.0.1:9", true).unwrap();
        let rate = Some(0.2);
        let client = PacedClient::new(Egress::new().unwrap(), base).paced(rate);
        client.wait_for_turn().await.unwrap();
        // The next ones would have to wait five, ten and fifteen seconds.
        let mut waiting = Vec::new();
        for _ in 0..2 {
            let mut turn = Box::pin(client.wait_for_turn());
            assert!(futures::poll!(&mut turn).is_pending());
            waiting.push(turn);
        }
        for _ in 0..100 {
            let Err(Failure::Later { after: Some(after), .. }) = client.wait_for_turn().await
            else {
                panic!("it reserved a turn");
            };
            assert!((10_000..=15_000).contains(&after), "{after}");
        }
    }
}
