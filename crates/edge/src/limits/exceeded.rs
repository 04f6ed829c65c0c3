//! The answer to a client that asks too much: a problem with `Retry-After`, and the header fields
//! `RateLimit` and `RateLimit-Policy` of an IETF draft (draft-ietf-httpapi-ratelimit-headers).

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use wire::problem::ProblemId;

use crate::http::ApiError;

pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A limit that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exceeded {
    /// The setting of this name in `[limits]`.
    pub(super) name: &'static str,
    /// Units in a window.
    pub(super) quota: u64,
    /// `None` for a limit on what is open at once.
    pub(super) window: Option<Duration>,
    pub(super) wait: Duration,
}

impl Exceeded {
    pub const DETAIL: &str = "Too many requests: wait as long as `Retry-After` says.";

    /// Whole seconds to wait, at least one.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.wait.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX).max(1)
    }

    /// Tells the client when to come again.
    pub fn write(&self, headers: &mut HeaderMap) {
        let Self { name, quota, window, .. } = self;
        let seconds = self.seconds();
        let window = window.map(|window| format!(";w={}", window.as_secs())).unwrap_or_default();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        for (header, value) in [
            (RATE_LIMIT, format!("\"{name}\";r=0;t={seconds}")),
            (RATE_LIMIT_POLICY, format!("\"{name}\";q={quota}{window}")),
        ] {
            // Names and numbers are always a valid value.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(header, value);
            }
        }
    }
}

impl IntoResponse for Exceeded {
    fn into_response(self) -> Response {
        let mut response = ApiError::new(ProblemId::RateLimited, Self::DETAIL).into_response();
        self.write(response.headers_mut());
        response
    }
}
