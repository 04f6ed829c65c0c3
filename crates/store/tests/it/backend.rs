//! A fresh database for each test, on either engine.

use std::sync::atomic::{AtomicU32, Ordering};
use store::Store;
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// Where a test's database is; it can be opened again and again.
pub(crate) struct Place {
    pub(crate) url: String,
    dir: Option<TempDir>,
}

/// Tells apart the schemas of one process.
static NEXT: AtomicU32 = AtomicU32::new(0);
/// The server the PostgreSQL half runs against.
const SERVER: &str = "BATON_TEST_POSTGRES";
/// Leaves the PostgreSQL half out, for a quick look only.
const SKIP: &str = "BATON_TEST_SKIP_POSTGRES";

impl Place {
    pub(crate) fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("baton.db").display());
        Self { url, dir: Some(dir) }
    }

    /// An empty schema of its own; `None` when PostgreSQL is left out on purpose.
    pub(crate) async fn postgres() -> Option<Self> {
        if is_postgres_left_out() {
            return None;
        }
        let server = postgres_server();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let schema = format!("t{}_{number}", std::process::id());
        let sql = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
        postgres_run(&server, &sql).await;
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options=-csearch_path%3D{schema}");
        Some(Self { url, dir: None })
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }

    /// Runs plain SQL past the store, which may be open.
    pub(crate) async fn run(&self, sql: &str) {
        if self.dir.is_none() {
            return postgres_run(&self.url, sql).await;
        }
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// Everything that is stored, as text.
    pub(crate) async fn contents(&self) -> Vec<String> {
        let mut contents = Vec::new();
        for table in ["subjects", "events", "records", "schema"] {
            contents.extend(self.rows(table).await);
        }
        contents
    }

    async fn rows(&self, table: &str) -> Vec<String> {
        let sql = format!("SELECT * FROM {table} ORDER BY 1, 2, 3");
        if self.dir.is_none() {
            let sql = format!("SELECT CAST(t AS text) FROM ({sql}) AS t");
            let rows = postgres_client(&self.url).await.query(&sql, &[]).await.unwrap();
            return rows.iter().map(|row| row.get(0)).collect();
        }
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        let mut statement = connection.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            let values = (0..columns).map(|column| format!("{:?}", row.get_ref(column).unwrap()));
            Ok(values.collect())
        };
        statement.query_map((), row).unwrap().map(Result::unwrap).collect()
    }

    /// The database file, on SQLite.
    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.dir.as_ref().unwrap().path().join("baton.db")
    }
}

/// Only for a quick look; never where it counts.
pub(crate) fn is_postgres_left_out() -> bool {
    std::env::var(SKIP).is_ok_and(|skip| skip == "1")
}

pub(crate) fn postgres_server() -> String {
    std::env::var(SERVER).unwrap_or_else(|_| {
        panic!("{SERVER} must name a PostgreSQL server (or {SKIP}=1 for a quick look)")
    })
}

/// Runs plain SQL on a connection of its own.
pub(crate) async fn postgres_run(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

/// A connection of its own, past the store; it ends when it is dropped.
pub(crate) async fn postgres_client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Writes each test once and runs it on both engines.
#[macro_export]
macro_rules! on_both {
    ($($(#[$about:meta])* async fn $name:ident($place:ident: Place) $body:block)*) => {$(
        $(#[$about])*
        async fn $name($place: &$crate::backend::Place) $body

        mod $name {
            use $crate::backend::Place;


            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(&Place::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(place) = Place::postgres().await {
                    super::$name(&place).await;
                }
            }
        }
    )*};
}
