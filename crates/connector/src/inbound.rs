//! Requests of tools to the bridge, and the checks of their sender that several vendors share.

use bytes::Bytes;
use edge::{http::ApiError, secrets, signature};
use http::{HeaderMap, HeaderName, Method, header};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use wire::problem::ProblemId;

/// Carries an HMAC-SHA256 of the body, as `sha256=` and its code.
const HUB_SIGNATURE: &str = "x-hub-signature-256";

/// What the path and the headers of a request prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Who sends it.
    Given,
    /// Nothing yet: the code of the body in a header may be right or wrong.
    InBody,
}

/// A request of a tool.
pub struct InboundRequest {
    pub method: Method,
    /// What follows `/connectors/{name}/`.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl InboundRequest {
    /// Whether `Authorization` carries `token`, bare or after `Bearer`.
    #[must_use]
    pub fn presents(&self, token: &SecretString) -> bool {
        let presented = self.header(header::AUTHORIZATION.as_str());
        secrets::matches(token, wire::secret::from_authorization(presented))
    }

    /// Whether a header has this secret value.
    #[must_use]
    pub fn carries(&self, name: &HeaderName, value: &SecretString) -> bool {
        self.headers.contains_key(name) && secrets::matches(value, self.header(name.as_str()))
    }

    /// Whether `X-Hub-Signature-256` has the form of a signature. It tells strangers apart before
    /// there is a body.
    #[must_use]
    pub fn may_have_hub_signature(&self) -> bool {
        self.header(HUB_SIGNATURE).strip_prefix("sha256=").is_some_and(|code| !code.is_empty())
    }

    /// Whether `X-Hub-Signature-256` is the HMAC-SHA256 of this body with `secret`.
    #[must_use]
    pub fn has_hub_signature(&self, secret: &SecretString) -> bool {
        let code = self.header(HUB_SIGNATURE).strip_prefix("sha256=").unwrap_or_default();
        signature::is_hmac_sha256(secret, &self.body, code)
    }

    /// Takes the body, as JSON, or gives the problem that tells the tool what is wrong with it.
    pub fn take_json<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        wire::json::read(&std::mem::take(&mut self.body))
            .map_err(|error| ApiError::new(ProblemId::NotJson, format!("Send JSON: {error}.")))
    }

    /// The value of a header; empty if it is missing or is not text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
