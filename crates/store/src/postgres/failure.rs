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
        Some(state) if *state == SqlState::UNIQUE_VIOLATION => StoreError::Conflict(said),
        // Bad data, a broken rule of the schema, a limit of the server: the same every time.
        Some(state) if is_of(state, &["22", "23", "54"]) => StoreError::Unstorable(said),
        Some(state) if *state == SqlState::DISK_FULL => StoreError::Full,
        _ => StoreError::Unavailable(said),
    }
}

/// True when the connection is gone, or the server is about to end it.
pub(super) fn is_lost(failure: &Failure) -> bool {
    match (failure, failure.state()) {
        (_, Some(state)) => is_of(state, &["08", "57P"]),
        (Failure::Server(_), None) => true,
        (Failure::Pool(_), None) => false,
    }
}

/// True when the server refused a statement for a reason that may lie in one unit of a batch, and
/// not in what all share: the connection, a race, a disk or memory that is full, a time that is up.
pub(super) fn is_of_one(failure: &Failure) -> bool {
    let is_shared = |state: &SqlState| is_of(state, &["53", "55", "57", "58"]);
    failure.state().is_some_and(|state| !is_shared(state))
        && !is_lost(failure)
        && !is_raced(failure)
}

/// Classes of SQLSTATE are its first two characters.
fn is_of(state: &SqlState, starts: &[&str]) -> bool {
    starts.iter().any(|start| state.code().starts_with(start))
}

/// True when another session holds a lock for longer than it was waited for.
pub(super) fn is_locked(failure: &Failure) -> bool {
    failure.state() == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

/// True when the server undid the transaction because of others, and it may be run again.
pub(super) fn is_raced(failure: &Failure) -> bool {
    failure.state().is_some_and(|state| {
        [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(state)
    })
}
