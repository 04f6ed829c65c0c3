//! Keeps both halves as the directory says: a changed document is built alone and put in the place
//! of the old one. One that cannot be built disturbs no other.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context as _, ensure};
use bridge::Bridge;
use directory::{
    Directory, FIRST_ORGANIZATION, Held, Snapshot,
    document::Body,
    kind::Kind,
    settings::{Bot, HumanAgent, Route},
};
use platform::{BotConfig, Platform};
use tokio_util::sync::CancellationToken;

use super::set_up::{Parts, connector_settings, human_agent, typed};
use crate::config::Config;

/// Both halves, and what they were last made of.
pub(super) struct Live {
    pub(super) directory: Directory,
    pub(super) platform: Platform,
    pub(super) bridge: Bridge,
    pub(super) parts: Parts,
    built: HashMap<(Kind, Arc<str>), u64>,
}

/// A document that cannot be used as it is.
pub(super) struct Broken {
    pub(super) held: Held,
    pub(super) error: anyhow::Error,
}

impl Live {
    pub(super) fn new(
        directory: Directory,
        platform: Platform,
        bridge: Bridge,
        parts: Parts,
    ) -> Self {
        Self { directory, platform, bridge, parts, built: HashMap::new() }
    }

    /// Builds everything for the first time.
    ///
    /// # Errors
    /// When something that a file manages cannot be built: its author is waiting at the terminal.
    pub(super) async fn begin(&mut self) -> anyhow::Result<()> {
        for Broken { held, error } in self.apply().await {
            if held.is_managed() {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Follows the directory until `stop`.
    pub(super) async fn follow(mut self, stop: CancellationToken) {
        let mut changes = self.directory.changes();
        loop {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = stop.cancelled() => return,
            }
            self.apply().await;
        }
    }

    /// Builds what changed since the last time, and returns what could not be built.
    async fn apply(&mut self) -> Vec<Broken> {
        let snapshot = self.directory.current();
        let mut broken = Vec::new();
        let connectors = self.put_connectors(&snapshot, &mut broken).await;
        self.put_routes(&snapshot, &connectors, &mut broken).await;
        self.put_bots(&snapshot, &mut broken).await;
        self.put_human_agents(&snapshot, &mut broken);
        self.remove_others(&snapshot).await;
        for Broken { held, error } in &broken {
            let (kind, id) = (held.kind, &*held.id);
            self.directory.set_broken(kind, &held.id, Some(&format!("{error:#}")));
            tracing::error!(document.kind = %kind, document.id = id, error = format!("{error:#}"),
                "a document cannot be used; what was built of it before stays in use");
        }
        broken
    }

    /// The documents of a kind that changed, each once.
    fn changed(&mut self, snapshot: &Snapshot, kind: Kind) -> Vec<Held> {
        let mut changed = Vec::new();
        for held in snapshot.all(kind) {
            let version = held.document.version();
            if self.built.insert((kind, held.id.clone()), version) != Some(version) {
                self.directory.set_broken(kind, &held.id, None);
                changed.push(held.clone());
            }
        }
        changed
    }

    fn opened(&self, held: &Held) -> anyhow::Result<Body> {
        let named = || format!("{} {}", held.kind, held.id);
        self.directory.opened(held).with_context(named)
    }

    /// Returns the names of those that were put.
    async fn put_connectors(
        &mut self,
        snapshot: &Snapshot,
        broken: &mut Vec<Broken>,
    ) -> BTreeSet<Arc<str>> {
        let mut put = BTreeSet::new();
        for held in self.changed(snapshot, Kind::Connector) {
            let built = self.opened(&held).and_then(|body| {
                let settings = connector_settings(&held.id, &body)?;
                anyhow::Ok(settings.build(self.parts.of_connector(&held.id))?)
            });
            match built {
                Ok(connector) => {
                    self.bridge.put_connector(&held.id, connector).await;
                    put.insert(held.id.clone());
                }
                Err(error) => broken.push(Broken { held, error }),
            }
        }
        put
    }

    /// Also those whose connector was put.
    async fn put_routes(
        &mut self,
        snapshot: &Snapshot,
        connectors: &BTreeSet<Arc<str>>,
        broken: &mut Vec<Broken>,
    ) {
        let mut changed = self.changed(snapshot, Kind::Route);
        let is_led = |held: &&Held| connectors.contains(connector_of(held));
        let others = snapshot.all(Kind::Route).filter(is_led);
        let others = others.filter(|held| !changed.iter().any(|one| one.id == held.id));
        let others: Vec<Held> = others.cloned().collect();
        changed.extend(others);
        for held in changed {
            if let Err(error) = self.put_route(snapshot, &held).await {
                broken.push(Broken { held, error });
            }
        }
    }

    async fn put_route(&self, snapshot: &Snapshot, held: &Held) -> anyhow::Result<()> {
        let settings: Route = typed(&held.id, &self.opened(held)?)?;
        let name = &settings.connector.kind;
        let connector = snapshot.get(Kind::Connector, name);
        let connector = connector.filter(|connector| connector.organization == held.organization);
        let connector = match connector {
            Some(connector) => Some(connector_settings(name, &self.opened(connector)?)?),
            None => None,
        };
        if connector.is_none() {
            may_use_desk(held)?;
        }
        let route = self.parts.route(&settings, connector.as_ref())?;
        self.bridge.put_route(route).await.with_context(|| format!("route {}", held.id))
    }

    async fn put_bots(&mut self, snapshot: &Snapshot, broken: &mut Vec<Broken>) {
        let mut bots = Vec::new();
        for held in self.changed(snapshot, Kind::Bot) {
            match self.bot(&held).await {
                Ok(bot) => bots.push(bot),
                Err(error) => broken.push(Broken { held, error }),
            }
        }
        self.platform.put_bots(bots);
    }

    async fn bot(&self, held: &Held) -> anyhow::Result<BotConfig> {
        let settings: Bot = typed(&held.id, &self.opened(held)?)?;
        self.parts.bot(&settings).await
    }

    fn put_human_agents(&mut self, snapshot: &Snapshot, broken: &mut Vec<Broken>) {
        let before = self.built.keys().filter(|(kind, _)| *kind == Kind::Agent).count();
        let is_removed = snapshot.all(Kind::Agent).count() < before;
        if self.changed(snapshot, Kind::Agent).is_empty() && !is_removed {
            return;
        }
        let mut agents = Vec::new();
        for held in snapshot.all(Kind::Agent) {
            let opened = may_use_desk(held).and_then(|()| self.opened(held));
            let built = opened.and_then(|body| {
                let settings: HumanAgent = typed(&held.id, &body)?;
                human_agent(&settings)
            });
            match built {
                Ok(agent) => agents.push(agent),
                Err(error) => broken.push(Broken { held: held.clone(), error }),
            }
        }
        if let Err(error) = self.bridge.set_human_agents(agents) {
            tracing::error!(%error, "the human agents of the desk cannot be changed");
        }
    }

    /// Takes away what is no longer in the directory.
    async fn remove_others(&mut self, snapshot: &Snapshot) {
        let is_gone = |(kind, id): &&(Kind, Arc<str>)| snapshot.get(*kind, id).is_none();
        let gone: Vec<_> = self.built.keys().filter(is_gone).cloned().collect();
        for (kind, id) in gone {
            match kind {
                Kind::Bot => self.platform.remove_bot(&id),
                Kind::Route => self.bridge.remove_route(&id),
                Kind::Connector => self.bridge.remove_connector(&id).await,
                _ => {}
            }
            self.built.remove(&(kind, id));
        }
    }
}

/// All human agents of the desk see all its chats, so it belongs to one organization.
fn may_use_desk(held: &Held) -> anyhow::Result<()> {
    ensure!(
        *held.organization == *FIRST_ORGANIZATION,
        "{} {}: the desk belongs to the first organization of this server: use a connector",
        held.kind,
        held.id
    );
    Ok(())
}

/// The name of the connector that a route leads to.
fn connector_of(held: &Held) -> &str {
    let connector = held.document.body().get("connector");
    let kind = connector.map(|connector| connector.get("kind").unwrap_or(connector));
    kind.and_then(serde_json::Value::as_str).unwrap_or_default()
}

/// Reads the documents of a file again at each SIGHUP, until `stop`. A file with a mistake changes
/// nothing.
pub(super) async fn reload(directory: Directory, file: PathBuf, stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
    loop {
        tokio::select! {
            _ = hangups.recv() => {}
            () = stop.cancelled() => return,
        }
        let read = tokio::task::spawn_blocking({
            let file = file.clone();
            move || Config::load(&file)
        });
        let taken_over = match read.await {
            Ok(Ok(config)) => {
                let set = directory.take_over(FIRST_ORGANIZATION, config.documents).await;
                set.map_err(anyhow::Error::from)
            }
            Ok(Err(error)) => Err(error),
            Err(error) => Err(error.into()),
        };
        match taken_over {
            Ok(changes) => {
                let (created, changed) = (changes.created.len(), changes.changed.len());
                let removed = changes.removed.len();
                tracing::info!(created, changed, removed, "the configuration was read again");
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "the configuration was not read again; the old one stays");
            }
        }
    }
}
