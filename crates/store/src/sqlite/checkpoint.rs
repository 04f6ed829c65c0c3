//! The checkpoint thread: moves committed pages from the log into the file, beside the writer.
//!
//! Commits never pay for a checkpoint: automatic checkpoints are off, and this thread copies what
//! has gathered a few times a second. In a quiet moment it shrinks the log. When commits never
//! pause, the writer does the last bit itself, so that the log starts over instead of growing.

use super::{
    connect::{self, Opened, Role},
    spawn,
};
use crate::error::StoreError;
use parking_lot::{Condvar, Mutex, MutexGuard};
use rusqlite::Connection;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// How long commits gather before they are copied.
const GATHER: Duration = Duration::from_millis(100);
/// How long nothing must have been written before the log is shrunk.
const QUIET: Duration = Duration::from_secs(1);
/// A smaller log, in pages, is not worth shrinking.
const SHRINK_PAGES_MIN: u64 = 1000;
/// From this size, in pages of 4 KiB, the writer helps the log to start over.
const LOG_PAGES_MAX: u64 = 16_000;

/// The writer's end of the checkpoint thread.
pub(super) struct Checkpointer {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    log_pages: AtomicU64,
}

#[derive(Default)]
struct State {
    wrote: bool,
    stop: bool,
}

impl Checkpointer {
    pub(super) fn start(opened: &Opened) -> Result<(Self, JoinHandle<()>), StoreError> {
        let connection = connect::connect(&opened.path, Role::Checkpointer)?;
        let shared = Arc::new(Shared {
            // What an earlier run left in the log is copied, too.
            state: Mutex::new(State { wrote: true, stop: false }),
            changed: Condvar::new(),
            log_pages: AtomicU64::new(0),
        });
        let of_thread = shared.clone();
        let thread = spawn("store-checkpoint", move || of_thread.run(&connection))?;
        Ok((Self { shared }, thread))
    }

    /// Tells the thread that there is something to copy.
    pub(super) fn wrote(&self) {
        let mut state = self.shared.state.lock();
        if !state.wrote {
            state.wrote = true;
            drop(state);
            self.shared.changed.notify_one();
        }
    }

    pub(super) fn stop(&self) {
        self.shared.state.lock().stop = true;
        self.shared.changed.notify_one();
    }

    /// True when the log has grown so much that the writer should help.
    pub(super) fn is_wanted(&self) -> bool {
        self.shared.log_pages.load(Ordering::Relaxed) > LOG_PAGES_MAX
    }

    /// Copies what is left, on the writer's thread, so that the next commit starts the log over.
    pub(super) fn help(&self, connection: &Connection) {
        self.shared.copy(connection, "PRAGMA wal_checkpoint(PASSIVE)");
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn run(&self, connection: &Connection) {
        let mut is_large = false;
        loop {
            let mut state = self.state.lock();
            while !state.wrote && !state.stop {
                if !is_large {
                    self.changed.wait(&mut state);
                    continue;
                }
                self.changed.wait_for(&mut state, QUIET);
                if !state.wrote && !state.stop {
                    drop(state);
                    self.copy(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
                    is_large = false;
                    state = self.state.lock();
                }
            }
            if !state.stop {
                self.wait_for_stop(&mut state, GATHER);
            }
            state.wrote = false;
            let stop = state.stop;
            drop(state);
            if stop {
                self.copy(connection, "PRAGMA wal_checkpoint(TRUNCATE)");
                return;
            }
            self.copy(connection, "PRAGMA wal_checkpoint(PASSIVE)");
            is_large = self.log_pages.load(Ordering::Relaxed) > SHRINK_PAGES_MIN;
        }
    }

    /// A checkpoint that cannot be made now is made by the next one.
    fn copy(&self, connection: &Connection, sql: &str) {
        let copied =
            connection.query_row(sql, (), |row| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)));
        match copied {
            // When all is copied, the log starts over at the next commit.
            Ok((log, copied)) => {
                let rest = if sql.contains("TRUNCATE") || log < 0 { 0 } else { log };
                let rest = if rest == copied && rest > LOG_PAGES_MAX as i64 { 0 } else { rest };
                self.log_pages.store(rest as u64, Ordering::Relaxed);
            }
            Err(error) => tracing::warn!(%error, "the log could not be copied into the database"),
        }
    }

    /// Waits the whole time, unless the thread is to stop.
    fn wait_for_stop(&self, state: &mut MutexGuard<'_, State>, limit: Duration) {
        self.changed.wait_while_for(state, |state| !state.stop, limit);
    }
}
