//! ServiceNow in one of two modes. Live agents: the Virtual Agent Bot Integration API, whose
//! callbacks come to `/connectors/{name}/callback/{key}`. Tickets: the Table API, whose journal is
//! polled. Setup and limits: docs/connectors/servicenow.md.

use std::sync::Arc;

use axum::response::Response;
use connector::{
    Connector, Finding, HandoverInfo, Host, InboundRequest, Kind, Parts, Proof, Session,
    SettingsError, client::PacedClient,
};
use edge::{egress::Networks, given::Secret, http::ApiError};
use machine::chat;
use schemars::JsonSchema;
use serde::Deserialize;

use super::tickets::{self, TicketSession, poll_tickets};

mod callback;
mod checkpoint;
mod conversation;
mod elements;
mod instance;
mod markup;
mod settings;
mod table;
mod ticket;
mod virtual_agent;

use callback::CallbackHistory;
use checkpoint::Checkpoint;
use conversation::Conversation;
use instance::{Credentials, Instance};
use settings::{TicketSettings, VirtualAgentSettings};
use ticket::TableTickets;
use virtual_agent::VirtualAgent;

/// `[connectors.NAME]` with `kind = "servicenow"`. Give one of `virtual_agent` and `ticket`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// `https://{instance}.service-now.com`
    instance: String,
    #[serde(default)]
    allow_private: bool,
    /// Networks that the URL may lead into besides the public internet, such as `10.0.0.0/8`.
    #[serde(default)]
    allow_networks: Networks,
    /// The integration user; without `client_id` it signs in with Basic authentication.
    username: Option<String>,
    password: Option<Secret>,
    /// An application of the OAuth registry. With `username` the grant is `password`, otherwise
    /// `client_credentials`.
    client_id: Option<String>,
    client_secret: Option<Secret>,
    /// At most this many calls per second.
    calls_per_second: Option<f64>,
    virtual_agent: Option<VirtualAgentSettings>,
    ticket: Option<TicketSettings>,
}

impl Kind for ServiceNow {
    const KEY: &'static str = "servicenow";
    type Settings = Settings;

    fn secrets(settings: &mut Settings) -> Vec<&mut Secret> {
        let mut secrets: Vec<&mut Secret> =
            [&mut settings.password, &mut settings.client_secret].into_iter().flatten().collect();
        if let Some(settings) = &mut settings.virtual_agent {
            secrets.extend([&mut settings.token, &mut settings.signing_key].into_iter().flatten());
            secrets.push(&mut settings.callback_key);
            secrets.extend(settings.callback_header.iter_mut().map(|header| &mut header.value));
        }
        secrets
    }

    fn clock(settings: &Settings) -> chat::Clock {
        if settings.ticket.is_some() { tickets::clock() } else { chat::Clock::default() }
    }

    fn build(settings: &Settings, parts: Parts) -> Result<Self, SettingsError> {
        let target = parts.target(
            "instance",
            &settings.instance,
            (settings.allow_private, &settings.allow_networks),
        )?;
        let credentials = settings.credentials(&parts)?;
        let pace = parts.pace(settings.calls_per_second)?;
        let api = PacedClient::new(parts.egress.clone(), target).paced(pace);
        let instance = Arc::new(Instance::new(api, credentials, parts.clock.clone()));
        let mode = match (&settings.virtual_agent, &settings.ticket) {
            (Some(settings), None) => {
                let agent = VirtualAgent::new(settings, instance, &parts)?;
                Mode::Conversations(Arc::new(agent), CallbackHistory::default())
            }
            (None, Some(settings)) => {
                parts.positive("ticket.poll_seconds", settings.poll_seconds)?;
                if !instance.has_credentials() {
                    return Err(parts.wrong("username", "is needed for tickets, or `client_id`"));
                }
                Mode::Tickets(Arc::new(TableTickets::new(settings, instance, &parts)?))
            }
            _ => return Err(parts.wrong("virtual_agent", "or `ticket`: give one of the two")),
        };
        Ok(ServiceNow { mode })
    }
}

impl Settings {
    fn credentials(&self, parts: &Parts) -> Result<Credentials, SettingsError> {
        let read = |name: &str, secret: &Option<Secret>| {
            let secret = secret.as_ref().ok_or_else(|| parts.wrong(name, "is missing"))?;
            Ok::<_, SettingsError>(secret.read(&parts.key(name))?)
        };
        let user = match &self.username {
            Some(name) => Some((name.clone(), read("password", &self.password)?)),
            None => None,
        };
        let client = match &self.client_id {
            Some(id) => Some((id.clone(), read("client_secret", &self.client_secret)?)),
            None => None,
        };
        Ok(Credentials { user, client })
    }
}

/// The connector of one instance.
pub(crate) struct ServiceNow {
    mode: Mode,
}

enum Mode {
    Conversations(Arc<VirtualAgent>, CallbackHistory),
    Tickets(Arc<TableTickets>),
}

#[async_trait::async_trait]
impl Connector for ServiceNow {
    fn session(&self, chat: &HandoverInfo, checkpoint: Option<&str>) -> Box<dyn Session> {
        match &self.mode {
            Mode::Conversations(agent, history) => {
                Box::new(Conversation::new(agent.clone(), history.clone(), chat, checkpoint))
            }
            Mode::Tickets(tickets) => {
                Box::new(TicketSession::new(tickets.clone(), chat, checkpoint))
            }
        }
    }

    fn address(&self, checkpoint: &str) -> Option<String> {
        match &self.mode {
            Mode::Conversations(..) => {
                Checkpoint::read(checkpoint).map(|checkpoint| checkpoint.session)
            }
            Mode::Tickets(_) => None,
        }
    }

    async fn run(&self, host: Arc<dyn Host>) {
        match &self.mode {
            Mode::Conversations(..) => {}
            Mode::Tickets(tickets) => poll_tickets(tickets.clone(), host).await,
        }
    }

    fn admit(&self, head: &InboundRequest) -> Result<Proof, ApiError> {
        match &self.mode {
            Mode::Conversations(agent, _) => callback::admit(agent, head),
            Mode::Tickets(_) => Err(no_calls()),
        }
    }

    async fn receive(
        &self,
        host: &Arc<dyn Host>,
        call: InboundRequest,
    ) -> Result<Response, ApiError> {
        match &self.mode {
            Mode::Conversations(agent, history) => {
                callback::receive(agent, history, host, call).await
            }
            Mode::Tickets(_) => Err(no_calls()),
        }
    }

    async fn check(&self) -> Vec<Finding> {
        match &self.mode {
            Mode::Conversations(agent, _) => agent.check().await,
            Mode::Tickets(tickets) => tickets.check().await,
        }
    }
}

fn no_calls() -> ApiError {
    let detail = "This connector takes no calls: it polls the journal of its tickets.";
    ApiError::new(wire::problem::ProblemId::NotFound, detail)
}
