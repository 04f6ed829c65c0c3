//! The platform API of Genesys Cloud: a token by the grant `client_credentials`, renewed in time
//! and once more when the API turns it away, and the calls this connector makes.

use connector::{
    Failure,
    client::{PacedClient, Request, Response},
};
use edge::{Clock, egress::Target};
use http::Method;
use machine::{Millis, limits::SECOND_MS};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// A token is renewed this long before it ends, or at half its time when that is shorter.
const RENEW_BEFORE_MS: Millis = 60 * SECOND_MS;
/// No token is believed to be valid for longer.
const TOKEN_SECONDS_MAX: i64 = 30 * 86_400;
/// Messages of a conversation that are read at once.
const BULK_MAX: usize = 100;
/// Messages of a conversation that are read at all.
pub(super) const MESSAGES_MAX: usize = 1_000;

pub(super) struct Client {
    /// Where tokens come from.
    pub(super) login: PacedClient,
    pub(super) api: PacedClient,
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
    pub(super) clock: Clock,
    /// Held while a token is fetched, so that it is fetched once.
    pub(super) token: Mutex<Option<Token>>,
}

pub(super) struct Token {
    text: SecretString,
    renew_at: Millis,
    /// Tells one token from the next without looking at it.
    number: u64,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    #[serde(default)]
    expires_in: i64,
}

impl Client {
    /// The answer to a call, whatever its status but 401.
    async fn call(&self, request: Request) -> Result<Response, Failure> {
        let (token, number) = self.token(None).await?;
        let response = self.api.send(request.clone().bearer(&token)).await?;
        if response.status != 401 {
            return Ok(response);
        }
        let (token, _) = self.token(Some(number)).await?;
        self.api.send(request.bearer(&token)).await
    }

    /// The body of a good answer; `null` for an empty one.
    pub(super) async fn json(&self, request: Request) -> Result<Value, Failure> {
        let response = self.call(request).await?;
        if !response.is_success() {
            return Err(failure(&response));
        }
        if response.body.is_empty() { Ok(Value::Null) } else { response.json() }
    }

    /// A token that is valid, other than the one that was `refused`.
    async fn token(&self, refused: Option<u64>) -> Result<(SecretString, u64), Failure> {
        let mut token = self.token.lock().await;
        let now = self.clock.now();
        let number = token.as_ref().map_or(0, |token| token.number);
        if let Some(token) = token.as_ref()
            && token.renew_at > now
            && refused != Some(token.number)
        {
            return Ok((token.text.clone(), token.number));
        }
        let granted = self.log_in().await?;
        let valid = granted.expires_in.clamp(1, TOKEN_SECONDS_MAX) * SECOND_MS;
        let renew_at = now + valid - RENEW_BEFORE_MS.min(valid / 2);
        let text = granted.access_token;
        *token = Some(Token { text: text.clone(), renew_at, number: number + 1 });
        Ok((text, number + 1))
    }

    async fn log_in(&self) -> Result<Granted, Failure> {
        let request = Request::post("oauth/token")
            .basic(&self.client_id, &self.client_secret)
            .form(&[("grant_type", "client_credentials")]);
        // Whatever became of it, the call that needs the token was not made.
        let response = self.login.send(request).await.map_err(undone)?;
        if response.is_success() {
            return response.json().map_err(undone);
        }
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let words = ["error_description", "description", "error"];
        let words = words.iter().find_map(|name| body[name].as_str()).unwrap_or_default();
        match response.status {
            400..=403 => Err(Failure::Denied { detail: format!("no token: {words}") }),
            _ => Err(undone(response.failure(words))),
        }
    }

    pub(super) async fn conversation(&self, id: &str) -> Result<Value, Failure> {
        self.json(Request::get(format!("api/v2/conversations/messages/{id}"))).await
    }

    /// Messages of a conversation, in the order of `ids`; of very many the latest.
    pub(super) async fn messages(
        &self,
        conversation: &str,
        ids: &[String],
    ) -> Result<Vec<Value>, Failure> {
        let ids = &ids[ids.len().saturating_sub(MESSAGES_MAX)..];
        let path = format!("api/v2/conversations/messages/{conversation}/messages/bulk");
        let mut found = Vec::new();
        for ids in ids.chunks(BULK_MAX) {
            let listing = self.json(Request::post(path.as_str()).json(&json!(ids))).await;
            let mut listing = listing.map_err(|failure| match failure {
                // Whether the conversation is there, it says itself.
                Failure::Gone { detail } => Failure::later(detail),
                failure => failure,
            })?;
            if let Some(Value::Array(some)) = listing.get_mut("entities").map(Value::take) {
                found.extend(some);
            }
        }
        let place = |message: &Value| ids.iter().position(|id| message["id"] == id.as_str());
        found.sort_by_cached_key(place);
        Ok(found)
    }

    pub(super) async fn disconnect(&self, conversation: &str) -> Result<(), Failure> {
        let path = format!("api/v2/conversations/messages/{conversation}");
        let request = Request::new(Method::PATCH, path).json(&json!({ "state": "disconnected" }));
        self.json(request).await.map(drop)
    }

    pub(super) fn target(&self) -> &Target {
        self.api.base()
    }
}

/// A failure in the vendor's words: `ErrorBody.message`.
pub(super) fn failure(response: &Response) -> Failure {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    response.failure(body["message"].as_str().unwrap_or_default())
}

/// A failure before anything was done.
fn undone(failure: Failure) -> Failure {
    match failure {
        Failure::Unknown { detail } => Failure::later(detail),
        failure => failure,
    }
}
