//! The configuration file. The error for an unknown key names the nearest known key. Every secret
//! may also come from a file or from the environment.

use std::{
    collections::{BTreeMap, HashSet},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use directory::{
    New,
    kind::Kind,
    settings::{Settings as _, identifier},
};
use edge::base_path::BasePath;
use serde::Deserialize;

pub(crate) mod documents;
mod nearest;

#[cfg(test)]
mod tests;

pub(crate) use directory::settings::{
    Bot, BotAgent, Connector, CxAgent, EsAgent, ExportAgent, Fulfilment, Header, HumanAgent, KeyIn,
    OnLate, OnRefused, Route, Secrets, SendIp, Signing, Webhook, WhenAway,
};
pub(crate) use edge::{
    given::Secret,
    limits::{Proxies, Settings as Limits},
};

/// What the process itself needs: from a file, and not changed while it runs.
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
    /// The proxies whose `X-Forwarded-For` and `Forwarded` are believed.
    #[serde(default)]
    pub(crate) trusted_proxies: Proxies,
    #[serde(default)]
    pub(crate) limits: Limits,
    /// Where the keys are that seal stored secrets; a file in `data` when absent.
    pub(crate) keyring: Option<Secret>,
    /// A key with which a program sets a new server up by the admin API.
    pub(crate) bootstrap_key: Option<Secret>,
    /// These four are read for their errors, which show the line. What counts is `documents`.
    #[serde(default)]
    bots: Vec<Bot>,
    #[serde(default)]
    routes: Vec<Route>,
    #[serde(default)]
    agents: Vec<HumanAgent>,
    #[serde(default)]
    connectors: BTreeMap<String, connectors::Settings>,
    /// Where all this was read.
    #[serde(skip)]
    pub(crate) file: Option<PathBuf>,
    /// What owners set up, from the file.
    #[serde(skip)]
    pub(crate) documents: Vec<New>,
}

/// First segments of our own paths, which a base path must not hide.
const OWN_PATHS: [&str; 8] =
    ["assets", "connectors", "desk", "handover", "openapi.json", "v1", "webhooks", "widget.js"];

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
        let in_file = || path.display().to_string();
        let mut config = Self::parse(&text).with_context(in_file)?;
        config.resolve(path.parent().unwrap_or(Path::new("."))).with_context(in_file)?;
        config.file = Some(path.to_owned());
        Ok(config)
    }

    /// How long the server serves on after SIGTERM. Without a listener for operators nobody could
    /// hear that it is leaving, so then it does not wait by default.
    pub(crate) fn stop_grace(&self) -> Duration {
        let default = self.operations.map_or(Duration::ZERO, |_| STOP_GRACE_DEFAULT);
        self.stop_grace_seconds.map_or(default, Duration::from_secs)
    }

    fn resolve(&mut self, base: &Path) -> anyhow::Result<()> {
        self.data = base.join(&self.data);
        let own = self.database.iter_mut().chain(&mut self.keyring).chain(&mut self.bootstrap_key);
        own.for_each(|secret| secret.rebase(base));
        documents::resolve(&mut self.documents, base)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut config: Self =
            toml::from_str(text).map_err(|error| nearest::explain(&error, text))?;
        config.validate()?;
        config.documents = documents::of(text)?;
        Ok(config)
    }

    /// The configuration of a process with these documents and everything else as by default.
    pub(crate) fn of(data: &Path, documents: Vec<New>) -> Self {
        Self {
            listen: default_listen(),
            operations: None,
            base_path: None,
            stop_grace_seconds: None,
            data: data.to_owned(),
            database: None,
            trusted_proxies: Proxies::default(),
            limits: Limits::default(),
            keyring: None,
            bootstrap_key: None,
            bots: Vec::new(),
            routes: Vec::new(),
            agents: Vec::new(),
            connectors: BTreeMap::new(),
            file: None,
            documents,
        }
    }

    /// How many documents of a kind the file has.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.documents.iter().filter(|new| new.kind == kind).count()
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
