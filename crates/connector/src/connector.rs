//! The trait of a connector, as the bridge uses it.

use std::sync::Arc;

use axum::response::Response;
use edge::http::ApiError;
use wire::problem::ProblemId;

use crate::{
    finding::Finding,
    host::Host,
    inbound::{InboundRequest, Proof},
    session::{HandoverInfo, Session},
};

/// One tool, used by all its chats.
#[async_trait::async_trait]
pub trait Connector: Send + Sync + 'static {
    /// The session of one handover: a new one, or one that goes on from its stored checkpoint.
    fn session(&self, handover: &HandoverInfo, checkpoint: Option<&str>) -> Box<dyn Session>;

    /// The address in a checkpoint by which [`Host::find`] finds the chat.
    fn address(&self, _checkpoint: &str) -> Option<String> {
        None
    }

    /// Whether a human agent could take a chat, if the tool can tell before a chat is opened. The
    /// platform waits meanwhile; without an answer within a second the bridge assumes yes.
    async fn is_staffed(&self) -> bool {
        true
    }

    /// Work besides the chats' sessions, until the bridge stops. It is started again a second
    /// after a panic.
    async fn run(&self, _host: Arc<dyn Host>) {}

    /// Checks the sender of a request as far as its path and headers tell. `head` has no body yet,
    /// so a stranger cannot make the server read one.
    fn admit(&self, _head: &InboundRequest) -> Result<Proof, ApiError> {
        Err(takes_no_calls())
    }

    /// Answers a request of the tool to `/connectors/{name}/{path}` that [`Connector::admit`] let
    /// in. The body is taken out of the request before anybody is waited for, because its place in
    /// memory is shared with others.
    async fn receive(
        &self,
        _host: &Arc<dyn Host>,
        _request: InboundRequest,
    ) -> Result<Response, ApiError> {
        Err(takes_no_calls())
    }

    /// Checks the configuration with calls to the real tool.
    async fn check(&self) -> Vec<Finding>;
}

fn takes_no_calls() -> ApiError {
    let detail = "This connector takes no calls: it polls its tool.";
    ApiError::new(ProblemId::NotFound, detail)
}
