//! Which database is behind a store, chosen by its address.

use crate::{
    Options,
    error::StoreError,
    front::Front,
    postgres::Postgres,
    query::{Columns, Query},
    signals::Signals,
    sqlite::Sqlite,
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
        Ok(Self::Sqlite(Sqlite::open(file(url)?, signals).await?))
    }

    /// Opens an existing database without a writer, and changes nothing in it.
    pub(crate) async fn inspect(url: &str) -> Result<Self, StoreError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(Postgres::inspect(url).await?));
        }
        Ok(Self::Sqlite(Sqlite::inspect(file(url)?).await?))
    }

    /// For people and log lines; without secrets.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Sqlite(engine) => engine.name(),
            Self::Postgres(engine) => engine.name(),
        }
    }

    /// The writer, as far as the outside sees it.
    pub(crate) fn front(&self) -> &Front {
        match self {
            Self::Sqlite(engine) => engine.front(),
            Self::Postgres(engine) => engine.front(),
        }
    }

    /// Ok while the database is where it was opened and has room.
    pub(crate) fn check_place(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(engine) => engine.check_files(),
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Reads every page of the file and compares every index with its table, where the database
    /// does not do that by itself; what it found.
    pub(crate) async fn damages(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.damages().await,
            Self::Postgres(_) => Ok(Vec::new()),
        }
    }

    pub(crate) async fn query<R: Send + 'static>(
        &self,
        query: Query,
        read: impl Fn(&dyn Columns) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<Vec<R>, StoreError> {
        match self {
            Self::Sqlite(engine) => engine.query(query, read).await,
            Self::Postgres(engine) => engine.query(&query, read).await,
        }
    }

    pub(crate) async fn close(&self) {
        self.front().close().await;
        match self {
            Self::Sqlite(engine) => engine.close().await,
            Self::Postgres(engine) => engine.close(),
        }
    }
}

/// The file that an address names.
fn file(url: &str) -> Result<&Path, StoreError> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    // The address itself may carry a password, so it is not repeated.
    if path.contains("://") {
        return Err(StoreError::Address("use sqlite:PATH or postgres://…".to_owned()));
    }
    if path.is_empty() || path.starts_with(':') || path.contains('?') {
        return Err(StoreError::Address("a database file is needed".to_owned()));
    }
    Ok(Path::new(path))
}
