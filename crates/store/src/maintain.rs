//! Rows that cannot be read: listing, checking, rebuilding and discarding them.
//!
//! Readiness and `baton store` call this.

use crate::{
    Store,
    checksum::{self, Damage},
    error::StoreError,
    query::{Columns, Query, Value, count},
    sql,
    stored::{self, SetAside, StoredState, Unreadable},
};
use machine::{Event, Machine, Position, Recorded};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many rows are read at once.
const PAGE: usize = 500;

/// What is stored of one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    pub kind: String,
    pub owner: String,
    /// The open machine's peer.
    pub peer: Option<String>,
    /// Number of its last numbered event.
    pub seq: u64,
    /// How many events and notes it has.
    pub events: u64,
}

/// What became of the repair of one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// The owner has no such machine.
    NotFound,
    /// The state can be read, nothing was done.
    NotNeeded,
    /// The state was rebuilt from this many events and notes.
    Rebuilt(u64),
    /// Why the state cannot be rebuilt.
    Impossible(String),
}

impl Store {
    /// The rows that are set aside because this release could not read them: states first.
    pub async fn set_aside(&self) -> Result<Vec<SetAside>, StoreError> {
        let mut rows = self
            .query(Query { sql: sql::STATES_ASIDE, args: Vec::new() }, |row| set_aside(row, None))
            .await?;
        let events = self.query(Query { sql: sql::EVENTS_ASIDE, args: Vec::new() }, |row| {
            let position = Position { seq: row.int(4)? as u64, sub: row.int(5)? as u64 };
            set_aside(row, Some(position))
        });
        rows.extend(events.await?);
        Ok(rows)
    }

    /// Kinds of machines that are stored, and how many there are of each.
    pub async fn kinds(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let query = Query { sql: sql::KINDS, args: Vec::new() };
        self.query(query, |row| Ok((row.text(0)?.to_owned(), row.int(1)? as u64))).await
    }

    /// Reads every state and event of the machines `M`, and gives those that cannot be read.
    pub async fn check<M: Machine>(&self) -> Result<Vec<SetAside>, StoreError> {
        let mut found = Vec::new();
        let mut after = i64::MIN;
        loop {
            let args = vec![M::PREFIX.into(), after.into(), count(PAGE)];
            let read = |row: &dyn Columns| {
                let (id, owner) = (row.text(1)?.to_owned(), row.text(2)?.to_owned());
                let state = stored::state::<M>(&id, row, 3).map(drop);
                Ok((row.int(0)?, id, owner, state))
            };
            let page = self.query(Query { sql: sql::STATES_OF, args }, read).await?;
            let Some((last, ..)) = page.last() else { return Ok(found) };
            after = *last;
            for (num, id, owner, state) in page {
                let events = self.unreadable_events::<M>(num, &id).await?;
                let unreadable = state.err().into_iter().chain(events);
                found.extend(unreadable.map(|row| SetAside {
                    kind: M::PREFIX.to_owned(),
                    owner: owner.clone(),
                    id: id.clone(),
                    event: row.event,
                    cause: row.cause,
                }));
            }
        }
    }

    /// Damage of the database file that its rows do not show: pages, and indexes that do not lead
    /// to every row. Empty on PostgreSQL, which judges its own files.
    pub async fn damages(&self) -> Result<Vec<String>, StoreError> {
        self.engine().damages().await
    }

    async fn unreadable_events<M: Machine>(
        &self,
        num: i64,
        id: &str,
    ) -> Result<Vec<Unreadable>, StoreError> {
        let mut found = Vec::new();
        let (mut seq, mut sub) = (-1, 0);
        loop {
            let args = vec![num.into(), Value::Int(seq), Value::Int(sub), count(PAGE)];
            let subject = id.to_owned();
            let read = move |row: &dyn Columns| {
                let event = stored::event::<M::Event>(&subject, row)?.map(drop);
                Ok((row.int(0)?, row.int(1)?, event))
            };
            let page = self.query(Query { sql: sql::EVENTS_OF, args }, read).await?;
            let Some(last) = page.last() else { return Ok(found) };
            (seq, sub) = (last.0, last.1);
            found.extend(page.into_iter().filter_map(|(_, _, event)| event.err()));
        }
    }

