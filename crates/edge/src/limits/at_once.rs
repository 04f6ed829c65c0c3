//! How much one client may have open at the same time. A key is kept while it has something open,
//! so what is open bounds the keys.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;

use super::Exceeded;

/// When to try again is not known; something else has to end first.
const WAIT: Duration = Duration::from_secs(5);

/// A limit on what each key has open.
#[derive(Debug, Clone)]
pub struct AtOnce {
    name: &'static str,
    max: usize,
    hasher: RandomState,
    open: Arc<Mutex<HashMap<u64, usize>>>,
}

impl AtOnce {
    pub(super) fn new(name: &'static str, max: usize) -> Self {
        Self { name, max, hasher: RandomState::new(), open: Arc::default() }
    }

    /// Counts one more for `key` until the returned value is dropped.
    ///
    /// # Errors
    /// [`Exceeded`] when `key` has as many open as it may.
    pub fn enter(&self, key: &impl Hash) -> Result<Entered, Exceeded> {
        let key = self.hasher.hash_one(key);
        let mut open = self.open.lock();
        let count = open.entry(key).or_default();
        if *count >= self.max {
            if *count == 0 {
                open.remove(&key);
            }
            return Err(Exceeded {
                name: self.name,
                quota: self.max as u64,
                window: None,
                wait: WAIT,
            });
        }
        *count += 1;
        Ok(Entered { key, open: Arc::clone(&self.open) })
    }
}

/// One that is open.
#[derive(Debug)]
pub struct Entered {
    key: u64,
    open: Arc<Mutex<HashMap<u64, usize>>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        if let Some(count) = open.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_places_and_leaves_nothing_behind() {
        let streams = AtOnce::new("streams", 2);
        let first = streams.enter(&"a").unwrap();
        let _second = streams.enter(&"a").unwrap();
        assert_eq!(streams.enter(&"a").unwrap_err().seconds(), 5);
        drop(streams.enter(&"b").unwrap());
        drop(first);
        assert!(streams.enter(&"a").is_ok());
        assert_eq!(streams.open.lock().len(), 1);
        let none = AtOnce::new("none", 0);
        assert!(none.enter(&"a").is_err());
        assert!(none.open.lock().is_empty());
    }
}
