//! Versions in headers: an answer names the version of what it shows, and a change names the
//! version that its author has seen.

use axum::{extract::FromRequestParts, http::request::Parts, response::Response};
use directory::document::Seen;
use http::{HeaderValue, header};
use wire::problem::ProblemId;

use crate::error::{Error, Result};

/// The version that the author of a change has seen.
pub(crate) struct IfMatch(pub(crate) Seen);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            let detail = "Send `If-Match` with the `ETag` of the version that you have seen, or \
                          `*` to overwrite whatever there is.";
            return Err(Error::new(ProblemId::VersionNeeded, detail));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(Seen::Any));
        }
        let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let number = number.and_then(|number| number.parse().ok());
        number.map(|number| Self(Seen::Version(number))).ok_or_else(|| {
            Error::field("If-Match", "`If-Match` is no `ETag` of ours, such as `\"7\"`")
        })
    }
}

/// Names the version of what is shown.
pub(crate) fn with_version(mut response: Response, version: u64) -> Response {
    if let Ok(value) = HeaderValue::try_from(format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}
