//! Calls to an instance as its integration user: Basic, or an OAuth token that is renewed before
//! it ends and whenever it is turned away.

use std::time::Duration;

use connector::{
    Failure,
    client::{PacedClient, Request, Response},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::{sync::Mutex, time::Instant};

/// A token is renewed so long before its end.
const EARLY: Duration = Duration::from_mins(1);
/// No token is kept for longer, whatever its instance promises.
const TOKEN_AGE_MAX: Duration = Duration::from_hours(24);

/// Whoever is named signs in.
pub(super) struct Credentials {
    pub(super) user: Option<(String, SecretString)>,
    pub(super) client: Option<(String, SecretString)>,
}

pub(super) struct Instance {
    api: PacedClient,
    credentials: Credentials,
    token: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    text: SecretString,
    ends: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: Option<u64>,
}

impl Instance {
    pub(super) fn new(api: PacedClient, credentials: Credentials) -> Self {
        Self { api, credentials, token: Mutex::default() }
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.credentials.user.is_some() || self.credentials.client.is_some()
    }

    pub(super) fn url(&self) -> &str {
        self.api.base().url().as_str()
    }

    /// The integration user, where the configuration names it.
    pub(super) fn user(&self) -> Option<&str> {
        self.credentials.user.as_ref().map(|(name, _)| name.as_str())
    }

    /// Sends once, and once more with a new token when the old one was turned away: a call that
    /// was turned away was certainly not done.
    pub(super) async fn send(&self, request: Request) -> Result<Response, Failure> {
        let Some(client) = &self.credentials.client else {
            let request = match &self.credentials.user {
                Some((name, password)) => request.basic(name, password),
                None => request,
            };
            return self.api.send(request).await;
        };
        let token = self.token(client, None).await?;
        let response = self.api.send(request.clone().bearer(&token)).await?;
        if response.status != 401 {
            return Ok(response);
        }
        let token = self.token(client, Some(&token)).await?;
        self.api.send(request.bearer(&token)).await
    }

    /// The token in use, or a new one in place of one that was turned away.
    async fn token(
        &self,
        (id, secret): &(String, SecretString),
        refused: Option<&SecretString>,
    ) -> Result<SecretString, Failure> {
        let mut kept = self.token.lock().await;
        let is_refused = |token: &Token| {
            refused.is_some_and(|r| r.expose_secret() == token.text.expose_secret())
        };
        if let Some(token) = &*kept
            && token.ends > Instant::now()
            && !is_refused(token)
        {
            return Ok(token.text.clone());
        }
        let mut form = vec![("client_id", id.as_str()), ("client_secret", secret.expose_secret())];
        match &self.credentials.user {
            Some((name, password)) => form.extend([
                ("grant_type", "password"),
                ("username", name),
                ("password", password.expose_secret()),
            ]),
            None => form.push(("grant_type", "client_credentials")),
        }
        let response = self.api.send(Request::post("oauth_token.do").form(&form)).await;
        // Whoever needed the token was not called: nothing of theirs was done.
        let response = response.map_err(undone)?;
        if !response.is_success() {
            return Err(undone(failure(&response)));
        }
        let granted: Granted = response.json().map_err(undone)?;
        let lives = Duration::from_secs(granted.expires_in.unwrap_or(1_800)).min(TOKEN_AGE_MAX);
        let ends = Instant::now() + lives.saturating_sub(EARLY).max(lives / 2);
        let text = granted.access_token;
        *kept = Some(Token { text: text.clone(), ends });
        Ok(text)
    }
}

/// What was not even begun may be tried again.
fn undone(failure: Failure) -> Failure {
    match failure {
        Failure::Unknown { detail } | Failure::Gone { detail } | Failure::Refused { detail } => {
            Failure::later(detail)
        }
        other => other,
    }
}

/// The instance's own words: `error.message` and `error.detail`, or those of its token endpoint.
pub(super) fn failure(response: &Response) -> Failure {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let words = [text("/error/message"), text("/error/detail"), text("/error_description")];
    let words: Vec<&str> = words.into_iter().filter(|words| !words.is_empty()).collect();
    match response.failure(&words.join(": ")) {
        // Something in front of the instance has answered in its place.
        Failure::Gone { detail } if words.is_empty() => Failure::later(detail),
        failure => failure,
    }
}
