//! One kind of machine of one owner: create, step, load, read.
//!
//! Platform and bridge hold one of these per bot or route. The owner is in every query, so an id
//! of another tenant is simply not found.

use crate::{
    Store,
    error::{StepError, StoreError, unreadable},
    query::{Columns, Query, Value, count},
    signals::Signals,
    sql,
    step::{Feed, Make, MakeOnce, Outcome, Step, Subject},
    stepped::{Key, Stepped},
    stored::{self, Unreadable},
};
use machine::{Machine, Millis, Position, Recorded};
use std::{fmt, marker::PhantomData, sync::Arc};
use tokio::sync::oneshot;

/// The machines `M` of one owner. Cheap to clone.
pub struct Ledger<M> {
    store: Store,
    owner: Arc<str>,
    machine: PhantomData<fn() -> M>,
}

/// Most of what one page holds. A single event may be longer than `bytes`.
#[derive(Debug, Clone, Copy)]
pub struct PageMax {
    pub events: usize,
    /// Bytes of the events as they are stored.
    pub bytes: usize,
}

/// Some numbered events in order.
#[derive(Debug)]
pub struct Page<E> {
    pub events: Vec<Recorded<E>>,
    /// Nothing came after them when they were read.
    pub is_last: bool,
}

impl<M: Machine> Ledger<M> {
    pub(crate) fn new(store: Store, owner: &str) -> Self {
        Self { store, owner: owner.into(), machine: PhantomData }
    }

    pub(crate) fn signals(&self) -> &Arc<Signals> {
        self.store.signals()
    }

    pub(crate) fn owner(&self) -> &Arc<str> {
        &self.owner
    }

    /// The machine `id`, if this owner has it.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when this row cannot be read; it is then set aside.
    pub async fn load(&self, id: &str) -> Result<Option<M>, StoreError> {
        let query = Query {
            sql: sql::LOAD,
            args: vec![id.into(), M::PREFIX.into(), (&*self.owner).into()],
        };
        let subject = id.to_owned();
        let read = move |row: &dyn Columns| Ok(stored::state(&subject, row, 0));
        match self.store.query(query, read).await?.into_iter().next() {
            None => Ok(None),
            Some(Ok(machine)) => Ok(Some(machine)),
            Some(Err(found)) => {
                self.set_aside(&[&found]).await;
                Err(found.error())
            }
        }
    }

    /// The machines that have a peer, which means the open ones, oldest first: those that wait
    /// longest are never cut off by the limit. Those that cannot be read are left out and set
    /// aside.
    pub async fn open_ids(&self, limit: usize) -> Result<Vec<(String, M)>, StoreError> {
        let args = vec![M::PREFIX.into(), (&*self.owner).into(), count(limit)];
        let read = |row: &dyn Columns| {
            let id = row.text(0)?;
            Ok(stored::state(id, row, 1).map(|machine| (id.to_owned(), machine)))
        };
        let rows = self.store.query(Query { sql: sql::OPEN_IDS, args }, read).await?;
        let unreadable: Vec<_> = rows.iter().filter_map(|row| row.as_ref().err()).collect();
        self.set_aside(&unreadable).await;
        Ok(rows.into_iter().flatten().collect())
    }

