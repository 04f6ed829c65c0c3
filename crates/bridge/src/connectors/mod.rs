//! Every connector there is. A vendor's words live in its own folder and nowhere else; what all
//! connectors have in common is in [`crate::tool`].

use std::{path::Path, sync::Arc};

use edge::{
    egress::{Egress, EgressError, Target},
    given::{Secret, SecretError},
};
use machine::{
    Millis,
    chat::{Chat, Clock, Notices},
    limits::HOUR_MS,
};
use serde::Deserialize;
use store::{Ledger, Stepped, StoreError};

use crate::{
    app::Route,
    tool::{Finding, Tool, line::Line},
};

mod desk;
mod genesys_cloud;
mod pureconnect;
mod service_manager;
mod servicenow;
mod tickets;
mod webhook;

pub(crate) use desk::{ClosedChat, DeskConnector};

/// Which tool a route leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Connector {
    /// Baton's own agent console.
    Desk,
    /// One of the configured tools, by its name.
    Tool { name: String, notices: Notices },
}

/// `[connectors.NAME]`: one tool in the words of its vendor.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Settings {
    #[serde(rename = "genesys-pureconnect")]
    PureConnect(Box<pureconnect::settings::Settings>),
    GenesysOpenMessaging(genesys_cloud::open::Settings),
    GenesysWebMessaging(genesys_cloud::web::Settings),
    ServiceManager(service_manager::Settings),
    #[serde(rename = "servicenow")]
    ServiceNow(servicenow::Settings),
    Webhook(webhook::Settings),
}

/// Why the settings of a tool cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("`{key}`: {error}")]
    Url { key: String, error: EgressError },
    #[error("`{key}` {wrong}")]
    Value { key: String, wrong: String },
}

/// Smallest and largest number that a setting may be.
const POSITIVE_MIN: f64 = 0.001;
const POSITIVE_MAX: f64 = 1_000_000.0;
/// How long a visitor waits for an answer in a ticket, at first and later.
const TICKET_PATIENCE_MS: Millis = 4 * HOUR_MS;

/// What a connector is made with.
pub(crate) struct Parts {
    /// As in `[connectors.NAME]`.
    pub(crate) name: String,
    pub(crate) egress: Egress,
    pub(crate) clock: edge::Clock,
}

impl Parts {
    /// Names a setting in errors.
    pub(crate) fn key(&self, setting: &str) -> String {
        format!("connectors.{}.{setting}", self.name)
    }

    pub(crate) fn target(
        &self,
        setting: &str,
        url: &str,
        allow_private: bool,
    ) -> Result<Target, SettingsError> {
        let key = self.key(setting);
        Target::parse(url, allow_private).map_err(|error| SettingsError::Url { key, error })
    }

    /// A number of seconds or in a second, which some division has to survive.
    pub(crate) fn positive(&self, setting: &str, number: f64) -> Result<f64, SettingsError> {
        if (POSITIVE_MIN..=POSITIVE_MAX).contains(&number) {
            return Ok(number);
        }
        let wrong = format!("must be between {POSITIVE_MIN} and {POSITIVE_MAX}, not {number}");
        Err(self.wrong(setting, wrong))
    }

    /// The setting `calls_per_second`, which every connector has.
    pub(crate) fn pace(&self, calls: Option<f64>) -> Result<Option<f64>, SettingsError> {
        calls.map(|calls| self.positive("calls_per_second", calls)).transpose()
    }

    pub(crate) fn wrong(&self, setting: &str, wrong: impl Into<String>) -> SettingsError {
        SettingsError::Value { key: self.key(setting), wrong: wrong.into() }
    }
}

impl Settings {
    /// Every secret there is.
    fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        match self {
            Self::PureConnect(settings) => settings.secrets_mut(),
            Self::GenesysOpenMessaging(settings) => settings.secrets_mut(),
            Self::GenesysWebMessaging(settings) => settings.secrets_mut(),
            Self::ServiceManager(settings) => settings.secrets_mut(),
            Self::ServiceNow(settings) => settings.secrets_mut(),
            Self::Webhook(settings) => settings.secrets_mut(),
        }
    }

    /// Makes the paths of files relative to `base`.
    pub fn rebase(&mut self, base: &Path) {
        self.secrets_mut().into_iter().for_each(|secret| secret.rebase(base));
    }

    /// The times of chats at this tool, unless the route says otherwise: who works on tickets
    /// answers later than who chats.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let by_tickets = match self {
            Self::ServiceManager(_) => true,
            Self::ServiceNow(settings) => settings.is_by_tickets(),
            _ => false,
        };
        if by_tickets {
            Clock { queue: TICKET_PATIENCE_MS, idle: TICKET_PATIENCE_MS, ..Clock::default() }
        } else {
            Clock::default()
        }
    }

    pub(crate) fn build(&self, parts: Parts) -> Result<Arc<dyn Tool>, SettingsError> {
        Ok(match self {
            Self::PureConnect(settings) => Arc::new(settings.build(parts)?),
            Self::GenesysOpenMessaging(settings) => Arc::new(settings.build(parts)?),
            Self::GenesysWebMessaging(settings) => Arc::new(settings.build(parts)?),
            Self::ServiceManager(settings) => Arc::new(settings.build(parts)?),
            Self::ServiceNow(settings) => Arc::new(settings.build(&parts)?),
            Self::Webhook(settings) => Arc::new(settings.build(parts)?),
        })
    }

    /// Tries the settings for real: credentials, queues, rights.
    pub async fn check(
        &self,
        name: &str,
        egress: Egress,
        clock: edge::Clock,
    ) -> Result<Vec<Finding>, SettingsError> {
        let tool = self.build(Parts { name: name.to_owned(), egress, clock })?;
        Ok(tool.check().await)
    }
}

/// A connector in use.
pub(crate) enum Attached {
    Desk(Arc<DeskConnector>),
    Tool(Arc<Line>),
}

impl Attached {
    /// Whether anybody could take a chat right now.
    pub(crate) async fn is_available(&self, now: machine::Millis) -> Result<bool, StoreError> {
        match self {
            Self::Desk(desk) => desk.presence.anybody(now).await,
            Self::Tool(line) => Ok(line.is_staffed().await),
        }
    }

    /// Tells what was stored in a chat of `route`.
    pub(crate) fn happened(&self, route: &Arc<Route>, stepped: &Stepped<Chat>) {
        match self {
            Self::Desk(desk) => desk.happened(&route.id, stepped),
            Self::Tool(line) => line.happened(route, stepped),
        }
    }

    /// The chat once the tool has said whether it takes it, where there is a tool to ask.
    pub(crate) async fn answered(
        &self,
        route: &Arc<Route>,
        id: &str,
        state: Chat,
    ) -> Result<Chat, StoreError> {
        match self {
            Self::Desk(_) => Ok(state),
            Self::Tool(line) => line.answered(route, id, state).await,
        }
    }

    /// Tells that the visitor types, until a time.
    pub(crate) fn visitor_types(&self, route: &Arc<Route>, chat: &str, until: machine::Millis) {
        let ledger: &Ledger<Chat> = &route.ledger;
        match self {
            Self::Desk(_) => ledger.send_ephemeral(chat, "visitor", until),
            Self::Tool(line) => line.visitor_types(route, chat),
        }
    }
}
