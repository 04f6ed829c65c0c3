//! The writer thread: takes all units that wait, runs them in one transaction, commits with a
//! sync, and only then tells the callers and the watchers.
//!
//! A batch that fails is undone; if one unit may be to blame, they are run again one by one. A
//! commit that fails leaves the content of the disk unknown, so the writer then stops.

use super::{
    checkpoint::Checkpointer,
    connect::Opened,
    files::Files,
    tx::{self, SqliteTx},
};
use crate::{
    error::StoreError,
    finisher::Finisher,
    front::{Health, Jobs},
    mutant::{self, Mutant},
    tx::work,
    unit::Unit,
    workbench::Workbench,
};
use futures::FutureExt;
use rusqlite::{Connection, ErrorCode};
use std::{fs::File, sync::Arc};

pub(super) struct Writer {
    connection: Connection,
    workbench: Workbench,
    /// Changes when another connection commits; then what the workbench holds is stale.
    foreign_commits: i64,
    finisher: Finisher,
    health: Arc<Health>,
    checkpointer: Checkpointer,
    files: Arc<Files>,
    _lock: File,
}

impl Writer {
    pub(super) fn new(
        opened: Opened,
        finisher: Finisher,
        health: Arc<Health>,
        checkpointer: Checkpointer,
    ) -> Self {
        Self {
            connection: opened.writer,
            workbench: Workbench::default(),
            foreign_commits: 0,
            finisher,
            health,
            checkpointer,
            files: opened.files,
            _lock: opened.lock,
        }
    }

    /// Works until the store is closed or dropped.
    pub(super) fn run(mut self, mut jobs: Jobs) {
        while let Some(units) = jobs.blocking_batch() {
            self.batch(units);
        }
        self.checkpointer.stop();
        // The queue goes last: its end tells that the writer has let go of the file.
        drop(self);
        drop(jobs);
    }

    fn batch(&mut self, mut units: Vec<Box<dyn Unit>>) {
        if units.is_empty() {
            return;
        }
        if let Some(error) = self.health.fatal().cloned() {
            return self.finisher.tell(units, Err(error));
        }
        match self.attempt(&mut units) {
            Err(StoreError::Conflict(_) | StoreError::Unstorable(_)) if units.len() > 1 => {
                for unit in units {
                    self.batch(vec![unit]);
                }
            }
            outcome => {
                if let Err(error) = &outcome {
                    self.health.note(error);
                }
                self.finisher.tell(units, outcome);
            }
        }
        self.workbench.tidy();
        if self.checkpointer.is_wanted() {
            self.checkpointer.help(&self.connection);
        }
    }

    /// One transaction. Whatever fails, nothing of it stays.
    fn attempt(&mut self, units: &mut Vec<Box<dyn Unit>>) -> Result<(), StoreError> {
        self.begin()?;
        let mut transaction = SqliteTx { connection: &self.connection };
        let worked = work(&mut transaction, &mut self.workbench, units)
            .now_or_never()
            .unwrap_or_else(|| Err(StoreError::Unavailable("SQLite had to wait".to_owned())));
        if mutant::is(Mutant::AckBeforeCommit) {
            self.finisher.tell(std::mem::take(units), Ok(()));
        }
        let worked = worked.and_then(|wrote| self.files.check().map(|()| wrote));
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
                    self.workbench.clear();
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
                    self.health.recovered();
                    self.checkpointer.wrote();
                }
                Ok(())
            }
            Err(error) => {
                self.undo();
                // A full disk is refused before anything counts as written. After any other
                // failure it is unknown what the disk holds: only a restart can find out.
                match error.sqlite_error_code() {
                    Some(ErrorCode::DiskFull) => Err(StoreError::Full),
                    _ => Err(StoreError::Stopped(format!("a commit failed: {error}"))),
                }
            }
        }
    }

    fn undo(&mut self) {
        self.workbench.clear();
        // Some errors have rolled back already.
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            self.health.note(&StoreError::Stopped(format!("a rollback failed: {error}")));
        }
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.raw_execute().map(drop)
    }
}
