//! Genesys `PureConnect`: web chats of customers over ICWS `web-chat` ([`icws`]) or over the older
//! Interaction Web Tools ([`web_tools`]). Both know the same events, in other words.
//!
//! A chat's events are put in order and told once by its [`story`]; the [`handover`] polls, keeps
//! the chat over a switch-over to the backup server, and takes it up again after a restart. Calls
//! of the server and downloads of visitors come [`inward`].

use std::{sync::Arc, time::Duration};

use axum::response::Response;
use connector::{Connector, Finding, HandoverInfo, Host, InboundRequest, Session};
use edge::{Clock, http::ApiError};
use machine::Millis;
use parking_lot::Mutex;
use tokio::time::Instant;

mod event;
mod handover;
mod icws;
mod inward;
mod opening;
mod settings;
mod story;
mod web_tools;
mod wire;

use handover::Handover;

/// What all chats of one connector share.
pub(super) struct Shared {
    wire: Box<dyn wire::Wire>,
    /// How many there are.
    servers: usize,
    opening: settings::Opening,
    reach: Option<settings::Reach>,
    ask_queue: bool,
    /// What visitors are told when words of an agent may have been lost.
    loss_notice: String,
    poll_wait_ms_min: Millis,
    clock: Clock,
    starts: Starts,
    mail: inward::Post,
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
        handover::name_of(checkpoint)
    }

    async fn is_staffed(&self) -> bool {
        if !self.shared.ask_queue {
            return true;
        }
        // Whoever cannot be asked may still take the chat: the start will tell.
        !matches!(self.shared.wire.agents_available().await, Ok(Some(0)))
    }

    async fn receive(
        &self,
        host: &Arc<dyn Host>,
        call: InboundRequest,
    ) -> Result<Response, ApiError> {
        inward::receive(&self.shared, host, call).await
    }

    async fn check(&self) -> Vec<Finding> {
        self.shared.wire.check().await
    }
}

/// Keeps chats from beginning faster than a server allows.
pub(super) struct Starts {
    next: Mutex<Instant>,
    apart: Duration,
}

impl Starts {
    fn new(per_second: f64) -> Self {
        Self {
            next: Mutex::new(Instant::now()),
            apart: Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::ZERO),
        }
    }

    async fn wait_for_turn(&self) {
        let turn = {
            let mut next = self.next.lock();
            let turn = (*next).max(Instant::now());
            *next = turn + self.apart;
            turn
        };
        tokio::time::sleep_until(turn).await;
    }
}
