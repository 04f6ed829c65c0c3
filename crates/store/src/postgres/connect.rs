//! Connecting to PostgreSQL, and refusing to: settings that lose acknowledged commits, replicas,
//! and schemas this release does not know.

use super::{
    failure, statements,
    tls::{Tls, Wanted},
};
use crate::{
    error::StoreError,
    migrate::{self, Applied},
    sql,
};
use futures::future::try_join_all;
use percent_encoding::percent_decode_str;
use std::{collections::HashMap, net::IpAddr, time::Duration};
use tokio_postgres::{Client, Config, Row, Statement, config::Host, error::SqlState};

/// A connection with every statement prepared.
pub(super) struct Connection {
    pub(super) client: Client,
    waits_for_locks: bool,
    statements: HashMap<&'static str, Statement>,
}

/// Where the database is, and how it is worked on.
pub(super) struct Access {
    pub(super) config: Config,
    pub(super) tls: Tls,
    /// For people, without secrets.
    pub(super) name: String,
    /// No other process may write to it, because this one would not notice.
    pub(super) is_alone: bool,
}

const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// Number of the lock that lets one node migrate at a time; any constant does.
const MIGRATION_LOCK: i64 = 0x6261_746f_6e01;

/// Number of the lock of a process that works alone, together with the schema's name.
const ALONE_LOCK: i64 = 0x6261_746f_6e02;
const TAKE_ALONE: &str =
    "SELECT pg_advisory_lock(hashtextextended(coalesce(current_schema(), ''), $1))";
/// A process that has just ended may still hold its place for a moment; one whose machine has
/// died does until the server notices, so that it is asked to look within seconds.
const ALONE_SETTINGS: &str = "\
    SET lock_timeout = '3s'; SET tcp_keepalives_idle = 3; \
    SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3";

/// The writer's session. Every statement of a unit is a lookup by index, so plans are made once
/// and never scan; no lock is held for long, not even by a node that was suspended, and none is
/// waited for so long that others notice.
const SESSION: &str = "\
    SET lock_timeout = '200ms'; SET statement_timeout = '10s'; \
    SET idle_in_transaction_session_timeout = '10s'; \
    SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
    SET enable_hashjoin = off; SET enable_mergejoin = off";

const SETTINGS: &str = "SELECT current_setting('synchronous_commit'), current_setting('fsync'), \
    pg_is_in_recovery()";

/// Reads an address, and what it asks of TLS.
pub(super) fn config(url: &str) -> Result<(Config, Wanted), StoreError> {
    let (url, [mode, roots]) = without_parameters(url, ["sslmode", "sslrootcert"]);
    let wanted = Wanted::read(mode.as_deref(), roots.as_deref())?;
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
    Ok((config, wanted))
}

/// Takes parameters out of the query of an address. Of one that is there twice, the last counts.
fn without_parameters<const N: usize>(
    url: &str,
    names: [&str; N],
) -> (String, [Option<String>; N]) {
    let mut values = [const { None }; N];
    // User and password come before the last `@` ahead of the query and may hold a `?`.
    let host = url.find('@').unwrap_or_default();
    let Some(query) = url[host..].find('?').map(|at| host + at) else {
        return (url.to_owned(), values);
    };
    let mut kept = Vec::new();
    for parameter in url[query + 1..].split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match names.iter().position(|taken| *taken == name) {
            Some(taken) => {
                let value = percent_decode_str(value).decode_utf8_lossy();
                values[taken] = Some(value.into_owned());
            }
            None if parameter.is_empty() => {}
            None => kept.push(parameter),
        }
    }
    let kept = kept.join("&");
    let separator = if kept.is_empty() { "" } else { "?" };
    (format!("{}{separator}{kept}", &url[..query]), values)
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

/// Whether the server is on this machine, as far as its address tells.
pub(super) fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(host) => {
            host == "localhost" || host.parse().is_ok_and(|host: IpAddr| host.is_loopback())
        }
    })
}

/// A connection for the writer of a database that is up to date.
pub(super) async fn connect(access: &Access) -> Result<Connection, StoreError> {
    prepare(client(access).await?).await
}

/// The same for a database that may have to be migrated first.
pub(super) async fn open(access: &Access) -> Result<Connection, StoreError> {
    let mut client = client(access).await?;
    migrate(&mut client, &access.name).await?;
    prepare(client).await
}

/// A session that has a database to itself, which is up to date and stays as it is.
pub(super) async fn inspect(access: &Access) -> Result<Client, StoreError> {
    let client = client(access).await?;
    let rows = client.query(sql::SCHEMA, &[]).await.map_err(|error| match error.code() {
        Some(&SqlState::UNDEFINED_TABLE) => StoreError::Damaged {
            database: access.name.clone(),
            detail: "it has no table `schema`".to_owned(),
        },
        _ => failure::error(&error.into()),
    })?;
    migrate::check_complete(&access.name, migrate::POSTGRES, &applied(&rows))?;
    Ok(client)
}

fn applied(rows: &[Row]) -> Vec<Applied> {
    rows.iter().map(|row| Applied { version: row.get(0), fingerprint: row.get(2) }).collect()
}

