//! The one error of the admin API: every failure below becomes an answer here.

use axum::response::{IntoResponse, Response};
use directory::{
    DirectoryError,
    apply::{NotSet, table},
    document::Refusal,
};
use edge::{http::ApiError, limits::Exceeded};
use http::header::InvalidHeaderValue;
use store::StoreError;
use wire::problem::{Problem, ProblemId};

use crate::people::UserError;

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

    pub(crate) fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Problem::new(ProblemId::InvalidField, detail).at(field).into()
    }

    pub(crate) fn not_found() -> Self {
        Self::new(ProblemId::NotFound, "There is nothing here, or not for you.")
    }

    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        ApiError::internal(error).into()
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

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        ApiError::from(problem).into()
    }
}

impl From<Exceeded> for Error {
    fn from(exceeded: Exceeded) -> Self {
        let problem = ApiError::new(ProblemId::RateLimited, Exceeded::DETAIL);
        Self { problem, exceeded: Some(exceeded) }
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

impl From<DirectoryError> for Error {
    fn from(error: DirectoryError) -> Self {
        let detail = error.to_string();
        match error {
            DirectoryError::Missing | DirectoryError::Refused(Refusal::Removed) => {
                Self::not_found()
            }
            DirectoryError::Wrong(wrong) => {
                let problem = Problem::new(ProblemId::InvalidField, wrong.detail);
                Problem { field: wrong.field, ..problem }.into()
            }
            DirectoryError::Refused(Refusal::Stale { .. }) => Self::new(ProblemId::Stale, detail),
            DirectoryError::Refused(Refusal::Taken | Refusal::Present) => {
                Problem::new(ProblemId::NameTaken, detail).at("slug").into()
            }
            DirectoryError::IdTaken => Problem::new(ProblemId::NameTaken, detail).at("id").into(),
            DirectoryError::KeyReused => Self::new(ProblemId::IdReused, detail),
            DirectoryError::Managed => Self::new(ProblemId::ManagedByFile, detail),
            DirectoryError::Store(error) => error.into(),
        }
    }
}

impl From<NotSet> for Error {
    fn from(error: NotSet) -> Self {
        let NotSet { kind, id, error } = error;
        let mut error = Self::from(error);
        let problem = &mut error.problem.0;
        problem.detail = format!("{kind} {id}: {}", problem.detail);
        let named = table(kind);
        problem.field = Some(match problem.field.take() {
            Some(field) => format!("{named}.{id}.{field}"),
            None => format!("{named}.{id}"),
        });
        error
    }
}

impl From<UserError> for Error {
    fn from(error: UserError) -> Self {
        let detail = error.to_string();
        match error {
            UserError::NoAddress(_) => Self::field("email", detail),
            UserError::Taken => Problem::new(ProblemId::NameTaken, detail).at("email").into(),
            UserError::Password(_) => Self::field("password", detail),
            UserError::Busy => Self::new(ProblemId::Unavailable, detail),
            UserError::Directory(error) => error.into(),
            UserError::Store(error) => error.into(),
        }
    }
}
