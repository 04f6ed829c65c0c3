//! The writer task: takes all units that wait, runs them in one transaction, and only after the
//! commit was confirmed tells the callers and the watchers.
//!
//! A batch is run again only when it certainly was not stored: when the server undid it, or when
//! the connection was lost before the commit was sent. A lost commit is reported as uncertain, and
//! its machines are looked at again when the server answers.

use super::{
    connect::{self, Access, Connection},
    failure,
    tx::{PostgresTx, Stage},
};
use crate::{
    error::StoreError,
    front::{Health, Jobs},
    signals::Signals,
    tx::work,
    unit::{RecheckKey, Unit},
    workbench::Workbench,
};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// How often a batch is run again.
const TRIES_MAX: u32 = 5;
/// How often a unit is decided again because its id or its peer was taken meanwhile.
const CONFLICT_TRIES_MAX: u32 = 3;
/// The wait before the second try; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// How long one try may take; longer than any time limit of the server's session.
const TRY_WAIT: Duration = Duration::from_secs(15);

/// The wait before machines of a lost commit are looked at again; it doubles while that fails.
const FIRST_RECHECK: Duration = Duration::from_millis(50);
const LAST_RECHECK: Duration = Duration::from_secs(5);

/// How long a unit may wait for a lock that another session holds.
const LOCK_WAIT: Duration = Duration::from_secs(5);
/// How many units may wait for locks at a time.
const BLOCKED_MAX: usize = 4096;
/// How often it is looked whether the lock is gone.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Writer {
    access: Access,
    connection: Option<Connection>,
    workbench: Workbench,
    signals: Arc<Signals>,
    health: Arc<Health>,
    /// What must be looked at again, by the id of its machine.
    rechecks: BTreeMap<RecheckKey, Box<dyn Unit>>,
    recheck_pause: Duration,
    /// Units whose row another session has locked, in the order in which they came.
    blocked: Vec<Blocked>,
}

struct Blocked {
    unit: Box<dyn Unit>,
    until: Instant,
}

/// Why a try failed, and whether there may be another.
struct Failed {
    error: StoreError,
    may_repeat: bool,
    /// One unit may be to blame, and the others may do without it.
    may_part: bool,
    /// Another session holds a lock that was waited for in vain.
    is_locked: bool,
}

impl Failed {
    /// It was not possible to begin. `InUse` may come from this process's own old session, which
    /// the server has not ended yet, so it is tried again before the writer stops.
    fn to_connect(error: StoreError) -> Self {
        let may_repeat = error.is_temporary() || matches!(error, StoreError::InUse { .. });
        Self { error, may_repeat, may_part: false, is_locked: false }
    }
}

impl Writer {
    pub(super) fn new(
        access: Access,
        connection: Connection,
        signals: Arc<Signals>,
        health: Arc<Health>,
    ) -> Self {
        let connection = Some(connection);
        Self {
            access,
            connection,
            workbench: Workbench::default(),
            signals,
            health,
            rechecks: BTreeMap::new(),
            recheck_pause: FIRST_RECHECK,
            blocked: Vec::new(),
        }
    }

    /// Works until the store is closed or dropped.
    pub(super) async fn run(mut self, mut jobs: Jobs) {
        loop {
            let recheck = (!self.rechecks.is_empty()).then_some(self.recheck_pause);
            let retry = (!self.blocked.is_empty()).then_some(LOCK_PAUSE);
            let Some(units) = jobs.batch(recheck.into_iter().chain(retry).min()).await else {
                break;
            };
            // First, so that a lost commit is told before those that follow it.
            let mut all: Vec<_> = std::mem::take(&mut self.rechecks).into_values().collect();
            all.extend(self.hold_back(units));
            if !all.is_empty() {
                self.batch(all).await;
            }
            self.retry_blocked().await;
        }
        while !self.blocked.is_empty() {
            self.retry_blocked().await;
            tokio::time::sleep(LOCK_PAUSE).await;
        }
    }

    /// What waits for a lock is tried again, without waiting.
    async fn retry_blocked(&mut self) {
        for Blocked { unit, until } in std::mem::take(&mut self.blocked) {
            if Instant::now() < until {
                self.unless_locked(unit, until).await;
            } else {
                let detail = "another session holds a lock on this row".to_owned();
                self.finish(vec![unit], &Err(StoreError::Unavailable(detail)));
            }
        }
    }

    /// Keeps back units for rows that earlier ones wait for, so that they stay in order.
    fn hold_back(&mut self, units: Vec<Box<dyn Unit>>) -> Vec<Box<dyn Unit>> {
        if self.blocked.is_empty() {
            return units;
        }
        let mut free = Vec::new();
        for unit in units {
            if self.is_blocked(&*unit) {
                self.block(unit, Instant::now() + LOCK_WAIT);
            } else {
                free.push(unit);
            }
        }
        free
    }

    fn block(&mut self, unit: Box<dyn Unit>, until: Instant) {
        if self.blocked.len() < BLOCKED_MAX {
            self.blocked.push(Blocked { unit, until });
        } else {
            let detail = "too many units wait for locks of other sessions".to_owned();
            self.finish(vec![unit], &Err(StoreError::Unavailable(detail)));
        }
    }

