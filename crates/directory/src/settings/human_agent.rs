//! `[[agents]]`: a human agent at the desk.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Secret, Settings};
use crate::{kind::Kind, rules::Wrong};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HumanAgent {
    pub email: String,
    pub name: String,
    #[serde(default)]
    pub avatar_url: String,
    pub password: Secret,
}

impl Settings for HumanAgent {
    const KIND: Kind = Kind::Agent;

    fn validate(&self) -> Result<(), Wrong> {
        Ok(())
    }
}
