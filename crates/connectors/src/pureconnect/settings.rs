//! `[connectors.NAME]` with `kind = "genesys-pureconnect"`, in the vendor's own words: what can be
//! set, its defaults, and which values cannot work.

use std::collections::BTreeMap;

use connector::{Parts, SettingsError};
use edge::{egress::Networks, given::Secret};
use machine::Millis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Newest version of the ICWS feature `web-chat` whose changes are known.
const WEB_CHAT_NEWEST: u8 = 6;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(super) api: ApiName,
    /// Base URL of the server, with the reverse proxy's path where there is one.
    pub(super) primary: String,
    /// Base URL of the other server of a switch-over pair.
    pub(super) backup: Option<String>,
    #[serde(default)]
    pub(super) allow_private: bool,
    /// Networks that the URL may lead into besides the public internet, such as `10.0.0.0/8`.
    #[serde(default)]
    pub(super) allow_networks: Networks,
    /// Path of the API below the base URL; by default `icws/web-chat`, or `websvcs`.
    pub(super) path: Option<String>,
    /// Name of the queue that chats go to.
    pub(super) queue: String,
    #[serde(default)]
    pub(super) queue_type: QueueType,
    #[serde(default)]
    pub(super) routing_contexts: Vec<Context>,
    /// Version of the server's ICWS feature `web-chat`, 1 to 6.
    #[serde(default = "web_chat")]
    pub(super) web_chat: u8,
    #[serde(default)]
    pub(super) fields: Fields,
    #[serde(default)]
    pub(super) transcript: Transcript,
    /// Language of every chat, for example `en-us`; by default the visitor's.
    pub(super) language: Option<String>,
    /// Name of every visitor; by default the visitor's id.
    pub(super) participant_name: Option<String>,
    #[serde(default = "bot_name")]
    pub(super) bot_name: String,
    /// Text for the human agent, placed before what is known of the handover.
    #[serde(default)]
    pub(super) notes: String,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    /// Whether to ask for the number of human agents before every chat (`queue/query`).
    #[serde(default)]
    pub(super) ask_queue: bool,
    /// What the visitor is told when messages of a human agent may have been lost.
    #[serde(default = "loss_notice")]
    pub(super) loss_notice: String,
    /// Least time between two polls of one chat, whatever the server suggests.
    #[serde(default = "poll_wait_ms_min")]
    pub(super) poll_wait_ms_min: Millis,
    /// Most chats that are started in one second.
    #[serde(default = "starts_per_second")]
    pub(super) starts_per_second: f64,
    /// Most calls of all kinds in one second.
    pub(super) calls_per_second: Option<f64>,
    /// How visitors and the server reach the bridge.
    pub(super) inbound: Option<Inbound>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Inbound {
    /// Base URL of the bridge.
    pub(super) url: String,
    /// Makes the URLs of files and webhooks unguessable.
    pub(super) key: Secret,
    /// Whether the server is asked to send events to a webhook (`web_chat` 5 or later).
    #[serde(default)]
    pub(super) webhook: bool,
}

#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ApiName {
    Icws,
    WebTools,
}

/// How human agents read what was said before the handover.
#[derive(Deserialize, JsonSchema, Default, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Transcript {
    /// In the field for it: the history of ICWS, `customInfo` of Web Tools.
    #[default]
    Field,
    /// As the visitor's first message.
    Message,
}

#[derive(Deserialize, JsonSchema, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum QueueType {
    #[default]
    Workgroup,
    User,
    Station,
    System,
}

impl QueueType {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Workgroup => "Workgroup",
            Self::User => "User",
            Self::Station => "Station",
            Self::System => "System",
        }
    }
}

#[derive(Deserialize, JsonSchema, Serialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Context {
    pub(super) context: String,
    pub(super) category: i64,
}

/// Names of the lists in the ICWS start request, which the vendor's documents do not spell out.
#[derive(Deserialize, JsonSchema, Clone)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Fields {
    pub(super) history: String,
    pub(super) attributes: String,
    pub(super) contexts: String,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            history: "chatHistory".to_owned(),
            attributes: "attributes".to_owned(),
            contexts: "routingContexts".to_owned(),
        }
    }
}

impl Settings {
    pub(super) fn secrets(&mut self) -> Vec<&mut Secret> {
        self.inbound.iter_mut().map(|inbound| &mut inbound.key).collect()
    }

    /// Finds values that cannot work, before anything is built.
    pub(super) fn check_values(&self, parts: &Parts) -> Result<(), SettingsError> {
        if !(1..=WEB_CHAT_NEWEST).contains(&self.web_chat) {
            return Err(parts.wrong("web_chat", "is a version from 1 to 6"));
        }
        if self.queue.trim().is_empty() {
            return Err(parts.wrong("queue", "is empty: name the queue that chats go to"));
        }
        if self.loss_notice.trim().is_empty() {
            return Err(parts.wrong(
                "loss_notice",
                "is empty: visitors must be told when a message may be lost",
            ));
        }
        if !(0.01..=1_000.0).contains(&self.starts_per_second) {
            return Err(parts.wrong("starts_per_second", "is a number from 0.01 to 1000"));
        }
        if self.poll_wait_ms_min < 1 {
            return Err(parts.wrong("poll_wait_ms_min", "is a number of milliseconds above 0"));
        }
        let is_web_tools = self.api == ApiName::WebTools;
        if self.ask_queue && !is_web_tools {
            return Err(parts.wrong("ask_queue", "needs api = \"web-tools\""));
        }
        let calls = self.inbound.as_ref().is_some_and(|inbound| inbound.webhook);
        if calls && (is_web_tools || self.web_chat < 5) {
            let needs = "needs api = \"icws\" and web_chat = 5 or later";
            return Err(parts.wrong("inbound.webhook", needs));
        }
        Ok(())
    }
}

fn web_chat() -> u8 {
    2
}

fn bot_name() -> String {
    "Bot".to_owned()
}

fn loss_notice() -> String {
    "Something the agent wrote may have been lost. If in doubt, please ask for it again.".to_owned()
}

fn poll_wait_ms_min() -> Millis {
    500
}

fn starts_per_second() -> f64 {
    5.0
}
