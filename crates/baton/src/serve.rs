//! The composition root: builds a running server from a configuration.

use std::{
    collections::BTreeMap, io::Write as _, net::SocketAddr, path::Path, sync::Arc, time::Duration,
};

use anyhow::Context as _;
use axum::Router;
use bridge::{Bridge, HumanAgentConfig};
use connector::{Connector, Parts};
use dialogflow::local::LocalAgent;
use edge::{
    Clock,
    egress::{Allowed, Egress, OwnListener, Target},
    limits::{Limits, identify},
};
use machine::{Millis, limits::MINUTE_MS};
use platform::Platform;
use secrecy::ExposeSecret;
use store::Store;
use tokio::net::TcpListener;

use crate::{
    agent,
    config::{self, Config, Secret},
    pages, private,
};

mod bots;
mod routes;
mod stages;

use bots::bots;
use routes::routes;
use stages::Stages;
pub(crate) use stages::told_to_stop;

/// Time limit for stopping all work.
const STOP_TIMEOUT: Duration = Duration::from_secs(25);

/// Serves `config` until the process is told to stop.
pub(crate) async fn serve(config: Config) -> anyhow::Result<()> {
    let listener = bind(config.listen).await?;
    let listen = listener.local_addr()?;
    run(&config, listener, pages::router(), || {
        tracing::info!(%listen, bots = config.bots.len(), routes = config.routes.len(), "serving");
    })
    .await
}

pub(crate) async fn bind(listen: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))
}

/// Builds both sides, calls `ready`, and serves until a signal comes or the store fails.
pub(crate) async fn run(
    config: &Config,
    listener: TcpListener,
    pages: Router,
    ready: impl FnOnce(),
) -> anyhow::Result<()> {
    let clock = Clock::system();
    let limits = Arc::new(Limits::new(&config.limits, &clock));
    let egress = Egress::new()?.beside(own_listeners(config, listener.local_addr()?));
    let store = open_store(config).await?;
    let bots = bots(config, &egress).await?;
    let platform = Platform::new(bots, store.clone(), clock.clone(), egress.clone());
    let bridge = Bridge::new(
        routes(config)?,
        human_agents(config)?,
        connectors(config, &clock, &egress)?,
        store.clone(),
        clock,
        egress,
    )?;

    let stages = Stages::default();
    let platform_work = platform.start(stages.stop.clone()).await?;
    let bridge_work = bridge.start(stages.stop.clone()).await?;
    let router = platform.router().merge(bridge.router()).merge(pages);
    let mut router = identify(stages.telling(router), limits, config.trusted_proxies.clone());
    if let Some(base) = config.base_path.clone() {
        router = base.before(router);
    }
    let operations = match config.operations {
        Some(address) => {
            let health = pages::operations(store.clone(), stages.leaving.clone());
            let served = edge::serve::serve(bind(address).await?, health, stages.end.clone());
            Some(tokio::spawn(served))
        }
        None => None,
    };
    // After the operators' listener, which tells whether this one may be sent visitors.
    let serving = tokio::spawn(edge::serve::serve(listener, router, stages.stop.clone()));
    ready();

    let failure = stages.reached(config.stop_grace(), &store).await;
    tracing::info!("stopping");
    stages.stop.cancel();
    let stopped = tokio::time::timeout(STOP_TIMEOUT, async {
        serving.await??;
        platform_work.wait().await;
        bridge_work.stopped().await;
        store.close().await;
        anyhow::Ok(())
    });
    stopped.await.context("some work did not finish in time; it continues at the next start")??;
    stages.end.cancel();
    if let Some(operations) = operations {
        operations.await??;
    }
    failure.map_or(Ok(()), |error| Err(error).context("the store failed"))
}

