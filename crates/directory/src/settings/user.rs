//! A person who signs in. The slug is the mail address; what proves who it is, such as a password,
//! is kept apart from the settings, so that no history holds it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Settings, named};
use crate::{kind::Kind, rules::Wrong};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub name: String,
    #[serde(default)]
    pub avatar_url: String,
    /// May not sign in.
    #[serde(default)]
    pub disabled: bool,
}

impl Settings for User {
    const KIND: Kind = Kind::User;

    fn validate(&self) -> Result<(), Wrong> {
        named("name", &self.name)
    }
}
