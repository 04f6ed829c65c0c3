//! Genesys `PureConnect`: web chats of customers over ICWS `web-chat` ([`icws`]) or over the older
//! Interaction Web Tools ([`web_tools`]). Both implement [`api::ChatApi`] and report the same
//! events in different forms.
//!
//! The [`sequencer`] of a chat puts its events in order and passes each on once. The [`handover`]
//! polls, follows the chat through a switch-over to the backup server, and goes on with it after a
//! restart. Webhook calls of the server and file downloads of visitors are [`inbound`].

use std::sync::Arc;

use axum::response::Response;
use connector::{Connector, Finding, HandoverInfo, Host, InboundRequest, Proof, Session};
use edge::{Clock, http::ApiError};
use machine::Millis;

mod api;
mod build;
mod checkpoint;
mod event;
mod handover;
mod icws;
mod inbound;
mod mailbox;
mod opening;
mod public_urls;
mod sequencer;
mod settings;
mod start_limit;
mod web_tools;

use handover::Handover;

/// What all chats of one connector share.
struct Shared {
    api: Box<dyn api::ChatApi>,
    /// Number of servers: 2 for a switch-over pair, else 1.
    servers: usize,
    opening: opening::OpeningSettings,
    public_urls: Option<public_urls::PublicUrls>,
    ask_queue: bool,
    /// What visitors are told when messages of a human agent may have been lost.
    loss_notice: String,
    poll_wait_ms_min: Millis,
    clock: Clock,
    start_limit: start_limit::StartLimit,
    mailboxes: mailbox::Mailboxes,
}

pub(super) struct PureConnect {
    shared: Arc<Shared>,
}

#[async_trait::async_trait]
impl Connector for PureConnect {
    fn session(&self, chat: &HandoverInfo, checkpoint: Option<&str>) -> Box<dyn Session> {
        Box::new(Handover::new(self.shared.clone(), chat.clone(), checkpoint))
    }

    fn address(&self, checkpoint: &str) -> Option<String> {
        Some(checkpoint::Checkpoint::read(checkpoint)?.name)
    }

    async fn is_staffed(&self) -> bool {
        if !self.shared.ask_queue {
            return true;
        }
        // A server that does not answer this may still take the chat: the opening will tell.
        !matches!(self.shared.api.agents_available().await, Ok(Some(0)))
    }

    fn admit(&self, head: &InboundRequest) -> Result<Proof, ApiError> {
        inbound::admit(&self.shared, head)
    }

    async fn receive(
        &self,
        host: &Arc<dyn Host>,
        call: InboundRequest,
    ) -> Result<Response, ApiError> {
        inbound::receive(&self.shared, host, call).await
    }

    async fn check(&self) -> Vec<Finding> {
        self.shared.api.check().await
    }
}
