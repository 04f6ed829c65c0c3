//! `[connectors.NAME]` with `kind = "genesys-pureconnect"`, in the vendor's own words.

use std::{collections::BTreeMap, sync::Arc};

use connector::{Kind, Parts, SettingsError, client::PacedClient};
use edge::given::Secret;
use machine::Millis;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    PureConnect, Shared,
    icws::Icws,
    web_tools::WebTools,
    wire::{Servers, Wire},
};

/// Newest version of the ICWS feature `web-chat` whose changes are known.
const WEB_CHAT_NEWEST: u8 = 6;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    api: ApiName,
    /// Base URL of the server, with the reverse proxy's path where there is one.
    primary: String,
    /// The same of the other server of a switch-over pair.
    backup: Option<String>,
    #[serde(default)]
    allow_private: bool,
    /// Path of the API below the base: by default `icws/web-chat`, or `websvcs`.
    path: Option<String>,
    /// Name of the queue chats go to.
    queue: String,
    #[serde(default)]
    queue_type: QueueType,
    #[serde(default)]
    routing_contexts: Vec<Context>,
    /// Version of the server's ICWS feature `web-chat`, 1 to 6.
    #[serde(default = "web_chat")]
    web_chat: u8,
    #[serde(default)]
    fields: Fields,
    #[serde(default)]
    transcript: Transcript,
    /// In place of the visitor's own, for example `en-us`.
    language: Option<String>,
    /// In place of the visitor's id.
    participant_name: Option<String>,
    #[serde(default = "bot_name")]
    bot_name: String,
    /// Before what we know of the handover.
    #[serde(default)]
    notes: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// Whether to ask for the number of agents before every chat (`queue/query`).
    #[serde(default)]
    ask_queue: bool,
    /// What the visitor is told when words of an agent may have been lost.
    #[serde(default = "loss_notice")]
    loss_notice: String,
    /// Polls of one chat are at least this far apart, whatever the server suggests.
    #[serde(default = "poll_wait_ms_min")]
    poll_wait_ms_min: Millis,
    /// Chats that are begun in one second.
    #[serde(default = "starts_per_second")]
    starts_per_second: f64,
    /// Calls of all kinds in one second.
    calls_per_second: Option<f64>,
    /// How visitors and the server reach the bridge.
    inbound: Option<Inbound>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Inbound {
    /// Base URL of the bridge.
    url: String,
    /// Makes the addresses of files and webhooks unguessable.
    key: Secret,
    /// Whether the server is asked to call (`web_chat` 5 or later).
    #[serde(default)]
    webhook: bool,
}

#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum ApiName {
    Icws,
    WebTools,
}

/// How agents get to read what was said before the handover.
#[derive(Deserialize, JsonSchema, Default, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Transcript {
    /// In the field made for it: the history of ICWS, `customInfo` of Web Tools.
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

/// Where chats go.
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) kind: QueueType,
    pub(super) contexts: Vec<Context>,
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

/// What is told of a handover when its chat begins.
pub(super) struct Opening {
    pub(super) transcript: Transcript,
    pub(super) is_icws: bool,
    pub(super) language: Option<String>,
    pub(super) participant_name: Option<String>,
    pub(super) bot_name: String,
    pub(super) notes: String,
    pub(super) attributes: BTreeMap<String, String>,
}

/// How the bridge is reached from outside.
pub(super) struct Reach {
    /// `{url}/connectors/{name}`.
    pub(super) base: String,
    pub(super) key: SecretString,
    pub(super) webhook: bool,
}

impl Kind for PureConnect {
    const KEY: &'static str = "genesys-pureconnect";
    type Settings = Settings;

    fn secrets(settings: &mut Settings) -> Vec<&mut Secret> {
        settings.inbound.iter_mut().map(|inbound| &mut inbound.key).collect()
    }

