//! Errors in Google's form (`google.rpc.Status` as JSON).

use axum::{
    Json,
    extract::rejection::BytesRejection,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

#[derive(Debug)]
pub(super) struct Failure {
    http: StatusCode,
    /// Name of the `google.rpc.Code`.
    status: &'static str,
    message: String,
    details: Vec<Value>,
}

impl Failure {
    fn new(http: StatusCode, status: &'static str, message: impl Into<String>) -> Self {
        Self { http, status, message: message.into(), details: Vec::new() }
    }

    pub(super) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
    }

    /// `field` is the path of the wrong field, spelled as in the protobuf definition.
    pub(super) fn invalid_field(field: &str, description: String) -> Self {
        let details = json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{ "field": field, "description": description }],
        });
        Self { details: vec![details], ..Self::invalid_argument(description) }
    }

    pub(super) fn unauthenticated() -> Self {
        let message = "Request is missing a valid API key or access token.";
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "This resource has no such method.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNIMPLEMENTED", message)
    }

    pub(super) fn unimplemented(what: &str) -> Self {
        let message = format!("The emulator has no {what}.");
        Self::new(StatusCode::NOT_IMPLEMENTED, "UNIMPLEMENTED", message)
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", message)
    }
}

impl From<&BytesRejection> for Failure {
    fn from(rejection: &BytesRejection) -> Self {
        Self::new(rejection.status(), "INVALID_ARGUMENT", rejection.body_text())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut error = json!({
            "code": self.http.as_u16(),
            "message": self.message,
            "status": self.status,
        });
        if !self.details.is_empty() {
            error["details"] = Value::Array(self.details);
        }
        (self.http, Json(json!({ "error": error }))).into_response()
    }
}
