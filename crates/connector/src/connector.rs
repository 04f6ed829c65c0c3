//! A tool, as the bridge uses it.

use std::sync::Arc;

use axum::response::Response;
use edge::http::ApiError;
use wire::problem::ProblemId;

use crate::{
    finding::Finding,
    host::Host,
    inbound::InboundRequest,
    session::{HandoverInfo, Session},
};

/// One tool, shared by all its chats.
#[async_trait::async_trait]
pub trait Connector: Send + Sync + 'static {
    /// The session of one handover: a new one, or one that goes on from its stored checkpoint.
    fn session(&self, handover: &HandoverInfo, checkpoint: Option<&str>) -> Box<dyn Session>;

    /// The tool's own id in a checkpoint, by which [`Host::find`] finds the chat.
    fn address(&self, _checkpoint: &str) -> Option<String> {
        None
    }

    /// Whether a human agent could take a chat, where the tool can be asked before one is opened.
    /// The platform waits meanwhile; the bridge takes no answer within a second as yes.
    async fn is_staffed(&self) -> bool {
        true
    }

    /// Runs beside all chats until the bridge stops. Started again a second after a panic.
    async fn run(&self, _host: Arc<dyn Host>) {}

    /// Answers a request of the tool to `/connectors/{name}/{path}`.
    async fn receive(
        &self,
        _host: &Arc<dyn Host>,
        _request: InboundRequest,
    ) -> Result<Response, ApiError> {
        let detail = "This connector takes no calls: it asks its tool by itself.";
        Err(ApiError::new(ProblemId::NotFound, detail))
    }

    /// Tries the configuration against the real tool.
    async fn check(&self) -> Vec<Finding>;
}
