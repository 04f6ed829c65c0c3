//! Builds what the two halves are made of from the settings of documents.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context as _;
use bridge::{HumanAgentConfig, RouteConfig};
use connector::Connector;
use directory::{
    New,
    document::Body,
    kind::Kind,
    settings::{Bot, HumanAgent, Route, Settings, SettingsRule},
};
use edge::{Clock, egress::Egress};
use platform::BotConfig;
use serde_json::Value;

use super::{bots, routes};

/// What everything is built with.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) egress: Egress,
    pub(super) clock: Clock,
    pub(super) queued_max: usize,
}

/// Everything a file sets up, built.
pub(super) struct SetUp {
    pub(super) bots: Vec<(Bot, BotConfig)>,
    pub(super) routes: Vec<RouteConfig>,
    pub(super) human_agents: Vec<HumanAgentConfig>,
    pub(super) connectors: BTreeMap<String, Arc<dyn Connector>>,
}

impl Parts {
    pub(super) async fn bot(&self, settings: &Bot) -> anyhow::Result<BotConfig> {
        bots::bot(settings, &self.egress).await
    }

    /// `connector` is what the route leads to, unless that is the desk.
    pub(super) fn route(
        &self,
        settings: &Route,
        connector: Option<&connectors::Settings>,
    ) -> anyhow::Result<RouteConfig> {
        routes::route(settings, connector, self.queued_max)
    }

    pub(super) fn of_connector(&self, name: &str) -> connector::Parts {
        let (egress, clock) = (self.egress.clone(), self.clock.clone());
        connector::Parts { name: name.to_owned(), egress, clock }
    }

    /// Builds everything for its errors and warnings; nothing is called.
    pub(super) async fn build(&self, documents: &[New]) -> anyhow::Result<SetUp> {
        let of = |kind| documents.iter().filter(move |new| new.kind == kind);
        let mut settings = BTreeMap::new();
        for new in of(Kind::Connector) {
            settings.insert(new.slug.clone(), connector_settings(&new.slug, &new.settings)?);
        }
        let mut bots = Vec::new();
        for new in of(Kind::Bot) {
            let settings: Bot = typed(&new.slug, &new.settings)?;
            let built = self.bot(&settings).await?;
            bots.push((settings, built));
        }
        let routes = of(Kind::Route).map(|new| {
            let route: Route = typed(&new.slug, &new.settings)?;
            self.route(&route, settings.get(&route.connector.kind))
        });
        let agents = of(Kind::Agent).map(|new| human_agent(&typed(&new.slug, &new.settings)?));
        let connectors = settings.iter().map(|(name, settings)| {
            anyhow::Ok((name.clone(), settings.build(self.of_connector(name))?))
        });
        Ok(SetUp {
            bots,
            routes: routes.collect::<Result<_, _>>()?,
            human_agents: agents.collect::<Result<_, _>>()?,
            connectors: connectors.collect::<Result<_, _>>()?,
        })
    }
}

pub(super) fn typed<S: Settings>(id: &str, settings: &Body) -> anyhow::Result<S> {
    let read = SettingsRule::<S>::read(id, settings);
    read.with_context(|| format!("{} {id}", S::KIND))
}

pub(super) fn connector_settings(
    name: &str,
    settings: &Body,
) -> anyhow::Result<connectors::Settings> {
    let read = serde_json::from_value(Value::Object(settings.clone()));
    read.with_context(|| format!("connector {name}"))
}

pub(super) fn human_agent(agent: &HumanAgent) -> anyhow::Result<HumanAgentConfig> {
    Ok(HumanAgentConfig {
        email: agent.email.clone(),
        name: agent.name.clone(),
        avatar_url: agent.avatar_url.clone(),
        password: agent.password.read("agents.password")?,
    })
}
