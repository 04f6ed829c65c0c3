//! One durable insert: one writer thread, WAL, full sync, and group commit (rows that arrive during
//! a sync go into the next transaction).

use std::path::Path;

use anyhow::Context as _;
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot};

const BATCH_MAX: usize = 256;

#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Row>);

struct Row {
    owner: String,
    text: String,
    done: oneshot::Sender<()>,
}

impl Writer {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS messages (
                id INTEGER PRIMARY KEY, owner TEXT NOT NULL, text TEXT NOT NULL);
             CREATE INDEX IF NOT EXISTS messages_owner ON messages (owner);",
        )?;
        let (sender, mut rows) = mpsc::channel(1024);
        std::thread::spawn(move || {
            while let Some(first) = rows.blocking_recv() {
                if let Err(error) = write(&mut connection, first, &mut rows) {
                    eprintln!("the floor's database failed: {error}");
                    return;
                }
            }
        });
        Ok(Self(sender))
    }

    /// Returns once the row is committed and synced.
    pub(super) async fn insert(&self, owner: String, text: String) -> anyhow::Result<()> {
        let (done, written) = oneshot::channel();
        let row = Row { owner, text, done };
        self.0.send(row).await.ok().context("the writer has ended")?;
        written.await.context("the writer has ended")
    }
}

/// Commits `first` and the rows that wait after it.
fn write(
    connection: &mut Connection,
    first: Row,
    rows: &mut mpsc::Receiver<Row>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let mut batch = Vec::with_capacity(BATCH_MAX);
    let mut next = Some(first);
    {
        let sql = "INSERT INTO messages (owner, text) VALUES (?1, ?2)";
        let mut insert = transaction.prepare_cached(sql)?;
        while let Some(row) = next {
            insert.execute(params![row.owner, row.text])?;
            batch.push(row.done);
            next = if batch.len() < BATCH_MAX { rows.try_recv().ok() } else { None };
        }
    }
    transaction.commit()?;
    for done in batch {
        // The caller may have stopped waiting.
        let _told = done.send(());
    }
    Ok(())
}
