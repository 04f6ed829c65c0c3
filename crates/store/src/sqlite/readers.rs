//! Reader threads: each has its own connection and takes the next query that waits.

use super::{
    connect::{self, Role},
    spawn,
};
use crate::error::StoreError;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::{path::Path, sync::Arc, thread::JoinHandle};
use tokio::sync::mpsc;

/// A query that is run on whichever connection is free.
pub(super) type Read = Box<dyn FnOnce(&Connection) + Send>;

/// How many queries may wait for a reader.
const WAITING_READS_MAX: usize = 4096;
/// Reads are short, so a few threads keep up with any number of watchers.
const READERS_MAX: usize = 4;

pub(super) struct Readers {
    inbox: Mutex<Option<mpsc::Sender<Read>>>,
    waiting: Arc<Mutex<mpsc::Receiver<Read>>>,
}

impl Readers {
    pub(super) fn new() -> Self {
        let (inbox, waiting) = mpsc::channel(WAITING_READS_MAX);
        Self { inbox: Mutex::new(Some(inbox)), waiting: Arc::new(Mutex::new(waiting)) }
    }

    pub(super) fn start(&self, path: &Path, role: Role) -> Result<Vec<JoinHandle<()>>, StoreError> {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let readers = (0..cores.clamp(2, READERS_MAX)).map(|_| {
            let connection = connect::connect(path, role)?;
            let waiting = self.waiting.clone();
            spawn("store-reader", move || {
                while let Some(read) = next(&waiting) {
                    read(&connection);
                }
            })
        });
        readers.collect()
    }

    pub(super) async fn submit(&self, read: Read) -> Result<(), ()> {
        let inbox = self.inbox.lock().clone().ok_or(())?;
        inbox.send(read).await.map_err(|_| ())
    }

    /// Takes no more queries; the threads end when those that wait are answered.
    pub(super) fn close(&self) {
        self.inbox.lock().take();
    }
}

fn next(waiting: &Mutex<mpsc::Receiver<Read>>) -> Option<Read> {
    waiting.lock().blocking_recv()
}
