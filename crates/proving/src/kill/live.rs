//! Follows one visitor's stream across restarts; a new stream resumes where the last one ended.

use std::{sync::Arc, time::Duration};

use anyhow::bail;
use kit::visitor::{Event, PATIENCE, Visitor};
use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinHandle};

/// Time between two attempts to open the stream.
const BREATH: Duration = Duration::from_millis(10);

/// The events seen so far; reading ends when this is dropped.
pub(crate) struct Live {
    seen: Arc<Mutex<Vec<Event>>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Live {
    pub(crate) fn open(visitor: Visitor) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (counter, count) = watch::channel(0);
        let task = tokio::spawn(follow(visitor, seen.clone(), counter));
        Self { seen, count, task }
    }

    /// Every numbered event so far.
    pub(crate) fn seen(&self) -> Vec<Event> {
        self.seen.lock().clone()
    }

    /// Every numbered event so far, as soon as there are `count` or `limit` has passed.
    pub(crate) async fn seen_within(&self, limit: Duration, count: usize) -> Vec<Event> {
        let mut counted = self.count.clone();
        // Both failures are for the caller to judge: too few events are seen.
        let _ = tokio::time::timeout(limit, counted.wait_for(|seen| *seen >= count)).await;
        self.seen()
    }

    /// The first event after the `from`th that `wanted` accepts, with its place in the list.
    pub(crate) async fn wait_for(
        &self,
        from: usize,
        wanted: impl Fn(&Event) -> bool,
    ) -> anyhow::Result<(usize, Event)> {
        let mut count = self.count.clone();
        let mut at = from;
        let look = async {
            loop {
                let seen = *count.borrow_and_update();
                while at < seen {
                    let event = {
                        let events = self.seen.lock();
                        events[at].clone()
                    };
                    at += 1;
                    if wanted(&event) {
                        return Ok((at, event));
                    }
                }
                count.changed().await?;
            }
        };
        if let Ok(found) = tokio::time::timeout(PATIENCE, look).await {
            return found;
        }
        let seen = self.seen();
        let tail = &seen[seen.len().saturating_sub(6)..];
        bail!("not seen within {PATIENCE:?}; the last events were {tail:#?}")
    }
}

async fn follow(visitor: Visitor, seen: Arc<Mutex<Vec<Event>>>, count: watch::Sender<usize>) {
    let mut last = 0;
    loop {
        if let Ok(mut stream) = visitor.stream(last).await {
            while let Ok(event) = stream.next().await {
                if event.seq.is_some() {
                    seen.lock().push(event);
                    count.send_modify(|count| *count += 1);
                }
            }
            last = stream.last;
        }
        tokio::time::sleep(BREATH).await;
    }
}
