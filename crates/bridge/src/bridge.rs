//! The bridge put together: routes, agents, the driver of chats, and what runs beside requests.

use std::{collections::BTreeMap, sync::Arc};

use edge::{Clock, egress::Egress};
use machine::chat::{self, Chat, Policy};
use secrecy::SecretString;
use store::{Ledger, StepError, Store, StoreError};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    access::Access,
    connectors::{Attached, Connector, DeskConnector, Parts, Settings, SettingsError},
    desk::{Desk, auth::Agents, presence::Presence},
    http,
    push::{PushClient, PushConfig},
    session::Driver,
    timer,
    tool::line::Line,
};

/// One webhook URL, one push target, one connector.
pub struct RouteConfig {
    /// Last segment of the webhook URL `/handover/{id}`: letters, digits, `-` and `_`.
    pub id: String,
    /// What the platform presents.
    pub access: Access,
    pub push: PushConfig,
    pub connector: Connector,
    /// The times of chats that open from now on.
    pub clock: chat::Clock,
}

/// Somebody who may sign in to the desk.
pub struct AgentConfig {
    pub email: String,
    pub name: String,
    pub avatar_url: String,
    pub password: SecretString,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    Connector(#[from] SettingsError),
    #[error("route `{route}`: there is no `[connectors.{name}]`")]
    NoConnector { route: String, name: String },
    #[error("route `{0}`: use letters, digits, `-` and `_` for its id, each id once")]
    RouteId(String),
    #[error("route `{0}`: a webhook token is missing, or a token or header value is empty")]
    EmptyToken(String),
    #[error("route `{0}`: the push key is empty or holds characters no header can carry")]
    PushKey(String),
    #[error("route `{0}`: pause, queue and idle must each be at least one second")]
    Times(String),
    #[error("agent `{0}`: give an email address and a name, each address once")]
    Agent(String),
    #[error("agent `{0}`: the password needs at least eight characters")]
    Password(String),
}

/// Most open chats of a route that are taken up again after a start.
pub(crate) const OPEN_MAX: usize = 1_000_000;

/// A route in use.
pub(crate) struct Route {
    pub(crate) id: String,
    pub(crate) access: Access,
    pub(crate) ledger: Ledger<Chat>,
    pub(crate) policy: Policy,
    pub(crate) push: PushClient,
    pub(crate) connector: Attached,
}

impl Route {
    /// Tells the platform that the agent of a chat types. Nothing comes of it when it fails, and
    /// nothing is told while something the agent said is on its way, which ends the typing.
    pub(crate) async fn tell_typing(&self, id: &str) {
        let typing = async {
            let chat = self.ledger.load(id).await.ok().flatten()?;
            let agent = chat.agent()?.clone();
            (chat.is_open() && chat.unpushed() == 0).then_some((chat, agent))
        };
        self.push.send_typing(typing).await;
    }
}

pub(crate) struct App {
    pub(crate) routes: BTreeMap<String, Arc<Route>>,
    pub(crate) desk: Desk,
    /// The lines to tools, by the names of their connectors.
    pub(crate) lines: BTreeMap<String, Arc<Line>>,
    pub(crate) driver: Driver,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// Cancelled when the bridge is told to stop.
    pub(crate) stop: CancellationToken,
}

/// The bridge side. Clones are the same bridge.
#[derive(Clone)]
pub struct Bridge(Arc<App>);

/// What runs beside the requests once the bridge was started.
pub struct Running(TaskTracker);

impl Running {
    /// Ends when, after the shutdown was asked for, nothing runs any more.
    pub async fn stopped(self) {
        self.0.wait().await;
    }
}

impl Bridge {
    #[expect(clippy::needless_pass_by_value, reason = "the bridge takes over what it is made of")]
    pub fn new(
        routes: Vec<RouteConfig>,
        agents: Vec<AgentConfig>,
        tools: &BTreeMap<String, Settings>,
        store: Store,
        clock: Clock,
        egress: Egress,
    ) -> Result<Self, ConfigError> {
        let stop = CancellationToken::new();
        let driver = Driver::new(clock.clone(), stop.clone());
        let mut lines = BTreeMap::new();
        for (name, settings) in tools {
            let (egress, clock) = (egress.clone(), clock.clone());
            let tool = settings.build(Parts { name: name.clone(), egress, clock })?;
            lines.insert(name.clone(), Arc::new(Line::new(name, tool, driver.clone())));
        }

        let agents = Agents::new(agents)?;
        let emails = agents.iter().map(|agent| agent.email.clone()).collect();
        let connector = Arc::new(DeskConnector::new(Presence::new(store.clone(), emails)));
        let mut table = BTreeMap::new();
        for config in routes {
            let route = route(config, &store, (&clock, &egress), (&connector, &lines))?;
            if let Some(twice) = table.insert(route.id.clone(), Arc::new(route)) {
                return Err(ConfigError::RouteId(twice.id.clone()));
            }
        }
        Ok(Self(Arc::new(App {
            routes: table,
            desk: Desk::new(agents, connector, store.clone()),
            lines,
            driver,
            store,
            clock,
            stop,
        })))
    }

