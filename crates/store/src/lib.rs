//! Units of work, migrations, timers and signals, on SQLite or PostgreSQL.
//!
//! Only this crate speaks SQL, and only it sends signals, never before a commit is synced. A
//! [`Ledger`] runs the steps of one owner's machines: what a step recorded, its state and its wake
//! time are stored together or not at all. Drivers ask the [`Store`] what is due and what is owed.
//! No transaction stays open during a call to any network but the database's own.
#![forbid(unsafe_code)]

mod all;
mod checksum;
mod commits;
mod engine;
mod error;
mod finisher;
mod front;
mod ledger;
mod maintain;
mod migrate;
mod mutant;
mod postgres;
mod private;
mod query;
mod recheck;
mod rows;
mod signals;
mod sql;
mod sqlite;
mod step;
mod stepped;
mod stored;
mod tx;
mod unit;
mod watch;
mod workbench;

pub use all::Owned;
pub use commits::{CommitGuard, Committed};
pub use error::{StepError, StoreError};
pub use ledger::{Ledger, Page, PageMax};
pub use maintain::{Contents, Repair};
pub use private::tighten;
pub use stepped::{Key, Stepped};
pub use stored::SetAside;
pub use watch::{OwnerWatcher, Seen, Wakes, Watcher};

use engine::Engine;
use machine::{Machine, Millis};
use query::{Columns, Query, Value, count};
use signals::Signals;
use std::{fmt, sync::Arc, time::Duration};
use stored::Unreadable;
use unit::{Statements, Unit};

/// An open database. Cheap to clone; every clone is the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    signals: Arc<Signals>,
}

/// What an operator may choose about the store.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How often to look for what other nodes committed, on PostgreSQL; `None` for a single node,
    /// which then refuses to work beside another single one.
    pub poll: Option<Duration>,
}

/// What [`Store::ready`] writes after a failure, in bytes: more than the largest message, with the
/// state that it becomes a part of.
const PROBE_BYTES: usize = 2 << 20;
/// How long [`Store::ready`] waits for the writer.
const READY_WAIT: Duration = Duration::from_secs(3);

