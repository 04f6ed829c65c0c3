//! When each API key was used last: in memory, and written down once a minute at most.

use std::collections::HashMap;

use machine::{Millis, limits::MINUTE_MS};
use parking_lot::Mutex;
use store::{Store, StoreError};

const SPACE: &str = "api-key-used";

pub(crate) struct KeyUses {
    store: Store,
    written: Mutex<HashMap<String, Millis>>,
}

impl KeyUses {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, written: Mutex::default() }
    }

    /// Notes a use. A failure to write it down hurts nobody's call.
    pub(crate) async fn used(&self, key: &str, now: Millis) {
        {
            let mut written = self.written.lock();
            if written.get(key).is_some_and(|at| now - at < MINUTE_MS) {
                return;
            }
            written.insert(key.to_owned(), now);
        }
        if let Err(error) = self.store.put_record(SPACE, key, &now.to_string(), None).await {
            tracing::warn!(%error, "the last use of an API key was not written down");
        }
    }

    /// Up to a minute old.
    pub(crate) async fn last(&self, key: &str) -> Result<Option<Millis>, StoreError> {
        let record = self.store.record(SPACE, key, 0).await?;
        Ok(record.and_then(|at| at.parse().ok()))
    }
}
