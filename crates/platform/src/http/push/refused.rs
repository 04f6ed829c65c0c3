//! Refusals of the push endpoint, in the contract's own shape (section 15).

use axum::response::{IntoResponse, Response};
use edge::{
    http::{ApiError, json},
    limits::Exceeded,
};
use http::{HeaderValue, StatusCode, header};
use machine::conversation::Refusal;
use store::{StepError, StoreError};
use wire::{Invalid, push};

use super::super::error::HttpError;

/// Why a push was not accepted.
#[derive(Debug)]
pub(super) struct Refused {
    status: u16,
    code: &'static str,
    message: String,
    field: Option<String>,
    exceeded: Option<Exceeded>,
}

impl Refused {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None, exceeded: None }
    }

    pub(super) fn unknown() -> Self {
        Self::new(404, "not_found", "there is no such bot or user")
    }

    pub(super) fn at(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }
}

impl From<Invalid> for Refused {
    fn from(invalid: Invalid) -> Self {
        Self { field: invalid.field, ..Self::new(400, invalid.code, invalid.message) }
    }
}

impl From<HttpError> for Refused {
    fn from(error: HttpError) -> Self {
        let problem = error.into_problem();
        Self { field: problem.field, ..Self::new(problem.status, problem.id, problem.detail) }
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        HttpError::from(error).into()
    }
}

impl From<Exceeded> for Refused {
    fn from(exceeded: Exceeded) -> Self {
        let refused = Self::new(429, "rate_limited", Exceeded::DETAIL);
        Self { exceeded: Some(exceeded), ..refused }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        HttpError::from(error).into()
    }
}

impl From<StepError<Refusal>> for Refused {
    fn from(error: StepError<Refusal>) -> Self {
        match error {
            StepError::NotFound => Self::unknown(),
            StepError::KeyReused => {
                Self::new(422, "id_reused", "this id was used for another push: use a new one")
            }
            StepError::Refused(Refusal::TooManyWaiting) => {
                Self::new(429, "too_many_waiting", "try again in a moment")
            }
            StepError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response =
            json(status, &push::refused(self.code, &self.message, self.field.as_deref()));
        let headers = response.headers_mut();
        match self.status {
            405 => drop(headers.insert(header::ALLOW, HeaderValue::from_static("POST"))),
            429 | 503 => drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => {}
        }
        if let Some(exceeded) = self.exceeded {
            exceeded.write(headers);
        }
        response
    }
}
