//! One handover by Open Messaging.
//!
//! Every message carries an id of ours. When the reply to a message was lost, the session looks
//! for this id among the messages of the conversation before it sends the message again.

use std::{collections::HashSet, sync::Arc};

use connector::{
    Again, Attempt, ConnectorEvent, EventKind, Failure, HandoverInfo, Session, Typing,
    client::Request,
};
use edge::time;
use machine::{
    Millis,
    chat::{Delivery, Opening},
};
use serde_json::{Value, json};

use super::{
    super::{attributes, snapshot::Snapshot},
    Checkpoint, Shared,
    poller::{MISSING_MS, Poller},
};

/// A text without content. The reply to it names the conversation of a customer whose first
/// message may be lost.
const PLACEHOLDER: &str = "…";

/// Whether a message of ours may have begun a second conversation, in which an agent would wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Second {
    None,
    /// A process before this one may have lost a reply.
    Unknown,
    /// A reply was lost, or a second conversation could not be ended.
    Possible,
}

pub(super) struct Handover {
    shared: Arc<Shared>,
    chat: HandoverInfo,
    customer: String,
    /// Set once the conversation is known.
    poller: Option<Poller>,
    second: Second,
}

impl Handover {
    pub(super) fn new(
        shared: Arc<Shared>,
        chat: HandoverInfo,
        checkpoint: Option<Checkpoint>,
    ) -> Self {
        let customer = format!("{}.{}", chat.chat, chat.opening);
        let poller = checkpoint.map(|Checkpoint { customer, conversation }| {
            Poller::new(shared.clone(), &customer, &conversation)
        });
        // The process before this one may have lost a reply.
        let second = if poller.is_some() { Second::Unknown } else { Second::None };
        Self { shared, chat, customer, poller, second }
    }

    async fn open(&mut self, id: &str, opening: &Opening, again: Again) -> Result<(), Failure> {
        let attributes = attributes(&self.shared.attributes, &self.chat, opening);
        if again == Again::MayHaveArrived && self.poller.is_none() {
            self.post(&format!("{id}#0"), PLACEHOLDER, &attributes).await?;
        }
        self.send(id, &self.shared.sizes.transcript(opening), &attributes, again).await
    }

    /// Sends the parts of a text that have not arrived yet.
    async fn send(
        &mut self,
        id: &str,
        parts: &[String],
        attributes: &Value,
        again: Again,
    ) -> Result<(), Failure> {
        let arrived = match again {
            Again::First => HashSet::new(),
            Again::MayHaveArrived => {
                if self.second == Second::Unknown {
                    self.second = Second::Possible;
                }
                match self.arrived().await {
                    Err(Failure::Gone { detail }) => return Err(self.end_second(id, detail).await),
                    arrived => arrived?,
                }
            }
        };
        for (place, part) in parts.iter().enumerate() {
            let id = format!("{id}#{}", place + 1);
            if arrived.contains(&id) {
                continue;
            }
            self.post(&id, part, attributes).await.map_err(|failure| match failure {
                // The parts before it have arrived: the next attempt must look for them.
                Failure::Later { detail, .. } | Failure::Denied { detail } if place > 0 => {
                    Failure::Unknown { detail }
                }
                failure => failure,
            })?;
        }
        Ok(())
    }

    /// Our conversation is over, and a message whose reply was lost may have begun a second one.
    /// The next message goes there, and [`Self::post`] ends it.
    async fn end_second(&mut self, id: &str, detail: String) -> Failure {
        if self.second == Second::Possible {
            match self.post(&format!("{id}#0"), PLACEHOLDER, &Value::Null).await {
                Ok(()) | Err(Failure::Gone { .. }) => {}
                Err(failure) => return failure,
            }
        }
        Failure::Gone { detail }
    }

    /// Our ids of the visitor's messages that have arrived.
    async fn arrived(&mut self) -> Result<HashSet<String>, Failure> {
        let Some(poller) = &mut self.poller else { return Ok(HashSet::new()) };
        let read = poller.read().await?;
        let snapshot = Snapshot::new(&read);
        if snapshot.is_over() {
            return Err(Failure::gone("the conversation is over"));
        }
        let (conversation, ids) = (poller.conversation(), snapshot.message_ids());
        let messages = self.shared.client.messages(conversation, &ids).await?;
        let id = |message: &Value| {
            let normalized = message.pointer("/normalizedMessage/channel/messageId");
            let ours = normalized.or_else(|| message.get("providerMessageId"))?;
            ours.as_str().map(str::to_owned)
        };
        Ok(messages.iter().filter_map(id).collect())
    }

