//! `[[routes]]`: the settings of the bridge. Each route has one webhook URL, one push target and
//! one connector.

use anyhow::ensure;
use edge::egress::Networks;
use serde::Deserialize;

use super::{Keys, Secret, Secrets, identifier, minutes};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    pub(crate) id: String,
    /// The token that webhook calls must send; several while a new token replaces an old one.
    pub(crate) token: Keys,
    /// A header that replaces the token.
    pub(crate) header: Option<Header>,
    pub(crate) signing: Option<Signing>,
    pub(crate) push: Push,
    pub(crate) connector: Connector,
    pub(crate) minutes_paused: Option<f64>,
    /// How long a visitor may wait for a human agent, in minutes.
    pub(crate) queue_minutes: Option<f64>,
    /// How long a claimed chat may be silent, in minutes.
    pub(crate) idle_minutes: Option<f64>,
    /// `unpauseChatEvent` of the push that ends a chat.
    pub(crate) resume_event: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: Secret,
}

/// Signatures of incoming calls.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signing {
    pub(crate) keys: Secrets,
    #[serde(default)]
    pub(crate) required: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Push {
    pub(crate) url: String,
    pub(crate) key: Secret,
    #[serde(default)]
    pub(crate) allow_private: bool,
    /// Networks that the URL may lead into besides the public internet.
    #[serde(default)]
    pub(crate) allow_networks: Networks,
    #[serde(default)]
    pub(crate) key_in: KeyIn,
    /// Write `Bearer` before the key in its header.
    #[serde(default)]
    pub(crate) bearer: bool,
    /// Sign each push with all of these.
    pub(crate) signing_keys: Option<Secrets>,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeyIn {
    #[default]
    Both,
    Header,
    Body,
}

/// `"desk"` or the name of one of `[connectors]`; or a table with that name as `kind`, and more
/// settings.
#[derive(Deserialize)]
#[serde(from = "Written")]
pub(crate) struct Connector {
    pub(crate) kind: String,
    pub(crate) notices: Notices,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "use \"desk\", the name of a connector, or { kind = \"…\" }")]
enum Written {
    Name(String),
    Table(Table),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kind: String,
    #[serde(default)]
    notices: Notices,
}

impl Connector {
    pub(crate) fn desk() -> Self {
        Self { kind: "desk".to_owned(), notices: Notices::default() }
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
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notices {
    pub(crate) name: Option<String>,
    pub(crate) unavailable: Option<String>,
    pub(crate) undelivered: Option<String>,
    pub(crate) requeued: Option<String>,
    pub(crate) held: Option<String>,
}

impl Route {
    /// Checks the rules that the types cannot express.
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        identifier("routes.id", &self.id)?;
        minutes("routes.minutes_paused", self.minutes_paused)?;
        minutes("routes.queue_minutes", self.queue_minutes)?;
        minutes("routes.idle_minutes", self.idle_minutes)?;
        ensure!(
            !(self.push.bearer && self.push.key_in == KeyIn::Body),
            "`routes.push.bearer` changes the header: remove it when key_in = \"body\""
        );
        let event = self.resume_event.as_deref().unwrap_or("default");
        ensure!(
            !event.trim().is_empty() && !event.chars().any(char::is_control),
            "`routes.resume_event` is not the name of an event: use a Dialogflow event, or \"none\""
        );
        Ok(())
    }

    /// Every secret of the route.
    pub(super) fn secrets(&mut self) -> Vec<&mut Secret> {
        let mut secrets = vec![&mut self.push.key];
        secrets.extend(self.token.secrets_mut());
        secrets.extend(self.header.as_mut().map(|header| &mut header.value));
        secrets.extend(self.signing.iter_mut().flat_map(|signing| signing.keys.iter_mut()));
        secrets.extend(self.push.signing_keys.iter_mut().flat_map(|keys| keys.iter_mut()));
        secrets
    }
}
