//! The vocabulary of a conversation: what can come in, what can happen.

use serde::{Deserialize, Serialize};

use crate::{Millis, TextFormat};

/// The human agent, as the visitor sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HumanAgent {
    /// Display name; `None` for an empty or white-space name (contract, section 10).
    pub name: Option<String>,
    /// Image address, possibly empty.
    pub avatar_url: String,
}

/// One input to the bot: from the visitor, or from a resume push that names an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What the visitor wrote, or the label they clicked; empty for silent events.
    pub text: String,
    /// A Dialogflow event to send instead of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<BotEvent>,
    /// What the page adds to the query: a JSON object that this crate does not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<String>,
}

impl Said {
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), event: None, extra: None }
    }

    /// About how much of a stored state this takes.
    pub(super) fn bytes(&self) -> usize {
        self.text.len() + self.extra.as_ref().map_or(0, String::len)
    }

    /// True when there is nothing to read; such inputs never go to a human agent (contract 13.14).
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.text.is_empty()
    }
}

/// A Dialogflow event by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotEvent {
    pub name: String,
    /// A JSON object that this crate does not read.
    pub parameters: String,
}

/// Something in a bot's answer that starts a handover, if the bot's owner chose it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by", content = "what")]
pub enum Trigger {
    /// An active output context: last path segment, lower case (contract, section 3).
    Context(String),
    /// A session parameter that is true (contract, section 3).
    Parameter(String),
    /// The bot asks for a live agent in Dialogflow's own way.
    Handoff,
    /// Display name of the matched intent.
    Intent(String),
    /// The action of the matched intent.
    Action(String),
    /// This many answers in a row without a match.
    Fallbacks(u32),
    /// A bot query failed.
    BotFailed,
}

impl Trigger {
    /// True for what stays set in the bot's session. It would fire again on the first answer after
    /// a resume, so it is cleared with the next query (contract, section 3).
    #[must_use]
    pub fn stays_set(&self) -> bool {
        matches!(self, Self::Context(_) | Self::Parameter(_))
    }
}

/// A pause that has ended, as the bot may be told about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastPause {
    pub since: Millis,
    pub until: Millis,
    /// Name of the human agent who was named last.
    pub agent: Option<String>,
}

/// Who may answer now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "who")]
pub enum Control {
    Bot,
    /// Step one is under way for the input `turn`. `response` is the bot's answer as JSON, empty
    /// when its query failed.
    Requested {
        turn: u64,
        said: Said,
        response: String,
    },
    /// A human agent, until this time unless the pause is renewed.
    Human {
        until: Millis,
    },
}

/// Why control changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The bot's answer carried a trigger.
    Trigger,
    WebhookPaused,
    WebhookRefused,
    WebhookLate,
    WebhookFailed,
    /// `channel_update` from the bridge.
    Push,
    /// A `message` push that also paused or resumed.
    AgentMessage,
    /// A `user_typing` push that also paused or resumed.
    AgentTyping,
    /// Control stays with the human side; the human agent changes.
    AgentChanged,
    /// The pause clock ran out.
    Expired,
    /// The visitor ended the live chat.
    VisitorLeft,
}

impl Reason {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::WebhookPaused => "webhook_paused",
            Self::WebhookRefused => "webhook_refused",
            Self::WebhookLate => "webhook_late",
            Self::WebhookFailed => "webhook_failed",
            Self::Push => "push",
            Self::AgentMessage => "agent_message",
            Self::AgentTyping => "agent_typing",
            Self::AgentChanged => "agent_changed",
            Self::Expired => "expired",
            Self::VisitorLeft => "visitor_left",
        }
    }
}

/// One thing the bot shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotMessage {
    /// The message in plain text.
    pub text: String,
    /// The canonical Dialogflow message as JSON, if it is more than text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rich: Option<String>,
}

/// How a webhook call ended (contract, section 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reply")]
pub enum Reply {
    /// `paused: true`; `None` when `minutesPaused` is missing or not a number.
    Paused { pause: Option<Millis> },
    /// `paused: false`.
    Refused,
    /// No complete reply after five seconds.
    Late,
    /// A final answer that is none, such as a redirect or a status 4xx; or the call cannot be made.
    Failed { why: String },
    /// The human's side is away: no connection, status 429 or 5xx, an answer that broke or that
    /// nobody can read. `after` is the wait that it asks for.
    Away {
        why: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Millis>,
    },
}

/// What a push says about the pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseChange {
    /// The push has no `paused`.
    Keep,
    /// `paused: true`; `None` when `minutesPaused` is missing.
    Pause(Option<Millis>),
    /// `paused: false`.
    Resume(Goodbye),
}

/// What the visitor is told when the pause ends (contract, section 10, `unpauseChatEvent`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goodbye {
    Notice,
    Nothing,
    /// A Dialogflow event answers instead of a notice.
    Event(String),
    /// The visitor ended the chat, and is told so.
    Own,
}

/// A push of the bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushInput {
    Message {
        text: String,
        format: TextFormat,
        agent: Option<HumanAgent>,
        pause: PauseChange,
    },
    Channel {
        agent: Option<HumanAgent>,
        pause: PauseChange,
    },
    /// The typing indicator itself is not stored; only what the push says about the pause is.
    Typing {
        agent: Option<HumanAgent>,
        pause: PauseChange,
    },
}

