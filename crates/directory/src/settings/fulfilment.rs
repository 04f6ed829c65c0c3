//! `agent.fulfilment`: whether the webhook of an agent that runs from an export is called.

use std::fmt;

use edge::egress::Networks;
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::Secret;

/// Permission to call the webhook. What is set here goes before the settings in the export.
#[derive(Deserialize, Default, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fulfilment {
    /// The webhook's URL; the one in the export when absent.
    pub url: Option<String>,
    pub allow_private: bool,
    /// Networks that the URL may lead into besides the public internet.
    pub allow_networks: Networks,
    pub username: Option<String>,
    /// Exports do not contain it.
    pub password: Option<Secret>,
}

impl Fulfilment {
    /// What `--webhook` allows: this URL, wherever it leads.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self { url: Some(url.to_owned()), allow_private: true, ..Self::default() }
    }

    /// Reads `true`, `false` or a table; `false` is `None`.
    pub(super) fn written<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        from.deserialize_any(Written)
    }
}

/// What it may be in settings; for the schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) enum Form {
    Allowed(bool),
    Settings(Fulfilment),
}

struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Option<Fulfilment>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false, or a table with `url`")
    }

    fn visit_bool<E: de::Error>(self, allowed: bool) -> Result<Self::Value, E> {
        Ok(allowed.then(Fulfilment::default))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Fulfilment::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
}
