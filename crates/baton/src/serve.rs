//! The composition root: builds a running server from a configuration.

use std::{
    collections::BTreeMap, io::Write as _, net::SocketAddr, path::Path, sync::Arc, time::Duration,
};

use anyhow::Context as _;
use axum::Router;
use bridge::Bridge;
use dialogflow::local::LocalAgent;
use directory::{Directory, FIRST_ORGANIZATION, kind::Kind};
use edge::{
    Clock,
    egress::{Allowed, Egress, OwnListener, Target},
    limits::{Limits, identify},
};
use machine::{Millis, chat::Chat, conversation::Conversation, limits::MINUTE_MS};
use platform::Platform;
use portal::Portal;
use secrecy::{ExposeSecret, SecretString};
use store::Store;
use tokio::net::TcpListener;

use crate::{
    agent, assets,
    config::{self, Config, Secret},
    keyring, pages, private,
};

mod bots;
mod live;
mod routes;
mod set_up;
mod stages;

use live::Live;
use set_up::Parts;
use stages::Stages;
pub(crate) use stages::told_to_stop;

/// Time limit for stopping all work.
const STOP_TIMEOUT: Duration = Duration::from_secs(25);

/// Serves `config` until the process is told to stop.
pub(crate) async fn serve(config: Config) -> anyhow::Result<()> {
    let listener = bind(config.listen).await?;
    let listen = listener.local_addr()?;
    run(&config, listener, pages::router(), || {
        let (bots, routes) = (config.count(Kind::Bot), config.count(Kind::Route));
        tracing::info!(%listen, bots, routes, "serving");
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
    let listen = listener.local_addr()?;
    let egress = Egress::new()?.beside(own_listeners(config, listen));
    let store = open_store(config).await?;
    let directory = open_directory(config, &store, &clock).await?;
    let platform = Platform::new(Vec::new(), store.clone(), clock.clone(), egress.clone());
    let none = (Vec::new(), Vec::new(), BTreeMap::new());
    let bridge = Bridge::new(none.0, none.1, none.2, store.clone(), clock.clone(), egress.clone())?;
    let portal = open_portal(config, directory.clone(), store.clone(), clock.clone()).await?;
    let parts = Parts { egress, clock, queued_max: config.limits.queued_chats };
    let mut live = Live::new(directory.clone(), platform.clone(), bridge.clone(), parts);
    live.begin().await?;

    let stages = Stages::default();
    let platform_work = platform.start(stages.stop.clone()).await?;
    let bridge_work = bridge.start(stages.stop.clone()).await?;
    let following = tokio::spawn(live.follow(stages.stop.clone()));
    if let Some(file) = &config.file {
        tokio::spawn(live::reload(directory, file.clone(), stages.stop.clone()));
    }
    let router = platform.router().merge(bridge.router()).merge(portal.router()).merge(pages);
    let router = identify(stages.telling(router), limits, config.trusted_proxies.clone());
    let mut router = pages::guarded(router);
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
    tell_set_up(&portal).await?;
    // After the operators' listener, which tells whether this one may be sent visitors.
    let serving = tokio::spawn(edge::serve::serve(listener, router, stages.stop.clone()));
    if !assets::are_built() {
        tracing::warn!("this binary has no pages: run `cargo xtask web`, then build it again");
    }
    ready();

    let failure = stages.reached(config.stop_grace(), &store).await;
    tracing::info!("stopping");
    stages.stop.cancel();
    let stopped = tokio::time::timeout(STOP_TIMEOUT, async {
        serving.await??;
        following.await?;
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
    let store = Store::open(&url).await.context("cannot open the store")?;
    // What stays set aside is known to readiness before anyone asks for it.
    store.retry_set_aside::<Conversation>().await?;
    store.retry_set_aside::<Chat>().await?;
    Ok(store)
}

/// Opens the directory and sets what the file says.
async fn open_directory(
    config: &Config,
    store: &Store,
    clock: &Clock,
) -> anyhow::Result<Directory> {
    let keyring = keyring::load(config)?;
    let rules = config::documents::rules();
    let opened = Directory::open(store.clone(), clock.clone(), rules, keyring).await;
    let directory = opened.context("cannot read the directory")?;
    directory.take_over(FIRST_ORGANIZATION, config.documents.clone()).await?;
    Ok(directory)
}

async fn open_portal(
    config: &Config,
    directory: Directory,
    store: Store,
    clock: Clock,
) -> anyhow::Result<Portal> {
    let key = config.bootstrap_key.as_ref();
    let bootstrap_key = key.map(|key| key.read("bootstrap_key")).transpose()?;
    let portal = Portal::new(portal::Parts { directory, store, clock, bootstrap_key });
    portal.begin().await.context("cannot make the first organization")?;
    Ok(portal)
}

/// Makes an owner while no server runs on the database.
pub(crate) async fn make_owner(
    config: &Config,
    email: &str,
    name: &str,
    password: SecretString,
) -> anyhow::Result<()> {
    let (store, clock) = (open_store(config).await?, Clock::system());
    let rules = config::documents::rules();
    let opened = Directory::open(store.clone(), clock.clone(), rules, keyring::load(config)?).await;
    let directory = opened.context("cannot read the directory")?;
    let portal = open_portal(config, directory, store.clone(), clock).await?;
    portal.make_owner(email, name, password).await?;
    store.close().await;
    Ok(())
}

/// Gives the operator what makes the first owner, while there is none.
async fn tell_set_up(portal: &Portal) -> anyhow::Result<()> {
    if let Some(token) = portal.set_up_token().await? {
        // It is for the terminal and no line of the log: it works once and for an hour.
        let token = token.expose_secret();
        let told = "Nobody owns this server yet. The set-up token, good for an hour";
        writeln!(std::io::stderr().lock(), "{told}: {token}")?;
    }
    Ok(())
}

/// The address of the database: as configured, or SQLite in the folder `data`.
pub(crate) fn database_url(database: Option<&Secret>, data: &Path) -> anyhow::Result<String> {
    Ok(match database {
        Some(url) => url.read("database")?.expose_secret().to_owned(),
        None => format!("sqlite:{}", data.join("baton.db").display()),
    })
}

fn target(key: &str, url: &str, allowed: impl Into<Allowed>) -> anyhow::Result<Target> {
    Ok(Target::parse(url, allowed).with_context(|| format!("`{key}`"))?.warned(key))
}

fn length(minutes: Option<f64>, default: Millis) -> Millis {
    minutes.map_or(default, |minutes| (minutes * MINUTE_MS as f64).round() as Millis)
}

/// `baton check`: checks a configuration without serving it.
pub(crate) async fn check(config: &Config) -> anyhow::Result<()> {
    let (egress, clock) = (Egress::new()?, Clock::system());
    let parts = Parts { egress, clock, queued_max: config.limits.queued_chats };
    let setup = parts.build(&config.documents).await?;
    let mut out = std::io::stdout().lock();
    for (configured, bot) in &setup.bots {
        let webhook = bot.webhook.as_ref().map_or("no webhook", |w| w.target.url().as_str());
        writeln!(out, "bot {} ({}): webhook {webhook}", bot.id, bot.name)?;
        if bot.origins.are_any() {
            let remark = "any page may use this bot; to list yours, set `allowed_origins`";
            writeln!(out, "  remark: {remark}")?;
        }
        writeln!(out, "  bot agent: {}", agent::describe(&configured.agent, bot.bot.as_ref()))?;
    }
    for route in &setup.routes {
        writeln!(out, "route {}: pushes to {}", route.id, route.push.target.url())?;
    }
    for name in setup.connectors.keys() {
        writeln!(out, "connector {name}")?;
    }
    let agents = setup.human_agents.len();
    writeln!(out, "{agents} agents at the desk; the configuration is good")?;
    Ok(())
}

/// `baton agent`: reports which parts of an export are used.
pub(crate) fn report_agent(export: &Path) -> anyhow::Result<()> {
    let (_, report) = LocalAgent::load(export).with_context(|| export.display().to_string())?;
    write!(std::io::stdout().lock(), "{report}")?;
    Ok(())
}
