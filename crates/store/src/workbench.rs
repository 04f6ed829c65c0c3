//! What the writer has on its workbench: the machines a batch works on, and what is to be written.
//!
//! Units of one batch see each other's work here before any of it is written. SQLite's writer,
//! being the only one, keeps decoded machines from batch to batch; PostgreSQL's does not, because
//! other nodes write too.

use crate::{
    error::{StoreError, unreadable},
    query::Query,
    rows::{Changes, EventRow, PeerRef, Row, SeenKey, SubjectRow},
    stored::{StoredState, Unreadable},
};
use machine::Machine;
use std::{
    any::Any,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// The workbench of one writer.
#[derive(Default)]
pub(crate) struct Workbench {
    /// Machines used lately, and those used before them: when the first half is full, it becomes
    /// the second, and what was not used since is forgotten.
    young: Shelf,
    old: HashMap<String, Subject>,
    pending: BTreeMap<String, Pending>,
    events: Vec<EventRow>,
    statements: Vec<Query>,
    /// What was found unreadable since it was last taken.
    unreadable: Vec<Unreadable>,
    /// Peers that moved in this batch, as the database does not show them yet.
    peers: HashMap<PeerKey, Option<String>>,
    /// Keys used in this batch.
    keys: HashMap<(String, String), SeenKey>,
}

/// How much state text half of the workbench stands for before it is put aside, in bytes.
const HALF_BYTES_MAX: usize = 16 << 20;
/// What a machine costs besides its state, roughly, in bytes.
const SUBJECT_BYTES: usize = 400;

#[derive(Default)]
struct Shelf {
    subjects: HashMap<String, Subject>,
    bytes: usize,
}

struct Subject {
    kind: String,
    owner: Arc<str>,
    bytes: usize,
    body: Body,
}

enum Body {
    Stored(StoredState),
    /// Why the stored state cannot be read.
    Unreadable(String),
    Live(Arc<dyn Any + Send + Sync>),
}

#[derive(PartialEq, Eq, Hash)]
struct PeerKey {
    kind: String,
    owner: String,
    peer: String,
}

struct Pending {
    fresh: bool,
    row: SubjectRow,
}

/// What one step wants written.
pub(crate) struct Draft<M> {
    pub(crate) row: SubjectRow,
    pub(crate) machine: Arc<M>,
    pub(crate) peer_before: Option<String>,
    pub(crate) events: Vec<EventRow>,
    pub(crate) fresh: bool,
}

impl Workbench {
    pub(crate) fn holds(&self, id: &str) -> bool {
        self.young.subjects.contains_key(id) || self.old.contains_key(id)
    }

    /// Lays a found machine on the workbench, unless a newer one lies there.
    pub(crate) fn admit(&mut self, row: Row) {
        if self.holds(&row.id) {
            return;
        }
        let bytes = row.state.length();
        let body = Body::Stored(row.state);
        self.lay(row.id, Subject { kind: row.kind, owner: row.owner.into(), bytes, body });
    }

    /// The machine `id`, if it is of this kind and owner.
    pub(crate) fn machine<M: Machine>(
        &mut self,
        owner: &str,
        id: &str,
    ) -> Result<Option<Arc<M>>, StoreError> {
        if let Some(subject) = self.old.remove(id) {
            self.lay(id.to_owned(), subject);
        }
        let Some(subject) = self.young.subjects.get_mut(id) else {
            return Ok(None);
        };
        if subject.kind != M::PREFIX || *subject.owner != *owner {
            return Ok(None);
        }
        match &subject.body {
            Body::Live(live) => match Arc::clone(live).downcast::<M>() {
                Ok(machine) => Ok(Some(machine)),
                Err(_) => Err(unreadable(id, "two machines share one prefix")),
            },
            Body::Unreadable(cause) => Err(unreadable(id, cause)),
            Body::Stored(stored) => {
                let is_set_aside = stored.is_set_aside;
                match stored.read::<M>() {
                    Ok(machine) => {
                        let machine = Arc::new(machine);
                        subject.body = Body::Live(machine.clone());
                        Ok(Some(machine))
                    }
                    Err(cause) => {
                        subject.body = Body::Unreadable(cause.clone());
                        let found =
                            Unreadable { id: id.to_owned(), event: None, cause, is_set_aside };
                        let error = found.error();
                        self.statements.extend(found.mark());
                        self.unreadable.push(found);
                        Err(error)
                    }
                }
            }
        }
    }

    /// What was found unreadable since this was last called.
    pub(crate) fn take_unreadable(&mut self) -> Vec<Unreadable> {
        std::mem::take(&mut self.unreadable)
    }

    /// Forgets a machine that is written past the workbench.
    pub(crate) fn forget(&mut self, id: &str) {
        self.old.remove(id);
        if let Some(subject) = self.young.subjects.remove(id) {
            self.young.bytes -= SUBJECT_BYTES + subject.bytes;
        }
    }

    /// The open machine of a peer: as this batch left it, else as it was `found` stored.
    pub(crate) fn open_machine<'a>(
        &'a self,
        peer: PeerRef<'_>,
        found: Option<&'a str>,
    ) -> Option<&'a str> {
        if self.peers.is_empty() {
            return found;
        }
        self.peers.get(&PeerKey::from(peer)).map_or(found, Option::as_deref)
    }

    /// The event this batch recorded a key on.
    pub(crate) fn seen(&self, id: &str, key: &str) -> Option<SeenKey> {
        if self.keys.is_empty() {
            return None;
        }
        self.keys.get(&(id.to_owned(), key.to_owned())).copied()
    }

    /// Notes what one step decided; the units after it see it at once.
    pub(crate) fn keep<M: Machine>(&mut self, draft: Draft<M>) {
        let Draft { row, machine, peer_before, events, fresh } = draft;
        if row.peer != peer_before {
            let key =
                |peer: &str| PeerKey::from(PeerRef { kind: row.kind, owner: &row.owner, peer });
            if let Some(peer) = &peer_before {
                self.peers.insert(key(peer), None);
            }
            if let Some(peer) = &row.peer {
                self.peers.insert(key(peer), Some(row.id.clone()));
            }
        }
        for event in &events {
            if let Some((key, fingerprint)) = &event.key {
                let seen = SeenKey { seq: event.seq, fingerprint: *fingerprint };
                self.keys.insert((row.id.clone(), key.clone()), seen);
            }
        }
        self.events.extend(events);
        let subject = Subject {
            kind: row.kind.to_owned(),
            owner: row.owner.clone(),
            bytes: row.state.len() + row.checkpoint.as_ref().map_or(0, String::len),
            body: Body::Live(machine),
        };
        self.old.remove(&row.id);
        self.lay(row.id.clone(), subject);
        let fresh = fresh || self.pending.get(&row.id).is_some_and(|pending| pending.fresh);
        self.pending.insert(row.id.clone(), Pending { fresh, row });
    }

    pub(crate) fn run(&mut self, statements: impl Iterator<Item = Query>) {
        self.statements.extend(statements);
    }

    /// Everything this batch writes, sorted by id so that two nodes never lock crosswise.
    pub(crate) fn take_changes(&mut self) -> Changes {
        let mut changes = Changes {
            events: std::mem::take(&mut self.events),
            statements: std::mem::take(&mut self.statements),
            ..Changes::default()
        };
        for (_, pending) in std::mem::take(&mut self.pending) {
            let rows = if pending.fresh { &mut changes.fresh } else { &mut changes.changed };
            rows.push(pending.row);
        }
        self.peers.clear();
        self.keys.clear();
        changes
    }

    /// Forgets everything, as after a batch that was undone.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn lay(&mut self, id: String, subject: Subject) {
        self.young.bytes += SUBJECT_BYTES + subject.bytes;
        if let Some(before) = self.young.subjects.insert(id, subject) {
            self.young.bytes -= SUBJECT_BYTES + before.bytes;
        }
    }

    /// Puts the older half away when the workbench is full; called between batches.
    pub(crate) fn tidy(&mut self) {
        if self.young.bytes > HALF_BYTES_MAX {
            self.old = std::mem::take(&mut self.young).subjects;
        }
    }
}

impl From<PeerRef<'_>> for PeerKey {
    fn from(peer: PeerRef<'_>) -> Self {
        Self {
            kind: peer.kind.to_owned(),
            owner: peer.owner.to_owned(),
            peer: peer.peer.to_owned(),
        }
    }
}
