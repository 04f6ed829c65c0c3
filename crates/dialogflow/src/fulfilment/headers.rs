//! The headers of a request to a webhook: those of the agent's settings, and above them those of
//! the query.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

use super::WebhookSettings;

const AUTHORIZATION: &str = "authorization";

/// Headers that belong to the connection and the caller; a query cannot set them. The service
/// names the first eight.
const RESERVED: [&str; 16] = [
    "host",
    "content-length",
    "connection",
    "from",
    "user-agent",
    "accept-encoding",
    "if-modified-since",
    "if-none-match",
    "x-forwarded-for",
    "content-type",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "expect",
];

/// Headers of every request. A header of that name goes before user and password.
pub(super) fn of(settings: &WebhookSettings) -> Vec<(String, SecretString)> {
    let mut headers = settings.headers.clone();
    if settings.has_login() && !headers.iter().any(|(name, _)| is(name, AUTHORIZATION)) {
        let password = settings.password.as_ref().map_or("", |p| p.expose_secret());
        let login = BASE64_STANDARD.encode(format!("{}:{password}", settings.username));
        headers.push((AUTHORIZATION.to_owned(), format!("Basic {login}").into()));
    }
    headers
}

/// `own` with the headers of a query, which replace those of the same name.
pub(super) fn with(
    own: &[(String, SecretString)],
    of_query: &[(String, SecretString)],
) -> Vec<(String, SecretString)> {
    let allowed = |(name, _): &&(String, SecretString)| !RESERVED.iter().any(|r| is(name, r));
    let mut headers = own.to_vec();
    for (name, value) in of_query.iter().filter(allowed) {
        headers.retain(|(other, _)| !is(other, name));
        headers.push((name.clone(), value.clone()));
    }
    headers
}

fn is(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}
