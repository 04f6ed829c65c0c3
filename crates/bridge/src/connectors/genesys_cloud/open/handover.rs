//! One handover by Open Messaging.
//!
//! Every message carries an id of ours, by which a message whose answer was lost is found among
//! the conversation's messages before it is sent again.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use edge::time;
use machine::{
    Millis,
    chat::{Delivery, Opening},
};
use serde_json::{Value, json};

use super::{
    super::{
        attributes,
        conversation::{Seen, named},
        message,
        seats::Seat,
    },
    Link, Shared, UNTOLD_POLL_MS,
};
use crate::tool::{Again, Brief, Failure, News, Parcel, Session, Typing, What, api::Ask};

/// Says nothing, and leads to the conversation of a customer whose first message may be lost.
const NOTHING: &str = "…";
/// How often the clock, which may jump, is compared.
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(super) struct Handover {
    shared: Arc<Shared>,
    chat: Brief,
    customer: String,
    seat: Option<Arc<Seat>>,
    next_look: Millis,
    /// Messages of agents that were told.
    told: HashSet<String>,
}

impl Handover {
    pub(super) fn new(shared: Arc<Shared>, chat: Brief, link: Option<Link>) -> Self {
        let customer = format!("{}.{}", chat.chat, chat.opening);
        let seat = link.map(|link| shared.seats.take(&link.customer, &link.conversation));
        // After a restart much may have happened unseen.
        Self { shared, chat, customer, seat, next_look: 0, told: HashSet::new() }
    }

    fn conversation(&self) -> Option<String> {
        self.seat.as_ref().map(|seat| seat.conversation.clone())
    }

    async fn open(&mut self, id: &str, opening: &Opening, again: Again) -> Result<(), Failure> {
        let attributes = attributes(&self.shared.attributes, &self.chat, opening);
        if again == Again::MayHaveArrived && self.seat.is_none() {
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
            Again::MayHaveArrived => self.arrived().await?,
        };
        for (place, part) in parts.iter().enumerate() {
            let id = format!("{id}#{}", place + 1);
            if arrived.contains(&id) {
                continue;
            }
            self.post(&id, part, attributes).await.map_err(|failure| match failure {
                // The parts before it are there: look for them before the next attempt.
                Failure::Later { detail, .. } if place > 0 => Failure::Unknown { detail },
                failure => failure,
            })?;
        }
        Ok(())
    }

    /// Our own ids of what the visitor has said so far.
    async fn arrived(&self) -> Result<HashSet<String>, Failure> {
        let Some(conversation) = self.conversation() else { return Ok(HashSet::new()) };
        let shown = self.shared.client.conversation(&conversation).await?;
        let seen = Seen::new(&shown);
        if seen.is_over() {
            return Err(Failure::gone("the conversation is over"));
        }
        let messages = self.shared.client.messages(&conversation, &seen.message_ids()).await?;
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
        let said = self.shared.client.json(Ask::post(path).json(&body)).await;
        let said = said.map_err(without_integration)?;
        let Some(conversation) = said["conversationId"].as_str() else {
            return Err(Failure::refused("the answer names no conversation"));
        };
        match self.conversation() {
            None => {
                self.seat = Some(self.shared.seats.take(&self.customer, conversation));
                self.next_look = 0;
            }
            Some(ours) if ours == conversation => {}
            // The vendor began another conversation, because ours was over: nobody waits in it.
            Some(_) => {
                let ended = self.shared.client.disconnect(conversation).await;
                if let Err(failure) = ended {
                    let detail = failure.detail();
                    tracing::info!(conversation, detail, "a conversation could not be ended");
                }
                return Err(Failure::gone("the conversation is over"));
            }
        }
        Ok(())
    }

    /// Who writes, and when.
    fn channel(&self) -> Value {
        let name = format!("Visitor {}", self.chat.user_id);
        let from = json!({ "id": self.customer, "idType": "Opaque", "nickname": name });
        json!({ "from": from, "time": time::rfc3339(self.shared.clock.now()) })
    }

