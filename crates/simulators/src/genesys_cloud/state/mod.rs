//! What the organization has: integrations, conversations, notification channels, visitors'
//! sessions. The modules beside this one change it, show it and report changes; it knows none of
//! them.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::Value;

use crate::{genesys_cloud::Options, rng::Rng, time::Time};
use hub::Hub;
use outbox::Outbox;
use session::Session;

pub(in crate::genesys_cloud) mod hub;
pub(in crate::genesys_cloud) mod outbox;
pub(in crate::genesys_cloud) mod session;

pub(in crate::genesys_cloud) struct State {
    pub(in crate::genesys_cloud) options: Options,
    pub(in crate::genesys_cloud) ids: Ids,
    /// Access tokens and until when they are valid.
    pub(in crate::genesys_cloud) tokens: HashMap<String, i64>,
    pub(in crate::genesys_cloud) integrations: Vec<Integration>,
    pub(in crate::genesys_cloud) conversations: Vec<Conversation>,
    /// Agents: name and id.
    pub(in crate::genesys_cloud) users: Vec<(String, String)>,
    pub(in crate::genesys_cloud) hub: Hub,
    /// Web Messaging sessions by token.
    pub(in crate::genesys_cloud) web: HashMap<String, Session>,
}

/// An Open Messaging integration.
pub(in crate::genesys_cloud) struct Integration {
    pub(in crate::genesys_cloud) id: String,
    pub(in crate::genesys_cloud) name: String,
    pub(in crate::genesys_cloud) webhook_url: String,
    pub(in crate::genesys_cloud) webhook_secret: String,
    pub(in crate::genesys_cloud) webhook_headers: BTreeMap<String, String>,
    pub(in crate::genesys_cloud) created: i64,
}

pub(in crate::genesys_cloud) struct Conversation {
    pub(in crate::genesys_cloud) id: String,
    pub(in crate::genesys_cloud) door: Door,
    /// `channel.from` of the visitor as it was given last.
    pub(in crate::genesys_cloud) customer: Value,
    pub(in crate::genesys_cloud) attributes: BTreeMap<String, String>,
    pub(in crate::genesys_cloud) participants: Vec<Participant>,
    pub(in crate::genesys_cloud) messages: Vec<Message>,
    pub(in crate::genesys_cloud) started: i64,
    pub(in crate::genesys_cloud) ended: Option<i64>,
    pub(in crate::genesys_cloud) visitor_types: bool,
    /// How often it was read.
    pub(in crate::genesys_cloud) reads: u32,
    pub(in crate::genesys_cloud) outbox: Outbox,
}

/// The channel of the visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::genesys_cloud) enum Door {
    Open { integration: String },
    Web { token: String },
}

pub(in crate::genesys_cloud) struct Participant {
    pub(in crate::genesys_cloud) id: String,
    /// The id of its communication, which the detail events call a session.
    pub(in crate::genesys_cloud) communication: String,
    pub(in crate::genesys_cloud) purpose: Purpose,
    pub(in crate::genesys_cloud) name: String,
    pub(in crate::genesys_cloud) user: Option<String>,
    pub(in crate::genesys_cloud) connected: i64,
    pub(in crate::genesys_cloud) ended: Option<(i64, DisconnectType)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::genesys_cloud) enum Purpose {
    Customer,
    Acd,
    Agent,
}

pub(in crate::genesys_cloud) struct Message {
    pub(in crate::genesys_cloud) id: String,
    pub(in crate::genesys_cloud) author: Author,
    pub(in crate::genesys_cloud) text: String,
    /// Parts such as attachments, as they stand on the wire.
    pub(in crate::genesys_cloud) content: Vec<Value>,
    pub(in crate::genesys_cloud) at: i64,
    /// The sender's id of the message, if any.
    pub(in crate::genesys_cloud) provider_id: Option<String>,
    pub(in crate::genesys_cloud) metadata: Value,
    /// `MessageData.status`.
    pub(in crate::genesys_cloud) status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::genesys_cloud) enum Author {
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
    pub(in crate::genesys_cloud) fn words(self) -> (&'static str, &'static str) {
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

    pub(in crate::genesys_cloud) fn is_transfer(self) -> bool {
        self.words().0.ends_with("TRANSFER")
    }
}

impl Purpose {
    pub(in crate::genesys_cloud) fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Acd => "acd",
            Self::Agent => "agent",
        }
    }
}

impl State {
    pub(in crate::genesys_cloud) fn new(options: &Options) -> Self {
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

    pub(in crate::genesys_cloud) fn now(&self) -> i64 {
        self.options.time.now()
    }

    pub(in crate::genesys_cloud) fn find(&self, id: &str) -> Option<usize> {
        self.conversations.iter().position(|conversation| conversation.id == id)
    }

    /// The open conversation of a visitor on this channel.
    pub(in crate::genesys_cloud) fn open_of(&self, door: &Door, customer: &str) -> Option<usize> {
        self.conversations.iter().position(|conversation| {
            let same = conversation.door == *door && conversation.customer_id() == customer;
            same && conversation.ended.is_none()
        })
    }

    /// The id of the agent of this name, who is created when unknown.
    pub(in crate::genesys_cloud) fn user(&mut self, name: &str) -> String {
        if let Some((_, id)) = self.users.iter().find(|(known, _)| known == name) {
            return id.clone();
        }
        let id = self.ids.uuid();
        self.users.push((name.to_owned(), id.clone()));
        id
    }

    pub(in crate::genesys_cloud) fn time(&self) -> Time {
        self.options.time
    }
}

impl Conversation {
    pub(in crate::genesys_cloud) fn customer_id(&self) -> &str {
        self.customer["id"].as_str().unwrap_or_default()
    }

    /// The participant of this purpose who is connected now.
    pub(in crate::genesys_cloud) fn connected(&self, purpose: Purpose) -> Option<usize> {
        self.participants.iter().position(|each| each.purpose == purpose && each.ended.is_none())
    }

    pub(in crate::genesys_cloud) fn participant(&self, id: &str) -> Option<usize> {
        self.participants.iter().position(|each| each.id == id)
    }

    pub(in crate::genesys_cloud) fn message_type(&self) -> &'static str {
        match self.door {
            Door::Open { .. } => "open",
            Door::Web { .. } => "webmessaging",
        }
    }
}

/// Ids of the vendor's shape, the same in every run at the same time.
pub(in crate::genesys_cloud) struct Ids(Rng);

impl Ids {
    pub(in crate::genesys_cloud) fn number(&mut self) -> u64 {
        self.0.number()
    }

    pub(in crate::genesys_cloud) fn uuid(&mut self) -> String {
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
pub(in crate::genesys_cloud) fn iso(at: i64) -> String {
    format!("{:.3}", Timestamp::from_millisecond(at).unwrap_or_default())
}
