//! The unit of work: find the machine, check the key, step, and leave the outcome on the workbench.
//!
//! This is the one body behind [`crate::Ledger::step`], [`crate::Ledger::step_peer`] and
//! [`crate::Ledger::create`]. Nothing here waits, and nothing is written unless all of it is.

use crate::{
    checksum,
    commits::Committed,
    error::{StepError, StoreError, unreadable},
    query::{check_storable, has_nul},
    recheck::Recheck,
    rows::{EventRow, Found, PeerRef, SeenKey, SubjectRow, Target, Want},
    signals::Signals,
    stepped::{Key, Stepped},
    stored::Unreadable,
    unit::{RecheckKey, Unit},
    workbench::{Draft, Workbench},
};
use machine::{Event, Machine, Millis, Recorded};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use tokio::sync::oneshot;

/// What a caller of a step gets; `None` when there was no machine and none was made.
pub(crate) type Outcome<M> = Result<Option<Done<M>>, StepError<<M as Machine>::Refusal>>;

/// Makes the id and the first state of a machine for a peer that has none.
pub(crate) type Make<M> = Box<dyn FnOnce() -> Option<(String, M)> + Send>;

/// A step that was decided; shared with the watchers until the caller takes it.
pub(crate) struct Done<M: Machine> {
    pub(crate) id: String,
    state: Arc<M>,
    pub(crate) events: Arc<[Recorded<M::Event>]>,
    repeated: bool,
    first_seq: u64,
    /// A wake time that was not there before.
    pub(crate) wake: Option<Millis>,
    /// True when the step was stored as the first one of its machine.
    created: bool,
    /// False when there was nothing to store.
    wrote: bool,
}

impl<M: Machine> Done<M> {
    fn committed(&self, owner: &Arc<str>) -> Committed<M> {
        Committed {
            owner: owner.clone(),
            id: self.id.as_str().into(),
            state: self.state.clone(),
            events: self.events.clone(),
        }
    }
}

impl<M: Machine> From<Done<M>> for Stepped<M> {
    fn from(done: Done<M>) -> Self {
        Self {
            id: done.id,
            state: done.state,
            events: done.events,
            repeated: done.repeated,
            first_seq: done.first_seq,
        }
    }
}

/// Which machine is meant.
pub(crate) enum Subject<M> {
    Id(String),
    Peer {
        peer: String,
        make: MakeOnce<M>,
    },
    /// A machine that must not be there yet.
    New {
        id: String,
        machine: Arc<M>,
    },
}

/// The maker, or what it made: it is asked once even when the batch has to be run again.
pub(crate) enum MakeOnce<M> {
    Asked(Option<(String, Arc<M>)>),
    Unasked(Option<Make<M>>),
}

impl<M> MakeOnce<M> {
    fn made(&mut self) -> Option<(String, Arc<M>)> {
        if let Self::Unasked(make) = self {
            let made = make.take().and_then(|make| make());
            *self = Self::Asked(made.map(|(id, machine)| (id, Arc::new(machine))));
        }
        match self {
            Self::Asked(Some((id, machine))) => Some((id.clone(), machine.clone())),
            Self::Asked(None) | Self::Unasked(_) => None,
        }
    }
}

/// What to feed the machine; a plain creation feeds nothing.
pub(crate) struct Feed<M: Machine> {
    pub(crate) policy: M::Policy,
    pub(crate) now: Millis,
    pub(crate) input: M::Input,
}

pub(crate) struct Step<M: Machine> {
    pub(crate) owner: Arc<str>,
    pub(crate) subject: Subject<M>,
    pub(crate) key: Option<Key>,
    pub(crate) feed: Option<Feed<M>>,
    outcome: Option<Outcome<M>>,
    /// What was found unreadable on the way.
    unreadable: Vec<Unreadable>,
    reply: Option<oneshot::Sender<Outcome<M>>>,
}

