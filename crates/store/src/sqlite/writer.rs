//! The writer thread: takes all units that wait, runs them in one transaction, commits with a
//! sync, and only then tells the callers and the watchers.
//!
//! A batch that fails is undone; if one unit may be to blame, they are run again one by one. A
//! commit that fails leaves the disk in doubt, so the writer then gives up for good.

use super::{
    Health, Job,
    checkpoint::Checkpointer,
    connect::Opened,
    tx::{self, SqliteTx},
};
use crate::{
    desk::Desk,
    error::StoreError,
    mutant::{self, Mutant},
    signals::Signals,
    tx::work,
    unit::Unit,
};
use futures::FutureExt;
use rusqlite::{Connection, ErrorCode};
use std::{
    fs::File,
    sync::{Arc, atomic::Ordering},
};
use tokio::sync::{mpsc, oneshot};

/// How many units share a commit at most.
const BATCH_LENGTH_MAX: usize = 256;

pub(super) struct Writer {
    connection: Connection,
    desk: Desk,
    /// Changes when another connection commits; then what lies on the desk is stale.
    foreign_commits: i64,
    signals: Arc<Signals>,
    health: Arc<Health>,
    checkpointer: Checkpointer,
    _lock: File,
}

impl Writer {
    pub(super) fn new(
        opened: Opened,
        signals: Arc<Signals>,
        health: Arc<Health>,
        checkpointer: Checkpointer,
    ) -> Self {
        Self {
            connection: opened.writer,
            desk: Desk::default(),
            foreign_commits: 0,
            signals,
            health,
            checkpointer,
            _lock: opened.lock,
        }
    }

    /// Works until the store is closed or dropped.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut closing: Option<oneshot::Sender<()>> = None;
        while closing.is_none()
            && let Some(first) = jobs.blocking_recv()
        {
            let mut units = Vec::new();
            let mut next = Some(first);
            while let Some(job) = next {
                match job {
                    Job::Unit(unit) => units.push(unit),
                    Job::Close(done) => {
                        closing = Some(done);
                        break;
                    }
                }
                next = if units.len() < BATCH_LENGTH_MAX {
                    jobs.try_recv().ok()
                } else {
                    None
                };
            }
            self.batch(units);
        }
        self.health.closed.store(true, Ordering::Relaxed);
        drop(jobs);
        self.checkpointer.stop();
        drop(self);
        if let Some(done) = closing {
            let _ = done.send(());
        }
    }

    fn batch(&mut self, mut units: Vec<Box<dyn Unit>>) {
        if units.is_empty() {
            return;
        }
        if let Some(error) = self.health.fatal.get().cloned() {
            return self.finish(units, &Err(error));
        }
        match self.attempt(&mut units) {
            Err(StoreError::Conflict(_)) if units.len() > 1 => {
                for unit in units {
                    self.batch(vec![unit]);
                }
            }
            outcome => {
                if let Err(error) = &outcome {
                    self.note(error);
                }
                self.finish(units, &outcome);
            }
        }
        self.desk.tidy();
        if self.checkpointer.is_wanted() {
            self.checkpointer.help(&self.connection);
        }
    }

    /// One transaction. Whatever fails, nothing of it stays.
    fn attempt(&mut self, units: &mut Vec<Box<dyn Unit>>) -> Result<(), StoreError> {
        self.begin()?;
        let mut transaction = SqliteTx {
            connection: &self.connection,
        };
        let worked = work(&mut transaction, &mut self.desk, units)
            .now_or_never()
            .unwrap_or_else(|| Err(StoreError::Unavailable("SQLite had to wait".to_owned())));
        if mutant::is(Mutant::AckBeforeCommit) {
            self.finish(std::mem::take(units), &Ok(()));
        }
        match worked {
            Ok(wrote) => self.commit(wrote),
            Err(error) => {
                self.undo();
                Err(error)
            }
        }
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        let begun = self.execute("BEGIN IMMEDIATE").and_then(|()| {
            let mut statement = self.connection.prepare_cached("PRAGMA data_version")?;
            statement.query_row((), |row| row.get(0))
        });
        match begun {
            Ok(version) => {
                if version != self.foreign_commits {
                    self.foreign_commits = version;
                    self.desk.clear();
                }
                Ok(())
            }
            Err(error) => {
                self.undo();
                Err(tx::error(&error))
            }
        }
    }

    fn commit(&mut self, wrote: bool) -> Result<(), StoreError> {
        let committed = if wrote && mutant::is(Mutant::SyncFails) {
            Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC),
                None,
            ))
        } else {
            self.execute("COMMIT")
        };
        match committed {
            Ok(()) => {
                if wrote {
                    self.health.ailing.store(false, Ordering::Relaxed);
                    self.checkpointer.wrote();
                }
                Ok(())
            }
            Err(error) => {
                self.undo();
                // A full disk is refused before anything counts as written. After any other
                // failure nobody knows what the disk holds: only a restart can find out.
                match error.sqlite_error_code() {
                    Some(ErrorCode::DiskFull) => Err(StoreError::Full),
                    _ => Err(StoreError::Stopped(format!("a commit failed: {error}"))),
                }
            }
        }
    }

    fn undo(&mut self) {
        self.desk.clear();
        // Some errors have rolled back already.
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            self.note(&StoreError::Stopped(format!("a rollback failed: {error}")));
        }
    }

    fn note(&self, error: &StoreError) {
        match error {
            StoreError::Stopped(_) => {
                tracing::error!(%error, "the database writer gives up");
                self.health.give_up(error.clone());
            }
            error if error.is_temporary() => {
                tracing::warn!(%error, "a commit did not happen");
                self.health.ailing.store(true, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    fn finish(&self, units: Vec<Box<dyn Unit>>, outcome: &Result<(), StoreError>) {
        for unit in units {
            unit.finish(outcome.clone(), &self.signals);
        }
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.raw_execute().map(drop)
    }
}
