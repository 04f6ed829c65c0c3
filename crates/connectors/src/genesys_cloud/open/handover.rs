//! One handover by Open Messaging.
//!
//! Every message carries an id of ours, by which a message whose answer was lost is found among
//! the conversation's messages before it is sent again.

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
    super::{attributes, conversation::Seen},
    Checkpoint, Shared,
    lookout::{Lookout, MISSING_MS},
};

/// Says nothing, and leads to the conversation of a customer whose first message may be lost.
const NOTHING: &str = "…";

/// Whether words of ours may have begun a conversation beside ours, where an agent would wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stray {
    None,
    /// A process before this one may have lost an answer.
    Unknown,
    /// An answer was lost, or a conversation could not be ended.
    Possible,
}

pub(super) struct Handover {
    shared: Arc<Shared>,
    chat: HandoverInfo,
    customer: String,
    /// Once the conversation is known.
    lookout: Option<Lookout>,
    stray: Stray,
}

impl Handover {
    pub(super) fn new(
        shared: Arc<Shared>,
        chat: HandoverInfo,
        checkpoint: Option<Checkpoint>,
    ) -> Self {
        let customer = format!("{}.{}", chat.chat, chat.opening);
        let lookout = checkpoint.map(|Checkpoint { customer, conversation }| {
            Lookout::new(shared.clone(), &customer, &conversation)
        });
        // The process before this one may have lost an answer.
        let stray = if lookout.is_some() { Stray::Unknown } else { Stray::None };
        Self { shared, chat, customer, lookout, stray }
    }

    async fn open(&mut self, id: &str, opening: &Opening, again: Again) -> Result<(), Failure> {
        let attributes = attributes(&self.shared.attributes, &self.chat, opening);
        if again == Again::MayHaveArrived && self.lookout.is_none() {
            self.post(&format!("{id}#0"), NOTHING, &attributes).await?;
        }
        self.send(id, &self.shared.sizes.transcript(opening), &attributes, again).await
    }

    /// Sends a text in its parts, but for those that have arrived.
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
                if self.stray == Stray::Unknown {
                    self.stray = Stray::Possible;
                }
                match self.arrived().await {
                    Err(Failure::Gone { detail }) => return Err(self.clear_up(id, detail).await),
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
                // The parts before it are there: look for them before the next attempt.
                Failure::Later { detail, .. } | Failure::Denied { detail } if place > 0 => {
                    Failure::Unknown { detail }
                }
                failure => failure,
            })?;
        }
        Ok(())
    }

    /// Our conversation is over, and the words whose answer was lost may have begun another one:
    /// whatever is said next leads there, and [`Self::post`] ends it.
    async fn clear_up(&mut self, id: &str, detail: String) -> Failure {
        if self.stray == Stray::Possible {
            match self.post(&format!("{id}#0"), NOTHING, &Value::Null).await {
                Ok(()) | Err(Failure::Gone { .. }) => {}
                Err(failure) => return failure,
            }
        }
        Failure::Gone { detail }
    }

    /// Our own ids of what the visitor has said so far.
    async fn arrived(&mut self) -> Result<HashSet<String>, Failure> {
        let Some(lookout) = &mut self.lookout else { return Ok(HashSet::new()) };
        let shown = lookout.read().await?;
        let seen = Seen::new(&shown);
        if seen.is_over() {
            return Err(Failure::gone("the conversation is over"));
        }
        let (conversation, ids) = (lookout.conversation(), seen.message_ids());
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
        let said = self.shared.client.json(Request::post(path).json(&body)).await;
        if let Err(Failure::Unknown { .. }) = said {
            self.stray = Stray::Possible;
        }
        let said = said.map_err(without_integration)?;
        let Some(conversation) = said["conversationId"].as_str() else {
            return Err(Failure::refused("the answer names no conversation"));
        };
        match &self.lookout {
            None => {
                let lookout = Lookout::new(self.shared.clone(), &self.customer, conversation);
                self.lookout = Some(lookout);
            }
            Some(ours) if ours.conversation() == conversation => self.stray = Stray::None,
            // The vendor began another conversation, because ours was over: nobody waits in it.
            Some(_) => {
                let ended = self.shared.end(conversation).await;
                self.stray = if ended.is_ok() { Stray::None } else { Stray::Possible };
                if let Err(failure) = ended {
                    let detail = failure.detail();
                    tracing::info!(conversation, detail, "a conversation could not be ended");
                }
                return Err(Failure::gone("the conversation is over"));
            }
        }
        Ok(())
    }

    /// A conversation that was begun just now may not be found yet, and an agent would wait in it.
    async fn leave(&self, since: Millis) -> Result<(), Failure> {
        let Some(lookout) = &self.lookout else { return Ok(()) };
        match self.shared.client.disconnect(lookout.conversation()).await {
            Err(Failure::Gone { detail }) if self.shared.clock.now() < since + MISSING_MS => {
                Err(Failure::later(detail))
            }
            left => left,
        }
    }

    fn note_stored(&mut self) {
        if let Some(lookout) = &mut self.lookout {
            lookout.note_stored();
        }
    }

    /// Who writes, and when.
    fn channel(&self) -> Value {
        let name = format!("Visitor {}", self.chat.user_id);
        let from = json!({ "id": self.customer, "idType": "Opaque", "nickname": name });
        json!({ "from": from, "time": time::rfc3339(self.shared.clock.now()) })
    }
}

/// An integration that is not there is a matter of the configuration, not of the conversation.
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
        self.lookout.as_ref()?.checkpoint()
    }

    fn listens(&self) -> bool {
        true
    }

    async fn ready(&mut self) {
        self.note_stored();
        match &self.lookout {
            Some(lookout) => lookout.ready().await,
            None => std::future::pending().await,
        }
    }

    async fn hear(&mut self) -> Result<Vec<ConnectorEvent>, Failure> {
        self.note_stored();
        let Some(lookout) = &mut self.lookout else { return Ok(Vec::new()) };
        let news = lookout.look().await?;
        if news.iter().any(|news| news.kind == EventKind::Ended) {
            // Nothing is delivered any more once this is told.
            let id = format!("{}/{}", self.chat.chat, self.shared.clock.now());
            let cleared = self.clear_up(&id, String::new()).await;
            if !matches!(cleared, Failure::Gone { .. }) {
                let detail = cleared.detail();
                tracing::warn!(detail, "another conversation of the visitor may be left open");
            }
        }
        Ok(news)
    }

    async fn visitor_types(&mut self, typing: Typing) {
        // An event may begin a conversation too, so none is sent before an agent was seen in ours,
        // who is also the only one to see it.
        if typing == Typing::Off || !self.lookout.as_ref().is_some_and(Lookout::is_attended) {
            return;
        }
        let body = json!({ "channel": self.channel(), "events": [{ "eventType": "Typing" }] });
        let request = Request::post(self.shared.inbound("event")).json(&body);
        if let Err(failure) = self.shared.client.json(request).await {
            tracing::debug!(detail = failure.detail(), "typing was not told");
        }
    }
}
