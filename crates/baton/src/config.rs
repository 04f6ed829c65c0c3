//! The configuration file. Unknown keys are errors that name the nearest known one, and every
//! secret may also come from a file or from the environment.

use std::{
    collections::HashSet,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

mod agent;
mod nearest;
mod secret;

#[cfg(test)]
mod tests;

pub(crate) use agent::{BotAgent, CxAgent, EsAgent};
pub(crate) use secret::Secret;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    #[serde(default = "default_listen")]
    pub(crate) listen: SocketAddr,
    /// Health for operators, on a listener of its own.
    pub(crate) operations: Option<SocketAddr>,
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
}

/// The platform's side: one bot.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bot {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) agent: BotAgent,
    /// Context names that start a handover.
    #[serde(default)]
    pub(crate) triggers: Vec<String>,
    pub(crate) push_key: Secret,
    pub(crate) webhook: Option<Webhook>,
    /// Longest pause a reply or push may ask for, in minutes.
    pub(crate) max_minutes_paused: Option<f64>,
    /// Whether step two `{"paused":false}` ends the pause.
    #[serde(default)]
    pub(crate) on_refused: OnRefused,
    /// Whether a late or failed step two ends the pause.
    #[serde(default)]
    pub(crate) on_late: OnLate,
    /// Told to the visitor when no human took over.
    pub(crate) unavailable_notice: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) token: Secret,
    #[serde(default)]
    pub(crate) allow_private: bool,
    /// Send `messageHistory` with step one.
    #[serde(default)]
    pub(crate) history: bool,
    /// Send a call when the visitor types.
    #[serde(default)]
    pub(crate) typing: bool,
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

/// The bridge's side: one webhook URL, one push target, one connector.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    pub(crate) id: String,
    pub(crate) token: Secret,
    pub(crate) push: Push,
    pub(crate) connector: Connector,
    pub(crate) minutes_paused: Option<f64>,
    /// How long a visitor may wait for an agent.
    pub(crate) queue_minutes: Option<f64>,
    /// How long a claimed chat may be silent.
    pub(crate) idle_minutes: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Push {
    pub(crate) url: String,
    pub(crate) key: Secret,
    #[serde(default)]
    pub(crate) allow_private: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Connector {
    pub(crate) kind: ConnectorKind,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ConnectorKind {
    Desk,
}

/// A person at the desk.
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

    fn rebase(&mut self, base: &Path) {
        self.data = base.join(&self.data);
        let mut secrets: Vec<&mut Secret> = self.database.iter_mut().collect();
        for bot in &mut self.bots {
            bot.agent.rebase(base);
            secrets.extend(bot.agent.credentials_mut());
            secrets.push(&mut bot.push_key);
            secrets.extend(bot.webhook.as_mut().map(|webhook| &mut webhook.token));
        }
        for route in &mut self.routes {
            secrets.extend([&mut route.token, &mut route.push.key]);
        }
        secrets.extend(self.agents.iter_mut().map(|agent| &mut agent.password));
        for secret in secrets {
            secret.rebase(base);
        }
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let config: Self = toml::from_str(text).map_err(|error| nearest::explain(&error, text))?;
        config.validate()?;
        Ok(config)
    }

    /// What no type can say.
    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.bots.is_empty() || !self.routes.is_empty(),
            "nothing to serve: add [[bots]] for the platform, [[routes]] for the bridge, or both"
        );
        unique("bots.id", self.bots.iter().map(|bot| &bot.id))?;
        unique("routes.id", self.routes.iter().map(|route| &route.id))?;
        unique("agents.email", self.agents.iter().map(|agent| &agent.email))?;
        for bot in &self.bots {
            identifier("bots.id", &bot.id)?;
            minutes("bots.max_minutes_paused", bot.max_minutes_paused)?;
        }
        for route in &self.routes {
            identifier("routes.id", &route.id)?;
            minutes("routes.minutes_paused", route.minutes_paused)?;
            minutes("routes.queue_minutes", route.queue_minutes)?;
            minutes("routes.idle_minutes", route.idle_minutes)?;
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

/// Ids stand in URLs.
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
