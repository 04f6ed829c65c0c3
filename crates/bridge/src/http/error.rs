//! The one error of the bridge's endpoints: every failure below becomes an answer here.

use axum::response::{IntoResponse, Response};
use connector::TellError;
use edge::{http::ApiError, signature::SignatureError};
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
pub(crate) struct Error(ApiError);

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn new(id: ProblemId, detail: impl Into<String>) -> Self {
        Self(ApiError::new(id, detail))
    }

    /// A failure of our own: it is logged, and the answer says nothing of it.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        Self(ApiError::internal(error))
    }

    pub(crate) fn no_such_chat() -> Self {
        Self(TellError::NotFound.into())
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.0.0.status == StatusCode::NOT_FOUND.as_u16()
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self(problem.into())
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self(invalid.into())
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
        Self(if error.is_temporary() {
            ApiError::unavailable(&error)
        } else {
            ApiError::internal(&error)
        })
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
            Refusal::TooManyWaiting => Self(TellError::TooManyWaiting.into()),
        }
    }
}