impl<M: Machine> Step<M>
where
    M::Input: Clone,
{
    pub(crate) fn new(
        owner: Arc<str>,
        subject: Subject<M>,
        key: Option<Key>,
        feed: Option<Feed<M>>,
    ) -> (Box<Self>, oneshot::Receiver<Outcome<M>>) {
        let (reply, outcome) = oneshot::channel();
        let (outcome_of_step, unreadable) = (None, Vec::new());
        let reply = Some(reply);
        let step = Self { owner, subject, key, feed, outcome: outcome_of_step, unreadable, reply };
        (Box::new(step), outcome)
    }

    /// Refuses what no database can look for; what the machine itself says is checked later.
    pub(crate) fn check(&self) -> Result<(), StepError<M::Refusal>> {
        match &self.subject {
            Subject::Id(id) if has_nul(id) => return Err(StepError::NotFound),
            Subject::Id(_) => {}
            Subject::New { id, .. } => check_storable("the id", id)?,
            Subject::Peer { peer, .. } => check_storable("the peer", peer)?,
        }
        check_storable("the owner", &self.owner)?;
        Ok(self.key.iter().try_for_each(|key| check_storable("the key", &key.id))?)
    }

    fn run(&mut self, workbench: &mut Workbench, found: Found) -> Outcome<M> {
        let Found { row, seen } = found;
        let found_id = row.as_ref().map(|row| row.id.clone());
        if let Some(row) = row {
            workbench.admit(row);
        }
        let (id, machine, fresh) = match &mut self.subject {
            Subject::Id(id) => match workbench.machine::<M>(&self.owner, id)? {
                Some(machine) => (id.clone(), machine, false),
                None => return Err(StepError::NotFound),
            },
            Subject::New { id, machine } => {
                if workbench.holds(id) {
                    return Err(StoreError::Conflict(id.clone()).into());
                }
                (id.clone(), machine.clone(), true)
            }
            Subject::Peer { peer, make } => {
                let peer = PeerRef { kind: M::PREFIX, owner: &self.owner, peer };
                let open = workbench.open_machine(peer, found_id.as_deref()).map(str::to_owned);
                match open {
                    Some(id) => match workbench.machine::<M>(&self.owner, &id)? {
                        Some(machine) => (id, machine, false),
                        None => return Err(unreadable(&id, "found by its peer, then gone").into()),
                    },
                    None => match make.made() {
                        Some((id, machine)) => (id, machine, true),
                        None => return Ok(None),
                    },
                }
            }
        };
        // A key that was looked up in the database belongs to the row that was found there.
        let seen = seen.filter(|_| found_id.as_ref().is_none_or(|found| *found == id));
        if let Some(key) = &self.key
            && let Some(seen) = workbench.seen(&id, &key.id).or(seen)
        {
            return repeated(id, machine, key, seen);
        }
        self.advance(workbench, id, &machine, fresh).map(Some)
    }

    /// Steps a copy of the machine, so that neither a refusal nor a panic leaves a trace.
    fn advance(
        &self,
        workbench: &mut Workbench,
        id: String,
        before: &Arc<M>,
        fresh: bool,
    ) -> Result<Done<M>, StepError<M::Refusal>> {
        let mut after = M::clone(before);
        let events = match &self.feed {
            None => Vec::new(),
            Some(feed) => {
                let input = feed.input.clone();
                let step = || after.step(&feed.policy, feed.now, input);
                match catch_unwind(AssertUnwindSafe(step)) {
                    Ok(stepped) => stepped.map_err(StepError::Refused)?,
                    Err(panic) => return Err(broken(&id, panic_text(&*panic)).into()),
                }
            }
        };
        check_numbers(&id, &**before, &after, &events)?;
        let state = Arc::new(after);
        let first_seq = events.first().map_or(state.position().seq, |event| event.position.seq);
        let wake = state.wake_at().filter(|at| fresh || before.wake_at() != Some(*at));
        let wrote = fresh || !events.is_empty() || state.checkpoint() != before.checkpoint();
        if wrote {
            workbench.keep(Draft {
                row: self.row(&id, &state)?,
                machine: state.clone(),
                peer_before: before.peer().filter(|_| !fresh).map(str::to_owned),
                events: self.event_rows(&id, &events)?,
                fresh,
            });
        }
        Ok(Done {
            id,
            state,
            events: events.into(),
            repeated: false,
            first_seq,
            wake,
            created: fresh,
            wrote,
        })
    }

    fn row(&self, id: &str, machine: &M) -> Result<SubjectRow, StoreError> {
        check_storable("the id", id)?;
        machine
            .checkpoint()
            .map_or(Ok(()), |checkpoint| check_storable("the checkpoint", checkpoint))?;
        machine.peer().map_or(Ok(()), |peer| check_storable("the peer", peer))?;
        let state = encode(id, machine)?;
        let checksum = checksum::of_state(id, i64::from(M::FORMAT), &state, machine.checkpoint());
        Ok(SubjectRow {
            id: id.to_owned(),
            kind: M::PREFIX,
            owner: self.owner.clone(),
            peer: machine.peer().map(str::to_owned),
            state,
            format: M::FORMAT,
            checkpoint: machine.checkpoint().map(str::to_owned),
            checksum,
            seq: machine.position().seq,
            wake_at: machine.wake_at(),
            owes: machine.owes(),
        })
    }

    fn event_rows(
        &self,
        id: &str,
        events: &[Recorded<M::Event>],
    ) -> Result<Vec<EventRow>, StoreError> {
        let mut key = self.key.as_ref().map(|key| (key.id.clone(), key.fingerprint));
        let rows = events.iter().map(|event| {
            let body = encode(id, &event.event)?;
            let format = M::Event::FORMAT;
            let checksum =
                checksum::of_event(id, event.position, event.at, i64::from(format), &body);
            Ok(EventRow {
                subject: id.to_owned(),
                seq: event.position.seq,
                sub: event.position.sub,
                at: event.at,
                key: key.take(),
                body,
                format,
                checksum,
            })
        });
        rows.collect()
    }
}

