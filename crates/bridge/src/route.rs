//! A route in use, and what it is attached to.

use std::sync::Arc;

use edge::Clock;
use machine::{
    Millis,
    chat::{Chat, Input, Policy, Refusal},
};
use store::{Committed, Key, Ledger, StepError, Stepped, StoreError};

use crate::{access::Access, answer_time::AnswerTime, push::PushClient, queue::Queue};

/// Most open chats of a route that are read. What may wait at a time is far less.
pub(crate) const OPEN_MAX: usize = 1_000_000;

/// One webhook URL, one push target, and the attachment human agents work in.
pub(crate) struct Route {
    pub(crate) id: Arc<str>,
    pub(crate) access: Access,
    pub(crate) ledger: Ledger<Chat>,
    pub(crate) policy: Policy,
    pub(crate) push: PushClient,
    pub(crate) clock: Clock,
    pub(crate) attachment: Arc<dyn Attachment>,
    pub(crate) queue: Queue,
}

/// What a route is attached to: Baton's own desk, or a connector.
#[async_trait::async_trait]
pub(crate) trait Attachment: Send + Sync {
    /// Whether a human agent could take a chat right now.
    async fn is_available(&self, now: Millis, time: AnswerTime) -> Result<bool, StoreError>;

    /// Hears of every commit of a chat of `route`, in the order of the commits of each chat. Must
    /// not block.
    fn committed(&self, route: &Arc<Route>, committed: &Committed<Chat>);

    /// Takes up a chat that owes work, should no commit have told of it.
    fn take_up(&self, _route: &Arc<Route>, _id: &str) {}

    /// The state of a chat just opened, once the tool has said whether it takes the chat. The
    /// answer to the platform waits for it.
    async fn answered(
        &self,
        _route: &Arc<Route>,
        _id: &str,
        state: Arc<Chat>,
        _time: AnswerTime,
    ) -> Result<Arc<Chat>, StoreError> {
        Ok(state)
    }

    /// The visitor types, until a time. Never stored.
    fn visitor_types(&self, route: &Arc<Route>, chat: &str, until: Millis);
}

impl Route {
    /// Feeds one input to the chat `id`.
    pub(crate) async fn step(
        &self,
        id: &str,
        key: Option<Key>,
        input: Input,
    ) -> Result<Stepped<Chat>, StepError<Refusal>> {
        self.ledger.step(id, &self.policy, self.clock.now(), key, input).await
    }

    /// Feeds one input to the open chat with this visitor; see [`Ledger::step_peer`].
    pub(crate) async fn step_peer(
        &self,
        peer: &str,
        make: impl FnOnce() -> Option<(String, Chat)> + Send + 'static,
        key: Option<Key>,
        input: Input,
    ) -> Result<Option<Stepped<Chat>>, StepError<Refusal>> {
        self.ledger.step_peer(peer, make, &self.policy, self.clock.now(), key, input).await
    }

    /// Tells the platform that the human agent of a chat types. A failure is ignored. Nothing is
    /// told while a message of the agent is on its way: the message ends the typing.
    pub(crate) async fn tell_typing(&self, id: &str) {
        let typing = async {
            let chat = self.ledger.load(id).await.ok().flatten()?;
            let agent = chat.agent()?.clone();
            (chat.is_open() && chat.unpushed() == 0).then_some((chat, agent))
        };
        self.push.send_typing(typing).await;
    }
}
