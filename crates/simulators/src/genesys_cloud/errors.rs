//! The vendor's refusals: the model `ErrorBody` of its clients.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad.request", message)
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not.found", format!("{what} was not found"))
    }

    pub(super) fn no_token() -> Self {
        let message = "No authentication bearer token specified in authorization header.";
        Self::new(StatusCode::UNAUTHORIZED, "authentication.required", message)
    }

    pub(super) fn bad_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "bad.credentials", "Invalid login credentials.")
    }

    pub(super) fn not_permitted(permission: &str) -> Self {
        let message = format!("Unable to perform the requested action. Missing: {permission}");
        Self::new(StatusCode::FORBIDDEN, "missing.permissions", message)
    }

    /// Not allowed in the current state.
    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// A failure of the vendor's own.
    pub(super) fn of(status: StatusCode) -> Self {
        match status {
            StatusCode::TOO_MANY_REQUESTS => {
                let message = "Rate limit exceeded the maximum number of requests";
                Self::new(status, "too.many.requests", message)
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                Self::new(status, "service.unavailable", "Service unavailable")
            }
            StatusCode::GATEWAY_TIMEOUT => {
                Self::new(status, "authentication.request.timeout", "The request timed out")
            }
            StatusCode::UNAUTHORIZED => Self::bad_token(),
            _ => Self::new(status, "internal.server.error", "The request could not be worked off"),
        }
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({
            "message": self.message,
            "code": self.code,
            "status": self.status.as_u16(),
            "messageParams": {},
            "contextId": "c0117e70-0000-4000-8000-000000000000",
            "details": [],
            "errors": [],
        });
        (self.status, Json(body)).into_response()
    }
}
