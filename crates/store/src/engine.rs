//! Which database is behind a store, chosen by its address.

use crate::{
    Options,
    error::StoreError,
    postgres::Postgres,
    signals::Signals,
    sqlite::Sqlite,
    tx::{Columns, Query},
    unit::Unit,
};
use std::{path::Path, sync::Arc};

pub(crate) enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Engine {
    pub(crate) async fn open(
        url: &str,
        options: &Options,
        signals: &Arc<Signals>,
    ) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(Postgres::open(url, options, signals).await?));
        }
        let path = url.strip_prefix("sqlite:").unwrap_or(url);
        let path = path.strip_prefix("//").unwrap_or(path);
        // The address itself may carry a password, so it is not repeated.
        if path.contains("://") {
            return Err(StoreError::Address(
                "use sqlite:PATH or postgres://…".to_owned(),
            ));
        }
        if path.is_empty() || path.starts_with(':') || path.contains('?') {
            return Err(StoreError::Address("a database file is needed".to_owned()));
        }
        Ok(Self::Sqlite(Sqlite::open(Path::new(path), signals).await?))
    }

    /// For people and log lines; without secrets.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Sqlite(engine) => engine.name(),
            Self::Postgres(engine) => engine.name(),
        }
    }

    pub(crate) async fn submit(&self, unit: Box<dyn Unit>) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(engine) => engine.submit(unit).await,
            Self::Postgres(engine) => engine.submit(unit).await,
        }
    }

    pub(crate) async fn query<R: Send + 'static>(
        &self,
        query: Query,
        read: impl Fn(&dyn Columns) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<Vec<R>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.query(query, read).await,
            Self::Postgres(engine) => engine.query(query, read).await,
        }
    }

    /// True while the last write failed for a reason that may pass.
    pub(crate) fn is_ailing(&self) -> bool {
        match self {
            Self::Sqlite(engine) => engine.is_ailing(),
            Self::Postgres(engine) => engine.is_ailing(),
        }
    }

    /// What to tell somebody whose unit met a writer that is gone.
    pub(crate) fn stopped(&self) -> StoreError {
        match self {
            Self::Sqlite(engine) => engine.stopped(),
            Self::Postgres(engine) => engine.stopped(),
        }
    }

    pub(crate) async fn failed(&self) -> StoreError {
        match self {
            Self::Sqlite(engine) => engine.failed().await,
            Self::Postgres(engine) => engine.failed().await,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(engine) => engine.close().await,
            Self::Postgres(engine) => engine.close().await,
        }
    }
}
