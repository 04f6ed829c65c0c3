//! Conversations as the API, the notifications and the agent's page show them.

use serde_json::{Value, json};

use super::state::{
    Author, Conversation, DisconnectType, Door, Message, Participant, Purpose, iso,
};
use crate::{Chat, From, Line, Phase};

/// The model `MessageConversation`, also the body of queue and user topics.
pub(super) fn message_conversation(conversation: &Conversation) -> Value {
    let participants = conversation.participants.iter().enumerate().map(|(at, participant)| {
        let mut shown = participant_common(conversation, participant);
        if let Some(user) = &participant.user {
            shown["user"] = json!({ "id": user, "selfUri": format!("/api/v2/users/{user}") });
        }
        shown["state"] = json!(state(participant));
        shown["messages"] = messages(conversation, at);
        shown["type"] = json!(conversation.message_type());
        shown["direction"] = json!("inbound");
        shown["disconnectType"] = json!(participant.ended.map(|(_, why)| why.words().1));
        shown["toAddress"] = json!({ "name": "", "addressNormalized": address(conversation) });
        shown["fromAddress"] = json!({ "addressNormalized": conversation.customer_id() });
        shown
    });
    without_nulls(json!({
        "id": conversation.id,
        "participants": participants.collect::<Vec<_>>(),
        "otherMediaUris": [],
        "recentTransfers": [],
        "selfUri": format!("/api/v2/conversations/messages/{}", conversation.id),
    }))
}

/// The model `Conversation`, in which participants have communications.
pub(super) fn whole(conversation: &Conversation) -> Value {
    let participants = conversation.participants.iter().enumerate().map(|(at, participant)| {
        let mut shown = participant_common(conversation, participant);
        shown["userId"] = json!(participant.user);
        shown["messages"] = json!([{
            "id": participant.communication,
            "state": state(participant),
            "direction": "inbound",
            "held": false,
            "type": conversation.message_type(),
            "connectedTime": iso(participant.connected),
            "disconnectedTime": participant.ended.map(|(at, _)| iso(at)),
            "disconnectType": participant.ended.map(|(_, why)| why.words().1),
            "messages": messages(conversation, at),
        }]);
        shown
    });
    without_nulls(json!({
        "id": conversation.id,
        "startTime": iso(conversation.started),
        "endTime": conversation.ended.map(iso),
        "participants": participants.collect::<Vec<_>>(),
        "recordingState": "NONE",
        "divisions": [],
        "selfUri": format!("/api/v2/conversations/{}", conversation.id),
    }))
}

/// Unknown values are left out: the vendor's Python client refuses null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let known = fields.into_iter().filter(|(_, value)| !value.is_null());
            known.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        value => value,
    }
}

fn participant_common(conversation: &Conversation, participant: &Participant) -> Value {
    let mut shown = json!({
        "id": participant.id,
        "name": participant.name,
        "connectedTime": iso(participant.connected),
        "startTime": iso(participant.connected),
        "endTime": participant.ended.map(|(at, _)| iso(at)),
        "purpose": participant.purpose.word(),
        "attributes": {},
    });
    if participant.purpose == Purpose::Customer {
        shown["attributes"] = json!(conversation.attributes);
    }
    shown
}

/// References to a participant's messages.
fn messages(conversation: &Conversation, participant: usize) -> Value {
    let of = |message: &&Message| match message.author {
        Author::Customer => conversation.participants[participant].purpose == Purpose::Customer,
        Author::Agent(author) => author == participant,
        Author::Note(_) => false,
    };
    let shown = conversation.messages.iter().filter(of).map(|message| {
        json!({
            "messageId": message.id,
            "messageURI": format!(
                "/api/v2/conversations/messages/{}/messages/{}", conversation.id, message.id
            ),
            "messageStatus": message.status,
            "messageTime": iso(message.at),
            "media": [],
            "stickers": [],
        })
    });
    shown.collect()
}