    async fn post(&mut self, id: &str, text: &str, attributes: &Value) -> Result<(), Failure> {
        let mut channel = self.channel();
        channel["messageId"] = json!(id);
        if attributes.is_object() {
            channel["metadata"] = json!({ "customAttributes": attributes });
        }
        let body = json!({ "channel": channel, "text": text });
        let path = self.shared.inbound("message?prefetchConversationId=true");
        let sent = self.shared.client.json(Request::post(path).json(&body)).await;
        if let Err(Failure::Unknown { .. }) = sent {
            self.second = Second::Possible;
        }
        let sent = sent.map_err(without_integration)?;
        let Some(conversation) = sent["conversationId"].as_str() else {
            return Err(Failure::refused("the reply has no `conversationId`"));
        };
        match &self.poller {
            None => {
                let poller = Poller::new(self.shared.clone(), &self.customer, conversation);
                self.poller = Some(poller);
            }
            Some(ours) if ours.conversation() == conversation => self.second = Second::None,
            // Ours was over, so the vendor began a second conversation. The visitor is not in it.
            Some(_) => {
                let ended = self.shared.end(conversation).await;
                self.second = if ended.is_ok() { Second::None } else { Second::Possible };
                if let Err(failure) = ended {
                    let detail = failure.detail();
                    tracing::info!(
                        conversation,
                        detail,
                        "a second conversation of the visitor could not be ended at Genesys Cloud"
                    );
                }
                return Err(Failure::gone("the conversation is over"));
            }
        }
        Ok(())
    }

    /// Ends the conversation. One that has just begun may not be found yet; then it is tried again,
    /// because an agent would wait in it.
    async fn leave(&self, since: Millis) -> Result<(), Failure> {
        let Some(poller) = &self.poller else { return Ok(()) };
        match self.shared.client.disconnect(poller.conversation()).await {
            Err(Failure::Gone { detail }) if self.shared.clock.now() < since + MISSING_MS => {
                Err(Failure::later(detail))
            }
            left => left,
        }
    }

    fn note_stored(&mut self) {
        if let Some(poller) = &mut self.poller {
            poller.note_stored();
        }
    }

    /// The sender and the time of a message.
    fn channel(&self) -> Value {
        let name = format!("Visitor {}", self.chat.user_id);
        let from = json!({ "id": self.customer, "idType": "Opaque", "nickname": name });
        json!({ "from": from, "time": time::rfc3339(self.shared.clock.wall()) })
    }
}

/// A missing integration is a fault of the settings, not the end of the conversation.
fn without_integration(failure: Failure) -> Failure {
    match failure {
        Failure::Gone { detail } => {
            Failure::Denied { detail: format!("the integration: {detail}") }
        }
        failure => failure,
    }
}

#[async_trait::async_trait]
impl Session for Handover {
    async fn deliver(
        &mut self,
        attempt: &Attempt<'_>,
        again: Again,
    ) -> Result<Vec<ConnectorEvent>, Failure> {
        self.note_stored();
        match attempt.delivery {
            Delivery::Open { opening } => self.open(&attempt.id, opening, again).await?,
            Delivery::Say { text } => {
                let parts = self.shared.sizes.parts(text);
                self.send(&attempt.id, &parts, &Value::Null, again).await?;
            }
            Delivery::Leave { .. } => self.leave(attempt.since).await?,
        }
        Ok(Vec::new())
    }

    fn checkpoint(&self) -> Option<String> {
        self.poller.as_ref()?.checkpoint()
    }

    fn listens(&self) -> bool {
        true
    }

    async fn ready(&mut self) {
        self.note_stored();
        match &self.poller {
            Some(poller) => poller.ready().await,
            None => std::future::pending().await,
        }
    }

    async fn hear(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        self.note_stored();
        let Some(poller) = &mut self.poller else { return Ok(Vec::new()) };
        let events = poller.poll().await?;
        if events.iter().any(|event| event.kind == EventKind::Ended) {
            // After this event the bridge makes no more deliveries.
            let id = format!("{}/{}", self.chat.chat, self.shared.clock.now());
            let ended = self.end_second(&id, String::new()).await;
            if !matches!(ended, Failure::Gone { .. }) {
                let detail = ended.detail();
                tracing::warn!(
                    detail,
                    "a second conversation of the visitor may stay open at Genesys Cloud"
                );
            }
        }
        Ok(events)
    }

    async fn visitor_types(&mut self, typing: Typing) {
        // A typing event may begin a conversation too. So none is sent before an agent is in ours.
        if typing == Typing::Off || !self.poller.as_ref().is_some_and(Poller::has_agent) {
            return;
        }
        let body = json!({ "channel": self.channel(), "events": [{ "eventType": "Typing" }] });
        let request = Request::post(self.shared.inbound("event")).json(&body);
        if let Err(failure) = self.shared.client.json(request).await {
            let detail = failure.detail();
            tracing::debug!(detail, "Genesys Cloud did not accept a typing event");
        }
    }
}
