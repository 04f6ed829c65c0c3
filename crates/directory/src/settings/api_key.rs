//! A key with which a program uses the admin API. The slug is its name. A key is `bak_` and the
//! secret; of the secret only the hash is kept.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Key, Settings, ensure};
use crate::{kind::Kind, rights::Role, rules::Wrong};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    pub role: Role,
    /// Ids of the only bots that the key sees; all when absent.
    pub bots: Option<Vec<String>>,
    pub secret: Key,
    /// RFC 3339; never when absent.
    pub expires_at: Option<String>,
}

impl Settings for ApiKey {
    const KIND: Kind = Kind::ApiKey;

    fn validate(&self) -> Result<(), Wrong> {
        let expires_at = self.expires_at.as_deref();
        ensure(
            expires_at.is_none_or(|at| edge::time::parse_rfc3339(at).is_some()),
            || "`expires_at` is no time: give one such as 2027-01-31T00:00:00Z",
        )?;
        ensure(
            self.role != Role::Owner,
            || "`role` is owner, and an owner is a person: give the key another role",
        )
    }
}
