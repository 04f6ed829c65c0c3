//! Checks the key of a caller: `key` in the query, the header `x-goog-api-key`, or a bearer token.

use axum::http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq as _;

/// True when the caller presents `key`, or when no key is set.
pub(super) fn is_presented(
    key: Option<&SecretString>,
    query: Option<&str>,
    headers: &HeaderMap,
) -> bool {
    let Some(key) = key else {
        return true;
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let pairs = query.into_iter().flat_map(|query| query.split('&'));
    let in_query = pairs.filter_map(|pair| pair.strip_prefix("key="));
    let presented = in_query.chain(header("x-goog-api-key")).chain(bearer);
    let fits = |given: &str| bool::from(given.as_bytes().ct_eq(key.expose_secret().as_bytes()));
    presented.into_iter().any(fits)
}