    fn build(settings: &Settings, parts: Parts) -> Result<Self, SettingsError> {
        settings.check_values(&parts)?;
        let reach = settings.reach(&parts)?;
        let is_icws = settings.api == ApiName::Icws;
        let first_version = is_icws && settings.web_chat < 2;
        let opening = Opening {
            transcript: if first_version { Transcript::Message } else { settings.transcript },
            is_icws,
            language: settings.language.clone(),
            participant_name: settings.participant_name.clone(),
            bot_name: settings.bot_name.clone(),
            notes: settings.notes.clone(),
            attributes: settings.attributes.clone(),
        };
        let wire = settings.wire(&parts)?;
        Ok(PureConnect {
            shared: Arc::new(Shared {
                wire,
                servers: 1 + usize::from(settings.backup.is_some()),
                opening,
                reach,
                ask_queue: settings.ask_queue,
                loss_notice: settings.loss_notice.clone(),
                poll_wait_ms_min: settings.poll_wait_ms_min,
                clock: parts.clock,
                starts: super::Starts::new(settings.starts_per_second),
                mail: super::inward::Post::default(),
            }),
        })
    }
}

impl Settings {
    fn wire(&self, parts: &Parts) -> Result<Box<dyn Wire>, SettingsError> {
        let (mut apis, pace) = (Vec::new(), parts.pace(self.calls_per_second)?);
        let backup = self.backup.as_ref().map(|url| ("backup", url));
        for (setting, url) in [("primary", &self.primary)].into_iter().chain(backup) {
            let target = parts.target(setting, url, self.allow_private)?;
            apis.push(PacedClient::new(parts.egress.clone(), target).paced(pace));
        }
        let root = |usual: &str| self.path.as_deref().unwrap_or(usual).trim_matches('/').to_owned();
        let queue = Queue {
            name: self.queue.clone(),
            kind: self.queue_type,
            contexts: self.routing_contexts.clone(),
        };
        Ok(match self.api {
            ApiName::Icws => Box::new(Icws {
                servers: Servers { apis, root: root("icws/web-chat") },
                queue,
                version: self.web_chat,
                fields: self.fields.clone(),
                bot_name: self.bot_name.clone(),
            }),
            ApiName::WebTools => {
                Box::new(WebTools { servers: Servers { apis, root: root("websvcs") }, queue })
            }
        })
    }

    fn check_values(&self, parts: &Parts) -> Result<(), SettingsError> {
        if !(1..=WEB_CHAT_NEWEST).contains(&self.web_chat) {
            return Err(parts.wrong("web_chat", "is a version from 1 to 6"));
        }
        if self.queue.trim().is_empty() {
            return Err(parts.wrong("queue", "is empty: name the queue chats go to"));
        }
        if self.loss_notice.trim().is_empty() {
            return Err(parts.wrong("loss_notice", "is empty: nothing may be lost without a word"));
        }
        if !(0.01..=1_000.0).contains(&self.starts_per_second) {
            return Err(parts.wrong("starts_per_second", "is a number from 0.01 to 1000"));
        }
        if self.poll_wait_ms_min < 1 {
            return Err(parts.wrong("poll_wait_ms_min", "is a number of milliseconds above 0"));
        }
        let may_ask = self.api == ApiName::WebTools;
        if self.ask_queue && !may_ask {
            return Err(parts.wrong("ask_queue", "needs api = \"web-tools\""));
        }
        let calls = self.inbound.as_ref().is_some_and(|inbound| inbound.webhook);
        if calls && (may_ask || self.web_chat < 5) {
            let needs = "needs api = \"icws\" and web_chat = 5 or later";
            return Err(parts.wrong("inbound.webhook", needs));
        }
        Ok(())
    }

    fn reach(&self, parts: &Parts) -> Result<Option<Reach>, SettingsError> {
        let Some(inbound) = &self.inbound else { return Ok(None) };
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        if !inbound.url.parse().is_ok_and(|url| is_web(&url)) {
            return Err(parts.wrong("inbound.url", "is no URL of http or https"));
        }
        let base = format!("{}/connectors/{}", inbound.url.trim_end_matches('/'), parts.name);
        let key = inbound.key.read(&parts.key("inbound.key"))?;
        Ok(Some(Reach { base, key, webhook: inbound.webhook }))
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
