//! What the bot remembers of each session, in memory and bounded: the one that has been silent the
//! longest goes first.

use std::collections::{BTreeMap, HashMap};

/// Most bytes of what one session remembers.
pub(super) const MEMORY_BYTES_MAX: usize = 64 * 1024;

/// A session that would remember more than it may.
#[derive(Debug)]
pub(super) struct TooLarge;

pub(super) struct Sessions {
    max: usize,
    uses: u64,
    /// With the number of its last use.
    memories: HashMap<String, (u64, String)>,
    by_use: BTreeMap<u64, String>,
}

impl Sessions {
    pub(super) fn new(max: usize) -> Self {
        Self { max, uses: 0, memories: HashMap::new(), by_use: BTreeMap::new() }
    }

    pub(super) fn get(&self, session: &str) -> Option<&str> {
        self.memories.get(session).map(|(_, memory)| memory.as_str())
    }

    /// Keeps `memory`, or forgets the session when there is none; one that is too large is not
    /// kept, and what was there before stays.
    pub(super) fn put(&mut self, session: &str, memory: Option<String>) -> Result<(), TooLarge> {
        if memory.as_ref().is_some_and(|memory| memory.len() > MEMORY_BYTES_MAX) {
            return Err(TooLarge);
        }
        if let Some((used, _)) = self.memories.remove(session) {
            self.by_use.remove(&used);
        }
        let Some(memory) = memory else {
            return Ok(());
        };
        if self.memories.len() >= self.max
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.memories.remove(&oldest);
        }
        self.uses += 1;
        self.by_use.insert(self.uses, session.to_owned());
        self.memories.insert(session.to_owned(), (self.uses, memory));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{MEMORY_BYTES_MAX, Sessions};

    #[test]
    fn the_longest_silent_session_goes() {
        let mut sessions = Sessions::new(2);
        for (session, memory) in [("a", "1"), ("b", "1"), ("a", "2"), ("c", "1")] {
            sessions.put(session, Some(memory.to_owned())).unwrap();
        }
        assert!(sessions.put("a", Some("x".repeat(MEMORY_BYTES_MAX + 1))).is_err());
        assert_eq!(sessions.get("a"), Some("2"));
        assert_eq!(sessions.get("b"), None);
        assert_eq!(sessions.get("c"), Some("1"));
        sessions.put("a", None).unwrap();
        assert_eq!(sessions.get("a"), None);
        assert_eq!((sessions.memories.len(), sessions.by_use.len()), (1, 1));
    }
}
