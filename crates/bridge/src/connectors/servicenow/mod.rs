//! ServiceNow, in one of two ways: live agents by the Virtual Agent Bot Integration API, whose
//! callbacks come to `/connectors/{name}/callback/{key}`, or tickets by the Table API, whose
//! journal is polled. Setup and limits: docs/connectors/servicenow.md.

use std::sync::Arc;

use axum::response::Response;
use edge::{given::Secret, http::ApiError};
use serde::Deserialize;

use super::{
    Parts, SettingsError,
    tickets::{TicketSession, follow},
};
use crate::tool::{Brief, Call, Finding, Host, Session, Tool, api::Api};

mod callback;
mod conversation;
mod elements;
mod instance;
mod markup;
mod settings;
mod table;
mod ticket;
mod virtual_agent;

use callback::Memory;
use conversation::Conversation;
use instance::{Credentials, Instance};
use settings::{TicketSettings, VirtualAgentSettings};
use ticket::TableTickets;
use virtual_agent::VirtualAgent;

/// `[connectors.NAME]` with `kind = "servicenow"`. Give one of `virtual_agent` and `ticket`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `https://{instance}.service-now.com`
    instance: String,
    #[serde(default)]
    allow_private: bool,
    /// The integration user; without `client_id` it signs in by Basic.
    username: Option<String>,
    password: Option<Secret>,
    /// An application of the OAuth registry: with a user the grant `password`, else
    /// `client_credentials`.
    client_id: Option<String>,
    client_secret: Option<Secret>,
    /// At most this many calls in a second.
    calls_per_second: Option<f64>,
    virtual_agent: Option<VirtualAgentSettings>,
    ticket: Option<TicketSettings>,
}

impl Settings {
    pub(super) fn is_by_tickets(&self) -> bool {
        self.ticket.is_some()
    }

    pub(super) fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        let mut secrets: Vec<&mut Secret> =
            [&mut self.password, &mut self.client_secret].into_iter().flatten().collect();
        if let Some(settings) = &mut self.virtual_agent {
            secrets.extend([&mut settings.token, &mut settings.signing_key].into_iter().flatten());
            secrets.push(&mut settings.callback_key);
            secrets.extend(settings.callback_header.iter_mut().map(|header| &mut header.value));
        }
        secrets
    }

    pub(super) fn build(&self, parts: &Parts) -> Result<ServiceNow, SettingsError> {
        let target = parts.target("instance", &self.instance, self.allow_private)?;
        let credentials = self.credentials(parts)?;
        let pace = parts.pace(self.calls_per_second)?;
        let api = Api::new(parts.egress.clone(), target).paced(pace);
        let instance = Arc::new(Instance::new(api, credentials));
        let way = match (&self.virtual_agent, &self.ticket) {
            (Some(settings), None) => {
                let agent = VirtualAgent::new(settings, instance, parts)?;
                Way::Conversations(Arc::new(agent), Memory::default())
            }
            (None, Some(settings)) => {
                parts.positive("ticket.poll_seconds", settings.poll_seconds)?;
                if !instance.has_credentials() {
                    return Err(parts.wrong("username", "is needed for tickets, or `client_id`"));
                }
                Way::Tickets(Arc::new(TableTickets::new(settings, instance, parts)?))
            }
            _ => return Err(parts.wrong("virtual_agent", "or `ticket`: give one of the two")),
        };
        Ok(ServiceNow { way })
    }

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

/// One instance.
pub(super) struct ServiceNow {
    way: Way,
}

enum Way {
    Conversations(Arc<VirtualAgent>, Memory),
    Tickets(Arc<TableTickets>),
}

#[async_trait::async_trait]
impl Tool for ServiceNow {
    fn session(&self, chat: &Brief, link: Option<&str>) -> Box<dyn Session> {
        match &self.way {
            Way::Conversations(agent, memory) => {
                Box::new(Conversation::new(agent.clone(), memory.clone(), chat, link))
            }
            Way::Tickets(tickets) => Box::new(TicketSession::new(tickets.clone(), chat, link)),
        }
    }

    fn address(&self, link: &str) -> Option<String> {
        match &self.way {
            Way::Conversations(..) => conversation::Link::read(link).map(|link| link.session),
            Way::Tickets(_) => None,
        }
    }

    async fn run(&self, host: Host) {
        match &self.way {
            Way::Conversations(..) => {}
            Way::Tickets(tickets) => follow(tickets.clone(), host).await,
        }
    }

    async fn receive(&self, host: &Host, call: Call) -> Result<Response, ApiError> {
        match &self.way {
            Way::Conversations(agent, memory) => {
                callback::receive(agent, memory, host, &call).await
            }
            Way::Tickets(_) => Err(ApiError::new(
                wire::problem::ProblemId::NotFound,
                "This connector takes no calls: it reads the journal of its tickets.",
            )),
        }
    }

    async fn check(&self) -> Vec<Finding> {
        match &self.way {
            Way::Conversations(agent, _) => agent.check().await,
            Way::Tickets(tickets) => tickets.check().await,
        }
    }
}
