//! Calls to an instance as its integration user: by Basic, or with an OAuth token.

use std::sync::Arc;

use connector::{
    Failure,
    client::{PacedClient, Request, Response},
    oauth::OAuthClient,
};
use edge::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

/// How the settings let us sign in. A `client` alone has the grant `client_credentials`, with a
/// `user` it has the grant `password`; a `user` alone signs in by Basic.
pub(super) struct Credentials {
    pub(super) user: Option<(String, SecretString)>,
    pub(super) client: Option<(String, SecretString)>,
}

pub(super) struct Instance {
    api: Arc<PacedClient>,
    user: Option<(String, SecretString)>,
    oauth: Option<OAuthClient>,
}

impl Instance {
    pub(super) fn new(api: PacedClient, credentials: Credentials, clock: Clock) -> Self {
        let (api, Credentials { user, client }) = (Arc::new(api), credentials);
        let oauth = client.map(|client| {
            OAuthClient::new(api.clone(), token_request(&client, user.as_ref()), clock)
        });
        Self { api, user, oauth }
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.user.is_some() || self.oauth.is_some()
    }

    pub(super) fn url(&self) -> &str {
        self.api.base().url().as_str()
    }

    /// The integration user, where the configuration names it.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_ref().map(|(name, _)| name.as_str())
    }

    pub(super) async fn send(&self, request: Request) -> Result<Response, Failure> {
        match (&self.oauth, &self.user) {
            (Some(oauth), _) => oauth.send(&self.api, request).await,
            (None, Some((name, password))) => self.api.send(request.basic(name, password)).await,
            (None, None) => self.api.send(request).await,
        }
    }
}

fn token_request(
    (id, secret): &(String, SecretString),
    user: Option<&(String, SecretString)>,
) -> Request {
    let mut form = vec![("client_id", id.as_str()), ("client_secret", secret.expose_secret())];
    match user {
        Some((name, password)) => form.extend([
            ("grant_type", "password"),
            ("username", name),
            ("password", password.expose_secret()),
        ]),
        None => form.push(("grant_type", "client_credentials")),
    }
    Request::post("oauth_token.do").form(&form)
}

/// The instance's own words: `error.message` and `error.detail`, or those of its token endpoint.
pub(super) fn failure(response: &Response) -> Failure {
    let body: Value = wire::json::read(&response.body).unwrap_or_default();
    let text = |path: &str| body.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let words = [text("/error/message"), text("/error/detail"), text("/error_description")];
    let words: Vec<&str> = words.into_iter().filter(|words| !words.is_empty()).collect();
    match response.failure(&words.join(": ")) {
        // A proxy in front of the instance has answered.
        Failure::Gone { detail } if words.is_empty() => Failure::later(detail),
        failure => failure,
    }
}
