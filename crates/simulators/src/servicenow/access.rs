//! Who may call: Basic and bearer tokens for the Table API, tokens and signatures for the bot
//! integration, and the token endpoint.

use axum::{
    Form, Json,
    extract::State as Shared,
    http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Deserialize;
use serde_json::{Value, json};
use sha1::Sha1;

use super::{Options, ServiceNow, State, failure, sys_id};

/// How a caller of the bot integration proves itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    Nothing,
    /// Credentials of any user of the instance; otherwise 401.
    User,
    /// Header `token`, or a field of that name; otherwise silence.
    Token(String),
    /// Header `x-b2b-signature` over the body; otherwise silence.
    Signature(String),
}

/// What happens to a call to the bot integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proven {
    Yes,
    /// The call is accepted, and the worker drops it.
    Silently,
    Unauthenticated,
}

/// Issued tokens, with their expiry.
#[derive(Default)]
pub(super) struct Tokens {
    access: Vec<(String, i64)>,
    refresh: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Grant {
    grant_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    refresh_token: String,
}

impl Proof {
    pub(super) fn check(&self, headers: &HeaderMap, body: &[u8], request: &Value) -> Proven {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let right = match self {
            Self::Nothing => true,
            Self::User => return Proven::Unauthenticated,
            // Where both are given the header wins.
            Self::Token(token) => {
                header("token").or_else(|| request["token"].as_str()) == Some(token)
            }
            Self::Signature(secret) => {
                header("x-b2b-signature") == signature(secret, body).as_deref()
            }
        };
        if right { Proven::Yes } else { Proven::Silently }
    }
}

/// HMAC-SHA1 in lower-case hexadecimal.
fn signature(secret: &str, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(body);
    let bytes = mac.finalize().into_bytes();
    Some(bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

impl State {
    /// Whether the `Authorization` of a call is a user's.
    pub(super) fn is_user(&self, options: &Options, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
            return false;
        };
        let Some((scheme, rest)) = value.split_once(' ') else { return false };
        if scheme.eq_ignore_ascii_case("bearer") {
            let now = options.time.now();
            return self.tokens.access.iter().any(|(token, end)| token == rest && *end > now);
        }
        is_basic(headers, &options.username, &options.password)
    }
}

fn is_basic(headers: &HeaderMap, user: &str, password: &str) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let expected = STANDARD.encode(format!("{user}:{password}"));
    given.and_then(|given| given.strip_prefix("Basic ")) == Some(expected.as_str())
}

/// How a call without a user's credentials is refused.
pub(super) fn unauthenticated() -> Response {
    let (message, detail) = ("User Not Authenticated", "Required to provide Auth information");
    let mut response = failure(StatusCode::UNAUTHORIZED, message, detail);
    let realm = HeaderValue::from_static("BASIC realm=\"Service-now\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, realm);
    response
}

/// `POST /oauth_token.do`.
pub(super) async fn token(
    Shared(tool): Shared<ServiceNow>,
    headers: HeaderMap,
    Form(grant): Form<Grant>,
) -> Response {
    let options = &tool.0.options;
    let mut state = tool.lock();
    // Clients name themselves in the form, or as libraries of OAuth prefer, by Basic.
    let named = (grant.client_id == options.client_id
        && grant.client_secret == options.client_secret)
        || is_basic(&headers, &options.client_id, &options.client_secret);
    let user = match grant.grant_type.as_str() {
        "client_credentials" => true,
        "password" => grant.username == options.username && grant.password == options.password,
        "refresh_token" => state.tokens.refresh.contains(&grant.refresh_token),
        _ => false,
    };
    if !named || !user {
        let body = json!({ "error": "server_error", "error_description": "access_denied" });
        return (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    }
    let end =
        options.time.now().saturating_add_unsigned(options.token_seconds.saturating_mul(1_000));
    let (access, refresh) = (sys_id(&mut state.rng), sys_id(&mut state.rng));
    state.tokens.access.push((access.clone(), end));
    state.tokens.refresh.push(refresh.clone());
    let body = json!({
        "access_token": access,
        "refresh_token": refresh,
        "scope": "useraccount",
        "token_type": "Bearer",
        "expires_in": options.token_seconds,
    });
    Json(body).into_response()
}
