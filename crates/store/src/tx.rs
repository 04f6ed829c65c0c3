//! The seam between the ledger and the two databases.
//!
//! A unit of work is [`work`]: one body that finds what a batch of units needs, lets every unit
//! decide in memory, and puts what they decided. SQLite runs it on its writer thread, where its
//! futures are always ready; PostgreSQL runs it with one round trip to find and one to put.

use crate::{
    error::StoreError,
    rows::{Changes, Found, Target, Want},
    unit::Unit,
    workbench::Workbench,
};

/// An open transaction.
pub(crate) trait Tx {
    /// Answers every want, in order, with its row locked until the end of the transaction.
    fn find(
        &mut self,
        wants: &[Want<'_>],
    ) -> impl Future<Output = Result<Vec<Found>, StoreError>> + Send;
    /// Writes a batch. Nothing follows but the commit, so an engine may commit in the same trip.
    fn put(&mut self, changes: Changes) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Runs a batch of units inside an open transaction; true when something was written.
///
/// Every unit decides before anything is written, so a refusal leaves nothing behind and needs no
/// savepoint. When a write itself fails, the caller undoes the whole batch.
pub(crate) async fn work<T: Tx>(
    tx: &mut T,
    workbench: &mut Workbench,
    units: &mut [Box<dyn Unit>],
) -> Result<bool, StoreError> {
    let found = tx.find(&wants(workbench, units)).await?;
    for (unit, found) in units.iter_mut().zip(found) {
        unit.decide(workbench, found);
    }
    let changes = workbench.take_changes();
    if changes.is_empty() {
        return Ok(false);
    }
    tx.put(changes).await?;
    Ok(true)
}

fn wants<'a>(workbench: &Workbench, units: &'a [Box<dyn Unit>]) -> Vec<Want<'a>> {
    let mut wants: Vec<Want<'a>> = units.iter().map(|unit| unit.want()).collect();
    for want in &mut wants {
        if let Target::Id(id) = want.target
            && workbench.holds(id)
        {
            want.target = Target::Held(id);
        }
    }
    wants
}
