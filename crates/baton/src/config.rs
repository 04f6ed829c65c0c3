//! The configuration file. The error for an unknown key names the nearest known key. Every secret
//! may also come from a file or from the environment.

use std::{
    collections::{BTreeMap, HashSet},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use edge::base_path::BasePath;
use serde::Deserialize;

mod agent;
mod bot;
mod fulfilment;
mod keys;
mod list;
mod nearest;
mod route;

#[cfg(test)]
mod tests;

pub(crate) use agent::{BotAgent, CxAgent, EsAgent, ExportAgent};
pub(crate) use bot::{
    Bot, MoreTriggers, OnLate, OnRefused, Send, SendIp, Session, Webhook, WhenAway,
};
pub(crate) use edge::{
    given::Secret,
    limits::{Proxies, Settings as Limits},
};
pub(crate) use fulfilment::Fulfilment;
pub(crate) use keys::Keys;
use list::OneOrMore;
pub(crate) use list::Secrets;
pub(crate) use route::{Connector, Header, KeyIn, Push, Route, Signing};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(default = "default_listen")]
    pub(crate) listen: SocketAddr,
    /// Address of a second listener that serves the health endpoints for operators.
    pub(crate) operations: Option<SocketAddr>,
    /// Path of the public address below which a proxy serves this server.
    pub(crate) base_path: Option<BasePath>,
    /// After SIGTERM, how long everything is served on while `/readyz` says 503; see
    /// [`Config::stop_grace`].
    pub(crate) stop_grace_seconds: Option<u64>,
    #[serde(default = "default_data")]
    pub(crate) data: PathBuf,
    /// `postgres://…`; SQLite in `data` when absent.
    pub(crate) database: Option<Secret>,
    #[serde(default)]
    pub(crate) bots: Vec<Bot>,
    #[serde(default)]
    pub(crate) routes: Vec<Route>,
    #[serde(default)]
    pub(crate) agents: Vec<Agent>,
    /// The proxies whose `X-Forwarded-For` and `Forwarded` are believed.
    #[serde(default)]
    pub(crate) trusted_proxies: Proxies,
    #[serde(default)]
    pub(crate) limits: Limits,
    /// Tools of the human agents, by the name that routes use.
    #[serde(default)]
    pub(crate) connectors: BTreeMap<String, connectors::Settings>,
}

/// First segments of our own paths, which a base path must not hide.
const OWN_PATHS: [&str; 8] =
    ["assets", "connectors", "desk", "handover", "openapi.json", "v1", "webhooks", "widget.js"];

/// A human agent at the desk.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agent {
    pub(crate) email: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) avatar_url: String,
    pub(crate) password: Secret,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

/// Longer than two looks of a common load balancer.
const STOP_GRACE_DEFAULT: Duration = Duration::from_secs(5);
const STOP_GRACE_SECONDS_MAX: u64 = 600;

fn default_data() -> PathBuf {
    PathBuf::from("data")
}

impl Config {
    /// Reads and checks `path`. Paths inside are relative to the file.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        let mut config = Self::parse(&text).with_context(|| path.display().to_string())?;
        config.rebase(path.parent().unwrap_or(Path::new(".")));
        Ok(config)
    }

    /// How long the server serves on after SIGTERM. Without a listener for operators nobody could
    /// hear that it is leaving, so then it does not wait by default.
    pub(crate) fn stop_grace(&self) -> Duration {
        let default = self.operations.map_or(Duration::ZERO, |_| STOP_GRACE_DEFAULT);
        self.stop_grace_seconds.map_or(default, Duration::from_secs)
    }

    fn rebase(&mut self, base: &Path) {
        self.data = base.join(&self.data);
        let mut secrets: Vec<&mut Secret> = self.database.iter_mut().collect();
        for bot in &mut self.bots {
            bot.agent.rebase(base);
            secrets.extend(bot.agent.credentials_mut());
            secrets.extend(bot.push_key.secrets_mut());
            secrets.extend(bot.history_key.iter_mut().flat_map(Keys::secrets_mut));
            let signing = bot.push_signing.iter_mut();
            secrets.extend(signing.flat_map(|signing| signing.keys.iter_mut()));
            secrets.extend(bot.webhook.iter_mut().flat_map(Webhook::secrets_mut));
        }
        for route in &mut self.routes {
            secrets.extend(route.secrets());
        }
        secrets.extend(self.agents.iter_mut().map(|agent| &mut agent.password));
        for secret in secrets {
            secret.rebase(base);
        }
        self.connectors.values_mut().for_each(|connector| connector.rebase(base));
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let config: Self = toml::from_str(text).map_err(|error| nearest::explain(&error, text))?;
        config.validate()?;
        Ok(config)
    }

    /// Checks the rules that the types cannot express.
    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.bots.is_empty() || !self.routes.is_empty(),
            "nothing to serve: add [[bots]] for the platform, [[routes]] for the bridge, or both"
        );
        if let Some(base) = &self.base_path {
            let first = base.as_str().split('/').nth(1).unwrap_or_default();
            ensure!(
                !OWN_PATHS.contains(&first),
                "`base_path` begins with /{first}, which is a path of this server: choose another"
            );
        }
        ensure!(
            self.stop_grace_seconds.is_none_or(|seconds| seconds <= STOP_GRACE_SECONDS_MAX),
            "`stop_grace_seconds` must be at most {STOP_GRACE_SECONDS_MAX}"
        );
        unique("bots.id", self.bots.iter().map(|bot| &bot.id))?;
        unique("routes.id", self.routes.iter().map(|route| &route.id))?;
        unique("agents.email", self.agents.iter().map(|agent| &agent.email))?;
        for bot in &self.bots {
            bot.validate()?;
        }
        for name in self.connectors.keys() {
            identifier("connectors", name)?;
            ensure!(name != "desk", "`connectors.desk`: this name belongs to Baton's own desk");
        }
        for route in &self.routes {
            route.validate()?;
            let kind = &route.connector.kind;
            ensure!(
                kind == "desk" || self.connectors.contains_key(kind),
                "`routes.connector` is {kind:?}: use \"desk\", or add [connectors.{kind}]"
            );
        }
        Ok(())
    }
}

fn unique<'a>(key: &str, values: impl Iterator<Item = &'a String>) -> anyhow::Result<()> {
    let mut seen = HashSet::new();
    for value in values {
        ensure!(seen.insert(value), "`{key}` is given twice: {value}");
    }
    Ok(())
}

/// Checks an id, which becomes part of URLs.
fn identifier(key: &str, id: &str) -> anyhow::Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if id.is_empty() || id.len() > 64 || !id.chars().all(plain) {
        bail!("`{key}` is {id:?}: use 1 to 64 letters, digits, - and _");
    }
    Ok(())
}

fn minutes(key: &str, minutes: Option<f64>) -> anyhow::Result<()> {
    let fits = minutes.is_none_or(|minutes| minutes > 0.0 && minutes <= 1_440.0);
    ensure!(fits, "`{key}` must be more than 0 and at most 1440 minutes; fractions are fine");
    Ok(())
}
