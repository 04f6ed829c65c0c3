//! Open Messaging outward: signed deliveries to an integration's webhook, those of one
//! conversation in order. A delivery is repeated five times, five seconds apart, on time-out, 429
//! and 5xx (the vendor's documentation of outbound messages); another status ends it.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    state::{
        Author, Conversation, Door, Integration, Message, Participant, State, iso,
        outbox::{Delivery, Queue},
    },
    views::content,
};
use crate::{caller::Caller, time::Time};

const REPEATS_MAX: usize = 5;
const REPEAT_AFTER: Duration = Duration::from_secs(5);
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// The header `X-Hub-Signature-256` of a body.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(body);
    format!("sha256={}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

pub(super) async fn deliver(caller: Caller, time: Time, repeats: bool, mut queue: Queue) {
    while let Some(delivery) = queue.recv().await {
        if attempt(&caller, &time, &delivery).await && repeats {
            attempt(&caller, &time, &delivery).await;
        }
    }
}

/// True when the delivery was accepted.
async fn attempt(caller: &Caller, time: &Time, delivery: &Delivery) -> bool {
    let headers = delivery.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let headers: Vec<(&str, &str)> = headers.collect();
    for repeat in 0..=REPEATS_MAX {
        if repeat > 0 {
            time.sleep(REPEAT_AFTER).await;
        }
        let sent = caller.post(&delivery.url, &headers, delivery.body.clone());
        let answer = tokio::select! {
            answer = sent => answer.map(|status| status.as_u16()),
            () = time.sleep(ANSWER_WAIT) => None,
        };
        match answer {
            Some(200..=299) => return true,
            None | Some(429 | 500..=599) => {}
            Some(_) => return false,
        }
    }
    false
}

impl State {
    /// Sends an agent's message.
    pub(super) fn deliver_message(&self, conversation: &Conversation, message: &Message) {
        let from = self.sender(conversation, message);
        let id = self.options.webhook_ids.of(&message.id);
        let mut body = self.envelope(conversation, "Text", &id, message.at, &from);
        body["text"] = json!(message.text);
        if !message.content.is_empty() {
            body["content"] = content(message);
        }
        self.deliver(conversation, &body);
    }

    pub(super) fn deliver_typing(&mut self, at: usize, agent: usize) {
        let id = self.ids.uuid();
        let conversation = &self.conversations[at];
        let from = agent_nickname(&conversation.participants[agent]);
        let mut body = self.envelope(conversation, "Event", &id, self.now(), &from);
        body["events"] = typing_events();
        self.deliver(conversation, &body);
    }

    /// Sends the receipt of the visitor's message.
    pub(super) fn deliver_receipt(&self, conversation: &Conversation, message: &Message) {
        let from = self.sender(conversation, message);
        let mut body = self.envelope(conversation, "Receipt", &message.id, self.now(), &from);
        body["status"] = json!("Published");
        body["isFinalReceipt"] = json!(false);
        self.deliver(conversation, &body);
    }

    /// Agents are named by their alias, everything else by the integration.
    fn sender(&self, conversation: &Conversation, message: &Message) -> Value {
        match message.author {
            Author::Agent(agent) if conversation.participants[agent].user.is_some() => {
                agent_nickname(&conversation.participants[agent])
            }
            _ => {
                let integration = self.integration_of(conversation);
                let (id, name) = integration.map(|known| (&known.id, &known.name)).unzip();
                json!({ "nickname": name, "id": id, "idType": "Opaque" })
            }
        }
    }

    fn envelope(
        &self,
        conversation: &Conversation,
        kind: &str,
        id: &str,
        at: i64,
        from: &Value,
    ) -> Value {
        let integration = self.integration_of(conversation).map(|known| known.id.as_str());
        json!({
            "id": id,
            "channel": {
                "id": integration,
                "platform": "Open",
                "type": "Private",
                "messageId": id,
                "to": { "id": conversation.customer_id(), "idType": "Opaque" },
                "from": from,
                "time": iso(at),
            },
            "type": kind,
            "direction": "Outbound",
        })
    }

    fn integration_of(&self, conversation: &Conversation) -> Option<&Integration> {
        let Door::Open { integration } = &conversation.door else { return None };
        self.integrations.iter().find(|known| known.id == *integration)
    }

    /// The bytes that are signed are the bytes that are sent.
    fn deliver(&self, conversation: &Conversation, body: &Value) {
        let Some(integration) = self.integration_of(conversation) else { return };
        if integration.webhook_url.is_empty() {
            return;
        }
        let body = body.to_string();
        let pair = |(name, value): (&String, &String)| (name.clone(), value.clone());
        let mut headers: Vec<_> = integration.webhook_headers.iter().map(pair).collect();
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        let signature = signature(&integration.webhook_secret, body.as_bytes());
        headers.push(("x-hub-signature-256".to_owned(), signature));
        let delivery = Delivery { url: integration.webhook_url.clone(), headers, body };
        conversation.outbox.queue(delivery);
    }
}

fn agent_nickname(agent: &Participant) -> Value {
    json!({ "nickname": agent.name, "id": agent.user, "idType": "Opaque" })
}

/// The only event: an agent types, for five seconds unless renewed.
pub(super) fn typing_events() -> Value {
    json!([{ "eventType": "Typing", "typing": { "type": "On", "duration": 5_000 } }])
}
