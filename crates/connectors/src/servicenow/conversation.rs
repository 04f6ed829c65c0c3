//! One handover as a conversation with a live agent. What the agent does arrives in callbacks,
//! which find the chat by `clientSessionId`: it is `{chat}.{opening}`.

use std::sync::Arc;

use connector::{
    Again, Attempt, ConnectorEvent, EventKind, Failure, HandoverInfo, Session, Typing,
};
use machine::chat::Delivery;

use super::{
    callback::CallbackHistory,
    checkpoint::Checkpoint,
    virtual_agent::{Conversant, VirtualAgent},
};

pub(super) struct Conversation {
    agent: Arc<VirtualAgent>,
    history: CallbackHistory,
    handover: HandoverInfo,
    session: String,
    /// The checkpoint after an opening.
    opened: Option<String>,
    /// An earlier process heard that the conversation is over, and stopped before it told.
    over: bool,
}

impl Conversation {
    pub(super) fn new(
        agent: Arc<VirtualAgent>,
        history: CallbackHistory,
        handover: &HandoverInfo,
        checkpoint: Option<&str>,
    ) -> Self {
        let session = format!("{}.{}", handover.chat, handover.opening);
        let over = checkpoint.and_then(Checkpoint::read).is_some_and(|checkpoint| checkpoint.over);
        Self { agent, history, handover: handover.clone(), session, opened: None, over }
    }

    fn conversant(&self) -> Conversant<'_> {
        Conversant { user_id: &self.handover.user_id, session: &self.session }
    }
}

#[async_trait::async_trait]
impl Session for Conversation {
    async fn deliver(
        &mut self,
        attempt: &Attempt<'_>,
        again: Again,
    ) -> Result<Vec<ConnectorEvent>, Failure> {
        // A callback names the request it answers, so that request has arrived. Without one there
        // is nothing to ask the instance for, and sending twice is better than never.
        let arrived =
            again == Again::MayHaveArrived && self.history.has_answered(&self.session, &attempt.id);
        let (conversant, id) = (self.conversant(), attempt.id.as_str());
        match attempt.delivery {
            Delivery::Open { opening } => {
                if !arrived {
                    self.agent.ask_for_agent(&conversant, id, opening, attempt.since).await?;
                }
                let checkpoint = Checkpoint { session: self.session.clone(), over: false };
                self.opened = Some(checkpoint.text());
                return Ok(Vec::new());
            }
            Delivery::Say { text } if !arrived => self.agent.say(&conversant, id, text).await?,
            Delivery::Leave { .. } if !arrived => {
                self.agent.act(&conversant, id, "END_CONVERSATION").await?;
                self.history.forget(&self.session);
            }
            _ => {}
        }
        self.opened = None;
        Ok(Vec::new())
    }

    fn checkpoint(&self) -> Option<String> {
        self.opened.clone()
    }

    fn listens(&self) -> bool {
        self.over
    }

    async fn ready(&mut self) {}

    async fn hear(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        Ok(vec![ConnectorEvent::plain(EventKind::Ended)])
    }

    async fn visitor_types(&mut self, typing: Typing) {
        let action = if typing == Typing::On { "TYPING" } else { "VIEWING" };
        let id = edge::ids::new_id("typ", self.agent.now());
        if let Err(failure) = self.agent.act(&self.conversant(), &id, action).await {
            tracing::debug!(detail = failure.detail(), "a typing indicator was not delivered");
        }
    }
}
