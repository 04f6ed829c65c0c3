//! Which agents could take a chat: those who say so and were heard of lately.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use machine::{Millis, limits::AGENT_SEEN_MS};

/// Who is there. In memory: whoever is still there after a restart is heard of again soon.
#[derive(Default)]
pub(crate) struct Presence(Mutex<HashMap<String, Entry>>);

#[derive(Default)]
struct Entry {
    available: bool,
    seen: Option<Millis>,
}

impl Presence {
    /// The agent's page was heard of.
    pub(crate) fn seen(&self, email: &str, now: Millis) {
        self.lock().entry(email.to_owned()).or_default().seen = Some(now);
    }

    /// The agent signed out.
    pub(crate) fn left(&self, email: &str) {
        self.lock().entry(email.to_owned()).or_default().seen = None;
    }

    /// Whether the agent wants chats at all.
    pub(crate) fn set(&self, email: &str, available: bool) {
        self.lock().entry(email.to_owned()).or_default().available = available;
    }

    pub(crate) fn wants_chats(&self, email: &str) -> bool {
        self.lock().get(email).is_some_and(|entry| entry.available)
    }

    /// Whether anybody could take a chat now.
    pub(crate) fn anybody(&self, now: Millis) -> bool {
        let here = |entry: &Entry| {
            entry.available && entry.seen.is_some_and(|seen| now - seen < AGENT_SEEN_MS)
        };
        self.lock().values().any(here)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        // Nothing that holds the lock can panic half way, so what it guards is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_is_who_says_so_and_was_seen_in_the_last_minute() {
        let presence = Presence::default();
        assert!(!presence.anybody(0));
        presence.set("jane@example.com", true);
        assert!(!presence.anybody(0), "never seen");
        presence.seen("jane@example.com", 1_000);
        assert!(presence.anybody(60_999));
        assert!(!presence.anybody(61_000));
        presence.seen("jane@example.com", 61_000);
        presence.set("jane@example.com", false);
        assert!(!presence.anybody(61_000), "does not want chats");
        presence.set("jane@example.com", true);
        presence.left("jane@example.com");
        assert!(!presence.anybody(61_000), "signed out");
    }
}
