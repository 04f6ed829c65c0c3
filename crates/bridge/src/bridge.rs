//! The bridge put together: routes, desk, connectors, the driver of chats, and the timer.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use connector::Connector;
use edge::{Clock, egress::Egress};
use machine::chat::{Chat, Input, Policy};
use store::{StepError, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{ConfigError, ConnectorChoice, HumanAgentConfig, PutError, RouteConfig},
    connectors::Connectors,
    desk::Desk,
    driver::Driver,
    http::{self, App},
    push::PushClient,
    queue::Queue,
    route::{Attachment, OPEN_MAX, Route},
    routes::Routes,
    runtime::ConnectorRuntime,
    tasks::Tasks,
    timer::Timer,
};

/// The bridge side. Clones are the same bridge.
#[derive(Clone)]
pub struct Bridge {
    app: Arc<App>,
    timer: Arc<Timer>,
    driver: Driver,
    store: Store,
    egress: Egress,
    /// True once it was started: what is added then is taken up at once.
    is_started: Arc<AtomicBool>,
}

/// What runs beside the requests once the bridge was started.
pub struct Running(Tasks);

impl Running {
    /// Ends when, after the shutdown was asked for, nothing runs any more.
    pub async fn stopped(self) {
        self.0.stopped().await;
    }
}

impl Bridge {
    /// Must be called within a Tokio runtime. `connectors` are those routes may name.
    pub fn new(
        routes: Vec<RouteConfig>,
        human_agents: Vec<HumanAgentConfig>,
        connectors: BTreeMap<String, Arc<dyn Connector>>,
        store: Store,
        clock: Clock,
        egress: Egress,
    ) -> Result<Self, ConfigError> {
        let tasks = Tasks::new();
        let table = Routes::default();
        let desk = Arc::new(Desk::new(human_agents, store.clone())?);
        let driver = Driver::new(table.clone(), clock.clone(), tasks.clone());
        let timer = Timer {
            routes: table.clone(),
            driver: driver.clone(),
            store: store.clone(),
            clock: clock.clone(),
            tasks: tasks.clone(),
        };
        let app = App {
            routes: table,
            store: store.clone(),
            desk,
            connectors: Connectors::default(),
            clock,
            tasks,
        };
        let is_started = Arc::default();
        let (app, timer) = (Arc::new(app), Arc::new(timer));
        let bridge = Self { app, timer, driver, store, egress, is_started };
        for (name, connector) in connectors {
            bridge.app.connectors.put(&name, &bridge.runtime(&name, connector));
        }
        for config in routes {
            let route = bridge.build(config)?;
            if bridge.app.routes.get(&route.id).is_some() {
                return Err(ConfigError::RouteId(route.id.to_string()));
            }
            bridge.app.routes.put(&Arc::new(route));
        }
        Ok(bridge)
    }

    /// Everything the bridge serves: the contract's webhook endpoint and the desk API.
    pub fn router(&self) -> axum::Router {
        http::router(self.app.clone())
    }

    /// The desk API of [`Bridge::router`]. The rest of it is described in `wire`.
    pub fn openapi() -> utoipa::openapi::OpenApi {
        http::openapi()
    }

    /// Takes up what was owed when the process last ended, and keeps time until `shutdown`.
    pub async fn start(&self, shutdown: CancellationToken) -> Result<Running, StoreError> {
        let app = &self.app;
        self.driver.subscribe(&self.store);
        self.is_started.store(true, Ordering::SeqCst);
        for route in app.routes.all() {
            look_at_open_chats(&route).await?;
        }
        // Before anything is pushed: the outcome of a push wakes the task of the chat.
        for route in app.routes.all() {
            self.take_up_open(&route).await?;
        }
        let chats = self.timer.sweep().await?;
        if chats > 0 {
            tracing::warn!(chats, "chats owe pushes on routes that are not configured any more");
        }
        for connector in app.connectors.all() {
            app.tasks.spawn(connector.run());
        }
        app.tasks.spawn(self.timer.clone().keep_time());
        app.tasks.spawn(self.timer.clone().keep_sweeping());
        app.tasks.spawn({
            let app = app.clone();
            async move { app.desk.board.keep(&app.routes, &app.tasks.stop).await }
        });
        let stop = app.tasks.stop.clone();
        app.tasks.spawn(async move {
            shutdown.cancelled().await;
            stop.cancel();
        });
        Ok(Running(app.tasks.clone()))
    }

