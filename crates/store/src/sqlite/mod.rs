//! SQLite: one writer thread, a few readers, one thread that checkpoints.
//!
//! The writer owns the only writing connection, and a lock file keeps other processes from
//! becoming a second writer. Every connection runs in WAL mode with full sync, checked when it is
//! opened.

mod checkpoint;
mod connect;
mod files;
mod readers;
mod tx;
mod writer;

#[cfg(test)]
mod tests;

use crate::{
    error::StoreError,
    finisher::Finisher,
    front::Front,
    query::{Columns, Query},
    signals::Signals,
    sql,
};
use checkpoint::Checkpointer;
use connect::Role;
use files::Files;
use parking_lot::Mutex;
use readers::Readers;
use std::{fs::File, path::Path, sync::Arc, thread::JoinHandle};
use tokio::sync::oneshot;
use writer::Writer;

pub(crate) struct Sqlite {
    name: String,
    front: Front,
    readers: Readers,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// `None` while the database is only looked at.
    files: Option<Arc<Files>>,
    /// Keeps a writer away while the database is only looked at.
    _lock: Option<File>,
}

impl Sqlite {
    pub(crate) async fn open(path: &Path, signals: &Arc<Signals>) -> Result<Self, StoreError> {
        let (path, finisher) = (path.to_owned(), Finisher::start(signals.clone()));
        let opened = tokio::task::spawn_blocking(move || Self::open_now(&path, finisher));
        opened.await.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    fn open_now(path: &Path, finisher: Finisher) -> Result<Self, StoreError> {
        let opened = connect::open(path)?;
        let (front, jobs) = Front::new();
        let readers = Readers::new();
        let mut threads = readers.start(&opened.path, Role::Reader)?;
        let (checkpointer, thread) = Checkpointer::start(&opened)?;
        threads.push(thread);
        let files = opened.files.clone();
        let writer = Writer::new(opened, finisher, front.health().clone(), checkpointer);
        threads.push(spawn("store-writer", move || writer.run(jobs))?);
        let (name, threads) = (path.display().to_string(), Mutex::new(threads));
        Ok(Self { name, front, readers, threads, files: Some(files), _lock: None })
    }

    pub(crate) async fn inspect(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || Self::inspect_now(&path));
        opened.await.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    /// The same with readers only: without the other end of its queue, the front refuses every
    /// unit.
    fn inspect_now(path: &Path) -> Result<Self, StoreError> {
        let lock = connect::inspect(path)?;
        let (front, _) = Front::new();
        let readers = Readers::new();
        let threads = Mutex::new(readers.start(path, Role::Inspector)?);
        let name = path.display().to_string();
        Ok(Self { name, front, readers, threads, files: None, _lock: lock })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn front(&self) -> &Front {
        &self.front
    }

    /// Ok while the files are where they were opened, on a disk with room.
    pub(crate) fn check_files(&self) -> Result<(), StoreError> {
        self.files.as_ref().map_or(Ok(()), |files| {
            files.check()?;
            files.check_room()
        })
    }

    pub(crate) async fn damages(&self) -> Result<Vec<String>, StoreError> {
        let query = Query { sql: "PRAGMA integrity_check", args: Vec::new() };
        let mut found = self.query(query, |row| Ok(row.text(0)?.to_owned())).await?;
        found.retain(|line| line != "ok");
        Ok(found)
    }

    pub(crate) async fn query<R: Send + 'static>(
        &self,
        query: Query,
        read: impl Fn(&dyn Columns) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<Vec<R>, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |connection: &rusqlite::Connection| {
            if !reply.is_closed() {
                let _ = reply.send(tx::rows(connection, &query, &read));
            }
        });
        self.readers.submit(job).await.map_err(|()| self.front.stopped())?;
        answer.await.unwrap_or_else(|_| Err(self.front.stopped()))
    }

    /// Ends the other threads, once the writer has ended.
    pub(crate) async fn close(&self) {
        self.readers.close();
        let threads = std::mem::take(&mut *self.threads.lock());
        let join = || {
            for thread in threads {
                // A thread that panicked has nothing left to put in order.
                let _ = thread.join();
            }
        };
        let _ = tokio::task::spawn_blocking(join).await;
    }
}

/// Everything a connection will be asked, for preparing it all when the database is opened.
fn statements() -> impl Iterator<Item = &'static str> {
    sql::SHARED.iter().chain(tx::STATEMENTS).copied()
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    thread.map_err(|error| StoreError::Unavailable(format!("no thread for {name}: {error}")))
}
