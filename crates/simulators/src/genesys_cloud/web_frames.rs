//! Web Messaging outward: the frames on a visitor's socket, `{type, class, code, body}`.

use serde_json::{Value, json};

use super::{
    ConversationDisconnect,
    state::{Author, Conversation, Door, Message, State, iso},
    webhook::typing_events,
};

/// An answer carries the tracing id of its request.
pub(super) fn answer(class: &str, code: u16, body: &Value, tracing: &Value) -> String {
    let mut frame = json!({ "type": "response", "class": class, "code": code, "body": body });
    if !tracing.is_null() {
        frame["tracingId"] = tracing.clone();
    }
    frame.to_string()
}

pub(super) fn push(class: &str, body: &Value) -> String {
    json!({ "type": "message", "class": class, "code": 200, "body": body }).to_string()
}

/// A message as the class `StructuredMessage`.
pub(super) fn message(conversation: &Conversation, message: &Message) -> Value {
    let mut body = json!({
        "id": message.id,
        "type": "Text",
        "text": message.text,
        "content": message.content,
        "metadata": message.metadata,
        "channel": {
            "time": iso(message.at),
            "messageId": message.id,
            "type": "Private",
            "to": {},
            "from": {},
        },
    });
    match message.author {
        Author::Agent(agent) => {
            let agent = &conversation.participants[agent];
            body["channel"]["from"] = json!({ "nickname": agent.name, "firstName": agent.name });
            body["direction"] = json!("Outbound");
            let entity = if agent.user.is_some() { "Human" } else { "Bot" };
            body["originatingEntity"] = json!(entity);
        }
        Author::Customer | Author::Note(_) => body["direction"] = json!("Inbound"),
    }
    body
}

fn event(id: &str, at: i64, events: &Value) -> Value {
    json!({
        "id": id,
        "type": "Event",
        "direction": "Outbound",
        "originatingEntity": "Human",
        "channel": { "time": iso(at), "messageId": id, "type": "Private", "to": {}, "from": {} },
        "events": events,
        "metadata": {},
    })
}

impl State {
    /// Shows what an agent said on every socket of the visitor.
    pub(super) fn show_message(&self, token: &str, conversation: &Conversation, said: &Message) {
        self.show(token, &push("StructuredMessage", &message(conversation, said)));
    }

    pub(super) fn show_typing(&mut self, at: usize, agent: usize) {
        let (id, now) = (self.ids.uuid(), self.now());
        let conversation = &self.conversations[at];
        let Door::Web { token } = &conversation.door else { return };
        let mut body = event(&id, now, &typing_events());
        let name = &conversation.participants[agent].name;
        body["channel"]["from"] = json!({ "nickname": name });
        self.show(token, &push("StructuredMessage", &body));
    }

    /// An agent ended the conversation; the deployment decides what the visitor sees.
    pub(super) fn show_disconnect(&mut self, at: usize) {
        let (id, now) = (self.ids.uuid(), self.now());
        let Door::Web { token } = self.conversations[at].door.clone() else { return };
        let read_only = match self.options.conversation_disconnect {
            ConversationDisconnect::Off => return,
            ConversationDisconnect::Send => false,
            ConversationDisconnect::ReadOnly => true,
        };
        let events = json!([{ "eventType": "Presence", "presence": { "type": "Disconnect" } }]);
        let mut body = event(&id, now, &events);
        if read_only {
            body["metadata"] = json!({ "readOnly": "true" });
            if let Some(session) = self.web.get_mut(&token) {
                session.read_only = true;
            }
        }
        self.show(&token, &push("StructuredMessage", &body));
    }

    pub(super) fn show(&self, token: &str, frame: &str) {
        for socket in self.web.get(token).into_iter().flat_map(|session| &session.sockets) {
            // Fails only when the socket is closing.
            let _ = socket.sender.send(frame.to_owned());
        }
    }
}