async fn prepare(client: Client) -> Result<Connection, StoreError> {
    client.batch_execute(SESSION).await.map_err(|error| failure::error(&error.into()))?;
    // All at once, so that coming back after a lost connection takes one round trip, not twenty.
    let prepare = async |sql: &'static str| Ok((sql, client.prepare(sql).await?));
    let texts = sql::SHARED.iter().chain(statements::STATEMENTS).copied();
    let statements: HashMap<_, _> = try_join_all(texts.map(prepare))
        .await
        .map_err(|error: tokio_postgres::Error| failure::error(&error.into()))?
        .into_iter()
        .collect();
    Ok(Connection { client, waits_for_locks: true, statements })
}

impl Connection {
    /// `None` only for a text that is in no list of statements.
    pub(super) fn statement(&self, sql: &'static str) -> Option<&Statement> {
        self.statements.get(sql)
    }

    /// Whether a lock that another session holds is waited for, or is an error at once.
    pub(super) async fn wait_for_locks(&mut self, wait: bool) -> Result<(), StoreError> {
        if self.waits_for_locks == wait {
            return Ok(());
        }
        let sql = if wait { "SET lock_timeout = '200ms'" } else { "SET lock_timeout = '1ms'" };
        self.client.batch_execute(sql).await.map_err(|error| failure::error(&error.into()))?;
        self.waits_for_locks = wait;
        Ok(())
    }
}

/// A session of a server that is fit, with the database to itself where that is asked for.
async fn client(access: &Access) -> Result<Client, StoreError> {
    let connecting = access.tls.connect(&access.config);
    let connecting = tokio::time::timeout(CONNECT_WAIT * 2, connecting).await;
    let late = |_| StoreError::Unavailable("PostgreSQL does not answer".to_owned());
    let (client, _) = connecting.map_err(late)?.map_err(|error| failure::error(&error.into()))?;
    check_settings(&client, &access.name).await?;
    if access.is_alone {
        take_alone(&client, &access.name).await?;
    }
    Ok(client)
}

/// Takes the database for this process, for as long as the session lasts: two that do not know of
/// each other would not see each other's commits.
async fn take_alone(client: &Client, name: &str) -> Result<(), StoreError> {
    let taking = async {
        client.batch_execute(ALONE_SETTINGS).await?;
        client.execute(TAKE_ALONE, &[&ALONE_LOCK]).await?;
        client.batch_execute("RESET lock_timeout").await
    };
    taking.await.map_err(|error| match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => StoreError::InUse { database: name.to_owned() },
        _ => failure::error(&error.into()),
    })
}

/// Nothing is acknowledged that a power cut takes away, and decisions are made on
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
async fn migrate(client: &mut Client, name: &str) -> Result<(), StoreError> {
    let failed = |error: tokio_postgres::Error| failure::error(&error.into());
    let transaction = client.transaction().await.map_err(failed)?;
    let lock = "SELECT pg_advisory_xact_lock($1)";
    transaction.execute(lock, &[&MIGRATION_LOCK]).await.map_err(failed)?;
    transaction.batch_execute(migrate::SCHEMA_TABLE).await.map_err(failed)?;
    let rows = transaction.query(sql::SCHEMA, &[]).await.map_err(failed)?;
    for (version, migration) in migrate::missing(name, migrate::POSTGRES, &applied(&rows))? {
        transaction.batch_execute(migration.sql).await.map_err(failed)?;
        let fingerprint = migrate::fingerprint(migration.sql);
        transaction
            .execute(sql::ADD_SCHEMA, &[&version, &migration.name, &fingerprint])
            .await
            .map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_taken_out_of_an_address() {
        let taken = |url: &str| {
            let (rest, [mode, roots]) = without_parameters(url, ["sslmode", "sslrootcert"]);
            (rest, mode.unwrap_or_default(), roots.unwrap_or_default())
        };
        for (url, rest, mode, roots) in [
            ("postgres://h/d", "postgres://h/d", "", ""),
            ("postgres://h/d?&", "postgres://h/d", "", ""),
            ("postgres://h/d?sslmode=require", "postgres://h/d", "require", ""),
            (
                "postgres://u:p?s@h/d?a=b&sslmode=allow&c=d",
                "postgres://u:p?s@h/d?a=b&c=d",
                "allow",
                "",
            ),
            (
                "postgres://h,i/d?sslrootcert=%2Fetc%2Fca.pem&a=b",
                "postgres://h,i/d?a=b",
                "",
                "/etc/ca.pem",
            ),
            ("postgres://h/d?sslmode=prefer&sslmode=disable", "postgres://h/d", "disable", ""),
        ] {
            assert_eq!(taken(url), (rest.to_owned(), mode.to_owned(), roots.to_owned()), "{url}");
        }
    }

    #[test]
    fn an_error_about_an_address_shows_nothing_of_it() {
        for url in [
            "postgres://user:secret@host/db?sslmode=secret",
            "postgres://user:secret@host/db?secret=1",
            "postgres://user:secret@host:secret/db",
        ] {
            let error = config(url).unwrap_err();
            assert!(matches!(error, StoreError::Address(_)), "{error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