impl<M: Machine> Unit for Step<M>
where
    M::Input: Clone,
{
    fn want(&self) -> Want<'_> {
        let target = match &self.subject {
            Subject::Id(id) | Subject::New { id, .. } => Target::Id(id),
            Subject::Peer { peer, .. } => {
                Target::Peer(PeerRef { kind: M::PREFIX, owner: &self.owner, peer })
            }
        };
        Want { target, key: self.key.as_ref().map(|key| key.id.as_str()) }
    }

    fn decide(&mut self, workbench: &mut Workbench, found: Found) {
        self.outcome = Some(self.run(workbench, found));
        self.unreadable = workbench.take_unreadable();
    }

    fn recheck(&self, failed: &StoreError) -> Option<(RecheckKey, Box<dyn Unit>)> {
        let Some(Ok(Some(done))) = &self.outcome else { return None };
        if !done.wrote || !matches!(failed, StoreError::Uncertain(_)) {
            return None;
        }
        let (owner, id) = (self.owner.clone(), done.id.clone());
        let (position, events) = (done.state.position(), done.events.clone());
        let recheck = Recheck::<M> { owner, id, position, events, found: None };
        Some(((done.id.clone(), position), Box::new(recheck)))
    }

    fn finish(mut self: Box<Self>, committed: Result<(), StoreError>, signals: &Signals) {
        let outcome = match (committed, self.outcome.take()) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(StoreError::Unavailable("not run".to_owned()).into()),
            (Err(error), _) => Err(error.into()),
        };
        let signal = match &outcome {
            Ok(Some(done)) if done.created || !done.events.is_empty() => {
                Some((done.id.clone(), done.events.clone(), done.wake))
            }
            _ => None,
        };
        for unreadable in &self.unreadable {
            signals.logged().log(M::PREFIX, &self.owner, unreadable);
        }
        if let Ok(Some(done)) = &outcome
            && done.wrote
        {
            signals.subscribers().tell(|| done.committed(&self.owner));
        }
        if let Some(reply) = self.reply.take() {
            // The caller may have been cancelled; what it asked for is stored all the same.
            let _ = reply.send(outcome);
        }
        if let Some((id, events, wake)) = signal {
            signals.committed::<M>(&self.owner, &id, events, wake);
        }
    }
}

fn repeated<M: Machine>(id: String, state: Arc<M>, key: &Key, seen: SeenKey) -> Outcome<M> {
    if seen.fingerprint != key.fingerprint {
        return Err(StepError::KeyReused);
    }
    let events = Arc::new([]);
    let first_seq = seen.seq;
    let (repeated, created, wrote) = (true, false, false);
    Ok(Some(Done { id, state, events, repeated, first_seq, wake: None, created, wrote }))
}

/// The store promises numbers without gaps, so it does not take the machine's word for it.
fn check_numbers<M: Machine>(
    id: &str,
    before: &M,
    after: &M,
    events: &[Recorded<M::Event>],
) -> Result<(), StoreError> {
    let mut position = before.position();
    for event in events {
        position = position.next(event.event.is_note());
        if event.position != position {
            return Err(broken(id, "its events are not numbered in order"));
        }
    }
    if after.position() != position {
        return Err(broken(id, "its position is not that of its last event"));
    }
    Ok(())
}

fn encode<T: serde::Serialize>(id: &str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| unreadable(id, &error.to_string()))
}

fn broken(id: &str, detail: &str) -> StoreError {
    StoreError::Machine { id: id.to_owned(), detail: detail.to_owned() }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it panicked")
}
