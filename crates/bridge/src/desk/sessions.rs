//! Sessions of the desk: a random token in a cookie, its hash in the store.
//!
//! A session ends when its agent signs out, when nothing was heard of it for two hours, twelve
//! hours after it began, and when the agent is gone or has another password.

use edge::{ids, secrets};
use machine::{
    Millis,
    chat::Agent,
    limits::{HOUR_MS, MINUTE_MS},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError};
use tokio::sync::{Mutex, broadcast};

use super::human_agents::HumanAgents;

const SPACE: &str = "desk-session";
const IDLE_MS: Millis = 2 * HOUR_MS;
const ABSOLUTE_MS: Millis = 12 * HOUR_MS;
/// A session is written again when it was not for this long.
const REFRESH_MS: Millis = 5 * MINUTE_MS;
/// Most ended sessions a stream may be late in hearing of; a later one looks in the store.
const ENDED_MAX: usize = 64;

pub(crate) struct Sessions {
    store: Store,
    ended: broadcast::Sender<String>,
    /// Held while a session is written again or ended, so that the one does not undo the other.
    changing: Mutex<()>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    email: String,
    /// See [`HumanAgents::binding`].
    binding: String,
    since: Millis,
    seen: Millis,
}

impl Sessions {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, ended: broadcast::channel(ENDED_MAX).0, changing: Mutex::default() }
    }

    /// The token of a new session. Signing in is rare, so it is when old sessions are swept away.
    pub(crate) async fn open(
        &self,
        agents: &HumanAgents,
        email: &str,
        now: Millis,
    ) -> Result<Option<SecretString>, StoreError> {
        self.store.forget_expired(now).await?;
        let token = ids::new_secret("dsk");
        let Some(binding) = agents.binding(email, token.expose_secret()) else { return Ok(None) };
        let record = Record { email: email.to_owned(), binding, since: now, seen: now };
        self.write(&secrets::hash_hex(token.expose_secret()), &record).await?;
        Ok(Some(token))
    }

    /// The agent of a session that is still good.
    pub(crate) async fn agent(
        &self,
        agents: &HumanAgents,
        token: &str,
        now: Millis,
    ) -> Result<Option<Agent>, StoreError> {
        let key = secrets::hash_hex(token);
        let Some(record) = self.read(&key, now).await? else { return Ok(None) };
        let binding = agents.binding(&record.email, token);
        if !binding.is_some_and(|binding| secrets::same(&binding, &record.binding)) {
            return Ok(None);
        }
        if now - record.seen >= REFRESH_MS {
            match self.refresh(&key, now).await {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                // A full disk ends no session; it only does not get longer.
                Err(error) if error.is_temporary() => {
                    tracing::warn!(%error, "a session could not be prolonged");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(agents.get(&record.email).cloned())
    }

    pub(crate) async fn end(&self, token: &str) -> Result<(), StoreError> {
        let key = secrets::hash_hex(token);
        {
            let _changing = self.changing.lock().await;
            self.store.delete_record(SPACE, &key).await?;
        }
        // Nobody listens when no stream is open.
        let _ = self.ended.send(key);
        Ok(())
    }

    /// Hears of sessions that end, by the hash of their token.
    pub(crate) fn ended(&self) -> broadcast::Receiver<String> {
        self.ended.subscribe()
    }

    async fn read(&self, key: &str, now: Millis) -> Result<Option<Record>, StoreError> {
        let record = self.store.record(SPACE, key, now).await?;
        Ok(record.and_then(|record| serde_json::from_str(&record).ok()))
    }

    /// False when the session was ended meanwhile.
    async fn refresh(&self, key: &str, now: Millis) -> Result<bool, StoreError> {
        let _changing = self.changing.lock().await;
        let Some(mut record) = self.read(key, now).await? else { return Ok(false) };
        record.seen = now;
        self.write(key, &record).await?;
        Ok(true)
    }

    async fn write(&self, key: &str, record: &Record) -> Result<(), StoreError> {
        let value = serde_json::to_string(record).map_err(|error| StoreError::Unreadable {
            id: SPACE.to_owned(),
            detail: error.to_string(),
        })?;
        let expires_at = (record.seen + IDLE_MS).min(record.since + ABSOLUTE_MS);
        self.store.put_record(SPACE, key, &value, Some(expires_at)).await
    }
}