/// Everything that can be fed to a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    VisitorSaid {
        client_id: String,
        said: Said,
    },
    /// The visitor ends the live chat. Without one, nothing happens.
    VisitorLeft,
    /// The bot's answer to the query `(turn, epoch)`.
    BotAnswered {
        turn: u64,
        epoch: u64,
        answer: BotAnswer,
    },
    BotFailed {
        turn: u64,
        epoch: u64,
        why: String,
    },
    /// The end of the webhook call `(turn, epoch)`.
    WebhookReplied {
        turn: u64,
        epoch: u64,
        reply: Reply,
    },
    Pushed(PushInput),
    /// Time has passed.
    Woke,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BotAnswer {
    pub messages: Vec<BotMessage>,
    /// Everything in the answer that may be a trigger.
    pub signals: Vec<Trigger>,
    /// No intent matched what the visitor said.
    pub is_fallback: bool,
    /// The complete response as JSON, for step one and the history; empty when neither needs it.
    pub response: String,
    /// Data of the bot's own that it gets back with the next query.
    pub memory: Option<String>,
}

/// Everything that can happen in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    VisitorSaid {
        client_id: String,
        said: Said,
    },
    BotSaid {
        turn: u64,
        message: BotMessage,
    },
    AgentSaid {
        text: String,
        agent: Option<HumanAgent>,
        #[serde(default, skip_serializing_if = "TextFormat::is_markdown")]
        format: TextFormat,
    },
    Noticed {
        kind: NoticeKind,
        text: String,
    },
    ControlChanged {
        control: Control,
        reason: Reason,
        agent: Option<HumanAgent>,
    },

    // Notes: for operators, never shown to the visitor.
    /// The bot answered the input `turn`; its answer carried `triggers`.
    BotAnswered {
        turn: u64,
        memory: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        triggers: Vec<Trigger>,
        #[serde(default, skip_serializing_if = "is_false")]
        is_fallback: bool,
        /// The complete response as JSON, if the bot's owner keeps the history.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        response: Option<String>,
    },
    /// The bot answered after a human took control; the answer is never shown.
    BotSuppressed {
        turn: u64,
        epoch: u64,
        messages: Vec<BotMessage>,
        /// Triggers in the answer. They start nothing, but they must still be cleared.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        triggers: Vec<Trigger>,
    },
    BotFailed {
        turn: u64,
        why: String,
    },
    /// A webhook call ended. `forwarded`: the input now goes to the bot.
    CallSettled {
        turn: u64,
        reply: Reply,
        forwarded: bool,
    },
    /// A webhook call ended after a push had changed control; its reply has no effect.
    CallIgnored {
        turn: u64,
        epoch: u64,
        reply: Reply,
    },
    /// The human's side is away, and the input is kept for it until `at`, when the next call is
    /// made. `attempts` calls have failed so far; `asked`: that side named the time.
    CallHeld {
        turn: u64,
        attempts: u32,
        at: Millis,
        #[serde(default, skip_serializing_if = "is_false")]
        asked: bool,
        why: String,
    },
    /// The call for a kept input is owed again.
    CallRenewed {
        turn: u64,
    },
    PauseRenewed {
        until: Millis,
        by: RenewedBy,
    },
    /// The resume push named this Dialogflow event, which the bot answers instead of a notice.
    ResumeEvent {
        name: String,
        agent: Option<HumanAgent>,
    },
    /// An input that needs no answer.
    TurnDropped {
        turn: u64,
    },
    /// From here on, bot queries are made in a new session.
    SessionStarted {
        session: u64,
        why: NewSession,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde decides the signature")]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde decides the signature")]
pub(super) fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewSession {
    /// The visitor was silent for longer than the length of a session.
    Expired,
    /// The bot's owner chose a new session after each pause.
    Resumed,
}

impl crate::Event for Event {
    const FORMAT: u32 = 1;

    fn is_note(&self) -> bool {
        !matches!(
            self,
            Self::VisitorSaid { .. }
                | Self::BotSaid { .. }
                | Self::AgentSaid { .. }
                | Self::Noticed { .. }
                | Self::ControlChanged { .. }
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenewedBy {
    Webhook,
    Push,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    AgentJoined,
    AgentLeft,
    BotFailed,
    Unavailable,
    VisitorLeft,
    SessionExpired,
    /// What the visitor says is kept for the human's side, which is away.
    Kept,
}

impl NoticeKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AgentJoined => "agent_joined",
            Self::AgentLeft => "agent_left",
            Self::BotFailed => "bot_failed",
            Self::Unavailable => "unavailable",
            Self::VisitorLeft => "visitor_left",
            Self::SessionExpired => "session_expired",
            Self::Kept => "kept",
        }
    }
}

/// Why an input was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// `limits::WAITING_TURNS_MAX` inputs wait for an answer already, or more than
    /// `limits::WAITING_BYTES_MAX` bytes of them would.
    TooManyWaiting,
}