    /// Serves a route from now on, in the place of the one with its id. What is under way ends with
    /// the settings that it began with. Chats that were opened at another connector are ended.
    ///
    /// # Errors
    /// [`PutError::Config`] when it cannot be used; nothing changes then.
    pub async fn put_route(&self, config: RouteConfig) -> Result<(), PutError> {
        let route = Arc::new(self.build(config)?);
        self.app.routes.put(&route);
        if self.is_started.load(Ordering::SeqCst) {
            look_at_open_chats(&route).await?;
            self.take_up_open(&route).await?;
        }
        Ok(())
    }

    /// Serves a route no longer. Its chats come to their end by their clocks.
    pub fn remove_route(&self, id: &str) {
        self.app.routes.remove(id);
    }

    /// Uses a connector from now on, in the place of the one with its name, whose work ends first.
    /// Put the routes that lead to it afterwards: until then they lead to the old one, which rests.
    pub async fn put_connector(&self, name: &str, connector: Arc<dyn Connector>) {
        let runtime = self.runtime(name, connector);
        if let Some(before) = self.app.connectors.put(name, &runtime) {
            before.end().await;
        }
        if self.is_started.load(Ordering::SeqCst) {
            self.app.tasks.spawn(runtime.run());
        }
    }

    /// Uses a connector no longer. Put or remove the routes that lead to it before.
    pub async fn remove_connector(&self, name: &str) {
        if let Some(before) = self.app.connectors.remove(name) {
            before.end().await;
        }
    }

    /// These human agents may sign in to the desk from now on, and no others.
    ///
    /// # Errors
    /// When one of them cannot be used; nothing changes then.
    pub fn set_human_agents(&self, agents: Vec<HumanAgentConfig>) -> Result<(), ConfigError> {
        self.app.desk.set_human_agents(agents)
    }

    fn runtime(&self, name: &str, connector: Arc<dyn Connector>) -> ConnectorRuntime {
        let App { clock, tasks, .. } = &*self.app;
        ConnectorRuntime::new(name, connector, clock.clone(), tasks.part())
    }

    async fn take_up_open(&self, route: &Arc<Route>) -> Result<(), StoreError> {
        let connector = route.policy.connector.as_ref();
        match connector.and_then(|name| self.app.connectors.get(name)) {
            Some(runtime) => runtime.take_up_open(route).await,
            None => Ok(()),
        }
    }

    fn build(&self, config: RouteConfig) -> Result<Route, ConfigError> {
        config.validate()?;
        let RouteConfig { id, access, push, connector, clock, queued_max } = config;
        let own = self.app.clock.clone();
        let Some(push) = PushClient::new(self.egress.clone(), own.clone(), push) else {
            return Err(ConfigError::PushKey(id));
        };
        let mut policy = Policy { clock, ..Policy::default() };
        let attachment: Arc<dyn Attachment> = match connector {
            ConnectorChoice::Desk => self.app.desk.clone(),
            ConnectorChoice::Named { name, notices } => {
                (policy.connector, policy.tool.notices) = (Some(name.clone()), notices);
                match self.app.connectors.get(&name) {
                    Some(runtime) => Arc::new(runtime),
                    None => return Err(ConfigError::NoConnector { route: id, name }),
                }
            }
        };
        let ledger = self.store.ledger::<Chat>(&id);
        let before = self.app.routes.get(&id);
        let queue = before.map_or_else(
            || Queue::new(queued_max),
            // Who waits goes on waiting.
            |before| before.queue.with_max(queued_max),
        );
        Ok(Route { id: id.into(), access, ledger, policy, push, clock: own, attachment, queue })
    }
}

/// Counts the chats of a route that wait, and ends those that were opened at another connector
/// than it leads to now.
async fn look_at_open_chats(route: &Arc<Route>) -> Result<(), StoreError> {
    for (id, chat) in route.ledger.open_ids(OPEN_MAX).await? {
        route.queue.see(&id, &chat);
        if !chat.is_elsewhere(route.policy.connector.as_deref()) {
            continue;
        }
        tracing::warn!(
            chat.id = id,
            route = &*route.id,
            "a chat was opened at another connector than its route leads to now; it is ended"
        );
        // `TakenUp` is never refused; only the store can fail here.
        if let Err(StepError::Store(error)) = route.step(&id, None, Input::TakenUp).await {
            return Err(error);
        }
    }
    Ok(())
}
