//! `[[routes]]`: the settings of the bridge. Each route has one webhook URL, one push target and
//! one connector.

use std::borrow::Cow;

use edge::egress::Networks;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{Keys, Secret, Secrets, Settings, ensure, identifier, minutes};
use crate::{kind::Kind, rules::Wrong};

#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub id: String,
    /// The token that webhook calls must send; several while a new token replaces an old one.
    pub token: Keys,
    /// A header that replaces the token.
    pub header: Option<Header>,
    pub signing: Option<Signing>,
    pub push: Push,
    pub connector: Connector,
    pub minutes_paused: Option<f64>,
    /// How long a visitor may wait for a human agent, in minutes.
    pub queue_minutes: Option<f64>,
    /// How long a claimed chat may be silent, in minutes.
    pub idle_minutes: Option<f64>,
    /// `unpauseChatEvent` of the push that ends a chat.
    pub resume_event: Option<String>,
}

#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub name: String,
    pub value: Secret,
}

/// Signatures of incoming calls.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    pub keys: Secrets,
    #[serde(default)]
    pub required: bool,
}

#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Push {
    pub url: String,
    pub key: Secret,
    #[serde(default)]
    pub allow_private: bool,
    /// Networks that the URL may lead into besides the public internet.
    #[serde(default)]
    pub allow_networks: Networks,
    #[serde(default)]
    pub key_in: KeyIn,
    /// Write `Bearer` before the key in its header.
    #[serde(default)]
    pub bearer: bool,
    /// Sign each push with all of these.
    pub signing_keys: Option<Secrets>,
}

#[derive(JsonSchema, Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum KeyIn {
    #[default]
    Both,
    Header,
    Body,
}

/// `"desk"` or the name of one of `[connectors]`; or a table with that name as `kind`, and more
/// settings.
#[derive(Deserialize)]
#[serde(from = "Written")]
pub struct Connector {
    pub kind: String,
    pub notices: Notices,
}

#[derive(JsonSchema, Deserialize)]
#[serde(untagged, expecting = "use \"desk\", the name of a connector, or { kind = \"…\" }")]
enum Written {
    Name(String),
    Table(Table),
}

#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kind: String,
    #[serde(default)]
    notices: Notices,
}

impl JsonSchema for Connector {
    fn schema_name() -> Cow<'static, str> {
        "RouteConnector".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}

impl From<Written> for Connector {
    fn from(written: Written) -> Self {
        match written {
            Written::Name(kind) => Self { kind, notices: Notices::default() },
            Written::Table(Table { kind, notices }) => Self { kind, notices },
        }
    }
}

/// Texts for the visitor that no human agent writes. An empty text is not sent.
#[derive(JsonSchema, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Notices {
    pub name: Option<String>,
    pub unavailable: Option<String>,
    pub undelivered: Option<String>,
    pub requeued: Option<String>,
    pub held: Option<String>,
}

impl Settings for Route {
    const KIND: Kind = Kind::Route;

    fn validate(&self) -> Result<(), Wrong> {
        identifier("routes.id", &self.id)?;
        minutes("routes.minutes_paused", self.minutes_paused)?;
        minutes("routes.queue_minutes", self.queue_minutes)?;
        minutes("routes.idle_minutes", self.idle_minutes)?;
        ensure(
            !(self.push.bearer && self.push.key_in == KeyIn::Body),
            || "`routes.push.bearer` changes the header: remove it when key_in = \"body\"",
        )?;
        let event = self.resume_event.as_deref().unwrap_or("default");
        ensure(!event.trim().is_empty() && !event.chars().any(char::is_control), || {
            "`routes.resume_event` is not the name of an event: use a Dialogflow event, or \
                 \"none\""
        })
    }
}
