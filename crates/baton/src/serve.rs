//! The composition root: builds a running server from a configuration.

use std::{collections::BTreeMap, io::Write as _, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::Router;
use bridge::{Bridge, HumanAgentConfig};
use connector::{Connector, Parts};
use dialogflow::local::LocalAgent;
use edge::{
    Clock,
    egress::{Egress, Target},
    limits::{Limits, identify},
};
use machine::{Millis, limits::MINUTE_MS};
use platform::Platform;
use secrecy::ExposeSecret;
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    agent,
    config::{self, Config, Secret},
    pages,
};

mod bots;
mod routes;

use bots::bots;
use routes::routes;

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
    let egress = Egress::new()?;
    let store = open_store(config).await?;
    let platform = Platform::new(bots(config).await?, store.clone(), clock.clone(), egress.clone());
    let bridge = Bridge::new(
        routes(config)?,
        human_agents(config)?,
        connectors(config, &clock, &egress)?,
        store.clone(),
        clock,
        egress,
    )?;

    let shutdown = CancellationToken::new();
    let platform_work = platform.start(shutdown.clone()).await?;
    let bridge_work = bridge.start(shutdown.clone()).await?;
    let router = platform.router().merge(bridge.router()).merge(pages);
    let router = identify(router, limits, config.trusted_proxies.clone());
    let serving = tokio::spawn(edge::serve::serve(listener, router, shutdown.clone()));
    if let Some(operations) = config.operations {
        let health = pages::operations(store.clone());
        tokio::spawn(edge::serve::serve(bind(operations).await?, health, shutdown.clone()));
    }
    ready();

    let failure = tokio::select! {
        () = told_to_stop() => None,
        error = store.failed() => Some(error),
    };
    tracing::info!("stopping");
    shutdown.cancel();
    let stopped = tokio::time::timeout(STOP_TIMEOUT, async {
        serving.await??;
        platform_work.wait().await;
        bridge_work.stopped().await;
        store.close().await;
        anyhow::Ok(())
    });
    stopped.await.context("some work did not finish in time; it continues at the next start")??;
    failure.map_or(Ok(()), |error| Err(error).context("the store failed"))
}

async fn open_store(config: &Config) -> anyhow::Result<Store> {
    if config.database.is_none() {
        std::fs::create_dir_all(&config.data)
            .with_context(|| format!("cannot create the folder {}", config.data.display()))?;
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

fn target(key: &str, url: &str, allow_private: bool) -> anyhow::Result<Target> {
    Target::parse(url, allow_private).with_context(|| format!("`{key}`"))
}

fn length(minutes: Option<f64>, default: Millis) -> Millis {
    minutes.map_or(default, |minutes| (minutes * MINUTE_MS as f64).round() as Millis)
}

/// Returns at the first SIGTERM or SIGINT. A second signal ends the process at once.
pub(crate) async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        std::process::exit(130);
    });
}

/// `baton check`: checks a configuration without serving it.
pub(crate) async fn check(config: &Config) -> anyhow::Result<()> {
    let (bots, routes, agents) = (bots(config).await?, routes(config)?, human_agents(config)?);
    let mut out = std::io::stdout().lock();
    for (bot, configured) in bots.iter().zip(&config.bots) {
        let webhook = bot.webhook.as_ref().map_or("no webhook", |w| w.target.url().as_str());
        writeln!(out, "bot {} ({}): webhook {webhook}", bot.id, bot.name)?;
        writeln!(out, "  bot agent: {}", agent::describe(&configured.agent, bot.bot.as_ref()))?;
    }
    for route in &routes {
        writeln!(out, "route {}: pushes to {}", route.id, route.push.target.url())?;
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
