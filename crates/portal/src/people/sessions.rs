//! Sessions of people: a random token in a cookie, its hash in the store. A session ends when its
//! user signs out or ends it, when nothing was heard of it for two hours, twelve hours after it
//! began, and when the credentials changed or the user is gone.

use edge::{ids, secrets};
use machine::{
    Millis,
    limits::{HOUR_MS, MINUTE_MS},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError};
use tokio::sync::Mutex;

const SPACE: &str = "portal-session";
const IDLE_MS: Millis = 2 * HOUR_MS;
const ABSOLUTE_MS: Millis = 12 * HOUR_MS;
/// A session is written again when it was not for this long.
const REFRESH_MS: Millis = 5 * MINUTE_MS;
/// Most characters of a browser's name that are kept, and sessions that are listed.
const BROWSER_CHARS_MAX: usize = 200;
const LISTED_MAX: usize = 200;

pub(crate) struct Sessions {
    store: Store,
    /// Held while a session is written again or ended, so that the one does not undo the other.
    changing: Mutex<()>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    /// The version of the credentials it was opened with.
    version: String,
    since: Millis,
    seen: Millis,
    browser: String,
}

/// A session that is good.
pub(crate) struct Session {
    pub(crate) user: String,
    /// The hash of its token.
    pub(crate) id: String,
    pub(crate) version: String,
}

/// A session in a list.
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) since: Millis,
    pub(crate) seen: Millis,
    pub(crate) browser: String,
}

impl Sessions {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, changing: Mutex::default() }
    }

    /// The token of a new session. Signing in is rare, so it is when old sessions are swept away.
    pub(crate) async fn open(
        &self,
        user: &str,
        version: String,
        browser: &str,
        now: Millis,
    ) -> Result<SecretString, StoreError> {
        self.store.forget_expired(now).await?;
        let secret = ids::new_secret("bps");
        let browser = browser.chars().take(BROWSER_CHARS_MAX).collect();
        let record = Record { version, since: now, seen: now, browser };
        self.write(&key(user, &secrets::hash_hex(secret.expose_secret())), &record).await?;
        Ok(SecretString::from(format!("{user}.{}", secret.expose_secret())))
    }

    /// The session of a token. Its user must still have these credentials.
    pub(crate) async fn find(
        &self,
        token: &str,
        now: Millis,
    ) -> Result<Option<Session>, StoreError> {
        let Some((user, secret)) = token.split_once('.') else { return Ok(None) };
        let (user, id) = (user.to_owned(), secrets::hash_hex(secret));
        let place = key(&user, &id);
        let Some(record) = self.read(&place, now).await? else { return Ok(None) };
        if now - record.seen >= REFRESH_MS {
            let _changing = self.changing.lock().await;
            let Some(mut record) = self.read(&place, now).await? else { return Ok(None) };
            record.seen = now;
            match self.write(&place, &record).await {
                // A full disk ends no session; it only does not get longer.
                Err(error) if error.is_temporary() => {
                    tracing::warn!(%error, "a session could not be prolonged");
                }
                written => written?,
            }
        }
        Ok(Some(Session { user, id, version: record.version }))
    }

    /// Binds a session to new credentials, so that it goes on.
    pub(crate) async fn rebind(
        &self,
        session: &Session,
        version: String,
        now: Millis,
    ) -> Result<(), StoreError> {
        let _changing = self.changing.lock().await;
        let place = key(&session.user, &session.id);
        let Some(mut record) = self.read(&place, now).await? else { return Ok(()) };
        record.version = version;
        self.write(&place, &record).await
    }

    /// The sessions of a user with these credentials.
    pub(crate) async fn list(
        &self,
        user: &str,
        version: &str,
        now: Millis,
    ) -> Result<Vec<Shown>, StoreError> {
        let prefix = format!("{user}/");
        let records = self.store.records(SPACE, &prefix, now, LISTED_MAX).await?;
        let shown = records.into_iter().filter_map(|(place, record)| {
            let record: Record = serde_json::from_str(&record).ok()?;
            let id = place.strip_prefix(&prefix)?.to_owned();
            (record.version == version).then_some(Shown {
                id,
                since: record.since,
                seen: record.seen,
                browser: record.browser,
            })
        });
        Ok(shown.collect())
    }

    pub(crate) async fn end(&self, user: &str, id: &str) -> Result<(), StoreError> {
        let _changing = self.changing.lock().await;
        self.store.delete_record(SPACE, &key(user, id)).await
    }

    async fn read(&self, place: &str, now: Millis) -> Result<Option<Record>, StoreError> {
        let record = self.store.record(SPACE, place, now).await?;
        Ok(record.and_then(|record| serde_json::from_str(&record).ok()))
    }

    async fn write(&self, place: &str, record: &Record) -> Result<(), StoreError> {
        let value = serde_json::to_string(record).map_err(|error| StoreError::Unreadable {
            id: SPACE.to_owned(),
            detail: error.to_string(),
        })?;
        let expires_at = (record.seen + IDLE_MS).min(record.since + ABSOLUTE_MS);
        self.store.put_record(SPACE, place, &value, Some(expires_at)).await
    }
}

fn key(user: &str, id: &str) -> String {
    format!("{user}/{id}")
}
