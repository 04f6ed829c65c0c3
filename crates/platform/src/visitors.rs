//! Visitors: created once, recognized by a token of which only the hash is stored.
//!
//! User, conversation and token share one 26 character id, so each can be derived from the
//! others: `usr_<id>`, `cnv_<id>`, `vst_<id>_<secret>`.

use std::sync::Arc;

use edge::{ids, secrets, time::clock_time};
use machine::{Machine as _, Millis, conversation::Conversation};
use moka::{policy::EvictionPolicy, sync::Cache};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::{Ledger, Store, StoreError};
use wire::visitor::NewVisitor;

use crate::limit;

const SPACE: &str = "visitor";
const ID_LENGTH: usize = 26;

/// What is stored of a visitor.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Visitor {
    pub(crate) bot: String,
    token_hash: String,
    pub(crate) language: Option<String>,
    pub(crate) time_zone: Option<String>,
}

/// A new visitor; the token is shown only now.
pub(crate) struct Created {
    pub(crate) user: String,
    pub(crate) token: SecretString,
}

/// A visitor with a good token.
pub(crate) struct Recognized {
    pub(crate) visitor: Arc<Visitor>,
    pub(crate) conversation: String,
}

/// All visitors, those used lately in memory.
pub(crate) struct Visitors {
    store: Store,
    /// By their 26 character id.
    recent: Cache<String, Arc<Visitor>>,
}

impl Visitors {
    pub(crate) fn new(store: Store) -> Self {
        let recent = Cache::builder()
            .max_capacity(limit::VISITORS_CACHED_MAX)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { store, recent }
    }

    /// Creates a visitor of `bot` and the visitor's conversation.
    pub(crate) async fn create(
        &self,
        bot: &str,
        ledger: &Ledger<Conversation>,
        new: NewVisitor,
        now: Millis,
    ) -> Result<Created, StoreError> {
        let user = ids::new_id("usr", now);
        let id = user.trim_start_matches("usr_").to_owned();
        let token = ids::new_secret(&format!("vst_{id}"));
        let visitor = Visitor {
            bot: bot.to_owned(),
            token_hash: secrets::hash_hex(token.expose_secret()),
            language: new.language,
            time_zone: new.time_zone.filter(|zone| clock_time(now, zone).is_some()),
        };
        let record = serde_json::to_string(&visitor).map_err(|error| StoreError::Unreadable {
            id: user.clone(),
            detail: error.to_string(),
        })?;
        let conversation = conversation_of_id(&id);
        let fresh = Conversation::new();
        // The token is not known to anyone before both are stored, so one without the other does no
        // harm and the two need not be one unit. Side by side, they share one commit.
        tokio::try_join!(
            self.store.put_record(SPACE, &user, &record, None),
            ledger.create(&conversation, &fresh),
        )?;
        self.recent.insert(id, Arc::new(visitor));
        Ok(Created { user, token })
    }

    /// The visitor with this token; `None` when the token is unknown or wrong.
    pub(crate) async fn with_token(
        &self,
        token: &str,
        now: Millis,
    ) -> Result<Option<Recognized>, StoreError> {
        let id = token.strip_prefix("vst_").and_then(|rest| rest.split_once('_'));
        let Some(id) = id.map(|(id, _)| id).filter(|id| is_id(id)) else {
            return Ok(None);
        };
        let visitor = self.find(id, now).await?;
        let visitor = visitor.filter(|known| secrets::matches_hash(&known.token_hash, token));
        let conversation = conversation_of_id(id);
        Ok(visitor.map(|visitor| Recognized { visitor, conversation }))
    }

    /// The visitor of a conversation. A visitor that cannot be read counts as one without language
    /// and time zone.
    pub(crate) async fn of_conversation(&self, conversation: &str, now: Millis) -> Arc<Visitor> {
        let id = id_of(conversation);
        match self.find(id, now).await {
            Ok(visitor) => visitor.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(conversation.id = conversation, %error, "no visitor to read");
                Arc::default()
            }
        }
    }

    async fn find(&self, id: &str, now: Millis) -> Result<Option<Arc<Visitor>>, StoreError> {
        if let Some(visitor) = self.recent.get(id) {
            return Ok(Some(visitor));
        }
        let Some(record) = self.store.record(SPACE, &format!("usr_{id}"), now).await? else {
            return Ok(None);
        };
        let visitor = serde_json::from_str(&record).map_err(|error| StoreError::Unreadable {
            id: format!("usr_{id}"),
            detail: error.to_string(),
        })?;
        let visitor = Arc::new(visitor);
        self.recent.insert(id.to_owned(), Arc::clone(&visitor));
        Ok(Some(visitor))
    }
}

/// `userId` of the visitor whose conversation this is.
pub(crate) fn user_of(conversation: &str) -> String {
    format!("usr_{}", id_of(conversation))
}

/// The conversation of a visitor, when `user` can be the id of one.
pub(crate) fn conversation_of(user: &str) -> Option<String> {
    let id = user.strip_prefix("usr_").filter(|id| is_id(id))?;
    Some(conversation_of_id(id))
}

fn conversation_of_id(id: &str) -> String {
    format!("{}_{id}", Conversation::PREFIX)
}

fn id_of(conversation: &str) -> &str {
    conversation.split_once('_').map_or(conversation, |(_, id)| id)
}

fn is_id(id: &str) -> bool {
    id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
