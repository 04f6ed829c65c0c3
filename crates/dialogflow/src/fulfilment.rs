//! Fulfilment: the webhook of an agent, which answers in place of the agent's own texts.
//!
//! What it is asked ([`request`]), what it may answer ([`response`]), how a call fails
//! ([`status`]), and the [`Fulfilment`] that calls it. Nothing here knows an agent or a session:
//! [`local`](crate::local) decides when to call and applies the answer. The program that runs the
//! bot sends the request; it is the [`Caller`].

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;
use serde_json::Value;
use tokio::time::Instant;

use crate::{BoxFuture, Query};

mod headers;
pub(crate) mod request;
pub(crate) mod response;
mod settings;
pub(crate) mod status;

use self::{response::WebhookResponse, status::Failure};
pub use self::{
    response::{SessionEntity, SessionEntityType},
    settings::WebhookSettings,
};

/// Longest time for one answer, as in Dialogflow.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(5);
/// Longest time for all answers of one turn; the platform waits 15 seconds for a bot.
pub const TURN_TIME_MAX: Duration = Duration::from_secs(14);
/// Largest answer, as in Dialogflow.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Sends requests to the webhook of one agent.
pub trait Caller: Send + Sync {
    /// POSTs the request as JSON.
    fn call(&self, request: Request) -> BoxFuture<'_, Result<Reply, CallError>>;
}

/// One request to a webhook.
pub struct Request {
    pub headers: Vec<(String, SecretString)>,
    /// A `WebhookRequest` of version 2 as JSON.
    pub body: Vec<u8>,
    /// From connecting to the last byte.
    pub deadline: Duration,
    pub answer_bytes_max: usize,
}

/// The complete answer of a webhook, with any HTTP status.
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallError {
    /// Not before the deadline.
    Late,
    /// More than [`Request::answer_bytes_max`].
    TooLarge,
    /// The address is not allowed, so nothing was sent.
    NotAllowed,
    /// No connection, or one that broke.
    Unreachable,
}

/// How long to wait for a webhook.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    pub call: Duration,
    pub turn: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { call: CALL_TIME_MAX, turn: TURN_TIME_MAX }
    }
}

/// The webhook of one agent, ready to be called.
pub struct Fulfilment {
    caller: Box<dyn Caller>,
    /// From the settings of the agent.
    headers: Vec<(String, SecretString)>,
    patience: Patience,
}

impl Fulfilment {
    /// `caller` decides where requests go; of the settings, the credentials and headers are used.
    pub fn new(caller: impl Caller + 'static, settings: &WebhookSettings) -> Arc<Self> {
        Self::with_patience(caller, settings, Patience::default())
    }

    pub fn with_patience(
        caller: impl Caller + 'static,
        settings: &WebhookSettings,
        patience: Patience,
    ) -> Arc<Self> {
        let (caller, headers) = (Box::new(caller), headers::of(settings));
        Arc::new(Self { caller, headers, patience })
    }

    /// The calls of one turn.
    pub(crate) fn begin(&self, query: &Query) -> Calls<'_> {
        Calls {
            fulfilment: self,
            headers: headers::with(&self.headers, &query.webhook_headers),
            left: self.patience.turn,
            took: Duration::ZERO,
        }
    }
}

/// The calls of one turn, one after the other.
pub(crate) struct Calls<'a> {
    fulfilment: &'a Fulfilment,
    headers: Vec<(String, SecretString)>,
    left: Duration,
    /// How long the last call took.
    pub(crate) took: Duration,
}

impl Calls<'_> {
    pub(crate) async fn ask(&mut self, body: &Value) -> Result<WebhookResponse, Failure> {
        let deadline = self.left.min(self.fulfilment.patience.call);
        let request = Request {
            headers: self.headers.clone(),
            body: body.to_string().into_bytes(),
            deadline,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        let begin = Instant::now();
        let called = tokio::time::timeout(deadline, self.fulfilment.caller.call(request)).await;
        self.took = begin.elapsed();
        self.left = self.left.saturating_sub(self.took);
        response::read(&called.unwrap_or(Err(CallError::Late))?)
    }
}
