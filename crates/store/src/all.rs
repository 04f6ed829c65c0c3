//! Every machine of one kind at once, for what is kept in memory whole.

use crate::{
    Store,
    error::StoreError,
    query::{Columns, Query, count},
    sql, stored,
};
use machine::Machine;

/// How many rows are read at once.
const PAGE: usize = 500;

/// A machine with its owner and its id.
#[derive(Debug, Clone)]
pub struct Owned<M> {
    pub owner: String,
    pub id: String,
    pub machine: M,
}

impl Store {
    /// All machines `M` of all owners, oldest first. Those that cannot be read are left out and set
    /// aside.
    pub async fn all<M: Machine>(&self) -> Result<Vec<Owned<M>>, StoreError> {
        let mut all = Vec::new();
        let mut after = i64::MIN;
        loop {
            let args = vec![M::PREFIX.into(), after.into(), count(PAGE)];
            let read = |row: &dyn Columns| {
                let (num, id, owner) =
                    (row.int(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned());
                let machine = stored::state::<M>(&id, row, 3);
                Ok((num, owner, id, machine))
            };
            let page = self.query(Query { sql: sql::STATES_OF, args }, read).await?;
            let Some((last, ..)) = page.last() else { return Ok(all) };
            after = *last;
            for (_, owner, id, machine) in page {
                match machine {
                    Ok(machine) => all.push(Owned { owner, id, machine }),
                    Err(unreadable) => self.put_aside(M::PREFIX, &owner, &[&unreadable]).await,
                }
            }
        }
    }
}