    /// What agents said and the webhook has not brought: it may be late, or was given up while
    /// nobody answered it.
    async fn missed(&mut self, seat: &Seat, seen: &Seen<'_>) -> Result<Vec<News>, Failure> {
        let (ids, heard) = (seen.message_ids(), seat.heard());
        // Were the webhook's ids others than these, everything would seem to be missing.
        if !heard.is_empty() && !heard.iter().any(|id| ids.contains(id)) {
            return Ok(Vec::new());
        }
        self.told.extend(heard);
        let unknown: Vec<String> = ids.into_iter().filter(|id| !self.told.contains(id)).collect();
        let messages = self.shared.client.messages(&seat.conversation, &unknown).await?;
        self.told.extend(unknown);
        let said = messages.iter().filter_map(|message| {
            let id = message["id"].as_str()?;
            let agent = seen.author(id);
            let text = message::words(&message["normalizedMessage"])?;
            (message["direction"] == "outbound").then(|| said(id, agent, text))
        });
        Ok(said.collect())
    }
}

/// What somebody said; words of nobody are the tool's own.
pub(super) fn said(id: &str, agent: Option<machine::chat::Agent>, text: String) -> News {
    let what = match agent {
        Some(agent) => What::Said { agent: named(&agent.name), text },
        None => What::Notice(text),
    };
    News::new(format!("said/{id}"), what)
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
    async fn deliver(&mut self, parcel: &Parcel<'_>, again: Again) -> Result<Vec<News>, Failure> {
        match parcel.delivery {
            Delivery::Open { opening } => self.open(&parcel.id, opening, again).await?,
            Delivery::Say { text } => {
                let parts = self.shared.sizes.parts(text);
                self.send(&parcel.id, &parts, &Value::Null, again).await?;
            }
            Delivery::Leave { .. } => {
                if let Some(conversation) = self.conversation() {
                    self.shared.client.disconnect(&conversation).await?;
                }
            }
        }
        Ok(Vec::new())
    }

    fn link(&self) -> Option<String> {
        let conversation = self.conversation()?;
        Link { customer: self.customer.clone(), conversation }.write()
    }

    fn listens(&self) -> bool {
        true
    }

    async fn ready(&mut self) {
        let Some(seat) = &self.seat else { return std::future::pending().await };
        let due = async {
            while self.shared.clock.now() < self.next_look {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::select! {
            () = seat.look.notified() => {}
            () = due => {}
        }
    }

    async fn hear(&mut self) -> Result<Vec<News>, Failure> {
        let Some(seat) = self.seat.clone() else { return Ok(Vec::new()) };
        let wait = if seat.is_subscribed() { self.shared.poll_ms } else { UNTOLD_POLL_MS };
        self.next_look = self.shared.clock.now() + wait.min(self.shared.poll_ms);
        let looked = self.shared.client.conversation(&seat.conversation).await;
        let shown = looked.inspect_err(|_| self.next_look = 0)?;
        let seen = Seen::new(&shown);
        let attended = seen.agent().is_some();
        seat.attended.store(attended, Ordering::Relaxed);
        let missed = self.missed(&seat, &seen).await.inspect_err(|_| self.next_look = 0)?;
        let (mut news, place) = (missed, seen.news());
        let joins = place.as_ref().is_some_and(|news| matches!(news.what, What::Joined(_)));
        if joins {
            news.splice(0..0, place);
        } else {
            news.extend(place);
        }
        if seen.is_over() {
            news.push(News::new("ended", What::Ended));
        }
        // The same place is told again at every look; only what may be new costs anything.
        news.retain(|news| news.id.as_ref().is_none_or(|id| self.told.insert(id.clone())));
        Ok(news)
    }

    async fn visitor_types(&mut self, typing: Typing) {
        // An event may begin a conversation too, so none is sent before an agent was seen in ours,
        // who is also the only one to see it.
        let attended = |seat: &Arc<Seat>| seat.attended.load(Ordering::Relaxed);
        if typing == Typing::Off || !self.seat.as_ref().is_some_and(attended) {
            return;
        }
        let body = json!({ "channel": self.channel(), "events": [{ "eventType": "Typing" }] });
        let ask = Ask::post(self.shared.inbound("event")).json(&body);
        if let Err(failure) = self.shared.client.json(ask).await {
            tracing::debug!(detail = failure.detail(), "typing was not told");
        }
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        if let Some(seat) = &self.seat {
            self.shared.seats.leave(seat);
        }
    }
}
