//! What the bot remembers of each session, in memory and bounded: the session that was used least
//! recently goes first.

use std::sync::Arc;

use moka::{policy::EvictionPolicy, sync::Cache};
use parking_lot::Mutex;

/// Longest memory of one session, in bytes.
pub(super) const MEMORY_BYTES_MAX: usize = 64 * 1024;

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

    pub(super) fn memory(&self, session: &str) -> Option<String> {
        self.0.get(session)?.lock().clone()
    }

    /// Runs one turn: `turn` gets the memory of the session and returns the next one with its
    /// answer. Turns of one session run one after the other. When a turn fails, or its memory is
    /// too large, the memory stays as it was.
    pub(super) fn turn<T, E: From<TooLarge>>(
        &self,
        session: &str,
        turn: impl FnOnce(Option<&str>) -> Result<(T, Option<String>), E>,
    ) -> Result<T, E> {
        let kept = self.0.get_with_by_ref(session, Arc::default);
        let mut memory = kept.lock();
        let (answer, next) = turn(memory.as_deref())?;
        if next.as_ref().is_some_and(|next| next.len() > MEMORY_BYTES_MAX) {
            return Err(TooLarge.into());
        }
        *memory = next;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::{MEMORY_BYTES_MAX, Sessions, TooLarge};

    fn put(sessions: &Sessions, session: &str, memory: Option<String>) -> Result<(), TooLarge> {
        sessions.turn(session, |_| Ok(((), memory)))?;
        sessions.0.run_pending_tasks();
        Ok(())
    }

    #[test]
    fn the_longest_silent_session_goes() {
        let sessions = Sessions::new(2);
        for (session, memory) in [("a", "1"), ("b", "1"), ("a", "2"), ("c", "1")] {
            put(&sessions, session, Some(memory.to_owned())).unwrap();
        }
        assert!(put(&sessions, "a", Some("x".repeat(MEMORY_BYTES_MAX + 1))).is_err());
        assert_eq!(sessions.memory("a").as_deref(), Some("2"));
        assert_eq!(sessions.memory("b"), None);
        assert_eq!(sessions.memory("c").as_deref(), Some("1"));
        put(&sessions, "a", None).unwrap();
        assert_eq!(sessions.memory("a"), None);
        assert!(sessions.0.entry_count() <= 2);
    }
}
