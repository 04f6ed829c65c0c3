//! Tells callers and watchers what became of their units, away from the writer's thread.
//!
//! Waking a task from a foreign thread costs the thread a system call. The writer therefore hands
//! a whole batch over at once and goes on with the next; this task tells them all, in order.

use crate::{error::StoreError, signals::Signals, unit::Unit};
use std::sync::Arc;
use tokio::sync::mpsc;

/// How many batches may wait to be told; the writer then waits, too.
const WAITING_BATCHES_MAX: usize = 64;

/// The writer's end.
pub(crate) struct Finisher {
    inbox: mpsc::Sender<Batch>,
}

struct Batch {
    units: Vec<Box<dyn Unit>>,
    outcome: Result<(), StoreError>,
}

impl Finisher {
    /// Starts the task on the current runtime; it ends with the writer.
    pub(crate) fn start(signals: Arc<Signals>) -> Self {
        let (inbox, mut batches) = mpsc::channel::<Batch>(WAITING_BATCHES_MAX);
        tokio::spawn(async move {
            while let Some(Batch { units, outcome }) = batches.recv().await {
                for unit in units {
                    unit.finish(outcome.clone(), &signals);
                }
            }
        });
        Self { inbox }
    }

    /// To be called after the commit, from a thread that may wait.
    pub(crate) fn tell(&self, units: Vec<Box<dyn Unit>>, outcome: Result<(), StoreError>) {
        // This fails only when the runtime has ended, and every caller with it.
        let _ = self.inbox.blocking_send(Batch { units, outcome });
    }
}
