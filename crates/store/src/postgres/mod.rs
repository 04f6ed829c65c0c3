//! PostgreSQL: one writer task with its own connection, and a pool for reads.
//!
//! The writer commits what waits together, as on SQLite, in two round trips per batch. Other nodes
//! may do the same with the same database, when all of them know: rows are locked for a step, and
//! what was raced is decided again.

mod columns;
mod connect;
mod failure;
mod poll;
mod statements;
mod tls;
mod tx;
mod writer;

use crate::{
    Options,
    error::StoreError,
    front::Front,
    query::{Columns, Query},
    signals::Signals,
};
use connect::Access;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Timeouts};
use failure::Failure;
use std::{sync::Arc, time::Duration};
use tls::Tls;
use tokio::task::AbortHandle;
use tokio_postgres::{Client, Config};
use writer::Writer;

/// Reads are short; more connections only wait for the same cores.
const READERS: usize = 8;
/// How long a read waits for a connection.
const READER_WAIT: Duration = Duration::from_secs(5);

/// How long a read may take in all.
const READ_WAIT: Duration = Duration::from_secs(15);

pub(crate) struct Postgres {
    name: String,
    front: Front,
    pool: Pool,
    poll: Option<AbortHandle>,
    /// Keeps a writer away while the database is only looked at.
    _place: Option<Client>,
}

impl Postgres {
    pub(crate) async fn open(
        url: &str,
        options: &Options,
        signals: &Arc<Signals>,
    ) -> Result<Self, StoreError> {
        let access = access(url, options.poll.is_none())?;
        let (name, pool) = (access.name.clone(), pool(&access.config, access.tls.clone())?);
        let connection = connect::open(&access).await?;
        let (front, jobs) = Front::new();
        let writer = Writer::new(access, connection, signals.clone(), front.health().clone());
        tokio::spawn(writer.run(jobs));
        let poll = options.poll.map(|pause| {
            tokio::spawn(poll::run(pool.clone(), signals.clone(), pause)).abort_handle()
        });
        Ok(Self { name, front, pool, poll, _place: None })
    }

    /// The same with readers only, whose sessions cannot write: without the other end of its queue,
    /// the front refuses every unit.
    pub(crate) async fn inspect(url: &str) -> Result<Self, StoreError> {
        let access = access(url, true)?;
        let place = connect::inspect(&access).await?;
        let mut config = access.config.clone();
        let options = config.get_options().unwrap_or_default();
        config.options(format!("{options} -cdefault_transaction_read_only=on"));
        let (pool, (front, _)) = (pool(&config, access.tls)?, Front::new());
        Ok(Self { name: access.name, front, pool, poll: None, _place: Some(place) })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn front(&self) -> &Front {
        &self.front
    }

    /// A read that loses its connection is read again.
    pub(crate) async fn query<R>(
        &self,
        query: &Query,
        read: impl Fn(&dyn Columns) -> Result<R, StoreError>,
    ) -> Result<Vec<R>, StoreError> {
        let asked = async {
            match self.rows(query).await {
                Err(error) if failure::is_lost(&error) => self.rows(query).await,
                rows => rows,
            }
        };
        let late = |_| StoreError::Unavailable("PostgreSQL took too long".to_owned());
        let rows = tokio::time::timeout(READ_WAIT, asked).await.map_err(late)?;
        let rows = rows.map_err(|error| failure::error(&error))?;
        rows.iter().map(|row| read(row)).collect()
    }

    async fn rows(&self, query: &Query) -> Result<Vec<tokio_postgres::Row>, Failure> {
        let connection: Object = self.pool.get().await.map_err(Failure::pool)?;
        let statement = connection.prepare_cached(query.sql).await?;
        Ok(connection.query(&statement, &statements::args(query)).await?)
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(poll) = &self.poll {
            poll.abort();
        }
    }
}

/// How a database is reached; says so when that may be in clear.
fn access(url: &str, is_alone: bool) -> Result<Access, StoreError> {
    let (config, wanted) = connect::config(url)?;
    let name = connect::name(&config);
    let tls = Tls::new(&wanted, &config)?;
    if wanted.may_be_plain() && !connect::is_local(&config) {
        tracing::warn!(
            database = name,
            "connections to this database may be unencrypted: add sslmode=verify-full to its \
             address"
        );
    }
    Ok(Access { config, tls, name, is_alone })
}

fn pool(config: &Config, tls: Tls) -> Result<Pool, StoreError> {
    let recycling_method = RecyclingMethod::Fast;
    let manager = Manager::from_connect(config.clone(), tls, ManagerConfig { recycling_method });
    let timeouts =
        Timeouts { wait: Some(READER_WAIT), create: Some(READER_WAIT), recycle: Some(READER_WAIT) };
    Pool::builder(manager)
        .max_size(READERS)
        .timeouts(timeouts)
        .runtime(deadpool_postgres::Runtime::Tokio1)
        .build()
        .map_err(|error| StoreError::Address(error.to_string()))
}
