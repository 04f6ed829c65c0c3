//! What the bot remembers of each session, in memory and bounded: the session that was used least
//! recently goes first.

use std::sync::Arc;

use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::local::session::MEMORY_BYTES_MAX;

/// A turn would make the memory of its session longer than [`MEMORY_BYTES_MAX`].
#[derive(Debug)]
pub(super) struct TooLarge;

pub(super) struct Sessions(Cache<String, Arc<Mutex<Option<String>>>>);

impl Sessions {
    /// Keeps at most `max` sessions.
    pub(super) fn new(max: u64) -> Self {
        // A new session is always kept; the default policy would turn some away.
        let policy = EvictionPolicy::lru();
        Self(Cache::builder().max_capacity(max).eviction_policy(policy).build())
    }

    /// The memory of a session after the turn that is under way, if any.
    pub(super) async fn memory(&self, session: &str) -> Option<String> {
        self.0.get(session)?.lock().await.clone()
    }

    /// Begins a turn. Turns of one session run one after the other, also while one waits for a
    /// webhook.
    pub(super) async fn begin(&self, session: &str) -> Turn {
        Turn(self.0.get_with_by_ref(session, Arc::default).lock_owned().await)
    }
}

/// The memory of a session during a turn. Unless the turn is finished, it stays as it was.
pub(super) struct Turn(OwnedMutexGuard<Option<String>>);

impl Turn {
    pub(super) fn memory(&self) -> Option<&str> {
        self.0.as_deref()
    }

    pub(super) fn finish(mut self, next: Option<String>) -> Result<(), TooLarge> {
        if next.as_ref().is_some_and(|next| next.len() > MEMORY_BYTES_MAX) {
            return Err(TooLarge);
        }
        *self.0 = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{MEMORY_BYTES_MAX, Sessions, TooLarge};

    async fn put(sessions: &Sessions, session: &str, memory: &str) -> Result<(), TooLarge> {
        sessions.begin(session).await.finish(Some(memory.to_owned()))?;
        sessions.0.run_pending_tasks();
        Ok(())
    }

    #[tokio::test]
    async fn the_longest_silent_session_goes() {
        let sessions = Sessions::new(2);
        for (session, memory) in [("a", "1"), ("b", "1"), ("a", "2"), ("c", "1")] {
            put(&sessions, session, memory).await.unwrap();
        }
        let long = "x".repeat(MEMORY_BYTES_MAX + 1);
        assert!(put(&sessions, "a", &long).await.is_err());
        assert_eq!(sessions.memory("a").await.as_deref(), Some("2"));
        assert_eq!(sessions.memory("b").await, None);
        assert_eq!(sessions.memory("c").await.as_deref(), Some("1"));
        sessions.begin("a").await.finish(None).unwrap();
        assert_eq!(sessions.memory("a").await, None);
        assert!(sessions.0.entry_count() <= 2);
    }

    #[tokio::test]
    async fn a_turn_that_is_not_finished_changes_nothing() {
        let sessions = Sessions::new(2);
        put(&sessions, "a", "1").await.unwrap();
        drop(sessions.begin("a").await);
        assert_eq!(sessions.memory("a").await.as_deref(), Some("1"));
    }
}
