//! How a simulated server behaves.

use crate::time::Time;

/// Everything that may differ between two servers. What no source states is a choice of ours.
#[derive(Debug, Clone)]
pub struct Options {
    pub time: Time,
    /// Fixes every id and which events are late or told twice.
    pub seed: u64,
    /// Type and name of every queue there is.
    pub queues: Vec<(String, String)>,
    /// Agents who could take a chat, by `queue/query`.
    pub agents_available: u32,
    /// By `queue/query`, in seconds.
    pub estimated_wait_s: u32,
    /// Advised to clients between two polls.
    pub poll_wait_ms: u64,
    /// A chat whose customer is not heard of for this long is disconnected.
    pub unpolled_ms_max: i64,
    /// Chats of one address at a time. On loopback all callers have one address.
    pub active_per_ip_max: usize,
    pub starts_per_second_max: usize,
    /// What the system says when a chat begins.
    pub greeting: Option<String>,
    /// Version of the ICWS feature `web-chat`, 1 to 6.
    pub web_chat: u8,
    /// Whether ICWS tells customers their own texts. Web Tools always do.
    pub echo: bool,
    pub webhook_body: WebhookBody,
    /// What customers are told again after a reconnect over Web Tools.
    pub replay: Replay,
    /// Names of the lists in the ICWS start request.
    pub fields: Fields,
    /// How many of a thousand events are told late, so that their number is missing at first.
    pub late_per_mille: u32,
    pub late_ms: i64,
    /// How many of a thousand events are told twice.
    pub repeat_per_mille: u32,
}

/// Names in the ICWS start request that no source gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    pub history: String,
    pub attributes: String,
    pub contexts: String,
}

/// What an ICWS webhook is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookBody {
    /// One message.
    Message,
    /// A list of messages.
    List,
    /// The same as a poll.
    Poll,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// Each event is told once to each participant, and this is a new one.
    Everything,
    /// Only who is there now.
    States,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            time: Time::default(),
            seed: 1,
            queues: vec![
                ("Workgroup".to_owned(), "Service Desk".to_owned()),
                ("User".to_owned(), "grace".to_owned()),
            ],
            agents_available: 2,
            estimated_wait_s: 30,
            poll_wait_ms: 2_000,
            unpolled_ms_max: 120_000,
            active_per_ip_max: 15,
            starts_per_second_max: 5,
            greeting: None,
            web_chat: 6,
            echo: true,
            webhook_body: WebhookBody::Poll,
            replay: Replay::Everything,
            fields: Fields {
                history: "chatHistory".to_owned(),
                attributes: "attributes".to_owned(),
                contexts: "routingContexts".to_owned(),
            },
            late_per_mille: 0,
            late_ms: 300,
            repeat_per_mille: 0,
        }
    }
}