impl Store {
    /// Opens `sqlite:PATH`, a bare path or `postgres://…` with the default [`Options`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, &Options::default()).await
    }

    /// Opens a database and brings its schema up to date.
    ///
    /// Refuses, with an error that says what to do, a database that would lose what it
    /// acknowledged, is damaged, in use, or newer than this release.
    pub async fn open_with(url: &str, options: &Options) -> Result<Self, StoreError> {
        let signals = Arc::new(Signals::new());
        let engine = Engine::open(url, options, &signals).await?;
        Ok(Self { inner: Arc::new(Inner { engine, signals }) })
    }

    /// Opens an existing database only to look at it: nothing is migrated, marked or written, and
    /// whatever would write is refused with [`StoreError::Stopped`].
    ///
    /// # Errors
    /// [`StoreError::OlderSchema`] when this release would have to migrate it first.
    pub async fn inspect(url: &str) -> Result<Self, StoreError> {
        let signals = Arc::new(Signals::new());
        let engine = Engine::inspect(url).await?;
        Ok(Self { inner: Arc::new(Inner { engine, signals }) })
    }

    /// The machines `M` of one owner: a bot or a route.
    pub fn ledger<M: Machine>(&self, owner: &str) -> Ledger<M> {
        Ledger::new(self.clone(), owner)
    }

    /// Ok when the writer answers and the files are where they were. After a failed write this
    /// tries to write again, so that a full disk is noticed to have room without waiting for a
    /// message.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.inner.engine.check_place()?;
        let probe = async {
            if self.inner.engine.front().is_ailing() {
                self.put_record("store", "probe", &" ".repeat(PROBE_BYTES), None).await?;
                self.delete_record("store", "probe").await?;
            }
            self.execute(Vec::new()).await
        };
        tokio::time::timeout(READY_WAIT, probe).await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable("the writer does not answer".to_owned()))
        })
    }

    /// About how long a step that is asked for now waits for its turn. Whoever may refuse work
    /// refuses it while this is long, so that what was taken is done in time.
    pub fn lag(&self) -> Duration {
        self.inner.engine.front().lag()
    }

    /// Ends when the writer has stopped after a failure, with the reason. The process should then
    /// exit with a failure and be started again: the database recovers from what is on the disk.
    pub async fn failed(&self) -> StoreError {
        self.inner.engine.front().failed().await
    }

    /// Commits what was handed in before, refuses what comes after, and puts the files in order.
    pub async fn close(self) {
        self.inner.engine.close().await;
    }

    /// Machines whose wake time has come, earliest first: (owner, id).
    pub async fn due<M: Machine>(
        &self,
        now: Millis,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let args = vec![M::PREFIX.into(), now.into(), count(limit)];
        self.query(Query { sql: sql::DUE, args }, owner_and_id).await
    }

    /// The earliest wake time of all machines `M`.
    pub async fn next_wake<M: Machine>(&self) -> Result<Option<Millis>, StoreError> {
        let query = Query { sql: sql::NEXT_WAKE, args: vec![M::PREFIX.into()] };
        let times = self.query(query, |row| row.maybe_int(0)).await?;
        Ok(times.into_iter().next().flatten())
    }

    /// Lets a timer learn that an earlier wake time was committed for some machine `M`.
    pub fn wakes<M: Machine>(&self) -> Wakes {
        Wakes::new(self.inner.signals.clone(), M::PREFIX)
    }

    /// Calls `hear` after every commit of a machine `M` in this process, until the guard is
    /// dropped: in commit order for each machine, from the store's own task, and before the caller
    /// of the step is answered. A repeated step, and one that stored nothing, is not told. When the
    /// answer to a commit was lost, it is told once the store has found it.
    ///
    /// `hear` must not block. A panic is caught and logged. The store keeps `hear`, so what it
    /// captures should not own the store.
    pub fn on_commit<M: Machine>(
        &self,
        hear: impl Fn(&Committed<M>) + Send + Sync + 'static,
    ) -> CommitGuard {
        self.inner.signals.subscribers().add(hear)
    }

    /// Machines that owed work at their last commit, by id: (owner, id). Page with the last id.
    pub async fn owing<M: Machine>(
        &self,
        after_id: &str,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let args = vec![M::PREFIX.into(), after_id.into(), count(limit)];
        self.query(Query { sql: sql::OWING, args }, owner_and_id).await
    }

    /// Stores a small value under a key, replacing what was there.
    pub async fn put_record(
        &self,
        space: &str,
        key: &str,
        value: &str,
        expires_at: Option<Millis>,
    ) -> Result<(), StoreError> {
        self.execute(vec![put_record(space, key, value, expires_at)]).await
    }

    /// The value under a key, unless its time is over.
    pub async fn record(
        &self,
        space: &str,
        key: &str,
        now: Millis,
    ) -> Result<Option<String>, StoreError> {
        let args = vec![space.into(), key.into(), now.into()];
        let query = Query { sql: sql::RECORD, args };
        let values = self.query(query, |row| Ok(row.text(0)?.to_owned())).await?;
        Ok(values.into_iter().next())
    }

    /// The keys that begin with `prefix`, with their values, unless their time is over.
    pub async fn records(
        &self,
        space: &str,
        prefix: &str,
        now: Millis,
        limit: usize,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let args = vec![space.into(), prefix.into(), now.into(), count(limit)];
        self.query(Query { sql: sql::RECORDS, args }, owner_and_id).await
    }

    pub async fn delete_record(&self, space: &str, key: &str) -> Result<(), StoreError> {
        let args = vec![space.into(), key.into()];
        self.execute(vec![Query { sql: sql::DELETE_RECORD, args }]).await
    }

    /// Removes the records whose time is over; to be called now and then.
    pub async fn forget_expired(&self, now: Millis) -> Result<(), StoreError> {
        self.execute(vec![Query { sql: sql::FORGET_RECORDS, args: vec![now.into()] }]).await
    }

    /// How many live views are held in memory: watched machines, watched owners and timers.
    pub fn watched(&self) -> usize {
        self.inner.signals.held()
    }

    pub(crate) fn signals(&self) -> &Arc<Signals> {
        &self.inner.signals
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    pub(crate) async fn submit(&self, unit: Box<dyn Unit>) -> Result<(), StoreError> {
        self.inner.engine.front().submit(unit).await
    }

    pub(crate) fn stopped(&self) -> StoreError {
        self.inner.engine.front().stopped()
    }

    /// Nothing is stored under a text that cannot be stored, so nothing is found there.
    pub(crate) async fn query<R: Send + 'static>(
        &self,
        query: Query,
        read: impl Fn(&dyn Columns) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<Vec<R>, StoreError> {
        if !query.args.iter().all(Value::is_storable) {
            return Ok(Vec::new());
        }
        self.inner.engine.query(query, read).await
    }

    /// Marks rows that were found unreadable, so that lists skip them. When that
    /// fails, the next reader finds the row again.
    pub(crate) async fn put_aside(&self, kind: &str, owner: &str, found: &[&Unreadable]) {
        for unreadable in found {
            self.signals().logged().log(kind, owner, unreadable);
        }
        let marks: Vec<Query> = found.iter().filter_map(|unreadable| unreadable.mark()).collect();
        if marks.is_empty() {
            return;
        }
        if let Err(error) = self.execute(marks).await {
            tracing::warn!(%error, "a row that cannot be read could not be set aside");
        }
    }

    async fn execute(&self, queries: Vec<Query>) -> Result<(), StoreError> {
        self.execute_on(Vec::new(), queries).await
    }

    /// Runs statements that change `machines` past the units of work.
    async fn execute_on(
        &self,
        machines: Vec<String>,
        queries: Vec<Query>,
    ) -> Result<(), StoreError> {
        if !queries.iter().flat_map(|query| &query.args).all(Value::is_storable) {
            return Err(StoreError::Unstorable("a text has a NUL character in it".to_owned()));
        }
        let (unit, outcome) = Statements::new(queries, machines);
        self.submit(unit).await?;
        outcome.await.unwrap_or_else(|_| Err(self.stopped()))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("database", &self.inner.engine.name()).finish()
    }
}

fn owner_and_id(row: &dyn Columns) -> Result<(String, String), StoreError> {
    Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
}

fn put_record(space: &str, key: &str, value: &str, expires_at: Option<Millis>) -> Query {
    let args = vec![space.into(), key.into(), value.into(), Value::MaybeInt(expires_at)];
    Query { sql: sql::PUT_RECORD, args }
}
