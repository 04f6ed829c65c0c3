//! A connector of the tests' own: it takes everything, and stores what it is told to.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::response::{IntoResponse as _, Response};
use connector::{
    Again, Attempt, Connector, ConnectorEvent, EventKind, Failure, Finding, HandoverInfo, Host,
    InboundRequest, Proof, Session,
};
use edge::http::ApiError;
use machine::chat::{Agent, Delivery};
use parking_lot::Mutex;

/// What the tool was brought, in order.
#[derive(Default)]
pub(crate) struct Scripted {
    pub(crate) brought: Arc<Mutex<Vec<String>>>,
    /// So many deliveries panic before the first one arrives.
    pub(crate) panics: Arc<AtomicU32>,
    /// The tool answers nothing.
    pub(crate) hangs: bool,
}

struct Handover {
    name: String,
    hangs: bool,
    brought: Arc<Mutex<Vec<String>>>,
    panics: Arc<AtomicU32>,
}

#[async_trait::async_trait]
impl Connector for Scripted {
    fn session(&self, handover: &HandoverInfo, _checkpoint: Option<&str>) -> Box<dyn Session> {
        let (brought, panics) = (self.brought.clone(), self.panics.clone());
        let (name, hangs) = (handover.user_id.clone(), self.hangs);
        Box::new(Handover { name, hangs, brought, panics })
    }

    fn address(&self, checkpoint: &str) -> Option<String> {
        Some(checkpoint.to_owned())
    }

    /// `{user}/{text}` is said to the visitor; without a text the handover is ended.
    fn admit(&self, _: &InboundRequest) -> Result<Proof, ApiError> {
        Ok(Proof::Given)
    }

    async fn receive(
        &self,
        host: &Arc<dyn Host>,
        request: InboundRequest,
    ) -> Result<Response, ApiError> {
        let (user, text) = request.path.split_once('/').unwrap_or((&request.path, ""));
        let handover = host.find(user).unwrap();
        let (email, name) = ("jo@example.com".to_owned(), "Jo".to_owned());
        let agent = Agent { email, name, avatar_url: String::new() };
        let kind = match text {
            "" => EventKind::Ended,
            text => EventKind::Said { agent, text: text.to_owned() },
        };
        host.tell(&handover, ConnectorEvent::new(request.path.clone(), kind), None).await?;
        Ok(().into_response())
    }

    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
}

#[async_trait::async_trait]
impl Session for Handover {
    async fn deliver(
        &mut self,
        attempt: &Attempt<'_>,
        _again: Again,
    ) -> Result<Vec<ConnectorEvent>, Failure> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        let due = self.panics.try_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        assert!(due.is_err(), "what a vendor sent");
        let what = match attempt.delivery {
            Delivery::Open { .. } => "open".to_owned(),
            Delivery::Say { text } => text.clone(),
            Delivery::Leave { .. } => "leave".to_owned(),
        };
        self.brought.lock().push(format!("{}: {what}", self.name));
        Ok(Vec::new())
    }

    fn checkpoint(&self) -> Option<String> {
        Some(self.name.clone())
    }
}
