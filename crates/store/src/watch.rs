//! Live views: a watcher of one machine, of all machines of an owner, and of wake times.
//!
//! A watcher joins its slot before it first reads the store, so whatever is committed afterwards
//! is either in what it reads or signalled. Dropping a watcher leaves the slot. A watcher reads
//! through the ledger, so the calls of a ledger that make one stand here, above it.

use crate::{
    error::{StoreError, unreadable},
    ledger::{Ledger, PageMax},
    signals::{Signals, Slot, WakeCell},
};
use machine::{Machine, Millis, Recorded};
use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};
use tokio::sync::watch;

/// How much a watcher that is behind reads from the store at once. It keeps all of it while its
/// reader is slow.
const CATCH_UP_MAX: PageMax = PageMax { events: 200, bytes: 32 * 1024 };

impl<M: Machine> Ledger<M> {
    /// A live view of the numbered events after a cursor: from memory when the watcher keeps up,
    /// from the store when it is behind. The machine need not exist yet.
    pub fn watch(&self, id: &str, after: u64) -> Watcher<M> {
        Watcher::new(self.clone(), id, after)
    }

    /// Learns that anything changed in any machine of this owner.
    pub fn watch_owner(&self) -> OwnerWatcher {
        OwnerWatcher::new(self.signals().clone(), M::PREFIX, self.owner().clone())
    }
}

/// What a watcher sees.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen<E> {
    /// The next numbered events, in order and without gaps; never empty.
    Events(Arc<[Recorded<E>]>),
    /// Something that is not stored, such as a person who types. It holds until `until`.
    Ephemeral { text: Arc<str>, until: Millis },
}

/// A live view of one machine with a cursor; see [`Ledger::watch`].
pub struct Watcher<M: Machine> {
    ledger: Ledger<M>,
    id: Box<str>,
    /// `None` when another machine's events live under this id, which only a misuse can cause.
    slot: Option<(Arc<Slot<M::Event>>, usize)>,
    after: u64,
    /// Newest number for which the store was read; `None` before the slot is known to be enough.
    read: Option<u64>,
    /// Number of the last ephemeral event that was seen.
    ephemeral: u64,
}

impl<M: Machine> Watcher<M> {
    pub(crate) fn new(ledger: Ledger<M>, id: &str, after: u64) -> Self {
        // No event has a larger number, and the slot has a use of its own for the largest.
        let after = after.min(i64::MAX as u64);
        let slot = ledger.signals().join::<M::Event>(ledger.owner(), id, after);
        Self { ledger, id: id.into(), slot, after, read: None, ephemeral: 0 }
    }

    /// The cursor: the number of the last event that was seen.
    pub fn after(&self) -> u64 {
        self.after
    }

    /// Waits for what comes after the cursor and moves the cursor over it. Dropping the future
    /// half way loses nothing.
    pub async fn next(&mut self) -> Result<Seen<M::Event>, StoreError> {
        loop {
            let Some((slot, place)) = &self.slot else {
                return Err(unreadable(&self.id, "two machines share one prefix"));
            };
            let (slot, place) = (slot.clone(), *place);
            let mut notified = std::pin::pin!(slot.notify.notified());
            notified.as_mut().enable();
            let behind = {
                let mut state = slot.state.lock();
                if let Some(events) = state.following(self.after) {
                    self.after = events.last().map_or(self.after, |event| event.position.seq);
                    state.advance(place, self.after);
                    // The slot heard this commit, so it hears every later one.
                    self.read.get_or_insert(0);
                    return Ok(Seen::Events(events));
                }
                let heard = state.seq;
                if self.read.is_none_or(|read| heard > read.max(self.after)) {
                    Some(heard)
                } else if let Some(ephemeral) = state.ephemeral_after(self.ephemeral) {
                    self.ephemeral = ephemeral.number;
                    let (text, until) = (ephemeral.text.clone(), ephemeral.until);
                    return Ok(Seen::Ephemeral { text, until });
                } else {
                    None
                }
            };
            match behind {
                None => notified.await,
                // Boxed, because an idle watcher should not carry the weight of a read.
                Some(heard) => {
                    let ledger = self.ledger.clone();
                    let page = Box::pin(ledger.page(&self.id, self.after, CATCH_UP_MAX)).await?;
                    let Some(last) = page.events.last() else {
                        self.read = Some(heard);
                        continue;
                    };
                    self.after = last.position.seq;
                    self.read = page.is_last.then_some(heard);
                    slot.advance(place, self.after);
                    return Ok(Seen::Events(page.events.into()));
                }
            }
        }
    }
}

impl<M: Machine> Drop for Watcher<M> {
    fn drop(&mut self) {
        if let Some((slot, place)) = &self.slot {
            self.ledger.signals().leave(self.ledger.owner(), &self.id, slot, *place);
        }
    }
}

impl<M: Machine> fmt::Debug for Watcher<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Watcher");
        shown.field("id", &self.id).field("after", &self.after).finish_non_exhaustive()
    }
}

/// Learns that some machine of an owner changed; see [`Ledger::watch_owner`].
pub struct OwnerWatcher {
    signals: Arc<Signals>,
    kind: &'static str,
    owner: Arc<str>,
    version: watch::Receiver<u64>,
}

impl OwnerWatcher {
    pub(crate) fn new(signals: Arc<Signals>, kind: &'static str, owner: Arc<str>) -> Self {
        let version = signals.join_owner(kind, &owner);
        Self { signals, kind, owner, version }
    }

    /// Waits until something changed since the watcher was made or last told. Changes in between
    /// are told once; now and then it may be told without a change.
    pub async fn changed(&mut self) {
        // The sender lives as long as it has a watcher, so this only ends with a change.
        if self.version.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for OwnerWatcher {
    fn drop(&mut self) {
        self.signals.leave_owner(self.kind, &self.owner);
    }
}

impl fmt::Debug for OwnerWatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnerWatcher").field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// Learns of earlier wake times; see [`crate::Store::wakes`].
pub struct Wakes {
    signals: Arc<Signals>,
    cell: Arc<WakeCell>,
}

impl Wakes {
    pub(crate) fn new(signals: Arc<Signals>, kind: &'static str) -> Self {
        let cell = signals.join_wakes(kind);
        Self { signals, cell }
    }

    /// Waits until a wake time before `at` was committed (any, for `None`), then returns: read
    /// [`crate::Store::next_wake`] again. Make the `Wakes` before reading the next wake, so that
    /// none is missed in between.
    pub async fn before(&mut self, at: Option<Millis>) {
        loop {
            let notified = self.cell.notify.notified();
            let earliest = self.cell.earliest.swap(Millis::MAX, Ordering::AcqRel);
            if earliest < at.unwrap_or(Millis::MAX) {
                return;
            }
            notified.await;
        }
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        self.signals.leave_wakes(&self.cell);
    }
}

impl fmt::Debug for Wakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wakes").finish_non_exhaustive()
    }
}
