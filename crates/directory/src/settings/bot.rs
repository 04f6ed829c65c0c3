//! `[[bots]]`: the settings of the platform's side.

use std::num::NonZeroUsize;

use edge::{egress::Networks, origins::Origins};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use wire::webhook::Revision;

use super::{
    BotAgent, Header, Keys, Secret, Secrets, Settings, Signing, ensure, identifier, minutes,
};
use crate::{kind::Kind, rules::Wrong};

#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bot {
    pub id: String,
    pub name: Option<String>,
    pub agent: BotAgent,
    /// What starts a handover: names of contexts (ES) or of session parameters (CX).
    #[serde(default)]
    pub triggers: Vec<String>,
    #[serde(default)]
    pub more_triggers: MoreTriggers,
    /// The key that pushes must present.
    pub push_key: Keys,
    /// The key that reads the history. Without a key the history cannot be read.
    pub history_key: Option<Keys>,
    /// Whether pushes may present the webhook token too.
    #[serde(default)]
    pub webhook_token_pushes: bool,
    /// Signatures of incoming pushes.
    pub push_signing: Option<Signing>,
    pub webhook: Option<Webhook>,
    /// Longest pause that a reply or push may ask for, in minutes.
    pub max_minutes_paused: Option<f64>,
    /// Whether step two `{"paused":false}` ends the pause.
    #[serde(default)]
    pub on_refused: OnRefused,
    /// Whether a late or failed step two ends the pause.
    #[serde(default)]
    pub on_late: OnLate,
    /// What happens to the visitor's words in a pause while the webhook cannot be reached.
    #[serde(default)]
    pub when_away: WhenAway,
    /// Shown to the visitor once while words are kept; `when_away = "hold"` only.
    pub kept_notice: Option<String>,
    /// Shown to the visitor when the handover was not accepted.
    pub unavailable_notice: Option<String>,
    #[serde(default)]
    pub session: Session,
    /// Context or session parameter that tells the bot that a pause has just ended.
    pub resume_marker: Option<String>,
    #[serde(default)]
    pub send: Send,
    /// Origins of the pages that may use the bot; any when absent.
    pub allowed_origins: Option<Vec<String>>,
}

/// Triggers other than contexts and session parameters.
#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MoreTriggers {
    /// Dialogflow's own signal for a live agent.
    pub handoff: bool,
    /// Display names of intents.
    pub intents: Vec<String>,
    pub actions: Vec<String>,
    /// This many answers in a row without a match.
    pub fallbacks: Option<u32>,
    /// A bot query failed.
    pub bot_failed: bool,
}

impl Default for MoreTriggers {
    fn default() -> Self {
        let (intents, actions) = (Vec::new(), Vec::new());
        Self { handoff: true, intents, actions, fallbacks: None, bot_failed: false }
    }
}

/// The bot's own session. It does not expire while a human has control.
#[derive(JsonSchema, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    /// How long the visitor may be silent, in minutes; Dialogflow's own time by default.
    pub minutes: Option<f64>,
    /// Shown to the visitor when a session has expired.
    pub notice: Option<String>,
    /// Whether a new session starts after each pause.
    pub new_on_resume: bool,
}

/// Facts that are sent to the bot only on request.
#[derive(JsonSchema, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Send {
    /// Whether the visitor uses a mobile device.
    pub mobile: bool,
    /// The visitor's address, for CX.
    pub ip: Option<SendIp>,
}

#[derive(JsonSchema, Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub enum SendIp {
    Peer,
    XForwardedFor,
}

#[derive(JsonSchema, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
pub struct Webhook {
    pub url: String,
    pub token: Secret,
    #[serde(default)]
    pub allow_private: bool,
    /// Networks that the URL may lead into besides the public internet.
    #[serde(default)]
    pub allow_networks: Networks,
    /// How many calls may be under way at a time.
    pub calls_at_once: Option<NonZeroUsize>,
    /// Write `Bearer` before the token in `Authorization`.
    #[serde(default)]
    pub bearer: bool,
    /// One more header with every call.
    pub header: Option<Header>,
    /// Sign each call with all of these.
    pub signing_keys: Option<Secrets>,
    /// The revision to follow where the revisions contradict each other.
    #[serde(default)]
    #[schemars(schema_with = "revisions")]
    pub contract: Revision,
    /// Leave out every field that this revision does not define.
    #[serde(default)]
    pub strict: bool,
    /// Send `messageHistory` with step one.
    #[serde(default)]
    pub history: bool,
    /// Send a call when the visitor types.
    #[serde(default)]
    pub typing: bool,
    /// Send a call when the visitor leaves or the pause runs out.
    #[serde(default)]
    pub endings: bool,
    /// Forward the visitor's `webhookHeaders`.
    #[serde(default)]
    pub forward_headers: bool,
}

#[derive(JsonSchema, Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OnRefused {
    #[default]
    End,
    Keep,
}

#[derive(JsonSchema, Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OnLate {
    #[default]
    Keep,
    End,
}

#[derive(JsonSchema, Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum WhenAway {
    /// The bot answers, as the contract says.
    #[default]
    Forward,
    /// They are kept until the webhook can be reached, or the pause is over.
    Hold,
}

impl Settings for Bot {
    const KIND: Kind = Kind::Bot;

    fn validate(&self) -> Result<(), Wrong> {
        identifier("bots.id", &self.id)?;
        minutes("bots.max_minutes_paused", self.max_minutes_paused)?;
        minutes("bots.session.minutes", self.session.minutes)?;
        ensure(
            self.more_triggers.fallbacks != Some(0),
            || "`bots.more_triggers.fallbacks` is 0: give a number above 0, or remove the key",
        )?;
        ensure(
            self.kept_notice.is_none() || self.when_away == WhenAway::Hold,
            || "`bots.kept_notice` needs `when_away = \"hold\"`: set it, or remove the key",
        )?;
        ensure(
            !self.webhook_token_pushes || self.webhook.is_some(),
            || "`bots.webhook_token_pushes` needs a webhook with a token",
        )?;
        self.origins().map(drop)
    }
}

impl Bot {
    /// The pages that may use the bot.
    ///
    /// # Errors
    /// Names the entry of `allowed_origins` that is not an origin.
    pub fn origins(&self) -> Result<Origins, Wrong> {
        let listed = self.allowed_origins.as_deref().map(Origins::listed).transpose();
        let listed =
            listed.map_err(|error| Wrong::of(format!("`bots.allowed_origins`: {error}")))?;
        Ok(listed.unwrap_or_default())
    }
}

fn revisions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["r1", "r2", "r3"], "default": "r1" })
}