/// The model `MessageData`.
pub(super) fn message_data(conversation: &Conversation, message: &Message) -> Value {
    let inbound = message.author == Author::Customer;
    let (customer, ours) = (conversation.customer_id(), address(conversation));
    let (from, to) = if inbound { (customer, ours) } else { (ours, customer) };
    let kind = if conversation.message_type() == "open" { "Open" } else { "WebMessaging" };
    without_nulls(json!({
        "id": message.id,
        "providerMessageId": message.provider_id,
        "timestamp": iso(message.at),
        "fromAddress": from,
        "toAddress": to,
        "direction": if inbound { "inbound" } else { "outbound" },
        "messengerType": conversation.message_type(),
        "status": message.status,
        "normalizedMessage": {
            "id": message.id,
            "channel": {
                "id": ours,
                "platform": kind,
                "type": "Private",
                "messageId": message.provider_id.as_ref().unwrap_or(&message.id),
                "to": { "id": to },
                "from": { "id": from },
                "time": iso(message.at),
            },
            "type": "Text",
            "text": message.text,
            "content": content(message),
            "direction": if inbound { "Inbound" } else { "Outbound" },
            "metadata": message.metadata,
        },
        "normalizedReceipts": [],
        "conversationId": conversation.id,
    }))
}

pub(super) fn content(message: &Message) -> Value {
    json!(message.content)
}

/// The address of the business side: the integration, or the visitor's session.
pub(super) fn address(conversation: &Conversation) -> &str {
    match &conversation.door {
        Door::Open { integration } => integration,
        Door::Web { token } => token,
    }
}

fn state(participant: &Participant) -> &'static str {
    if participant.ended.is_some() { "disconnected" } else { "connected" }
}

/// The body of a topic `v2.detail.events.conversation.{id}.…`.
pub(super) fn detail(
    conversation: &Conversation,
    participant: &Participant,
    queue: &str,
    at: i64,
) -> Value {
    let mut body = json!({
        "eventTime": at,
        "conversationId": conversation.id,
        "participantId": participant.id,
        "sessionId": participant.communication,
        "mediaType": "MESSAGE",
        "provider": "PureCloud Messaging",
        "direction": "INBOUND",
        "messageType": conversation.message_type().to_uppercase(),
    });
    match participant.purpose {
        Purpose::Agent => {
            body["userId"] = json!(participant.user);
            body["queueId"] = json!(queue);
        }
        Purpose::Acd => body["queueId"] = json!(queue),
        Purpose::Customer => {}
    }
    if let Some((_, why)) = participant.ended {
        body["disconnectType"] = json!(why.words().0);
        body["interactingDurationMs"] = json!(at - participant.connected);
    }
    body
}

/// The body of `.acd.end`, which says how the waiting ended.
pub(super) fn acd_end(mut body: Value, answered: Option<&str>, why: DisconnectType) -> Value {
    let outcome = match answered {
        Some(_) => "ANSWERED",
        None if why.is_transfer() => "FLOW_OUT",
        None => "ABANDON",
    };
    body["acdOutcome"] = json!(outcome);
    if let Some(user) = answered {
        body["answeredUserId"] = json!(user);
    }
    body
}

/// For the agent's page.
pub(super) fn chat(conversation: &Conversation) -> Chat {
    let agent = conversation.connected(Purpose::Agent);
    let agent = agent.map(|at| conversation.participants[at].name.clone());
    let phase = match (conversation.ended, &agent) {
        (Some(_), _) => Phase::Ended,
        (None, Some(_)) => Phase::Live,
        (None, None) => Phase::Waiting,
    };
    let customer = conversation.participants.first();
    let visitor = customer.map_or_else(String::new, |customer| customer.name.clone());
    let facts = conversation.attributes.clone().into_iter();
    Chat {
        id: conversation.id.clone(),
        visitor: visitor.clone(),
        phase,
        agent,
        visitor_types: conversation.visitor_types,
        facts: facts
            .chain([("from.id".to_owned(), conversation.customer_id().to_owned())])
            .collect(),
        lines: conversation
            .messages
            .iter()
            .map(|said| line(conversation, &visitor, said))
            .collect(),
    }
}

fn line(conversation: &Conversation, visitor: &str, message: &Message) -> Line {
    let (from, name) = match &message.author {
        Author::Customer => (From::Visitor, visitor),
        Author::Agent(at) => (From::Agent, conversation.participants[*at].name.as_str()),
        Author::Note(name) => (From::Note, name.as_str()),
    };
    let links = message.content.iter().filter_map(|part| part["attachment"]["url"].as_str());
    let parts: Vec<&str> =
        [message.text.as_str()].into_iter().filter(|text| !text.is_empty()).chain(links).collect();
    Line { from, name: name.to_owned(), text: parts.join(" "), at: message.at }
}
