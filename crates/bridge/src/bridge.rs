//! The bridge put together: routes, desk, connectors, the driver of chats, and the timer.

use std::{collections::BTreeMap, sync::Arc};

use connector::Connector;
use edge::{Clock, egress::Egress};
use machine::chat::{Chat, Input, Policy};
use store::{StepError, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{ConfigError, ConnectorChoice, HumanAgentConfig, RouteConfig},
    desk::Desk,
    driver::Driver,
    http::{self, App},
    push::PushClient,
    queue::Queue,
    route::{Attachment, OPEN_MAX, Route},
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
        let runtime = |(name, connector): (String, Arc<dyn Connector>)| {
            let runtime = ConnectorRuntime::new(&name, connector, clock.clone(), tasks.clone());
            (name, runtime)
        };
        let connectors = connectors.into_iter().map(runtime).collect();
        let desk = Arc::new(Desk::new(human_agents, store.clone())?);
        let builder = RouteBuilder { store, clock, egress, desk, connectors };
        let mut table = BTreeMap::new();
        for config in routes {
            let route = builder.build(config)?;
            if let Some(twice) = table.insert(route.id.clone(), Arc::new(route)) {
                return Err(ConfigError::RouteId(twice.id.to_string()));
            }
        }
        let RouteBuilder { store, clock, desk, connectors, .. } = builder;
        let driver = Driver::new(table.clone(), clock.clone(), tasks.clone());
        let timer = Timer {
            routes: table.clone(),
            driver: driver.clone(),
            store: store.clone(),
            clock: clock.clone(),
            tasks: tasks.clone(),
        };
        let app = App { routes: table, desk, connectors, clock, tasks };
        Ok(Self { app: Arc::new(app), timer: Arc::new(timer), driver, store })
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
        for route in app.routes.values() {
            look_at_open_chats(route).await?;
        }
        // Before anything is pushed: the outcome of a push wakes the task of the chat.
        for route in app.routes.values() {
            if let Some(runtime) = app.connector_of(route) {
                runtime.take_up_open(route).await?;
            }
        }
        let chats = self.timer.sweep().await?;
        if chats > 0 {
            tracing::warn!(chats, "chats owe pushes on routes that are not configured any more");
        }
        for connector in app.connectors.values() {
            app.tasks.spawn(connector.clone().run());
        }
        app.tasks.spawn(self.timer.clone().keep_time());
        app.tasks.spawn(self.timer.clone().keep_sweeping());
        app.tasks.spawn({
            let app = app.clone();
            async move { app.desk.board.keep(app.desk_routes(), &app.tasks.stop).await }
        });
        let stop = app.tasks.stop.clone();
        app.tasks.spawn(async move {
            shutdown.cancelled().await;
            stop.cancel();
        });
        Ok(Running(app.tasks.clone()))
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

/// What all routes are built with.
struct RouteBuilder {
    store: Store,
    clock: Clock,
    egress: Egress,
    desk: Arc<Desk>,
    connectors: BTreeMap<String, ConnectorRuntime>,
}

impl RouteBuilder {
    fn build(&self, config: RouteConfig) -> Result<Route, ConfigError> {
        config.validate()?;
        let RouteConfig { id, access, push, connector, clock, queued_max } = config;
        let Some(push) = PushClient::new(self.egress.clone(), self.clock.clone(), push) else {
            return Err(ConfigError::PushKey(id));
        };
        let mut policy = Policy { clock, ..Policy::default() };
        let attachment: Arc<dyn Attachment> = match connector {
            ConnectorChoice::Desk => self.desk.clone(),
            ConnectorChoice::Named { name, notices } => {
                (policy.connector, policy.tool.notices) = (Some(name.clone()), notices);
                match self.connectors.get(&name) {
                    Some(runtime) => Arc::new(runtime.clone()),
                    None => return Err(ConfigError::NoConnector { route: id, name }),
                }
            }
        };
        let ledger = self.store.ledger::<Chat>(&id);
        let clock = self.clock.clone();
        let queue = Queue::new(queued_max);
        Ok(Route { id: id.into(), access, ledger, policy, push, clock, attachment, queue })
    }
}
