//! `[[bots]]`: the settings of the platform's side.

use std::num::NonZeroUsize;

use anyhow::{Context as _, ensure};
use edge::egress::Networks;
use platform::Origins;
use serde::Deserialize;

use super::{BotAgent, Header, Keys, Secret, Secrets, Signing, identifier, minutes};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bot {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) agent: BotAgent,
    /// What starts a handover: names of contexts (ES) or of session parameters (CX).
    #[serde(default)]
    pub(crate) triggers: Vec<String>,
    #[serde(default)]
    pub(crate) more_triggers: MoreTriggers,
    /// The key that pushes must present.
    pub(crate) push_key: Keys,
    /// The key that reads the history. Without a key the history cannot be read.
    pub(crate) history_key: Option<Keys>,
    /// Whether pushes may present the webhook token too.
    #[serde(default)]
    pub(crate) webhook_token_pushes: bool,
    /// Signatures of incoming pushes.
    pub(crate) push_signing: Option<Signing>,
    pub(crate) webhook: Option<Webhook>,
    /// Longest pause that a reply or push may ask for, in minutes.
    pub(crate) max_minutes_paused: Option<f64>,
    /// Whether step two `{"paused":false}` ends the pause.
    #[serde(default)]
    pub(crate) on_refused: OnRefused,
    /// Whether a late or failed step two ends the pause.
    #[serde(default)]
    pub(crate) on_late: OnLate,
    /// What happens to the visitor's words in a pause while the webhook cannot be reached.
    #[serde(default)]
    pub(crate) when_away: WhenAway,
    /// Shown to the visitor once while words are kept; `when_away = "hold"` only.
    pub(crate) kept_notice: Option<String>,
    /// Shown to the visitor when the handover was not accepted.
    pub(crate) unavailable_notice: Option<String>,
    #[serde(default)]
    pub(crate) session: Session,
    /// Context or session parameter that tells the bot that a pause has just ended.
    pub(crate) resume_marker: Option<String>,
    #[serde(default)]
    pub(crate) send: Send,
    /// Origins of the pages that may use the bot; any when absent.
    pub(crate) allowed_origins: Option<Vec<String>>,
}

/// Triggers other than contexts and session parameters.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MoreTriggers {
    /// Dialogflow's own signal for a live agent.
    pub(crate) handoff: bool,
    /// Display names of intents.
    pub(crate) intents: Vec<String>,
    pub(crate) actions: Vec<String>,
    /// This many answers in a row without a match.
    pub(crate) fallbacks: Option<u32>,
    /// A bot query failed.
    pub(crate) bot_failed: bool,
}

impl Default for MoreTriggers {
    fn default() -> Self {
        let (intents, actions) = (Vec::new(), Vec::new());
        Self { handoff: true, intents, actions, fallbacks: None, bot_failed: false }
    }
}

/// The bot's own session. It does not expire while a human has control.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Session {
    /// How long the visitor may be silent, in minutes; Dialogflow's own time by default.
    pub(crate) minutes: Option<f64>,
    /// Shown to the visitor when a session has expired.
    pub(crate) notice: Option<String>,
    /// Whether a new session starts after each pause.
    pub(crate) new_on_resume: bool,
}

/// Facts that are sent to the bot only on request.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Send {
    /// Whether the visitor uses a mobile device.
    pub(crate) mobile: bool,
    /// The visitor's address, for CX.
    pub(crate) ip: Option<SendIp>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SendIp {
    Peer,
    XForwardedFor,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) token: Secret,
    #[serde(default)]
    pub(crate) allow_private: bool,
    /// Networks that the URL may lead into besides the public internet.
    #[serde(default)]
    pub(crate) allow_networks: Networks,
    /// How many calls may be under way at a time.
    pub(crate) calls_at_once: Option<NonZeroUsize>,
    /// Write `Bearer` before the token in `Authorization`.
    #[serde(default)]
    pub(crate) bearer: bool,
    /// One more header with every call.
    pub(crate) header: Option<Header>,
    /// Sign each call with all of these.
    pub(crate) signing_keys: Option<Secrets>,
    /// The revision to follow where the revisions contradict each other.
    #[serde(default)]
    pub(crate) contract: platform::Revision,
    /// Leave out every field that this revision does not define.
    #[serde(default)]
    pub(crate) strict: bool,
    /// Send `messageHistory` with step one.
    #[serde(default)]
    pub(crate) history: bool,
    /// Send a call when the visitor types.
    #[serde(default)]
    pub(crate) typing: bool,
    /// Send a call when the visitor leaves or the pause runs out.
    #[serde(default)]
    pub(crate) endings: bool,
    /// Forward the visitor's `webhookHeaders`.
    #[serde(default)]
    pub(crate) forward_headers: bool,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnRefused {
    #[default]
    End,
    Keep,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnLate {
    #[default]
    Keep,
    End,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WhenAway {
    /// The bot answers, as the contract says.
    #[default]
    Forward,
    /// They are kept until the webhook can be reached, or the pause is over.
    Hold,
}

impl Bot {
    pub(super) fn validate(&self) -> anyhow::Result<()> {
        identifier("bots.id", &self.id)?;
        minutes("bots.max_minutes_paused", self.max_minutes_paused)?;
        minutes("bots.session.minutes", self.session.minutes)?;
        ensure!(
            self.more_triggers.fallbacks != Some(0),
            "`bots.more_triggers.fallbacks` is 0: give a number above 0, or remove the key"
        );
        ensure!(
            self.kept_notice.is_none() || self.when_away == WhenAway::Hold,
            "`bots.kept_notice` needs `when_away = \"hold\"`: set it, or remove the key"
        );
        ensure!(
            !self.webhook_token_pushes || self.webhook.is_some(),
            "`bots.webhook_token_pushes` needs a webhook with a token"
        );
        self.origins()?;
        Ok(())
    }

    pub(crate) fn origins(&self) -> anyhow::Result<Origins> {
        let listed = self.allowed_origins.as_deref().map(Origins::listed).transpose();
        Ok(listed.context("`bots.allowed_origins`")?.unwrap_or_default())
    }
}

impl Webhook {
    pub(super) fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Secret> {
        let header = self.header.as_mut().map(|header| &mut header.value);
        let signing = self.signing_keys.iter_mut().flat_map(|keys| keys.iter_mut());
        std::iter::once(&mut self.token).chain(header).chain(signing)
    }
}
