//! Requests of tools to the bridge, and the proofs of their sender that several vendors share.

use bytes::Bytes;
use edge::{secrets, signature};
use http::{HeaderMap, Method, header};
use secrecy::SecretString;

/// Carries an HMAC-SHA256 of the body, as `sha256=` and its code.
const HUB_SIGNATURE: &str = "x-hub-signature-256";

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

    /// Whether `X-Hub-Signature-256` is of this body and `secret`.
    #[must_use]
    pub fn has_hub_signature(&self, secret: &SecretString) -> bool {
        let code = self.header(HUB_SIGNATURE).strip_prefix("sha256=").unwrap_or_default();
        signature::is_hmac_sha256(secret, &self.body, code)
    }

    /// The value of a header; empty where it is missing or is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
