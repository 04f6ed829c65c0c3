//! Problems and JSON as responses, and what requests carry.

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use wire::{
    Invalid,
    problem::{Problem, ProblemId},
};

use crate::{
    body::{self, BodyError},
    request_id,
};

pub use crate::body::SentBy;

/// A problem as a response.
#[derive(Debug)]
pub struct ApiError(pub Problem);

impl ApiError {
    #[must_use]
    pub fn new(id: ProblemId, detail: impl Into<String>) -> Self {
        Self(Problem::new(id, detail))
    }

    /// An internal failure. It is logged here, once; the response does not contain it.
    #[must_use]
    pub fn internal(error: &dyn std::error::Error) -> Self {
        let id = request_id::current();
        tracing::error!(request.id = id.as_deref(), error = %chain(error), "a request failed");
        Self::new(ProblemId::Internal, "The failure was logged; please try again.")
    }

    /// Something we depend on is not available; the same request may work in a moment. It is not
    /// always known whether this one had its effect, so the caller must use the same id again.
    #[must_use]
    pub fn unavailable(error: &dyn std::error::Error) -> Self {
        let (id, error) = (request_id::current(), chain(error));
        tracing::warn!(request.id = id.as_deref(), %error, "a request could not be served now");
        let detail = "Please send it again in a moment with the same id.";
        Self::new(ProblemId::Unavailable, detail)
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        Self(invalid.into())
    }
}

impl IntoResponse for ApiError {
    fn into_response(mut self) -> Response {
        let status = StatusCode::from_u16(self.0.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.0.request_id = request_id::current().map(|id| id.to_string());
        let mut response = json(status, &self.0);
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// `value` as a JSON response that browsers do not sniff and caches do not keep.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let Ok(body) = serde_json::to_vec(value) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(bytes_max) => {
                Self::new(ProblemId::TooLarge, format!("Send at most {bytes_max} bytes."))
            }
            BodyError::EndedEarly => Self::new(ProblemId::InvalidBody, "The body ended early."),
            BodyError::TooSlow => {
                let detail = "The body did not arrive within ten seconds.";
                Self::new(ProblemId::TooSlow, detail)
            }
            BodyError::NoRoom | BodyError::NotParsed(_) => Self::unavailable(&error),
        }
    }
}

/// Refuses what no handler could read: a path whose percent codes give no UTF-8 or that has control
/// characters, which no id has, and a body in a compressed form, which may hold a thousand times
/// what it seems to.
pub(crate) async fn acceptable(request: Request, next: Next) -> Response {
    let path = percent_decode_str(request.uri().path()).decode_utf8();
    if !path.is_ok_and(|path| !path.contains(char::is_control)) {
        let detail = "The path of the URL has percent codes that are no UTF-8 text, or control \
                      characters: encode its parts as UTF-8.";
        let problem = Problem::new(ProblemId::InvalidField, detail).at("path");
        return ApiError(problem).into_response();
    }
    let encodings = request.headers().get_all(header::CONTENT_ENCODING);
    if encodings.iter().any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let detail = "Send the body as it is, without `Content-Encoding`.";
        return ApiError::new(ProblemId::NotJson, detail).into_response();
    }
    next.run(request).await
}

/// The whole body. A longer one than `bytes_max` is the problem `too_large`, one that breaks off is
/// `invalid_body`, one that takes more than ten seconds is `too_slow`, and one for which there is
/// no room in memory now is `unavailable`.
pub async fn read_body(body: Body, bytes_max: usize, sender: SentBy) -> Result<Bytes, ApiError> {
    Ok(body::read(body, bytes_max, sender).await?)
}

/// What `parse` makes of a body that was read; a long one does not hold up other requests.
pub async fn parse_body<T: Send + 'static>(
    body: Bytes,
    sender: SentBy,
    parse: impl FnOnce(&Bytes) -> T + Send + 'static,
) -> Result<T, ApiError> {
    Ok(body::parse(body, sender, parse).await?)
}

/// The token of `Authorization: Bearer …`.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
