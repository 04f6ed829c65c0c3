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
        if std::env::var(SKIP).is_ok_and(|skip| skip == "1") {
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

    /// The database file, on SQLite.
    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.dir.as_ref().unwrap().path().join("baton.db")
    }
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

/// Writes each test once and runs it on both engines.
#[macro_export]
macro_rules! on_both {
    ($(async fn $name:ident($place:ident: Place) $body:block)*) => {$(
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
