//! The front of a writer: the queue of units, and the writer's health.

use crate::{error::StoreError, unit::Unit};
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot, watch};

/// How many units may wait for the writer. A caller beyond that waits to hand its unit in.
const WAITING_UNITS_MAX: usize = 4096;
/// How many units share a commit at most.
const BATCH_LENGTH_MAX: usize = 256;
/// How long a batch may wait to become about as large as the last one; shorter than a commit.
const GATHER_WAIT: Duration = Duration::from_micros(200);

/// The side of a writer that others see.
pub(crate) struct Front {
    inbox: mpsc::Sender<Job>,
    health: Arc<Health>,
}

/// What a writer is asked to do.
enum Job {
    Unit(Box<dyn Unit>),
    Close(oneshot::Sender<()>),
}

/// Health of a writer.
pub(crate) struct Health {
    started: Instant,
    /// Microseconds from `started` to the start of the batch under work; 0 between batches.
    working_since: AtomicU64,
    /// How long the last batch took, in microseconds.
    last_took: AtomicU64,
    ailing: AtomicBool,
    fatal: OnceLock<StoreError>,
    fatal_seen: watch::Sender<bool>,
}

/// The writer's end of the queue.
pub(crate) struct Jobs {
    jobs: mpsc::Receiver<Job>,
    closing: Option<oneshot::Sender<()>>,
    health: Arc<Health>,
    /// How many units the last batch had.
    last: usize,
}

impl Front {
    pub(crate) fn new() -> (Self, Jobs) {
        let (inbox, jobs) = mpsc::channel(WAITING_UNITS_MAX);
        let health = Health {
            started: Instant::now(),
            working_since: AtomicU64::new(0),
            last_took: AtomicU64::new(0),
            ailing: AtomicBool::new(false),
            fatal: OnceLock::new(),
            fatal_seen: watch::Sender::new(false),
        };
        let health = Arc::new(health);
        (Self { inbox, health: health.clone() }, Jobs { jobs, closing: None, health, last: 0 })
    }

    pub(crate) fn health(&self) -> &Arc<Health> {
        &self.health
    }

    pub(crate) async fn submit(&self, unit: Box<dyn Unit>) -> Result<(), StoreError> {
        self.inbox.send(Job::Unit(unit)).await.map_err(|_| self.stopped())
    }

    /// About how long a unit that is handed in now waits before its turn.
    pub(crate) fn lag(&self) -> Duration {
        let waiting = self.inbox.max_capacity() - self.inbox.capacity();
        let batches = u32::try_from(waiting / BATCH_LENGTH_MAX).unwrap_or(u32::MAX);
        let last = Duration::from_micros(self.health.last_took.load(Ordering::Relaxed));
        self.health.working().saturating_add(last.saturating_mul(batches))
    }

    /// True while the last write failed for a reason that may pass.
    pub(crate) fn is_ailing(&self) -> bool {
        self.health.ailing.load(Ordering::Relaxed)
    }

    /// The error for a unit that came after the writer had stopped.
    pub(crate) fn stopped(&self) -> StoreError {
        let closed = || StoreError::Stopped("it is closed".to_owned());
        self.health.fatal().cloned().unwrap_or_else(closed)
    }

    /// Ends when the writer has stopped after a failure.
    pub(crate) async fn failed(&self) -> StoreError {
        let mut fatal = self.health.fatal_seen.subscribe();
        // The sender lives in `self`, so this only ends when the writer gives up.
        if fatal.wait_for(|fatal| *fatal).await.is_err() {
            return std::future::pending().await;
        }
        self.stopped()
    }

    /// Waits until the writer has done what it was given before and has ended.
    pub(crate) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.inbox.send(Job::Close(done)).await.is_ok() {
            // The writer answers by ending.
            let _ = closed.await;
        }
    }
}

impl Health {
    fn begin(&self) {
        // Never 0, which means that nothing is under work.
        let since = self.started.elapsed().as_micros() as u64 | 1;
        self.working_since.store(since, Ordering::Relaxed);
    }

    fn end(&self) {
        let took = self.working().as_micros() as u64;
        if self.working_since.swap(0, Ordering::Relaxed) != 0 {
            self.last_took.store(took, Ordering::Relaxed);
        }
    }

    /// How long the batch under work has taken until now.
    fn working(&self) -> Duration {
        match self.working_since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => self.started.elapsed().saturating_sub(Duration::from_micros(since)),
        }
    }

    /// Remembers how a batch ended that did not commit.
    pub(crate) fn note(&self, error: &StoreError) {
        if let StoreError::Stopped(_) = error {
            tracing::error!(%error, "the database writer gives up");
            // The first reason stays.
            let _ = self.fatal.set(error.clone());
            self.fatal_seen.send_replace(true);
        } else if error.is_temporary() {
            tracing::warn!(%error, "a commit did not happen");
            self.ailing.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn recovered(&self) {
        self.ailing.store(false, Ordering::Relaxed);
    }

    pub(crate) fn fatal(&self) -> Option<&StoreError> {
        self.fatal.get()
    }
}

impl Jobs {
    /// Waits on a thread of its own for the next batch; `None` when there will be no more.
    pub(crate) fn blocking_batch(&mut self) -> Option<Vec<Box<dyn Unit>>> {
        self.health.end();
        if self.closing.is_some() {
            return None;
        }
        let first = self.jobs.blocking_recv()?;
        self.health.begin();
        let mut units = Vec::with_capacity(self.last);
        let began = Instant::now();
        self.gather(Some(first), &mut units);
        while self.is_early(units.len(), began) {
            std::thread::yield_now();
            self.gather(None, &mut units);
        }
        self.last = units.len();
        Some(units)
    }

    /// The same for a task; an empty batch when nothing came within `wait`.
    pub(crate) async fn batch(&mut self, wait: Option<Duration>) -> Option<Vec<Box<dyn Unit>>> {
        self.health.end();
        if self.closing.is_some() {
            return None;
        }
        let first = match wait {
            None => self.jobs.recv().await?,
            Some(wait) => match tokio::time::timeout(wait, self.jobs.recv()).await {
                Ok(first) => first?,
                Err(_) => return Some(Vec::new()),
            },
        };
        self.health.begin();
        let mut units = Vec::with_capacity(self.last);
        let began = Instant::now();
        self.gather(Some(first), &mut units);
        while self.is_early(units.len(), began) {
            tokio::task::yield_now().await;
            self.gather(None, &mut units);
        }
        self.last = units.len();
        Some(units)
    }

    /// True while the callers of the last commit probably still send their next units. Without this
    /// short wait, every other commit would carry only the first few of them.
    fn is_early(&self, units: usize, began: Instant) -> bool {
        self.closing.is_none() && units * 2 < self.last && began.elapsed() < GATHER_WAIT
    }

    /// Everything that waits already travels along.
    fn gather(&mut self, first: Option<Job>, units: &mut Vec<Box<dyn Unit>>) {
        let mut next = first.or_else(|| self.jobs.try_recv().ok());
        while let Some(job) = next {
            match job {
                Job::Unit(unit) => units.push(unit),
                Job::Close(done) => {
                    self.closing = Some(done);
                    break;
                }
            }
            next = if units.len() < BATCH_LENGTH_MAX { self.jobs.try_recv().ok() } else { None };
        }
    }
}

impl Drop for Jobs {
    /// A writer that ends by a panic is as fatal as one that cannot sync.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.health.note(&StoreError::Stopped("the writer panicked".to_owned()));
        }
    }
}
