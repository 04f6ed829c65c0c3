//! The organization: integrations, conversations and their participants. A change is stored here
//! first, and [`State::tell`] and the functions beside it then report it.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::Value;

use super::{Options, notifications::Hub, web::Session, webhook::Outbox};
use crate::{rng::Rng, time::Time};

pub(super) struct State {
    pub(super) options: Options,
    pub(super) ids: Ids,
    /// Access tokens and until when they are valid.
    pub(super) tokens: HashMap<String, i64>,
    pub(super) integrations: Vec<Integration>,
    pub(super) conversations: Vec<Conversation>,
    /// Agents: name and id.
    pub(super) users: Vec<(String, String)>,
    pub(super) hub: Hub,
    /// Web Messaging sessions by token.
    pub(super) web: HashMap<String, Session>,
}

/// An Open Messaging integration.
pub(super) struct Integration {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) webhook_url: String,
    pub(super) webhook_secret: String,
    pub(super) webhook_headers: BTreeMap<String, String>,
    pub(super) created: i64,
}

pub(super) struct Conversation {
    pub(super) id: String,
    pub(super) door: Door,
    /// `channel.from` of the visitor as it was given last.
    pub(super) customer: Value,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) participants: Vec<Participant>,
    pub(super) messages: Vec<Message>,
    pub(super) started: i64,
    pub(super) ended: Option<i64>,
    pub(super) visitor_types: bool,
    /// How often it was read.
    pub(super) reads: u32,
    pub(super) outbox: Outbox,
}

/// The channel of the visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Door {
    Open { integration: String },
    Web { token: String },
}

pub(super) struct Participant {
    pub(super) id: String,
    /// The id of its communication, which the detail events call a session.
    pub(super) communication: String,
    pub(super) purpose: Purpose,
    pub(super) name: String,
    pub(super) user: Option<String>,
    pub(super) connected: i64,
    pub(super) ended: Option<(i64, DisconnectType)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Customer,
    Acd,
    Agent,
}

pub(super) struct Message {
    pub(super) id: String,
    pub(super) author: Author,
    pub(super) text: String,
    /// Parts such as attachments, as they stand on the wire.
    pub(super) content: Vec<Value>,
    pub(super) at: i64,
    /// The sender's id of the message, if any.
    pub(super) provider_id: Option<String>,
    pub(super) metadata: Value,
    /// `MessageData.status`.
    pub(super) status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Author {
    Customer,
    /// The index of a participant.
    Agent(usize),
    /// Visible to agents only; it is not sent.
    Note(String),
}

/// Why a participant left, as the detail events spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectType {
    Client,
    Endpoint,
    Peer,
    System,
    Error,
    Other,
    Spam,
    Timeout,
    Inactivity,
    SessionExpired,
    TransportFailure,
    Transfer,
    ConsultTransfer,
    ConferenceTransfer,
    ForwardTransfer,
    NoAnswerTransfer,
    NotAvailableTransfer,
    DndTransfer,
}

impl DisconnectType {
    /// In the detail events, and in the conversation object.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Client => ("CLIENT", "client"),
            Self::Endpoint => ("ENDPOINT", "endpoint"),
            Self::Peer => ("PEER", "peer"),
            Self::System => ("SYSTEM", "system"),
            Self::Error => ("ERROR", "error"),
            Self::Other => ("OTHER", "other"),
            Self::Spam => ("SPAM", "spam"),
            // The conversation object has no separate value for it.
            Self::Timeout => ("TIMEOUT", "other"),
            Self::Inactivity => ("INACTIVITY", "inactivity"),
            Self::SessionExpired => ("SESSION_EXPIRED", "session.expired"),
            Self::TransportFailure => ("TRANSPORT_FAILURE", "transport.failure"),
            Self::Transfer => ("TRANSFER", "transfer"),
            Self::ConsultTransfer => ("CONSULT_TRANSFER", "transfer.consult"),
            Self::ConferenceTransfer => ("CONFERENCE_TRANSFER", "transfer.conference"),
            Self::ForwardTransfer => ("FORWARD_TRANSFER", "transfer.forward"),
            Self::NoAnswerTransfer => ("NO_ANSWER_TRANSFER", "transfer.noanswer"),
            Self::NotAvailableTransfer => ("NOT_AVAILABLE_TRANSFER", "transfer.notavailable"),
            Self::DndTransfer => ("DND_TRANSFER", "transfer.donotdisturb"),
        }
    }

    pub(super) fn is_transfer(self) -> bool {
        self.words().0.ends_with("TRANSFER")
    }
}

impl Purpose {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Acd => "acd",
            Self::Agent => "agent",
        }
    }
}

impl State {
    pub(super) fn new(options: &Options) -> Self {
        let integration = Integration {
            id: options.integration_id.clone(),
            name: "Open Messaging".to_owned(),
            webhook_url: options.webhook_url.clone(),
            webhook_secret: options.webhook_secret.clone(),
            webhook_headers: BTreeMap::new(),
            created: options.time.now(),
        };
        Self {
            options: options.clone(),
            ids: Ids(Rng::new(options.time.now() as u64)),
            tokens: HashMap::new(),
            integrations: vec![integration],
            conversations: Vec::new(),
            users: Vec::new(),
            hub: Hub::default(),
            web: HashMap::new(),
        }
    }

    pub(super) fn now(&self) -> i64 {
        self.options.time.now()
    }

    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.conversations.iter().position(|conversation| conversation.id == id)
    }

    /// The open conversation of a visitor on this channel.
    pub(super) fn open_of(&self, door: &Door, customer: &str) -> Option<usize> {
        self.conversations.iter().position(|conversation| {
            let same = conversation.door == *door && conversation.customer_id() == customer;
            same && conversation.ended.is_none()
        })
    }

    /// The id of the agent of this name, who is created when unknown.
    pub(super) fn user(&mut self, name: &str) -> String {
        if let Some((_, id)) = self.users.iter().find(|(known, _)| known == name) {
            return id.clone();
        }
        let id = self.ids.uuid();
        self.users.push((name.to_owned(), id.clone()));
        id
    }

    pub(super) fn time(&self) -> Time {
        self.options.time
    }
}

impl Conversation {
    pub(super) fn customer_id(&self) -> &str {
        self.customer["id"].as_str().unwrap_or_default()
    }

    /// The participant of this purpose who is connected now.
    pub(super) fn connected(&self, purpose: Purpose) -> Option<usize> {
        self.participants.iter().position(|each| each.purpose == purpose && each.ended.is_none())
    }

    pub(super) fn participant(&self, id: &str) -> Option<usize> {
        self.participants.iter().position(|each| each.id == id)
    }

    pub(super) fn message_type(&self) -> &'static str {
        match self.door {
            Door::Open { .. } => "open",
            Door::Web { .. } => "webmessaging",
        }
    }
}

/// Ids of the vendor's shape, the same in every run at the same time.
pub(super) struct Ids(Rng);

impl Ids {
    pub(super) fn number(&mut self) -> u64 {
        self.0.number()
    }

    pub(super) fn uuid(&mut self) -> String {
        let (a, b) = (self.0.number(), self.0.number());
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            a >> 32,
            (a >> 16) & 0xffff,
            a & 0xfff,
            (b >> 48) & 0xfff,
            b & 0xffff_ffff_ffff
        )
    }
}

/// ISO 8601 with milliseconds.
pub(super) fn iso(at: i64) -> String {
    format!("{:.3}", Timestamp::from_millisecond(at).unwrap_or_default())
}
