//! The session of one handover with its tool.

use machine::{Millis, chat::Delivery};

use crate::{
    event::{ConnectorEvent, Typing},
    failure::Failure,
};

/// One handover at a tool. Owned by one task: it is never shared and never used twice at once.
#[async_trait::async_trait]
pub trait Session: Send + Sync {
    /// Makes one attempt at a delivery. With [`Again::MayHaveArrived`], look first where the tool
    /// allows it.
    ///
    /// Events returned for an opening are committed together with [`Self::checkpoint`] and are not
    /// deduplicated: the checkpoint must know that they were told. Events returned for any other
    /// delivery are deduplicated by their ids.
    async fn deliver(
        &mut self,
        attempt: &Attempt<'_>,
        again: Again,
    ) -> Result<Vec<ConnectorEvent>, Failure>;

    /// For how long messages of the visitor are gathered, in milliseconds, so that quick messages
    /// reach the tool as one. With 0 each is delivered at once.
    fn gathers(&self) -> Millis {
        0
    }

    /// What is stored so that another session can go on from here, in a form of the connector's
    /// own. It never contains a secret of the configuration.
    fn checkpoint(&self) -> Option<String>;

    /// Whether this session hears events itself, by [`Self::ready`] and [`Self::hear`].
    fn listens(&self) -> bool {
        false
    }

    /// Returns when there may be something to hear. May be dropped at any await.
    async fn ready(&mut self) {
        std::future::pending::<()>().await;
    }

    /// Hears once: one poll, one frame. It is never dropped before it ends, which should take
    /// seconds at most.
    async fn hear(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        Ok(Vec::new())
    }

    /// The visitor began to type, or stopped. A failure is ignored.
    async fn visitor_types(&mut self, _typing: Typing) {}
}

/// Which handover a session is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandoverInfo {
    /// Id of the chat.
    pub chat: String,
    /// Number of the handover within the chat: `{chat}/{opening}` names a handover for ever.
    pub opening: u64,
    pub bot_id: String,
    pub user_id: String,
    /// BCP 47.
    pub language: String,
}

/// One attempt at a delivery. All attempts at one delivery carry the same id.
pub struct Attempt<'a> {
    /// Id of the delivery: `{chat}/{seq}-{sub}`.
    pub id: String,
    /// When the delivery became owed.
    pub since: Millis,
    pub delivery: &'a Delivery,
    /// Messages the visitor sent right after, to be delivered together with it. Empty unless the
    /// session [gathers](Session::gathers).
    pub along: &'a [VisitorMessage],
}

/// A message of the visitor, with an id as in [`Attempt::id`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitorMessage {
    pub id: String,
    pub text: String,
}

/// Whether an earlier attempt at the same delivery may have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    First,
    /// The answer to an earlier attempt was lost, or the bridge was restarted.
    MayHaveArrived,
}