    /// Numbered events with `seq > after`, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when one of them cannot be read.
    pub async fn events(
        &self,
        id: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Recorded<M::Event>>, StoreError> {
        let mut args = self.subject_args(id);
        args.extend([place(after), count(limit)]);
        let events = self.recorded(id, Query { sql: sql::EVENTS, args }).await?;
        check_gaps(id, Position { seq: after, sub: 0 }, events.iter())?;
        Ok(events)
    }

    /// The page of numbered events with `seq > after`, oldest first: as many as fit into `max`, and
    /// at least one when there is one.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when one of them cannot be read.
    pub async fn page(
        &self,
        id: &str,
        after: u64,
        max: PageMax,
    ) -> Result<Page<M::Event>, StoreError> {
        let mut args = self.subject_args(id);
        args.extend([place(after), count(max.events), count(max.bytes)]);
        let subject = id.to_owned();
        let read = move |row: &dyn Columns| {
            let upto = usize::try_from(row.int(7)?).unwrap_or(usize::MAX);
            Ok(stored::event(&subject, row)?.map(|event| (event, upto)))
        };
        let rows = self.store.query(Query { sql: sql::PAGE, args }, read).await?;
        let rows = self.readable(rows).await?;
        let after = Position { seq: after, sub: 0 };
        check_gaps(id, after, rows.iter().map(|(event, _)| event))?;
        let is_last =
            rows.len() < max.events && rows.last().is_none_or(|(_, upto)| *upto < max.bytes);
        Ok(Page { events: rows.into_iter().map(|(event, _)| event).collect(), is_last })
    }

    /// Numbered events and notes after a position, oldest first.
    pub async fn journal(
        &self,
        id: &str,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Recorded<M::Event>>, StoreError> {
        let mut args = self.subject_args(id);
        args.extend([place(after.seq), place(after.sub), count(limit)]);
        let events = self.recorded(id, Query { sql: sql::JOURNAL, args }).await?;
        check_gaps(id, after, events.iter())?;
        Ok(events)
    }

    /// Sends an event to the watchers of one machine without storing it. A watcher that starts
    /// later sees the last one too, as long as another watcher was there all the time; `until`
    /// tells whether it still holds.
    pub fn send_ephemeral(&self, id: &str, text: &str, until: Millis) {
        self.signals().send_ephemeral(&self.owner, id, text, until);
    }

    fn subject_args(&self, id: &str) -> Vec<Value> {
        vec![id.into(), M::PREFIX.into(), (&*self.owner).into()]
    }

    async fn recorded(
        &self,
        id: &str,
        query: Query,
    ) -> Result<Vec<Recorded<M::Event>>, StoreError> {
        let subject = id.to_owned();
        let read = move |row: &dyn Columns| stored::event(&subject, row);
        let rows = self.store.query(query, read).await?;
        self.readable(rows).await
    }

    /// The rows, or the error of the first that cannot be read; those are then set aside.
    async fn readable<T>(&self, rows: Vec<Result<T, Unreadable>>) -> Result<Vec<T>, StoreError> {
        let unreadable: Vec<_> = rows.iter().filter_map(|row| row.as_ref().err()).collect();
        if let Some(found) = unreadable.first() {
            let error = found.error();
            self.set_aside(&unreadable).await;
            return Err(error);
        }
        Ok(rows.into_iter().flatten().collect())
    }

    async fn set_aside(&self, found: &[&Unreadable]) {
        self.store.put_aside(M::PREFIX, &self.owner, found).await;
    }
}

/// Inputs are cloned because a batch that has to be undone is decided again.
impl<M: Machine> Ledger<M>
where
    M::Input: Clone,
{
    /// Stores a new machine; `Conflict` when its id or its peer is taken.
    pub async fn create(&self, id: &str, state: &M) -> Result<(), StoreError> {
        let subject = Subject::New { id: id.to_owned(), machine: Arc::new(state.clone()) };
        let (step, outcome) = Step::new(self.owner.clone(), subject, None, None);
        match self.run(step, outcome).await {
            Ok(_) => Ok(()),
            Err(StepError::Store(error)) => Err(error),
            Err(other) => Err(StoreError::Conflict(format!("{id}: {other}"))),
        }
    }

    /// Feeds one input to one machine, durably: load, look for the key, step, append the events,
    /// write the state, commit, sync; only then does this return and do watchers hear of it.
    ///
    /// The key is recorded on the first event. A step that records none stores nothing but a
    /// changed checkpoint.
    pub async fn step(
        &self,
        id: &str,
        policy: &M::Policy,
        now: Millis,
        key: Option<Key>,
        input: M::Input,
    ) -> Result<Stepped<M>, StepError<M::Refusal>> {
        let feed = Feed { policy: policy.clone(), now, input };
        let subject = Subject::Id(id.to_owned());
        let (step, outcome) = Step::new(self.owner.clone(), subject, key, Some(feed));
        self.run(step, outcome).await?.ok_or(StepError::NotFound)
    }

    /// The same for the open machine with this peer. When there is none, `make` gives the id and
    /// the first state of one that is created in the same unit; `Ok(None)` when it gives none.
    pub async fn step_peer(
        &self,
        peer: &str,
        make: impl FnOnce() -> Option<(String, M)> + Send + 'static,
        policy: &M::Policy,
        now: Millis,
        key: Option<Key>,
        input: M::Input,
    ) -> Result<Option<Stepped<M>>, StepError<M::Refusal>> {
        let feed = Feed { policy: policy.clone(), now, input };
        let make: Make<M> = Box::new(make);
        let subject = Subject::Peer { peer: peer.to_owned(), make: MakeOnce::Unasked(Some(make)) };
        let (step, outcome) = Step::new(self.owner.clone(), subject, key, Some(feed));
        self.run(step, outcome).await
    }

    async fn run(
        &self,
        step: Box<Step<M>>,
        outcome: oneshot::Receiver<Outcome<M>>,
    ) -> Result<Option<Stepped<M>>, StepError<M::Refusal>> {
        step.check()?;
        self.store.submit(step).await?;
        match outcome.await {
            Ok(outcome) => Ok(outcome?.map(Stepped::from)),
            Err(_) => Err(self.store.stopped().into()),
        }
    }
}

impl<M> Clone for Ledger<M> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), owner: self.owner.clone(), machine: PhantomData }
    }
}

impl<M> fmt::Debug for Ledger<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// A page without one of its events would tell another story: numbers have no gaps, so an event
/// that the database does not find any more is missed by the next one.
fn check_gaps<'a, E: 'a>(
    id: &str,
    after: Position,
    events: impl Iterator<Item = &'a Recorded<E>>,
) -> Result<(), StoreError> {
    let mut last = after;
    for Recorded { position, .. } in events {
        let expected = last.next(position.sub > 0);
        if *position != expected {
            let Position { seq, sub } = expected;
            return Err(unreadable(id, &format!("event {seq}.{sub} is missing")));
        }
        last = *position;
    }
    Ok(())
}

/// A place in a journal; beyond what a column can hold there is as little as at its end.
fn place(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
