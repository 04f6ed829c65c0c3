//! What PostgreSQL, its driver or the pool said, and what it means for a unit.

use crate::error::StoreError;
use deadpool_postgres::PoolError;
use std::error::Error as _;
use tokio_postgres::error::SqlState;

/// What a driver or its pool said.
#[derive(Debug)]
pub(super) enum Failure {
    Server(tokio_postgres::Error),
    Pool(String),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl Failure {
    pub(super) fn pool(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Server(error),
            other => Self::Pool(other.to_string()),
        }
    }

    fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Server(error) => error.code(),
            Self::Pool(_) => None,
        }
    }
}

/// What a failure means for the unit that met it.
pub(super) fn error(failure: &Failure) -> StoreError {
    let server = match failure {
        Failure::Server(server) => server,
        Failure::Pool(said) => return StoreError::Unavailable(said.clone()),
    };
    let said = match (server.as_db_error(), server.source()) {
        (Some(said), _) => said.message().to_owned(),
        (None, Some(cause)) => format!("{server}: {cause}"),
        (None, None) => server.to_string(),
    };
    match failure.state() {
        Some(state) if state.code().starts_with("23") => StoreError::Conflict(said),
        Some(state) if *state == SqlState::DISK_FULL => StoreError::Full,
        _ => StoreError::Unavailable(said),
    }
}

/// True when the connection is gone, or the server is about to end it.
pub(super) fn is_lost(failure: &Failure) -> bool {
    match (failure, failure.state()) {
        (_, Some(state)) => state.code().starts_with("08") || state.code().starts_with("57P"),
        (Failure::Server(_), None) => true,
        (Failure::Pool(_), None) => false,
    }
}

/// True when the server undid the transaction because of others, and it may be run again.
pub(super) fn is_raced(failure: &Failure) -> bool {
    failure.state().is_some_and(|state| {
        [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(state)
    })
}
