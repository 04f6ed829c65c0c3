//! An organization: a tenant, of which no other one sees anything.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Settings, named};
use crate::{kind::Kind, rules::Wrong};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// As people call it.
    pub name: String,
}

impl Settings for Organization {
    const KIND: Kind = Kind::Organization;

    fn validate(&self) -> Result<(), Wrong> {
        named("name", &self.name)
    }
}
