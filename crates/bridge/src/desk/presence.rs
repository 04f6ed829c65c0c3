//! Which agents could take a chat: those who say so and were heard of in the last minute.
//!
//! Kept in the store, so that a restart sends no visitor away while pages are still coming back,
//! and so that the node that is called knows of agents whose pages are on another one.

use std::collections::HashMap;

use machine::{
    Millis,
    limits::{AGENT_SEEN_MS, SECOND_MS},
};
use parking_lot::Mutex;
use store::{Store, StoreError};

/// Whether an agent wants chats: `yes` or `no`.
const WANTS_CHATS: &str = "desk-availability";
/// There as long as the agent counts as seen.
const SEEN: &str = "desk-seen";
/// Least distance between two writings of `SEEN`: a page is heard of every 25 seconds at least.
const WRITE_GAP_MS: Millis = 10 * SECOND_MS;

pub(crate) struct Presence {
    store: Store,
    /// When `SEEN` was last written here.
    written: Mutex<HashMap<String, Millis>>,
}

impl Presence {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, written: Mutex::default() }
    }

    /// The agent's page was heard of. That this cannot be written, for example on a full disk,
    /// is no reason to show the agent nothing.
    pub(crate) async fn seen(&self, email: &str, now: Millis) {
        {
            let mut written = self.written.lock();
            if written.get(email).is_some_and(|at| now - at < WRITE_GAP_MS) {
                return;
            }
            written.insert(email.to_owned(), now);
        }
        let until = Some(now + AGENT_SEEN_MS);
        if let Err(error) = self.store.put_record(SEEN, email, "", until).await {
            tracing::warn!(%error, "it could not be noted that an agent is there");
            self.written.lock().remove(email);
        }
    }

    /// The agent signed out.
    pub(crate) async fn left(&self, email: &str) -> Result<(), StoreError> {
        self.written.lock().remove(email);
        self.store.delete_record(SEEN, email).await
    }

    /// Whether the agent wants chats at all.
    pub(crate) async fn set(&self, email: &str, wants_chats: bool) -> Result<(), StoreError> {
        let value = if wants_chats { "yes" } else { "no" };
        self.store.put_record(WANTS_CHATS, email, value, None).await
    }

    pub(crate) async fn wants_chats(&self, email: &str, now: Millis) -> Result<bool, StoreError> {
        Ok(self.store.record(WANTS_CHATS, email, now).await?.as_deref() == Some("yes"))
    }

    /// Whether one of these agents could take a chat now.
    pub(crate) async fn anybody(
        &self,
        emails: impl Iterator<Item = &str>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        for email in emails {
            if self.store.record(SEEN, email, now).await?.is_some()
                && self.wants_chats(email, now).await?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn available_is_who_says_so_and_was_seen_in_the_last_minute() {
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("presence.db");
        let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        let (jane, emails) = ("jane", ["joe", "jane"]);
        let presence = Presence::new(store.clone());
        assert!(!presence.anybody(emails.into_iter(), 0).await.unwrap());
        presence.set(jane, true).await.unwrap();
        assert!(!presence.anybody(emails.into_iter(), 0).await.unwrap(), "never seen");
        presence.seen(jane, 1_000).await;
        let elsewhere = Presence::new(store.clone());
        for presence in [&presence, &elsewhere] {
            assert!(presence.anybody(emails.into_iter(), 60_999).await.unwrap());
            assert!(!presence.anybody(emails.into_iter(), 61_000).await.unwrap());
        }
        presence.seen(jane, 61_000).await;
        elsewhere.set(jane, false).await.unwrap();
        assert!(
            !presence.anybody(emails.into_iter(), 61_000).await.unwrap(),
            "does not want chats"
        );
        presence.set(jane, true).await.unwrap();
        assert!(presence.anybody(emails.into_iter(), 61_000).await.unwrap());
        elsewhere.left(jane).await.unwrap();
        assert!(!presence.anybody(emails.into_iter(), 61_000).await.unwrap(), "signed out");
        store.close().await;
    }
}
