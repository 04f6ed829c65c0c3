//! What a user may do in one organization. The slug is the id of the user.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Settings;
use crate::{kind::Kind, rights::Role, rules::Wrong};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    pub role: Role,
    /// Ids of the only bots that the user sees; all when absent.
    pub bots: Option<Vec<String>>,
}

impl Settings for Membership {
    const KIND: Kind = Kind::Membership;

    fn validate(&self) -> Result<(), Wrong> {
        Ok(())
    }
}
