//! The desk API: `/desk/api/…`, and the frames of its stream.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    MessageFormat,
    reading::{self, Invalid},
    visitor::AgentView,
};

/// `POST /desk/api/session`. Not `Debug`: it holds a password.
#[derive(ToSchema)]
pub struct SignIn {
    pub email: String,
    #[schema(format = Password)]
    pub password: String,
}

impl SignIn {
    /// [`Invalid`] names the field.
    pub fn parse(body: &[u8]) -> Result<Self, Invalid> {
        let object = reading::object(body)?;
        let email = reading::text(&object, "email", "the agent's email address")?;
        let password = reading::text(&object, "password", "the agent's password")?;
        Ok(Self { email, password })
    }
}

/// `PUT /desk/api/availability`: the field `available`.
pub fn availability(body: &[u8]) -> Result<bool, Invalid> {
    let object = reading::object(body)?;
    match object.get("available") {
        Some(Value::Bool(available)) => Ok(*available),
        Some(_) => Err(Invalid::field("available", "is not a boolean: send true or false")),
        None => Err(Invalid::missing("available", "true or false")),
    }
}

/// A message of the agent, `POST /desk/api/chats/{id}/messages`.
#[derive(Clone)]
pub struct NewMessage {
    pub client_id: String,
    pub text: String,
}

impl NewMessage {
    /// The limits are in characters. [`Invalid`] names the field.
    pub fn parse(body: &[u8], text_chars_max: usize, id_chars_max: usize) -> Result<Self, Invalid> {
        let message = crate::visitor::NewMessage::parse(body, text_chars_max, id_chars_max)?;
        if message.event.is_some() {
            return Err(Invalid::field("event", "is for visitors: send a text"));
        }
        Ok(Self { client_id: message.client_id, text: message.text })
    }
}

/// The signed-in agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeskAgent)]
pub struct Agent {
    pub email: String,
    pub name: String,
    pub avatar_url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DeskSession)]
pub struct Session {
    pub agent: Agent,
    pub available: bool,
}

/// A chat as the queue shows it. Times are RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chat {
    pub id: String,
    pub route: String,
    pub bot_id: String,
    pub visitor: Visitor,
    pub language: String,
    /// `queued`, `live` or `closed`.
    #[schema(value_type = ChatStatus)]
    pub status: &'static str,
    pub waiting_since: Option<String>,
    pub agent: Option<Agent>,
    pub close_reason: Option<&'static str>,
    pub seq: u64,
    pub preview: String,
    /// `seq` of the last message of the agent that the platform accepted.
    pub pushed_through: u64,
    /// Number of messages of the agent that the platform has not accepted yet.
    pub unpushed: usize,
}

// The schema of [`Chat::status`].
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChatStatus {
    Queued,
    Live,
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatVisitor)]
pub struct Visitor {
    pub user_id: String,
    pub name: String,
}

/// One line of the conversation before the handover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TranscriptLine {
    /// `visitor`, `bot` or `agent`.
    #[schema(value_type = Speaker)]
    pub from: &'static str,
    pub text: String,
    pub format: MessageFormat,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

// The schema of [`TranscriptLine::from`].
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    Visitor,
    Bot,
    Agent,
}

/// One event of a chat, numbered without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChatEvent {
    pub seq: u64,
    pub at: String,
    #[serde(flatten)]
    pub what: ChatWhat,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
#[serde(rename_all_fields = "camelCase")]
#[schema(as = ChatEventKind)]
pub enum ChatWhat {
    Opened {
        text: String,
        /// Display name of the intent that asked for a human agent.
        reason: Option<String>,
    },
    VisitorMessage {
        text: String,
        /// What the visitor and the bot said before it, while the platform could not reach us.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        missed: Vec<TranscriptLine>,
    },
    #[schema(rename_all = "camelCase")]
    AgentMessage {
        text: String,
        format: MessageFormat,
        agent: AgentView,
        client_id: String,
    },
    Claimed {
        agent: AgentView,
    },
    Closed {
        reason: &'static str,
        agent: Option<AgentView>,
    },
    /// The platform refused the message with this `seq` for good.
    Refused {
        message: u64,
        detail: String,
    },
}

#[derive(Serialize, ToSchema)]
pub struct Chats {
    /// The longest waiting first.
    pub chats: Vec<Chat>,
}

/// A chat with what was said before the handover.
#[derive(Serialize, ToSchema)]
pub struct ChatShown {
    #[serde(flatten)]
    pub chat: Chat,
    pub transcript: Vec<TranscriptLine>,
}

/// One page of a chat's events.
#[derive(Serialize, ToSchema)]
pub struct ChatEvents {
    pub events: Vec<ChatEvent>,
    /// What to send as `after` next time.
    pub next: u64,
}

/// What the client sends on the stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = DeskClientFrame)]
pub enum ClientFrame {
    /// Sends the events after `after`, then new ones as they come.
    Watch {
        watch: String,
        #[serde(default)]
        after: u64,
    },
    Unwatch {
        unwatch: String,
    },
}

/// What the server sends on the stream.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "type")]
#[schema(as = DeskServerFrame)]
pub enum ServerFrame {
    Chats { chats: Vec<Chat> },
    Event { chat: String, event: ChatEvent },
    Typing { chat: String, until: String },
}