    fn is_blocked(&self, unit: &dyn Unit) -> bool {
        let target = unit.want().target;
        self.blocked.iter().any(|blocked| blocked.unit.want().target.is_same_row(&target))
    }

    /// Some row of the batch is locked by another session: each unit gets a transaction of its own
    /// that waits for no lock, and those that meet one wait beside the others.
    async fn around_locks(&mut self, units: Vec<Box<dyn Unit>>) {
        let until = Instant::now() + LOCK_WAIT;
        for unit in units {
            self.unless_locked(unit, until).await;
        }
    }

    async fn unless_locked(&mut self, unit: Box<dyn Unit>, until: Instant) {
        if let Some(error) = self.health.fatal().cloned() {
            return self.finish(vec![unit], &Err(error));
        }
        if self.is_blocked(&*unit) {
            return self.block(unit, until);
        }
        let mut units = vec![unit];
        match self.attempt(&mut units, false).await {
            Ok(()) => self.finish(units, &Ok(())),
            Err(failed) if failed.is_locked => {
                for unit in units {
                    self.block(unit, until);
                }
            }
            Err(Failed { error: error @ StoreError::Uncertain(_), .. }) => {
                self.health.note(&error);
                self.finish(units, &Err(error));
            }
            // It was undone, so it may run again, with everything that comes of that.
            Err(_) => Box::pin(self.batch(units)).await,
        }
    }

    async fn batch(&mut self, mut units: Vec<Box<dyn Unit>>) {
        if let Some(error) = self.health.fatal().cloned() {
            return self.finish(units, &Err(error));
        }
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        let outcome = loop {
            match self.attempt(&mut units, true).await {
                Ok(()) => break Ok(()),
                Err(failed) if failed.is_locked => return self.around_locks(units).await,
                Err(failed) if failed.may_part && units.len() > 1 => {
                    return self.one_by_one(units).await;
                }
                // A twin was committed elsewhere; deciding again at once finds it.
                Err(Failed { error: StoreError::Conflict(_), .. })
                    if tries < CONFLICT_TRIES_MAX =>
                {
                    tries += 1;
                }
                Err(failed) if failed.may_repeat && tries < TRIES_MAX => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    tries += 1;
                }
                Err(Failed { error: error @ StoreError::InUse { .. }, .. }) => {
                    break Err(StoreError::Stopped(error.to_string()));
                }
                Err(failed) => break Err(failed.error),
            }
        };
        if let Err(error) = &outcome {
            self.health.note(error);
        }
        self.finish(units, &outcome);
    }

    /// One unit is to blame: each gets a transaction of its own.
    async fn one_by_one(&mut self, units: Vec<Box<dyn Unit>>) {
        for unit in units {
            Box::pin(self.batch(vec![unit])).await;
        }
    }

    async fn attempt(
        &mut self,
        units: &mut [Box<dyn Unit>],
        wait_for_locks: bool,
    ) -> Result<(), Failed> {
        // Other nodes write too, so nothing is remembered from one transaction to the next.
        self.workbench.clear();
        let mut connection = match self.connection.take() {
            Some(connection) if !connection.client.is_closed() => connection,
            _ => connect::connect(&self.access).await.map_err(Failed::to_connect)?,
        };
        connection.wait_for_locks(wait_for_locks).await.map_err(Failed::to_connect)?;
        let mut transaction = PostgresTx::new(&connection);
        let worked =
            tokio::time::timeout(TRY_WAIT, work(&mut transaction, &mut self.workbench, units))
                .await;
        let is_late = worked.is_err();
        let worked = worked.unwrap_or_else(|_| {
            Err(StoreError::Unavailable("PostgreSQL took too long".to_owned()))
        });
        let (stage, failure) = (transaction.stage, transaction.failure.take());
        match worked {
            Ok(wrote) => {
                // Nothing was written, so nothing is lost when this fails.
                if wrote {
                    self.health.recovered();
                }
                if transaction.undo().await.is_ok() {
                    self.connection = Some(connection);
                }
                Ok(())
            }
            Err(error) => {
                let is_lost = is_late || failure.as_ref().is_some_and(failure::is_lost);
                let is_raced = failure.as_ref().is_some_and(failure::is_raced);
                if !is_lost && transaction.undo().await.is_ok() {
                    self.connection = Some(connection);
                }
                if is_lost && stage == Stage::Committing {
                    let error = StoreError::Uncertain(error.to_string());
                    return Err(Failed {
                        error,
                        may_repeat: false,
                        may_part: false,
                        is_locked: false,
                    });
                }
                let may_repeat = !is_late && (is_lost || is_raced);
                let may_part = !is_late && failure.as_ref().is_some_and(failure::is_of_one);
                let is_locked = failure.as_ref().is_some_and(failure::is_locked);
                Err(Failed { error, may_repeat, may_part, is_locked })
            }
        }
    }

    fn finish(&mut self, units: Vec<Box<dyn Unit>>, outcome: &Result<(), StoreError>) {
        match outcome {
            Ok(()) => self.recheck_pause = FIRST_RECHECK,
            Err(error) => {
                self.rechecks.extend(units.iter().filter_map(|unit| unit.recheck(error)));
                self.recheck_pause = (self.recheck_pause * 2).min(LAST_RECHECK);
            }
        }
        for unit in units {
            unit.finish(outcome.clone(), &self.signals);
        }
    }
}