    /// Rebuilds the state of one machine from its events, if it cannot be read. The checkpoint
    /// stays. Every event must be readable.
    pub async fn repair<M: Machine>(&self, owner: &str, id: &str) -> Result<Repair, StoreError> {
        let ledger = self.ledger::<M>(owner);
        let args = vec![id.into(), M::PREFIX.into(), owner.into()];
        let load = Query { sql: sql::LOAD, args };
        let subject = id.to_owned();
        let read = move |row: &dyn Columns| Ok(StoredState::of(&subject, row, 0));
        let Some(stored) = self.query(load, read).await?.into_iter().next() else {
            return Ok(Repair::NotFound);
        };
        if stored.read::<M>().is_ok() {
            return Ok(Repair::NotNeeded);
        }
        if stored.damage == Some(Damage::Checkpoint) {
            let why = "its checkpoint is damaged, which is in no event";
            return Ok(Repair::Impossible(why.to_owned()));
        }
        let Some(contents) = self.contents(id).await? else {
            return Ok(Repair::NotFound);
        };
        let Some(mut machine) = M::initial(contents.peer.as_deref()) else {
            let why = "its first state is not known, because it is closed";
            return Ok(Repair::Impossible(why.to_owned()));
        };
        let mut events = 0;
        loop {
            let page = match ledger.journal(id, machine.position(), PAGE).await {
                Ok(page) => page,
                Err(StoreError::Unreadable { detail, .. }) => {
                    return Ok(Repair::Impossible(detail));
                }
                Err(error) => return Err(error),
            };
            if page.is_empty() {
                break;
            }
            if !replayed(&mut machine, &page) {
                return Ok(Repair::Impossible("its events do not follow each other".to_owned()));
            }
            events += page.len() as u64;
        }
        if machine.position().seq != contents.seq {
            let why = format!(
                "its events end at {}, its state at {}",
                machine.position().seq,
                contents.seq
            );
            return Ok(Repair::Impossible(why));
        }
        machine.set_checkpoint(stored.checkpoint);
        self.rebuild(id, &machine).await?;
        // Another process may have changed the row since it was read; then nothing was rebuilt.
        match ledger.load(id).await {
            Ok(Some(rebuilt)) if rebuilt.position() == machine.position() => {
                Ok(Repair::Rebuilt(events))
            }
            Ok(_) | Err(StoreError::Unreadable { .. }) => {
                Ok(Repair::Impossible("it was changed meanwhile".to_owned()))
            }
            Err(error) => Err(error),
        }
    }

    async fn rebuild<M: Machine>(&self, id: &str, machine: &M) -> Result<(), StoreError> {
        let state = serde_json::to_string(machine).map_err(|error| StoreError::Unreadable {
            id: id.to_owned(),
            detail: error.to_string(),
        })?;
        let format = i64::from(M::FORMAT);
        let checksum = checksum::of_state(id, format, &state, machine.checkpoint());
        let args = vec![
            id.into(),
            Value::Text(state),
            format.into(),
            Value::MaybeText(machine.peer().map(str::to_owned)),
            Value::MaybeInt(machine.wake_at()),
            Value::Bool(machine.owes()),
            Value::Int(machine.position().seq as i64),
            checksum.into(),
        ];
        self.signals().logged().forget(id);
        self.execute_on(vec![id.to_owned()], vec![Query { sql: sql::REBUILD, args }]).await
    }

