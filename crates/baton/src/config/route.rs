//! `[[routes]]`, the bridge's side: one webhook URL, one push target, one connector each.

use anyhow::ensure;
use serde::Deserialize;

use super::{Keys, Secret, Secrets, identifier, minutes};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    pub(crate) id: String,
    /// What webhook calls must present; several while one takes the place of another.
    pub(crate) token: Keys,
    /// A header that stands for the token.
    pub(crate) header: Option<Header>,
    pub(crate) signing: Option<Signing>,
    pub(crate) push: Push,
    pub(crate) connector: Connector,
    pub(crate) minutes_paused: Option<f64>,
    /// How long a visitor may wait for an agent.
    pub(crate) queue_minutes: Option<f64>,
    /// How long a claimed chat may be silent.
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

/// Signatures of the calls that come in.
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
    #[serde(default)]
    pub(crate) key_in: KeyIn,
    /// The key stands after `Bearer` in its header.
    #[serde(default)]
    pub(crate) bearer: bool,
    /// Pushes are signed with all of these.
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

/// `"desk"`, or the name of one of `[connectors]`; or the same as `kind` in a table, with more.
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

/// What the visitor reads when no agent speaks; an empty text is not said.
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
    /// What no type can say.
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        identifier("routes.id", &self.id)?;
        minutes("routes.minutes_paused", self.minutes_paused)?;
        minutes("routes.queue_minutes", self.queue_minutes)?;
        minutes("routes.idle_minutes", self.idle_minutes)?;
        ensure!(
            !(self.push.bearer && self.push.key_in == KeyIn::Body),
            "`routes.push.bearer` is about the header: leave it out with key_in = \"body\""
        );
        let event = self.resume_event.as_deref().unwrap_or("default");
        ensure!(
            !event.trim().is_empty() && !event.chars().any(char::is_control),
            "`routes.resume_event` is no name of an event: use a Dialogflow event, or \"none\""
        );
        Ok(())
    }

    /// Every secret there is.
    pub(super) fn secrets(&mut self) -> Vec<&mut Secret> {
        let mut secrets = vec![&mut self.push.key];
        secrets.extend(self.token.secrets_mut());
        secrets.extend(self.header.as_mut().map(|header| &mut header.value));
        secrets.extend(self.signing.iter_mut().flat_map(|signing| signing.keys.iter_mut()));
        secrets.extend(self.push.signing_keys.iter_mut().flat_map(|keys| keys.iter_mut()));
        secrets
    }
}
