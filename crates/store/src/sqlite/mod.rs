//! SQLite: one writer thread, a few readers, one thread that checkpoints.
//!
//! The writer owns the only writing connection, and a lock file keeps other processes from
//! becoming a second writer. Every connection runs in WAL mode with full sync, checked when it is
//! opened.

mod checkpoint;
mod connect;
mod readers;
mod tx;
mod writer;

#[cfg(test)]
mod tests;

use crate::{
    error::StoreError,
    signals::{Signals, lock},
    sql,
    tx::{Columns, Query},
    unit::Unit,
};
use checkpoint::Checkpointer;
use readers::Readers;
use std::{
    path::Path,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};
use tokio::sync::{mpsc, oneshot, watch};
use writer::Writer;

/// How many units may wait for the writer; whoever comes later waits to be let in.
const WAITING_UNITS_MAX: usize = 4096;

pub(crate) struct Sqlite {
    name: String,
    inbox: mpsc::Sender<Job>,
    readers: Readers,
    health: Arc<Health>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What the writer is asked to do.
enum Job {
    Unit(Box<dyn Unit>),
    Close(oneshot::Sender<()>),
}

/// How the writer is; seen from outside.
struct Health {
    ailing: AtomicBool,
    closed: AtomicBool,
    fatal: OnceLock<StoreError>,
    fatal_seen: watch::Sender<bool>,
}

impl Health {
    fn new() -> Self {
        Self {
            ailing: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            fatal: OnceLock::new(),
            fatal_seen: watch::Sender::new(false),
        }
    }

    /// Gives up for good; the first reason stays.
    fn give_up(&self, error: StoreError) {
        let _ = self.fatal.set(error);
        self.fatal_seen.send_replace(true);
    }
}

impl Sqlite {
    pub(crate) async fn open(path: &Path, signals: &Arc<Signals>) -> Result<Self, StoreError> {
        let (path, signals) = (path.to_owned(), signals.clone());
        let opened = tokio::task::spawn_blocking(move || Self::open_now(&path, signals));
        opened
            .await
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
    }

    fn open_now(path: &Path, signals: Arc<Signals>) -> Result<Self, StoreError> {
        let opened = connect::open(path)?;
        let (inbox, jobs) = mpsc::channel(WAITING_UNITS_MAX);
        let health = Arc::new(Health::new());
        let readers = Readers::new();
        let mut threads = readers.start(&opened)?;
        let (checkpointer, thread) = Checkpointer::start(&opened)?;
        threads.push(thread);
        let writer = Writer::new(opened, signals, health.clone(), checkpointer);
        threads.push(spawn("store-writer", move || writer.run(jobs))?);
        let threads = Mutex::new(threads);
        Ok(Self {
            name: path.display().to_string(),
            inbox,
            readers,
            health,
            threads,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) async fn submit(&self, unit: Box<dyn Unit>) -> Result<(), StoreError> {
        self.inbox
            .send(Job::Unit(unit))
            .await
            .map_err(|_| self.stopped())
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
        self.readers
            .submit(job)
            .await
            .map_err(|()| self.stopped())?;
        answer.await.unwrap_or_else(|_| Err(self.stopped()))
    }

    pub(crate) fn is_ailing(&self) -> bool {
        self.health.ailing.load(Ordering::Relaxed)
    }

    pub(crate) fn stopped(&self) -> StoreError {
        if let Some(error) = self.health.fatal.get() {
            return error.clone();
        }
        let why = if self.health.closed.load(Ordering::Relaxed) {
            "closed"
        } else {
            "lost"
        };
        StoreError::Stopped(why.to_owned())
    }

    pub(crate) async fn failed(&self) -> StoreError {
        let mut fatal = self.health.fatal_seen.subscribe();
        // The sender lives in `self`, so this only ends with a fatal error.
        if fatal.wait_for(|fatal| *fatal).await.is_err() {
            return std::future::pending().await;
        }
        self.stopped()
    }

    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.inbox.send(Job::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
        self.readers.close();
        let threads = std::mem::take(&mut *lock(&self.threads));
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
    let thread = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body);
    thread.map_err(|error| StoreError::Unavailable(format!("no thread for {name}: {error}")))
}
