//! PostgreSQL (not in this commit yet).
use crate::{
    Options,
    error::StoreError,
    signals::Signals,
    tx::{Columns, Query},
    unit::Unit,
};
use std::sync::Arc;
pub(crate) struct Postgres;
impl Postgres {
    pub(crate) async fn open(_: &str, _: &Options, _: &Arc<Signals>) -> Result<Self, StoreError> {
        Err(StoreError::Address(
            "PostgreSQL is not supported yet".to_owned(),
        ))
    }
    pub(crate) fn name(&self) -> &str {
        ""
    }
    pub(crate) async fn submit(&self, _: Box<dyn Unit>) -> Result<(), StoreError> {
        Err(self.stopped())
    }
    pub(crate) async fn query<R: Send + 'static>(
        &self,
        _: Query,
        _: impl Fn(&dyn Columns) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<Vec<R>, StoreError> {
        Err(self.stopped())
    }
    pub(crate) fn is_ailing(&self) -> bool {
        false
    }
    pub(crate) fn stopped(&self) -> StoreError {
        StoreError::Stopped(String::new())
    }
    pub(crate) async fn failed(&self) -> StoreError {
        self.stopped()
    }
    pub(crate) async fn close(&self) {}
}
