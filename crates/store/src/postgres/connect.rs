//! Connecting to PostgreSQL, and refusing to: settings that lose acknowledged commits, replicas,
//! and schemas this release does not know.

use super::{failure, tx};
use crate::{
    error::StoreError,
    migrate::{self, Applied},
    sql,
};
use futures::future::try_join_all;
use std::{collections::HashMap, time::Duration};
use tokio_postgres::{Client, Config, NoTls, Statement, config::Host};

/// A connection with every statement prepared.
pub(super) struct Connection {
    pub(super) client: Client,
    statements: HashMap<&'static str, Statement>,
}

const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// Number of the lock that lets one node migrate at a time; any constant does.
const MIGRATION_LOCK: i64 = 0x6261_746f_6e01;

/// The writer's session. Every statement of a unit is a lookup by index, so plans are made once
/// and never scan; nothing holds a lock for long, not even a node that has stopped in its tracks.
const SESSION: &str = "\
    SET lock_timeout = '5s'; SET statement_timeout = '10s'; \
    SET idle_in_transaction_session_timeout = '10s'; \
    SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
    SET enable_hashjoin = off; SET enable_mergejoin = off";

const SETTINGS: &str = "SELECT current_setting('synchronous_commit'), current_setting('fsync'), \
    pg_is_in_recovery()";

pub(super) fn config(url: &str) -> Result<Config, StoreError> {
    // The parser's own words may repeat a part of the address, which holds a password.
    let mut config: Config = url.parse().map_err(|_| {
        StoreError::Address("this is not a PostgreSQL address that can be read".to_owned())
    })?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_WAIT);
    }
    if config.get_application_name().is_none() {
        config.application_name("baton");
    }
    Ok(config)
}

/// Host and database, without user and password.
pub(super) fn name(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    format!("postgres://{host}/{}", config.get_dbname().unwrap_or_default())
}

/// A connection for the writer.
pub(super) async fn connect(config: &Config, name: &str) -> Result<Connection, StoreError> {
    let client = client(config).await?;
    client.batch_execute(SESSION).await.map_err(|error| failure::error(&error.into()))?;
    check_settings(&client, name).await?;
    // All at once, so that coming back after a lost connection takes one round trip, not twenty.
    let prepare = async |sql: &'static str| Ok((sql, client.prepare(sql).await?));
    let texts = sql::SHARED.iter().chain(tx::STATEMENTS).copied();
    let statements: HashMap<_, _> = try_join_all(texts.map(prepare))
        .await
        .map_err(|error: tokio_postgres::Error| failure::error(&error.into()))?
        .into_iter()
        .collect();
    Ok(Connection { client, statements })
}

impl Connection {
    /// `None` only for a text that is in no list of statements.
    pub(super) fn statement(&self, sql: &'static str) -> Option<&Statement> {
        self.statements.get(sql)
    }
}

async fn client(config: &Config) -> Result<Client, StoreError> {
    let connecting = tokio::time::timeout(CONNECT_WAIT * 2, config.connect(NoTls)).await;
    let late = |_| StoreError::Unavailable("PostgreSQL does not answer".to_owned());
    let (client, connection) =
        connecting.map_err(late)?.map_err(|error| failure::error(&error.into()))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "a connection to PostgreSQL was lost");
        }
    });
    Ok(client)
}

/// Bars A2 and D5: nothing is acknowledged that a power cut takes away, and decisions are made on
/// the primary only.
async fn check_settings(client: &Client, name: &str) -> Result<(), StoreError> {
    let row =
        client.query_one(SETTINGS, &[]).await.map_err(|error| failure::error(&error.into()))?;
    let (synchronous_commit, fsync): (&str, &str) = (row.get(0), row.get(1));
    let is_replica: bool = row.get(2);
    if synchronous_commit == "off" || fsync != "on" || is_replica {
        let detail =
            format!("synchronous_commit={synchronous_commit} fsync={fsync} replica={is_replica}");
        return Err(StoreError::NotDurable { database: name.to_owned(), detail });
    }
    Ok(())
}

/// Applies what is missing, in one transaction, one node at a time.
pub(super) async fn migrate(config: &Config, name: &str) -> Result<(), StoreError> {
    let mut client = client(config).await?;
    check_settings(&client, name).await?;
    let failed = |error: tokio_postgres::Error| failure::error(&error.into());
    let transaction = client.transaction().await.map_err(failed)?;
    let lock = "SELECT pg_advisory_xact_lock($1)";
    transaction.execute(lock, &[&MIGRATION_LOCK]).await.map_err(failed)?;
    transaction.batch_execute(migrate::SCHEMA_TABLE).await.map_err(failed)?;
    let rows = transaction.query(sql::SCHEMA, &[]).await.map_err(failed)?;
    let applied: Vec<Applied> =
        rows.iter().map(|row| Applied { version: row.get(0), print: row.get(2) }).collect();
    for (version, migration) in migrate::missing(name, migrate::POSTGRES, &applied)? {
        transaction.batch_execute(migration.sql).await.map_err(failed)?;
        let print = migrate::print(migration.sql);
        transaction
            .execute(sql::ADD_SCHEMA, &[&version, &migration.name, &print])
            .await
            .map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}
