//! Access tokens of OAuth 2.0 for calls to a tool's API (RFC 6749): one token is fetched from the
//! token endpoint, used by all calls until shortly before it expires, and replaced when the API
//! answers 401.
//!
//! At most one token request is under way. Calls that need a token meanwhile wait for its result,
//! also for its failure. A failed token request is never [`Failure::Unknown`] or
//! [`Failure::Gone`]: the call that needed the token was certainly not made.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use edge::Clock;
use machine::{Millis, limits::SECOND_MS};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::{
    client::{PacedClient, Request, Response},
    failure::Failure,
};

/// A token is replaced this long before it expires, or at half its life when that is shorter.
const EXPIRY_MARGIN_MS: Millis = 60 * SECOND_MS;
/// Life of a token whose answer has no `expires_in` that can be read, in seconds.
const LIFE_SECONDS: i64 = 30 * 60;
/// No token is used for longer, in seconds.
const LIFE_SECONDS_MAX: i64 = 24 * 60 * 60;
/// Most bytes of a token endpoint's answer that are read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// An OAuth client with the token it has now.
pub struct OAuthClient {
    endpoint: Arc<PacedClient>,
    request: Request,
    clock: Clock,
    /// Held while a token is fetched.
    kept: Mutex<Kept>,
    /// Token requests that have failed.
    failures: AtomicU64,
}

#[derive(Default)]
struct Kept {
    token: Option<Token>,
    /// How the latest failed token request failed.
    failure: Option<Failure>,
}

#[derive(Clone)]
struct Token {
    text: SecretString,
    replace_at: Millis,
    /// Tells one token from the next without comparing secrets.
    number: u64,
}

/// RFC 6749, section 5.1.
#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    #[serde(default)]
    expires_in: Value,
}

impl OAuthClient {
    /// `request` asks `endpoint` for a token. It carries the grant and the client's credentials
    /// in the way the vendor wants them (RFC 6749, sections 2.3.1, 4.3.2 and 4.4.2).
    pub fn new(endpoint: Arc<PacedClient>, request: Request, clock: Clock) -> Self {
        let request = request.answer_bytes_max(ANSWER_BYTES_MAX);
        Self { endpoint, request, clock, kept: Mutex::default(), failures: AtomicU64::new(0) }
    }

    /// Sends `request` to `api` with a token, and once more with a new token when the answer is
    /// 401: a call with that answer was certainly not done.
    pub async fn send(&self, api: &PacedClient, request: Request) -> Result<Response, Failure> {
        let token = self.token(None).await?;
        let response = api.send(request.clone().bearer(&token.text)).await?;
        if response.status != 401 {
            return Ok(response);
        }
        let token = self.token(Some(token.number)).await?;
        api.send(request.bearer(&token.text)).await
    }

    /// The current token, or a new one if it expires soon or is the `rejected` one.
    async fn token(&self, rejected: Option<u64>) -> Result<Token, Failure> {
        let failures = self.failures.load(Ordering::Acquire);
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        let is_good = |token: &&Token| token.replace_at > now && rejected != Some(token.number);
        if let Some(token) = kept.token.as_ref().filter(is_good) {
            return Ok(token.clone());
        }
        // A request that failed while this call waited has answered for it too.
        if failures != self.failures.load(Ordering::Acquire)
            && let Some(failure) = &kept.failure
        {
            return Err(failure.clone());
        }
        let granted = self.fetch().await.inspect_err(|failure| {
            kept.failure = Some(failure.clone());
            self.failures.fetch_add(1, Ordering::Release);
        })?;
        let life = life_seconds(&granted.expires_in) * SECOND_MS;
        let token = Token {
            text: granted.access_token,
            replace_at: now + life - EXPIRY_MARGIN_MS.min(life / 2),
            number: kept.token.as_ref().map_or(0, |token| token.number) + 1,
        };
        kept.token = Some(token.clone());
        Ok(token)
    }

    async fn fetch(&self) -> Result<Granted, Failure> {
        let response = self.endpoint.send(self.request.clone()).await.map_err(not_made)?;
        if response.is_success() {
            return response.json().map_err(not_made);
        }
        let body: Value = wire::json::read(&response.body).unwrap_or_default();
        // The first is of RFC 6749, section 5.2; some vendors explain in the second.
        let words = ["error_description", "description", "error"];
        let words = words.iter().find_map(|name| body[name].as_str()).unwrap_or_default();
        let failure = response.failure(&format!("no token: {words}"));
        Err(match (response.status, failure) {
            // An OAuth server answers 400 or 401 to credentials it does not accept.
            (400..=403, failure) => Failure::Denied { detail: failure.into_detail() },
            (_, failure @ Failure::Later { .. }) => failure,
            (_, failure) => Failure::later(failure.into_detail()),
        })
    }
}

/// Seconds; some servers write the number as text.
fn life_seconds(expires_in: &Value) -> i64 {
    let number = expires_in.as_f64().or_else(|| expires_in.as_str()?.trim().parse().ok());
    number.map_or(LIFE_SECONDS, |seconds| (seconds as i64).clamp(1, LIFE_SECONDS_MAX))
}

/// No answer to a token request: the call that needed the token may be tried again.
fn not_made(failure: Failure) -> Failure {
    match failure {
        Failure::Unknown { detail } => Failure::later(detail),
        failure => failure,
    }
}

#[cfg(test)]
mod tests;
