//! What the two halves are made of, built from the documents of the directory.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context as _;
use bridge::{HumanAgentConfig, RouteConfig};
use connector::Connector;
use directory::{
    Directory,
    document::Body,
    kind::Kind,
    settings::{Bot, HumanAgent, Route, Settings, SettingsRule},
};
use edge::{Clock, egress::Egress};
use platform::BotConfig;
use serde_json::Value;

use super::{bots::bot, routes::route};
use crate::config::Config;

/// What everything is built with.
pub(super) struct Parts<'a> {
    pub(super) egress: &'a Egress,
    pub(super) clock: &'a Clock,
    pub(super) config: &'a Config,
}

/// The settings of all documents.
#[derive(Default)]
pub(super) struct Documents {
    pub(super) bots: Vec<Bot>,
    pub(super) routes: Vec<Route>,
    pub(super) human_agents: Vec<HumanAgent>,
    pub(super) connectors: BTreeMap<String, connectors::Settings>,
}

/// Everything the halves are made of.
pub(super) struct SetUp {
    pub(super) bots: Vec<BotConfig>,
    pub(super) routes: Vec<RouteConfig>,
    pub(super) human_agents: Vec<HumanAgentConfig>,
    pub(super) connectors: BTreeMap<String, Arc<dyn Connector>>,
}

impl SetUp {
    pub(super) async fn of(directory: &Directory, parts: &Parts<'_>) -> anyhow::Result<Self> {
        let snapshot = directory.current();
        let mut opened = Vec::new();
        for kind in [Kind::Bot, Kind::Route, Kind::Agent, Kind::Connector] {
            for held in snapshot.all(kind) {
                let named = || format!("{kind} {}", held.id);
                opened.push((kind, held.id.clone(), directory.opened(held).with_context(named)?));
            }
        }
        opened.sort_by(|(kind, id, _), (other, than, _)| (kind, id).cmp(&(other, than)));
        let given = opened.iter().map(|(kind, id, settings)| (*kind, &**id, settings));
        Documents::read(given)?.build(parts).await
    }
}

impl Documents {
    /// Reads the settings: kind, id and settings of each document.
    pub(super) fn read<'a>(
        given: impl Iterator<Item = (Kind, &'a str, &'a Body)>,
    ) -> anyhow::Result<Self> {
        let mut read = Self::default();
        for (kind, id, settings) in given {
            match kind {
                Kind::Bot => read.bots.push(typed(id, settings)?),
                Kind::Route => read.routes.push(typed(id, settings)?),
                Kind::Agent => read.human_agents.push(typed(id, settings)?),
                Kind::Connector => {
                    let settings = serde_json::from_value(Value::Object(settings.clone()));
                    let settings = settings.with_context(|| format!("connector {id}"))?;
                    read.connectors.insert(id.to_owned(), settings);
                }
                _ => {}
            }
        }
        Ok(read)
    }

    pub(super) async fn build(&self, parts: &Parts<'_>) -> anyhow::Result<SetUp> {
        let mut bots = Vec::new();
        for settings in &self.bots {
            bots.push(bot(settings, parts.egress).await?);
        }
        let queued_max = parts.config.limits.queued_chats;
        let routes = self.routes.iter().map(|given| route(given, &self.connectors, queued_max));
        let connectors = self.connectors.iter().map(|(name, settings)| {
            let (egress, clock) = (parts.egress.clone(), parts.clock.clone());
            let parts = connector::Parts { name: name.clone(), egress, clock };
            anyhow::Ok((name.clone(), settings.build(parts)?))
        });
        Ok(SetUp {
            bots,
            routes: routes.collect::<Result<_, _>>()?,
            human_agents: self.human_agents.iter().map(human_agent).collect::<Result<_, _>>()?,
            connectors: connectors.collect::<Result<_, _>>()?,
        })
    }
}

fn typed<S: Settings>(id: &str, settings: &Body) -> anyhow::Result<S> {
    let read = SettingsRule::<S>::read(id, settings);
    read.with_context(|| format!("{} {id}", S::KIND))
}

fn human_agent(agent: &HumanAgent) -> anyhow::Result<HumanAgentConfig> {
    Ok(HumanAgentConfig {
        email: agent.email.clone(),
        name: agent.name.clone(),
        avatar_url: agent.avatar_url.clone(),
        password: agent.password.read("agents.password")?,
    })
}
