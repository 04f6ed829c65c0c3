//! One handover as a conversation with a live agent. What the agent does comes back as callbacks;
//! they find the chat by `clientSessionId`, which is `{chat}.{opening}`.

use std::sync::Arc;

use connector::{
    Again, Attempt, ConnectorEvent, EventKind, Failure, HandoverInfo, Session, Typing,
};
use machine::chat::Delivery;
use serde::{Deserialize, Serialize};

use super::{
    callback::Memory,
    virtual_agent::{Party, VirtualAgent},
};

/// What is stored of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// `clientSessionId`
    pub(super) session: String,
    /// The instance said that it is over; the chat is told a moment later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) over: bool,
}

impl Checkpoint {
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn text(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

pub(super) struct Conversation {
    agent: Arc<VirtualAgent>,
    memory: Memory,
    brief: HandoverInfo,
    session: String,
    /// How the chat is found from now on, where it was opened here.
    opened: Option<String>,
    /// An earlier process heard that it is over and had no time to tell.
    over: bool,
}

impl Conversation {
    pub(super) fn new(
        agent: Arc<VirtualAgent>,
        memory: Memory,
        brief: &HandoverInfo,
        checkpoint: Option<&str>,
    ) -> Self {
        let session = format!("{}.{}", brief.chat, brief.opening);
        let over = checkpoint.and_then(Checkpoint::read).is_some_and(|checkpoint| checkpoint.over);
        Self { agent, memory, brief: brief.clone(), session, opened: None, over }
    }

    fn party(&self) -> Party<'_> {
        Party { user_id: &self.brief.user_id, session: &self.session }
    }
}

#[async_trait::async_trait]
impl Session for Conversation {
    async fn deliver(
        &mut self,
        attempt: &Attempt<'_>,
        again: Again,
    ) -> Result<Vec<ConnectorEvent>, Failure> {
        // Callbacks name the request they answer: whoever is named has arrived. Otherwise nobody
        // can be asked, and twice is better than never.
        let arrived =
            again == Again::MayHaveArrived && self.memory.has_answered(&self.session, &attempt.id);
        let (party, id) = (self.party(), attempt.id.as_str());
        match attempt.delivery {
            Delivery::Open { opening } => {
                if !arrived {
                    self.agent.ask_for_agent(&party, id, opening, attempt.since).await?;
                }
                let checkpoint = Checkpoint { session: self.session.clone(), over: false };
                self.opened = Some(checkpoint.text());
                return Ok(Vec::new());
            }
            Delivery::Say { text } if !arrived => self.agent.say(&party, id, text).await?,
            Delivery::Leave { .. } if !arrived => {
                self.agent.act(&party, id, "END_CONVERSATION").await?;
                self.memory.forget(&self.session);
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
        if let Err(failure) = self.agent.act(&self.party(), &id, action).await {
            tracing::debug!(detail = failure.detail(), "typing was not told");
        }
    }
}
