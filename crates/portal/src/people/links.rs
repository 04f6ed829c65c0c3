//! Links that let somebody in once: the set-up, an invitation, a new password. The token is shown
//! once and only its hash is kept. It is part of no path: pages have it behind `#`, and send it in
//! a body.

use directory::rights::Role;
use edge::{
    Clock, ids,
    secrets::{hash_hex, same},
};
use machine::{
    Millis,
    limits::{DAY_MS, HOUR_MS},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError};

const SPACE: &str = "portal-link";
/// Most open links that are listed.
const LISTED_MAX: usize = 1_000;
/// The id of the only link of its kind.
const SET_UP: &str = "set-up";

#[derive(Clone)]
pub(crate) struct Links {
    store: Store,
    clock: Clock,
}

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Link {
    SetUp,
    Invitation {
        organization: String,
        email: String,
        role: Role,
        bots: Option<Vec<String>>,
        /// The address of whoever invites.
        by: String,
    },
    Password {
        user: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Record {
    hash: String,
    link: Link,
    made_at: Millis,
    expires_at: Millis,
}

/// A link that was not used.
pub(crate) struct OpenLink {
    pub(crate) id: String,
    pub(crate) link: Link,
    pub(crate) made_at: Millis,
    pub(crate) expires_at: Millis,
}

impl Link {
    fn lives_ms(&self) -> Millis {
        match self {
            Self::SetUp | Self::Password { .. } => HOUR_MS,
            Self::Invitation { .. } => 7 * DAY_MS,
        }
    }
}

impl Links {
    pub(crate) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// The id and the token of a new link.
    pub(crate) async fn make(&self, link: Link) -> Result<(OpenLink, SecretString), StoreError> {
        let now = self.clock.now();
        let id = match link {
            Link::SetUp => SET_UP.to_owned(),
            _ => ids::random_id("lnk"),
        };
        let secret = ids::new_secret("bls");
        let (hash, expires_at) = (hash_hex(secret.expose_secret()), now + link.lives_ms());
        let record = Record { hash, link, made_at: now, expires_at };
        let value = serde_json::to_string(&record).map_err(|error| StoreError::Unreadable {
            id: SPACE.to_owned(),
            detail: error.to_string(),
        })?;
        self.store.put_record(SPACE, &id, &value, Some(expires_at)).await?;
        let token = SecretString::from(format!("{id}.{}", secret.expose_secret()));
        Ok((OpenLink { id, link: record.link, made_at: now, expires_at }, token))
    }

    /// What a token is for, while it was not used.
    pub(crate) async fn find(&self, token: &str) -> Result<Option<OpenLink>, StoreError> {
        let Some((id, secret)) = token.split_once('.') else { return Ok(None) };
        let record = self.store.record(SPACE, id, self.clock.now()).await?;
        let record: Option<Record> = record.and_then(|record| serde_json::from_str(&record).ok());
        let record = record.filter(|record| same(&record.hash, &hash_hex(secret)));
        Ok(record.map(|record| open(id.to_owned(), record)))
    }

    /// The open invitations of an organization.
    pub(crate) async fn invitations(
        &self,
        organization: &str,
    ) -> Result<Vec<OpenLink>, StoreError> {
        let records = self.store.records(SPACE, "lnk_", self.clock.now(), LISTED_MAX).await?;
        let links = records.into_iter().filter_map(|(id, record)| {
            let record: Record = serde_json::from_str(&record).ok()?;
            Some(open(id, record))
        });
        let is_of_it = |open: &OpenLink| match &open.link {
            Link::Invitation { organization: of, .. } => of == organization,
            _ => false,
        };
        Ok(links.filter(is_of_it).collect())
    }

    pub(crate) async fn end(&self, id: &str) -> Result<(), StoreError> {
        self.store.delete_record(SPACE, id).await
    }
}

fn open(id: String, record: Record) -> OpenLink {
    let Record { link, made_at, expires_at, .. } = record;
    OpenLink { id, link, made_at, expires_at }
}
