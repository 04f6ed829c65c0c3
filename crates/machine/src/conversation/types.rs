//! The vocabulary of a conversation: what can come in, what can happen, what can be owed.

use serde::{Deserialize, Serialize};

use crate::Millis;

/// The human on the other side, as the visitor sees them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Display name; `None` for an empty or white-space name (contract, section 10).
    pub name: Option<String>,
    /// Image address, possibly empty.
    pub avatar_url: String,
}

/// What a visitor, or the end of a handover, asks of the bot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What the visitor wrote or the label they clicked; empty for silent events.
    pub text: String,
    /// A Dialogflow event to send instead of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<BotEvent>,
    /// What the page adds to the query: a JSON object, passed through unread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<String>,
}

impl Said {
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), event: None, extra: None }
    }

    /// Nothing a human could read; such inputs never reach the agent (contract 13.14).
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.text.is_empty()
    }
}

/// A Dialogflow event by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotEvent {
    pub name: String,
    /// A JSON object, passed through unread.
    pub parameters: String,
}

/// Something in a bot's answer that starts a handover, when the bot's owner chose it.
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
    /// So many answers in a row without a match.
    Fallbacks(u32),
    /// The bot could not be asked, or failed.
    BotFailed,
}

impl Trigger {
    /// True for what stays set in the bot's session, so that it would fire again on the first
    /// answer after a resume unless it is cleared (contract, section 3).
    #[must_use]
    pub fn stays_set(&self) -> bool {
        matches!(self, Self::Context(_) | Self::Parameter(_))
    }
}

/// A human has had control: what the bot may be told of it afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub since: Millis,
    pub until: Millis,
    /// Name of the agent heard of last.
    pub agent: Option<String>,
}

/// Who may answer now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "who")]
pub enum Control {
    Bot,
    /// Step one is under way for the input `turn`; `response` is the bot's answer as JSON.
    Requested {
        turn: u64,
        said: Said,
        response: String,
    },
    /// A human, until this instant unless renewed.
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
    /// Same control, other agent.
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
    /// Plain text of the message, or its plain fall-back.
    pub text: String,
    /// The canonical Dialogflow message as JSON when it is more than text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rich: Option<String>,
}

/// How a webhook call ended (contract, section 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reply")]
pub enum Reply {
    /// `paused: true`; `None` when `minutesPaused` is missing or no number.
    Paused { pause: Option<Millis> },
    /// `paused: false`.
    Refused,
    /// No complete reply after five seconds.
    Late,
    /// Not JSON, wrong shape, not 2xx, redirect, or a network error.
    Failed { why: String },
}

/// What a push asks of the pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseChange {
    /// The push has no `paused`.
    Keep,
    /// `paused: true`; `None` when `minutesPaused` is missing.
    Pause(Option<Millis>),
    /// `paused: false`.
    Resume(Goodbye),
}

/// What the visitor is told on a resume push (contract, section 10, `unpauseChatEvent`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goodbye {
    Notice,
    Nothing,
    /// A Dialogflow event answers instead of a notice.
    Event(String),
    /// It was the visitor who left.
    Own,
}

/// What the bridge pushes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Push {
    Message {
        text: String,
        agent: Option<Agent>,
        pause: PauseChange,
    },
    Channel {
        agent: Option<Agent>,
        pause: PauseChange,
    },
    /// The indicator itself is not stored; only what it asks of the pause is.
    Typing {
        agent: Option<Agent>,
        pause: PauseChange,
    },
}

/// Everything a conversation can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    VisitorSaid {
        client_id: String,
        said: Said,
    },
    /// The visitor ends the live chat; nothing happens when there is none.
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
    Pushed(Push),
    /// Time has passed.
    Woke,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BotAnswer {
    pub messages: Vec<BotMessage>,
    /// Everything in it that may be a trigger.
    pub signs: Vec<Trigger>,
    /// Nothing matched what the visitor said.
    pub is_fallback: bool,
    /// The whole response as JSON, for step one and the history.
    pub response: String,
    /// What the bot wants back with the next query.
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
        agent: Option<Agent>,
    },
    Noticed {
        kind: NoticeKind,
        text: String,
    },
    ControlChanged {
        control: Control,
        reason: Reason,
        agent: Option<Agent>,
    },

    // Notes: seen by operators, not by the visitor.
    /// The input `turn` was answered by the bot; `triggers` were among its output contexts.
    BotAnswered {
        turn: u64,
        memory: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        triggers: Vec<Trigger>,
        #[serde(default, skip_serializing_if = "is_false")]
        is_fallback: bool,
        /// The whole response as JSON, when the bot's owner keeps the history.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        response: Option<String>,
    },
    /// The bot answered after control had passed on: never shown.
    BotSuppressed {
        turn: u64,
        epoch: u64,
        messages: Vec<BotMessage>,
        /// Triggers among its output contexts: not heeded, but still to be cleared.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        triggers: Vec<Trigger>,
    },
    BotFailed {
        turn: u64,
        why: String,
    },
    /// A webhook call ended; `forwarded` says that the input now goes to the bot.
    CallSettled {
        turn: u64,
        reply: Reply,
        forwarded: bool,
    },
    /// A webhook call ended that had been overtaken by a push: no effect.
    CallIgnored {
        turn: u64,
        epoch: u64,
        reply: Reply,
    },
    PauseRenewed {
        until: Millis,
        by: RenewedBy,
    },
    /// The resume asked for this Dialogflow event instead of a notice.
    ResumeEvent {
        name: String,
        agent: Option<Agent>,
    },
    /// An input that nobody has to answer.
    TurnDropped {
        turn: u64,
    },
    /// From here on the bot is asked in a new session, of which it knows nothing yet.
    SessionStarted {
        session: u64,
        why: NewSession,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde decides the signature")]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewSession {
    /// The visitor was silent for longer than a session lasts.
    Expired,
    /// The bot's owner wants a fresh one after each human stretch.
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
        }
    }
}

/// What the world is owed. `(turn, epoch)` identifies the call; the answer must carry both.
/// `session` counts the bot's sessions in this conversation, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    AskBot {
        turn: u64,
        epoch: u64,
        session: u64,
        said: Said,
        ask: Ask,
    },
    /// Webhook, step one; `response` is the bot's answer that carried the trigger, empty when the
    /// bot failed.
    StepOne {
        turn: u64,
        epoch: u64,
        session: u64,
        said: Said,
        response: String,
    },
    /// Webhook, step two.
    StepTwo {
        turn: u64,
        epoch: u64,
        session: u64,
        said: Said,
    },
}

/// What goes to the bot beside what was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// Triggers that were used: to be removed with this query.
    pub clear: Vec<Trigger>,
    /// The human stretch before it, until the bot has answered once.
    pub stretch: Option<Stretch>,
    /// What the bot handed back with its last answer in this session.
    pub memory: Option<String>,
}

/// Why an input was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Too many inputs wait for an answer already.
    TooManyWaiting,
}
