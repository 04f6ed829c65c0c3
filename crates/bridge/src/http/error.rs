//! The one error of the bridge's endpoints: every failure below becomes an answer here.

use axum::response::{IntoResponse, Response};
use connector::TellError;
use edge::{http::ApiError, limits::Exceeded, signature::SignatureError};
use http::{StatusCode, header::InvalidHeaderValue};
use machine::chat::Refusal;
use store::{StepError, StoreError};
use wire::{
    Invalid,
    problem::{Problem, ProblemId},
    visitor::AgentView,
};

/// Why a request was not served.
#[derive(Debug)]
pub(crate) struct Error {
    problem: ApiError,
    exceeded: Option<Exceeded>,
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(id: ProblemId, detail: impl Into<String>) -> Self {
        ApiError::new(id, detail).into()
    }

    /// A failure of our own: it is logged, and the answer says nothing of it.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        ApiError::internal(error).into()
    }

    pub(crate) fn no_such_chat() -> Self {
        ApiError::from(TellError::NotFound).into()
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.problem.0.status == StatusCode::NOT_FOUND.as_u16()
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.problem.into_response();
        if let Some(exceeded) = self.exceeded {
            exceeded.write(response.headers_mut());
        }
        response
    }
}

impl From<ApiError> for Error {
    fn from(problem: ApiError) -> Self {
        Self { problem, exceeded: None }
    }
}

impl From<Exceeded> for Error {
    fn from(exceeded: Exceeded) -> Self {
        let problem = ApiError::new(ProblemId::RateLimited, Exceeded::DETAIL);
        Self { problem, exceeded: Some(exceeded) }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        ApiError::from(problem).into()
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        ApiError::from(invalid).into()
    }
}

impl From<SignatureError> for Error {
    fn from(error: SignatureError) -> Self {
        Self::new(ProblemId::Unauthorized, format!("{error}."))
    }
}

impl From<InvalidHeaderValue> for Error {
    fn from(error: InvalidHeaderValue) -> Self {
        Self::internal(&error)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let error = &error;
        if error.is_temporary() { ApiError::unavailable(error) } else { ApiError::internal(error) }
            .into()
    }
}

impl From<StepError<Refusal>> for Error {
    fn from(error: StepError<Refusal>) -> Self {
        match error {
            StepError::NotFound => Self::no_such_chat(),
            StepError::Refused(refusal) => refusal.into(),
            StepError::KeyReused => {
                let detail = "Send another text under another clientId.";
                Problem::new(ProblemId::IdReused, detail).at("clientId").into()
            }
            StepError::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Taken { by } => {
                let detail = format!("{} has this chat.", by.name);
                let mut problem = Problem::new(ProblemId::Taken, detail);
                problem.agent = Some(AgentView { name: Some(by.name), avatar_url: by.avatar_url });
                problem.into()
            }
            Refusal::Closed => Self::new(ProblemId::Closed, "The bot answers this visitor again."),
            Refusal::NotClaimed => Self::new(ProblemId::NotClaimed, "Claim the chat first."),
            Refusal::TooManyWaiting => ApiError::from(TellError::TooManyWaiting).into(),
        }
    }
}
