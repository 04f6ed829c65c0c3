//! Signals: what is told, in this process, that something was committed.
//!
//! Writers call [`Signals::committed`] after the commit, in commit order. Signals are hints: a
//! watcher that misses one sees the gap by number and reads the store, a repeated one does
//! nothing. A slot exists only while a watcher does, and keeps events only until every watcher
//! has taken them.

use crate::{
    commits::{Committed, Subscribers},
    stored::Logged,
};
use machine::{Event, Machine, Millis, Recorded};
use parking_lot::Mutex;
use std::{
    any::Any,
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::sync::{Notify, watch};

/// How many commits a slot holds for watchers that are a little behind.
const RING_LENGTH_MAX: usize = 16;
const SHARDS: usize = 64;
/// A cursor that no watcher uses; beyond every number.
const FREE: u64 = u64::MAX;

/// Everything in this process that waits for commits.
pub(crate) struct Signals {
    hasher: RandomState,
    slots: Vec<Mutex<HashMap<Box<str>, Entry>>>,
    owners: Mutex<Owners>,
    wakes: Mutex<Vec<(&'static str, Arc<WakeCell>)>>,
    subscribers: Arc<Subscribers>,
    logged: Logged,
}

/// A counter of changes for each owner that is watched, by kind of machine.
type Owners = HashMap<(&'static str, Arc<str>), watch::Sender<u64>>;

struct Entry {
    /// A `Slot<E>`; the events of one machine have one type.
    slot: Arc<dyn AnySlot>,
    watchers: usize,
}

/// What can be done to a slot without knowing its events.
trait AnySlot: Any + Send + Sync {
    /// Learns from another node that `seq` was committed.
    fn heard(&self, seq: u64);
    fn send_ephemeral(&self, text: Arc<str>, until: Millis);
}

/// Where the watchers of one machine meet its commits.
pub(crate) struct Slot<E> {
    pub(crate) state: Mutex<SlotState<E>>,
    pub(crate) notify: Notify,
}

pub(crate) struct SlotState<E> {
    /// Newest number this slot heard of.
    pub(crate) seq: u64,
    ring: VecDeque<Arc<[Recorded<E>]>>,
    /// What each watcher has taken, by its place.
    cursors: Vec<u64>,
    ephemeral: Option<Box<Ephemeral>>,
}

/// The last ephemeral event of a machine.
#[derive(Clone)]
pub(crate) struct Ephemeral {
    pub(crate) number: u64,
    pub(crate) text: Arc<str>,
    pub(crate) until: Millis,
}

/// The earliest wake time committed since a timer last looked.
pub(crate) struct WakeCell {
    pub(crate) earliest: AtomicI64,
    pub(crate) notify: Notify,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            slots: (0..SHARDS).map(|_| Mutex::default()).collect(),
            owners: Mutex::default(),
            wakes: Mutex::default(),
            subscribers: Arc::default(),
            logged: Logged::default(),
        }
    }

    /// The subscribers that are called after each commit.
    pub(crate) fn subscribers(&self) -> &Arc<Subscribers> {
        &self.subscribers
    }

    /// What was logged as unreadable.
    pub(crate) fn logged(&self) -> &Logged {
        &self.logged
    }

    /// Passes on that a commit whose answer was lost is stored.
    pub(crate) fn found<M: Machine>(
        &self,
        owner: &Arc<str>,
        id: &str,
        state: &Arc<M>,
        events: Arc<[Recorded<M::Event>]>,
    ) {
        self.subscribers.tell(|| Committed {
            owner: owner.clone(),
            id: id.into(),
            state: state.clone(),
            events,
        });
        self.heard(owner, id, state.position().seq);
        self.owner_changed(M::PREFIX, owner);
        if let Some(at) = state.wake_at() {
            self.wake_committed::<M>(at);
        }
    }

    fn wake_committed<M: Machine>(&self, at: Millis) {
        for (_, cell) in self.wakes.lock().iter().filter(|(kind, _)| *kind == M::PREFIX) {
            cell.lower(at);
        }
    }

    /// Passes on what one step committed.
    pub(crate) fn committed<M: Machine>(
        &self,
        owner: &Arc<str>,
        id: &str,
        events: Arc<[Recorded<M::Event>]>,
        wake: Option<Millis>,
    ) {
        let slot = {
            let key = slot_key(owner, id);
            let shard = self.shard(&key).lock();
            shard.get(&*key).map(|entry| entry.slot.clone())
        };
        if let Some(slot) = slot.and_then(known::<M::Event>) {
            slot.push(events);
        }
        self.owner_changed(M::PREFIX, owner);
        if let Some(at) = wake {
            self.wake_committed::<M>(at);
        }
    }

    fn owner_changed(&self, kind: &'static str, owner: &Arc<str>) {
        let owners = self.owners.lock();
        if !owners.is_empty()
            && let Some(version) = owners.get(&(kind, owner.clone()))
        {
            version.send_modify(|version| *version += 1);
        }
    }

    pub(crate) fn send_ephemeral(&self, owner: &str, id: &str, text: &str, until: Millis) {
        let key = slot_key(owner, id);
        let slot = self.shard(&key).lock().get(&*key).map(|entry| entry.slot.clone());
        if let Some(slot) = slot {
            slot.send_ephemeral(text.into(), until);
        }
    }

    /// Joins the watchers of one machine; the second value is the watcher's place in the slot.
    pub(crate) fn join<E: Event>(
        &self,
        owner: &str,
        id: &str,
        after: u64,
    ) -> Option<(Arc<Slot<E>>, usize)> {
        let key = slot_key(owner, id);
        let mut shard = self.shard(&key).lock();
        let entry = shard
            .entry(key)
            .or_insert_with(|| Entry { slot: Arc::new(Slot::<E>::new()), watchers: 0 });
        let slot = known::<E>(entry.slot.clone())?;
        entry.watchers += 1;
        let place = slot.take_place(after);
        Some((slot, place))
    }

    /// Unsubscribes; removes the slot when no watcher is left.
    pub(crate) fn leave<E: Event>(&self, owner: &str, id: &str, slot: &Slot<E>, place: usize) {
        slot.advance(place, FREE);
        let key = slot_key(owner, id);
        let mut shard = self.shard(&key).lock();
        if let Some(entry) = shard.get_mut(&*key) {
            entry.watchers -= 1;
            if entry.watchers == 0 {
                shard.remove(&*key);
            }
        }
    }

    pub(crate) fn join_owner(&self, kind: &'static str, owner: &Arc<str>) -> watch::Receiver<u64> {
        let mut owners = self.owners.lock();
        let version = owners.entry((kind, owner.clone())).or_insert_with(|| watch::Sender::new(0));
        version.subscribe()
    }

    /// Removes an owner when the receiver that is about to be dropped is the last one.
    pub(crate) fn leave_owner(&self, kind: &'static str, owner: &Arc<str>) {
        let mut owners = self.owners.lock();
        let key = (kind, owner.clone());
        if owners.get(&key).is_some_and(|version| version.receiver_count() <= 1) {
            owners.remove(&key);
        }
    }

    pub(crate) fn join_wakes(&self, kind: &'static str) -> Arc<WakeCell> {
        let cell =
            Arc::new(WakeCell { earliest: AtomicI64::new(Millis::MAX), notify: Notify::new() });
        self.wakes.lock().push((kind, cell.clone()));
        cell
    }

    pub(crate) fn leave_wakes(&self, cell: &Arc<WakeCell>) {
        self.wakes.lock().retain(|(_, other)| !Arc::ptr_eq(other, cell));
    }

    /// Ids of all machines that are watched.
    pub(crate) fn watched(&self) -> Vec<String> {
        let mut ids = Vec::new();
        for shard in &self.slots {
            ids.extend(
                shard.lock().keys().filter_map(|key| Some(key.split_once('\n')?.1.to_owned())),
            );
        }
        ids
    }

    /// Learns that other nodes have brought these machines of an owner to a number.
    pub(crate) fn heard(&self, owner: &str, id: &str, seq: u64) {
        let key = slot_key(owner, id);
        let slot = self.shard(&key).lock().get(&*key).map(|entry| entry.slot.clone());
        if let Some(slot) = slot {
            slot.heard(seq);
        }
    }

    /// Wakes all owner watchers and timers, because other nodes may have written.
    pub(crate) fn look_around(&self) {
        for version in self.owners.lock().values() {
            version.send_modify(|version| *version += 1);
        }
        for (_, cell) in self.wakes.lock().iter() {
            cell.lower(Millis::MIN);
        }
    }

    /// How many slots and owners are held; for tests of tidiness.
    pub(crate) fn held(&self) -> usize {
        let slots: usize = self.slots.iter().map(|shard| shard.lock().len()).sum();
        slots + self.owners.lock().len() + self.wakes.lock().len()
    }

    fn shard(&self, key: &str) -> &Mutex<HashMap<Box<str>, Entry>> {
        let at = self.hasher.hash_one(key) as usize % SHARDS;
        &self.slots[at]
    }
}

impl<E: Event> Slot<E> {
    fn new() -> Self {
        let state =
            SlotState { seq: 0, ring: VecDeque::new(), cursors: Vec::new(), ephemeral: None };
        Self { state: Mutex::new(state), notify: Notify::new() }
    }

    fn push(&self, events: Arc<[Recorded<E>]>) {
        let Some(events) = numbered(events) else {
            return;
        };
        let mut state = self.state.lock();
        state.seq = state.seq.max(last_seq(&events));
        state.ring.push_back(events);
        if state.ring.len() > RING_LENGTH_MAX {
            state.ring.pop_front();
        }
        drop(state);
        self.notify.notify_waiters();
    }

    fn take_place(&self, after: u64) -> usize {
        let mut state = self.state.lock();
        if let Some(place) = state.cursors.iter().position(|cursor| *cursor == FREE) {
            state.cursors[place] = after;
            return place;
        }
        state.cursors.push(after);
        state.cursors.len() - 1
    }

    /// Notes how far a watcher is and drops what all have taken.
    pub(crate) fn advance(&self, place: usize, to: u64) {
        self.state.lock().advance(place, to);
    }
}

impl<E: Event> SlotState<E> {
    pub(crate) fn advance(&mut self, place: usize, to: u64) {
        self.cursors[place] = to;
        let taken = self.cursors.iter().copied().min().unwrap_or(FREE);
        while self.ring.front().is_some_and(|events| last_seq(events) <= taken) {
            self.ring.pop_front();
        }
        if self.ring.is_empty() {
            self.ring = VecDeque::new();
        }
    }

    /// The events that follow `after` without a gap, if they are still in memory.
    pub(crate) fn following(&self, after: u64) -> Option<Arc<[Recorded<E>]>> {
        let events = self.ring.iter().find(|events| last_seq(events) > after)?;
        let first = events.first()?.position.seq;
        if first == after + 1 {
            return Some(events.clone());
        }
        let rest = events.iter().position(|event| event.position.seq == after + 1)?;
        Some(events[rest..].into())
    }

    pub(crate) fn ephemeral_after(&self, number: u64) -> Option<&Ephemeral> {
        self.ephemeral.as_deref().filter(|ephemeral| ephemeral.number > number)
    }
}

impl<E: Event> AnySlot for Slot<E> {
    fn heard(&self, seq: u64) {
        let mut state = self.state.lock();
        if seq > state.seq {
            state.seq = seq;
            drop(state);
            self.notify.notify_waiters();
        }
    }

    fn send_ephemeral(&self, text: Arc<str>, until: Millis) {
        let mut state = self.state.lock();
        let number = state.ephemeral.as_ref().map_or(1, |ephemeral| ephemeral.number + 1);
        state.ephemeral = Some(Box::new(Ephemeral { number, text, until }));
        drop(state);
        self.notify.notify_waiters();
    }
}

impl WakeCell {
    fn lower(&self, at: Millis) {
        if self.earliest.fetch_min(at, Ordering::AcqRel) > at {
            self.notify.notify_one();
        }
    }
}

/// Watchers see numbered events only; without notes the committed events are shared as they are.
fn numbered<E: Event>(events: Arc<[Recorded<E>]>) -> Option<Arc<[Recorded<E>]>> {
    if events.iter().any(|event| event.event.is_note()) {
        let numbered: Vec<_> =
            events.iter().filter(|event| !event.event.is_note()).cloned().collect();
        return Some(numbered.into()).filter(|events: &Arc<[_]>| !events.is_empty());
    }
    Some(events).filter(|events| !events.is_empty())
}

fn known<E: Event>(slot: Arc<dyn AnySlot>) -> Option<Arc<Slot<E>>> {
    let slot: Arc<dyn Any + Send + Sync> = slot;
    slot.downcast().ok()
}

fn last_seq<E>(events: &[Recorded<E>]) -> u64 {
    events.last().map_or(0, |event| event.position.seq)
}

/// Owner and id together, so that no owner hears of another's machine by guessing its id.
fn slot_key(owner: &str, id: &str) -> Box<str> {
    format!("{owner}\n{id}").into()
}
