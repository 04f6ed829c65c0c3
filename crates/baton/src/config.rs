//! The configuration file. The error for an unknown key names the nearest known key. Every secret
//! may also come from a file or from the environment, and every setting of the process from a
//! variable of the environment; see `environment.rs`.

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
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) mod documents;
mod environment;
mod layers;
mod nearest;
mod schema;
pub(crate) mod show;

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
use layers::Layers;

/// What the process itself needs: from a file and the environment, and not changed while it runs.
///
/// The descriptions of the fields are those of the JSON schema and of `baton config show`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Configuration of Baton", description = "See docs/configuration.md")]
pub(crate) struct Config {
    /// Address of all pages and APIs.
    #[serde(default = "default_listen")]
    pub(crate) listen: SocketAddr,
    /// Address of a second listener that serves the health endpoints for operators.
    pub(crate) operations: Option<SocketAddr>,
    /// Path of the public address below which a proxy serves this server.
    #[schemars(with = "Option<String>")]
    pub(crate) base_path: Option<BasePath>,
    /// After SIGTERM, how long everything is served on while `/readyz` says 503: 5 by default with
    /// `operations`, else 0.
    pub(crate) stop_grace_seconds: Option<u64>,
    /// Folder of the SQLite database, relative to this file.
    #[serde(default = "default_data")]
    #[schemars(extend("format" = "path"))]
    pub(crate) data: PathBuf,
    /// `postgres://user:password@host/database`; SQLite in `data` when absent.
    pub(crate) database: Option<Secret>,
    /// Networks or addresses of the proxies whose `X-Forwarded-For` and `Forwarded` are believed.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(crate) trusted_proxies: Proxies,
    /// How much one client may ask for.
    #[serde(default)]
    pub(crate) limits: Limits,
    /// The keys that seal stored secrets; the file `keyring` in `data` when absent.
    pub(crate) keyring: Option<Secret>,
    /// A key with which a program sets a new server up by the admin API.
    pub(crate) bootstrap_key: Option<Secret>,
    // These four are read for their errors, which show the line. What counts is `documents`.
    /// The platform: one entry for each bot.
    #[serde(default)]
    bots: Vec<Bot>,
    /// The bridge: one entry for each webhook URL.
    #[serde(default)]
    routes: Vec<Route>,
    /// Human agents at the desk.
    #[serde(default)]
    agents: Vec<HumanAgent>,
    /// Live chat tools, by the names that routes use.
    #[serde(default)]
    #[schemars(schema_with = "schema::connectors")]
    connectors: BTreeMap<String, connectors::Settings>,
    /// Where all this was read.
    #[serde(skip)]
    pub(crate) file: Option<PathBuf>,
    /// What owners set up, from the file.
    #[serde(skip)]
    pub(crate) documents: Vec<New>,
}

/// First segments of our own paths, which a base path must not hide.
const OWN_PATHS: [&str; 10] = [
    "api",
    "assets",
    "connectors",
    "desk",
    "handover",
    "openapi.json",
    "portal",
    "v1",
    "webhooks",
    "widget.js",
];

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
    /// Reads and checks `path`. Paths inside are relative to the file. Variables of the environment
    /// replace settings of the process.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Self> {
        let text = read(path)?;
        let in_file = || path.display().to_string();
        let mut config = Self::parse(&text).with_context(in_file)?;
        let variables = environment::variables()?;
        if !variables.is_empty() {
            let mut layers = Layers::of(&text).with_context(in_file)?;
            environment::apply(&mut layers, &variables)?;
            config = config.with_process(layers.read()?);
        }
        config.resolve(path.parent().unwrap_or(Path::new("."))).with_context(in_file)?;
        config.file = Some(path.to_owned());
        Ok(config)
    }

    /// These bots, routes, agents and connectors, and the settings of `process`.
    fn with_process(self, process: Self) -> Self {
        let Self { bots, routes, agents, connectors, file, documents, .. } = self;
        Self { bots, routes, agents, connectors, file, documents, ..process }
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
        self.validate_process()?;
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

    fn validate_process(&self) -> anyhow::Result<()> {
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
        Ok(())
    }
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration {}", path.display()))
}

fn unique<'a>(key: &str, values: impl Iterator<Item = &'a String>) -> anyhow::Result<()> {
    let mut seen = HashSet::new();
    for value in values {
        ensure!(seen.insert(value), "`{key}` is given twice: {value}");
    }
    Ok(())
}