    /// What [`Store::discard`] would remove.
    pub async fn contents(&self, id: &str) -> Result<Option<Contents>, StoreError> {
        let read = |row: &dyn Columns| {
            Ok(Contents {
                kind: row.text(0)?.to_owned(),
                owner: row.text(1)?.to_owned(),
                peer: row.maybe_text(2)?.map(str::to_owned),
                seq: row.int(3)? as u64,
                events: row.int(4)? as u64,
            })
        };
        let query = Query { sql: sql::CONTENTS, args: vec![id.into()] };
        Ok(self.query(query, read).await?.into_iter().next())
    }

    /// Removes one machine and its events. This cannot be undone, and watchers are not told.
    pub async fn discard(&self, id: &str) -> Result<(), StoreError> {
        let statement = |sql| Query { sql, args: vec![id.into()] };
        let statements = vec![statement(sql::DISCARD_EVENTS), statement(sql::DISCARD_STATE)];
        self.signals().logged().forget(id);
        self.execute_on(vec![id.to_owned()], statements).await
    }

    /// Reads the rows of the machines `M` that an earlier run has set aside. This release may be
    /// able to read them, and then they are back; the others stay set aside and are logged again.
    /// To be called once at start.
    pub async fn retry_set_aside<M: Machine>(&self) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let args = vec![M::PREFIX.into(), after.as_str().into(), count(PAGE)];
            let read = |row: &dyn Columns| {
                let (id, owner) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
                let state = stored::state::<M>(&id, row, 2).map(drop);
                Ok((id, owner, state))
            };
            let page = self.query(Query { sql: sql::STATES_TO_RETRY, args }, read).await?;
            let Some((last, ..)) = page.last() else { break };
            after.clone_from(last);
            let mut back = Vec::new();
            for (id, owner, state) in &page {
                match state {
                    Ok(()) => {
                        back.push(Query { sql: sql::RETRY_STATE, args: vec![id.as_str().into()] });
                    }
                    Err(found) => self.signals().logged().log(M::PREFIX, owner, found),
                }
            }
            self.execute(back).await?;
        }
        self.retry_events::<M>().await
    }

    async fn retry_events<M: Machine>(&self) -> Result<(), StoreError> {
        let mut after = [Value::Int(-1), Value::Int(0), Value::Int(0)];
        loop {
            let [num, seq, sub] = after.clone();
            let args = vec![M::PREFIX.into(), num, seq, sub, count(PAGE)];
            let read = |row: &dyn Columns| {
                let (id, owner) = (row.text(7)?.to_owned(), row.text(8)?.to_owned());
                let event = stored::event::<M::Event>(&id, row)?.map(drop);
                let place = [row.int(9)?, row.int(0)?, row.int(1)?].map(Value::Int);
                Ok((place, owner, event))
            };
            let page = self.query(Query { sql: sql::EVENTS_TO_RETRY, args }, read).await?;
            let Some((last, ..)) = page.last() else { return Ok(()) };
            after.clone_from(last);
            let mut back = Vec::new();
            for (place, owner, event) in page {
                match event {
                    Ok(()) => back.push(Query { sql: sql::RETRY_EVENT, args: place.into() }),
                    Err(found) => self.signals().logged().log(M::PREFIX, &owner, &found),
                }
            }
            self.execute(back).await?;
        }
    }
}

/// Applies events that must follow the machine's position; false when they do not fit.
fn replayed<M: Machine>(machine: &mut M, events: &[Recorded<M::Event>]) -> bool {
    let apply = || {
        events.iter().all(|event| {
            let fits = event.position == machine.position().next(event.event.is_note());
            if fits {
                machine.apply(event);
            }
            fits && machine.position() == event.position
        })
    };
    catch_unwind(AssertUnwindSafe(apply)).unwrap_or(false)
}

/// From the columns `kind, owner, id, unreadable`.
fn set_aside(row: &dyn Columns, event: Option<Position>) -> Result<SetAside, StoreError> {
    Ok(SetAside {
        kind: row.text(0)?.to_owned(),
        owner: row.text(1)?.to_owned(),
        id: row.text(2)?.to_owned(),
        event,
        cause: row.text(3)?.to_owned(),
    })
}
