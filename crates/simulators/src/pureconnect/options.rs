//! How a simulated server behaves.

use crate::time::Time;

/// Everything that may differ between two servers. Where no source gives a value, the default is
/// our choice.
#[derive(Debug, Clone)]
pub struct Options {
    pub time: Time,
    /// Decides every id and which events are late or repeated.
    pub seed: u64,
    /// Type and name of every queue.
    pub queues: Vec<(String, String)>,
    /// Agents who could take a chat, by `queue/query`.
    pub agents_available: u32,
    /// By `queue/query`, in seconds.
    pub estimated_wait_s: u32,
    /// Advised to clients between two polls.
    pub poll_wait_ms: u64,
    /// A chat is disconnected when its customer has been silent for this long.
    pub unpolled_ms_max: i64,
    /// Chats of one address at a time. On loopback all callers have one address.
    pub active_per_ip_max: usize,
    pub starts_per_second_max: usize,
    /// The system's greeting.
    pub greeting: Option<String>,
    /// Version of the ICWS feature `web-chat`, 1 to 6.
    pub web_chat: u8,
    /// Whether ICWS returns customers their own texts. Web Tools always do.
    pub echo: bool,
    pub webhook_body: WebhookBody,
    /// Which events are repeated after a reconnect over Web Tools.
    pub replay: Replay,
    /// Names of the lists in the ICWS start request.
    pub fields: Fields,
    /// How many of a thousand events are late, so that their number is missing at first.
    pub late_per_mille: u32,
    pub late_ms: i64,
    /// How many of a thousand events are sent twice.
    pub repeat_per_mille: u32,
}

/// Names of lists in the ICWS start request, which no source documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    pub history: String,
    pub attributes: String,
    pub contexts: String,
}

/// The body of an ICWS webhook call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookBody {
    /// One message.
    Message,
    /// A list of messages.
    List,
    /// The body of a poll's reply.
    Poll,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// All events: the new participant has not got any yet.
    Everything,
    /// Only the current participants.
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
