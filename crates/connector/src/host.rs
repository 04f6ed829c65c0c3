//! What a connector may ask of the bridge.

use std::{error::Error, sync::Arc};

use edge::{Clock, http::ApiError};
use tokio_util::sync::CancellationToken;
use wire::problem::ProblemId;

use crate::event::ConnectorEvent;

/// The bridge, as one connector sees it.
#[async_trait::async_trait]
pub trait Host: Send + Sync {
    fn clock(&self) -> &Clock;

    /// Cancelled when the bridge stops.
    fn stop(&self) -> &CancellationToken;

    /// The open chat with this address; see [`crate::Connector::address`].
    fn find(&self, address: &str) -> Option<HandoverRef>;

    /// Whether the tool's answer to the opening of a chat is not stored yet.
    fn is_opening(&self, chat: &str) -> bool;

    /// Every open handover that the tool has accepted.
    fn open(&self) -> Vec<OpenHandover>;

    /// Stores an event in its chat. It is stored when this returns `Ok`. With a `checkpoint`, the
    /// handover is found by it from now on.
    async fn tell(
        &self,
        handover: &HandoverRef,
        event: ConnectorEvent,
        checkpoint: Option<String>,
    ) -> Result<(), TellError>;
}

/// Names one handover of one chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverRef {
    /// Id of the bridge's route.
    pub route: Arc<str>,
    /// Id of the chat.
    pub chat: String,
    /// Number of the handover within the chat.
    pub opening: u64,
}

/// A handover that the tool has accepted, and the checkpoint of its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenHandover {
    pub handover: HandoverRef,
    pub checkpoint: String,
}

/// Why an event was not stored.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The same event may be told again in a moment.
    #[error("too many messages of the chat wait for the platform")]
    TooManyWaiting,
    #[error("there is no such chat")]
    NotFound,
    /// The same event would be refused again.
    #[error("the chat refuses it: {0}")]
    Refused(String),
    /// The store cannot be reached now: the same event may be told again in a moment.
    #[error("the store is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    #[error("the store failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl From<TellError> for ApiError {
    fn from(error: TellError) -> Self {
        match &error {
            TellError::TooManyWaiting => Self::new(
                ProblemId::TooManyWaiting,
                "The platform has not taken your earlier messages yet; try again in a moment.",
            ),
            TellError::NotFound => {
                Self::new(ProblemId::NotFound, "There is no such chat, or it is not yours to see.")
            }
            TellError::Refused(_) | TellError::Failed(_) => Self::internal(&error),
            TellError::Unavailable(_) => Self::unavailable(&error),
        }
    }
}