/// Our listeners, with the doors of the contract, which the other half may have at the same one.
fn own_listeners(config: &Config, main: SocketAddr) -> Vec<OwnListener> {
    let mut open = Vec::new();
    for door in ["/handover/", wire::push::PATH] {
        open.extend(config.base_path.as_ref().map(|base| format!("{}{door}", base.as_str())));
        open.push(door.to_owned());
    }
    let operations = config.operations.map(|address| OwnListener { address, open: Vec::new() });
    std::iter::once(OwnListener { address: main, open }).chain(operations).collect()
}

async fn open_store(config: &Config) -> anyhow::Result<Store> {
    if config.database.is_none() {
        private::folder(&config.data)?;
    }
    let url = database_url(config.database.as_ref(), &config.data)?;
    Store::open(&url).await.context("cannot open the store")
}

/// The address of the database: as configured, or SQLite in the folder `data`.
pub(crate) fn database_url(database: Option<&Secret>, data: &Path) -> anyhow::Result<String> {
    Ok(match database {
        Some(url) => url.read("database")?.expose_secret().to_owned(),
        None => format!("sqlite:{}", data.join("baton.db").display()),
    })
}

fn connectors(
    config: &Config,
    clock: &Clock,
    egress: &Egress,
) -> anyhow::Result<BTreeMap<String, Arc<dyn Connector>>> {
    let build = |(name, settings): (&String, &connectors::Settings)| {
        let (egress, clock) = (egress.clone(), clock.clone());
        anyhow::Ok((name.clone(), settings.build(Parts { name: name.clone(), egress, clock })?))
    };
    config.connectors.iter().map(build).collect()
}

fn human_agents(config: &Config) -> anyhow::Result<Vec<HumanAgentConfig>> {
    let agent = |agent: &config::Agent| {
        anyhow::Ok(HumanAgentConfig {
            email: agent.email.clone(),
            name: agent.name.clone(),
            avatar_url: agent.avatar_url.clone(),
            password: agent.password.read("agents.password")?,
        })
    };
    config.agents.iter().map(agent).collect()
}

fn target(key: &str, url: &str, allowed: impl Into<Allowed>) -> anyhow::Result<Target> {
    Ok(Target::parse(url, allowed).with_context(|| format!("`{key}`"))?.warned(key))
}

fn length(minutes: Option<f64>, default: Millis) -> Millis {
    minutes.map_or(default, |minutes| (minutes * MINUTE_MS as f64).round() as Millis)
}

/// `baton check`: checks a configuration without serving it.
pub(crate) async fn check(config: &Config) -> anyhow::Result<()> {
    let egress = Egress::new()?;
    let bots = bots(config, &egress).await?;
    let (routes, agents) = (routes(config)?, human_agents(config)?);
    // Built for their errors and warnings; nothing is called.
    let connectors = connectors(config, &Clock::system(), &egress)?;
    let mut out = std::io::stdout().lock();
    for (bot, configured) in bots.iter().zip(&config.bots) {
        let webhook = bot.webhook.as_ref().map_or("no webhook", |w| w.target.url().as_str());
        writeln!(out, "bot {} ({}): webhook {webhook}", bot.id, bot.name)?;
        if bot.origins.are_any() {
            let remark = "any page may use this bot; to list yours, set `allowed_origins`";
            writeln!(out, "  remark: {remark}")?;
        }
        writeln!(out, "  bot agent: {}", agent::describe(&configured.agent, bot.bot.as_ref()))?;
    }
    for route in &routes {
        writeln!(out, "route {}: pushes to {}", route.id, route.push.target.url())?;
    }
    for name in connectors.keys() {
        writeln!(out, "connector {name}")?;
    }
    writeln!(out, "{} agents at the desk; the configuration is good", agents.len())?;
    Ok(())
}

/// `baton agent`: reports which parts of an export are used.
pub(crate) fn report_agent(export: &Path) -> anyhow::Result<()> {
    let (_, report) = LocalAgent::load(export).with_context(|| export.display().to_string())?;
    write!(std::io::stdout().lock(), "{report}")?;
    Ok(())
}
