//! The one error of every handler of this side, and how it is answered: as a problem (RFC 9457).
//! The push endpoint turns it into the contract's own shape.

use axum::response::{IntoResponse, Response};
use edge::{http::ApiError, limits::Exceeded};
use http::{HeaderMap, HeaderValue, header};
use machine::conversation::Refusal;
use store::{StepError, StoreError};
use wire::{
    Invalid,
    problem::{Problem, ProblemId},
};

use crate::limit;

#[derive(Debug)]
pub(super) struct HttpError {
    problem: ApiError,
    retry_after_seconds: Option<u16>,
    exceeded: Option<Exceeded>,
}

impl HttpError {
    pub(super) fn new(id: ProblemId, detail: impl Into<String>) -> Self {
        ApiError::new(id, detail).into()
    }

    /// The same for every way in which a token can be wrong.
    pub(super) fn unauthorized() -> Self {
        let detail = "Send the visitor's token as `Authorization: Bearer <token>`.";
        Self::new(ProblemId::Unauthorized, detail)
    }

    pub(super) fn not_json() -> Self {
        Self::new(ProblemId::NotJson, "Send `Content-Type: application/json`.")
    }

    pub(super) fn missing(field: &str) -> Self {
        let detail = format!("`{field}` is missing: send it in the query");
        Problem::new(ProblemId::MissingField, detail).at(field).into()
    }

    pub(super) fn not_a_number(field: &str) -> Self {
        let detail = format!("`{field}` is not a whole number: send one, or leave it out");
        Problem::new(ProblemId::InvalidField, detail).at(field).into()
    }

    /// The token is good, but its conversation cannot be served with the present configuration or
    /// database. The visitor must keep the token, so this is not a 401.
    pub(super) fn not_served(detail: &str) -> Self {
        let problem = ApiError::new(ProblemId::Unavailable, detail);
        let wait = Some(limit::MISSING_BOT_RETRY_SECONDS);
        Self { problem, retry_after_seconds: wait, exceeded: None }
    }

    pub(super) fn is_unauthorized(&self) -> bool {
        self.problem.0.status == 401
    }

    pub(super) fn is_forbidden(&self) -> bool {
        self.problem.0.status == 403
    }

    pub(super) fn into_problem(self) -> Problem {
        self.problem.0
    }
}

impl From<ApiError> for HttpError {
    fn from(problem: ApiError) -> Self {
        Self { problem, retry_after_seconds: None, exceeded: None }
    }
}

impl From<Exceeded> for HttpError {
    fn from(exceeded: Exceeded) -> Self {
        let refused = Self::new(ProblemId::RateLimited, Exceeded::DETAIL);
        Self { exceeded: Some(exceeded), ..refused }
    }
}

impl From<Problem> for HttpError {
    fn from(problem: Problem) -> Self {
        ApiError::from(problem).into()
    }
}

impl From<Invalid> for HttpError {
    fn from(invalid: Invalid) -> Self {
        ApiError::from(invalid).into()
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        let error = &error;
        if error.is_temporary() { ApiError::unavailable(error) } else { ApiError::internal(error) }
            .into()
    }
}

/// Of a step with the visitor's own input.
impl From<StepError<Refusal>> for HttpError {
    fn from(error: StepError<Refusal>) -> Self {
        match error {
            // An operator discarded the conversation: the page has to begin a new one.
            StepError::NotFound => Self::unauthorized(),
            StepError::KeyReused => {
                let detail = "Use a new clientId for a new message.";
                Problem::new(ProblemId::IdReused, detail).at("clientId").into()
            }
            StepError::Refused(Refusal::TooManyWaiting) => Self::new(
                ProblemId::TooManyWaiting,
                "Wait until the messages before this one are answered.",
            ),
            StepError::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let mut response = self.problem.into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(exceeded) = self.exceeded {
            exceeded.write(response.headers_mut());
        }
        response
    }
}

pub(super) async fn not_found() -> HttpError {
    HttpError::new(ProblemId::NotFound, "No such path; see the visitor API.")
}

pub(super) async fn method_not_allowed() -> HttpError {
    HttpError::new(ProblemId::MethodNotAllowed, "This path has other methods; see `Allow`.")
}

/// False for what is clearly not JSON; a missing content type passes (contract, section 15).
pub(super) fn may_be_json(headers: &HeaderMap) -> bool {
    let Some(declared) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let declared = declared.to_str().unwrap_or("?").to_ascii_lowercase();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    matches!(essence, "" | "application/json" | "text/json") || essence.ends_with("+json")
}