    /// Everything the bridge serves: the contract's webhook endpoint and the desk API.
    pub fn router(&self) -> axum::Router {
        http::router(self.clone())
    }

    /// Takes up what was owed when the process last ended, and keeps time until `shutdown`.
    pub async fn start(&self, shutdown: CancellationToken) -> Result<Running, StoreError> {
        let app = &self.0;
        for route in app.routes.values() {
            app.hand_back_strays(route).await?;
        }
        // Before anything is pushed: whatever comes of that wakes the task of the chat at its tool.
        for route in app.routes.values() {
            if let Attached::Tool(line) = &route.connector {
                line.take_up(route).await?;
            }
        }
        timer::take_up_owed(app).await?;
        let tasks = app.driver.tasks();
        for line in app.lines.values() {
            tasks.spawn(line.clone().run());
        }
        tasks.spawn(timer::keep_time(self.clone()));
        tasks.spawn(self.clone().keep_board());
        let stop = app.stop.clone();
        tasks.spawn(async move {
            shutdown.cancelled().await;
            stop.cancel();
        });
        tasks.close();
        Ok(Running(tasks.clone()))
    }

    pub(crate) fn app(&self) -> &App {
        &self.0
    }

    async fn keep_board(self) {
        let app = self.app();
        app.desk.board.keep(app.desk_routes().collect(), &app.stop).await;
    }
}

impl App {
    /// Ends the chats of a route that were opened at another connector than it leads to now.
    async fn hand_back_strays(&self, route: &Arc<Route>) -> Result<(), StoreError> {
        for (id, chat) in route.ledger.open_ids(OPEN_MAX).await? {
            if !chat.is_elsewhere(route.policy.connector.as_deref()) {
                continue;
            }
            tracing::warn!(chat.id = id, route = route.id, "it was opened at another connector");
            let stepped = self.driver.step(route, &id, None, chat::Input::TakenUp).await;
            // Nobody is refused this.
            if let Err(StepError::Store(error)) = stepped {
                return Err(error);
            }
        }
        Ok(())
    }

    /// The routes whose chats the desk shows.
    pub(crate) fn desk_routes(&self) -> impl Iterator<Item = Arc<Route>> {
        let at_desk = |route: &&Arc<Route>| matches!(route.connector, Attached::Desk(_));
        self.routes.values().filter(at_desk).cloned()
    }
}

fn route(
    config: RouteConfig,
    store: &Store,
    (time, egress): (&Clock, &Egress),
    (desk, lines): (&Arc<DeskConnector>, &BTreeMap<String, Arc<Line>>),
) -> Result<Route, ConfigError> {
    let RouteConfig { id, access, push, connector, clock } = config;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if id.is_empty() || !id.chars().all(plain) {
        return Err(ConfigError::RouteId(id));
    }
    if !access.is_closed() {
        return Err(ConfigError::EmptyToken(id));
    }
    if [clock.pause, clock.queue, clock.idle].iter().any(|ms| *ms < 1_000) {
        return Err(ConfigError::Times(id));
    }
    let Some(push) = PushClient::new(egress.clone(), time.clone(), push) else {
        return Err(ConfigError::PushKey(id));
    };
    let mut policy = Policy { clock, ..Policy::default() };
    let connector = match connector {
        Connector::Desk => Attached::Desk(desk.clone()),
        Connector::Tool { name, notices } => {
            (policy.connector, policy.tool.notices) = (Some(name.clone()), notices);
            match lines.get(&name) {
                Some(line) => Attached::Tool(line.clone()),
                None => return Err(ConfigError::NoConnector { route: id, name }),
            }
        }
    };
    let ledger = store.ledger(&id);
    Ok(Route { id, access, ledger, policy, push, connector })
}
