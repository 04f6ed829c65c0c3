//! The vocabulary of a chat: what can come in, what can happen, what can be owed.

use serde::{Deserialize, Deserializer, Serialize, de};

use super::tool::{ConnectorEvent, DeliveryFailure, ToolPolicy};
use crate::{Millis, Position, TextFormat, limits};

/// A human agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    pub email: String,
    pub name: String,
    pub avatar_url: String,
}

/// One line of what was said before the handover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub from: Speaker,
    pub text: String,
    #[serde(default, skip_serializing_if = "TextFormat::is_markdown")]
    pub format: TextFormat,
    /// When it was said, where the platform told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
    /// Fingerprint of the call that brought it first, where the platform told: see
    /// [`Input::StepTwo`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<u64>,
}

impl Line {
    /// A visitor's text is plain, and every other is Markdown.
    #[must_use]
    pub fn new(from: Speaker, text: impl Into<String>) -> Self {
        let format = match from {
            Speaker::Visitor => TextFormat::Plain,
            Speaker::Bot | Speaker::Agent => TextFormat::Markdown,
        };
        Self { from, text: text.into(), format, at: None, call: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    Visitor,
    Bot,
    Agent,
}

/// What step one says about the visitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// What the visitor wrote when the bot asked for a human.
    pub text: String,
    /// BCP 47.
    pub language: String,
    /// Display name of the intent that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    pub transcript: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum Phase {
    /// The bot has not asked for a human agent yet.
    New,
    /// Waiting for a human agent.
    Queued {
        since: Millis,
    },
    Live {
        agent: Agent,
    },
    Closed {
        reason: CloseReason,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// Refused at once: no agent was available.
    NobodyAvailable,
    /// The agent handed back.
    AgentClosed,
    /// No agent took it in time.
    QueueTimeout,
    /// Neither side said anything for too long.
    Idle,
    /// The visitor closed the chat, so the platform says.
    VisitorLeft,
    /// The pause ran out at the platform, which has gone back to its bot.
    PauseExpired,
    /// The tool would not take the chat.
    ToolRefused,
    /// The tool could not be reached for too long.
    ToolUnreachable,
    /// The route leads to another connector now.
    ConnectorChanged,
}

impl CloseReason {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NobodyAvailable => "nobody_available",
            Self::AgentClosed => "agent_closed",
            Self::QueueTimeout => "queue_timeout",
            Self::Idle => "idle",
            Self::VisitorLeft => "visitor_left",
            Self::PauseExpired => "pause_expired",
            Self::ToolRefused => "tool_refused",
            Self::ToolUnreachable => "tool_unreachable",
            Self::ConnectorChanged => "connector_changed",
        }
    }

    /// The tool ended it, never had it, or is out of reach: there is nothing to tell it.
    pub(super) fn is_of_tool(self) -> bool {
        matches!(
            self,
            Self::NobodyAvailable
                | Self::AgentClosed
                | Self::ToolRefused
                | Self::ToolUnreachable
                | Self::ConnectorChanged
        )
    }

    /// It ended before anything had begun.
    pub(super) fn is_refusal(self) -> bool {
        matches!(self, Self::NobodyAvailable | Self::ToolRefused | Self::ToolUnreachable)
    }
}

/// Every input of a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Webhook, step one; `available` says whether any agent could take it. `missed` is as in step
    /// two; where it opens a chat, the opening tells of it.
    StepOne {
        opening: Opening,
        available: bool,
        missed: Vec<Line>,
    },
    /// Webhook, step two. `missed` is what the visitor and the bot said while the platform could
    /// not reach us. Words that have come before are not recorded again: `call` is a fingerprint of
    /// the call's id and words, as in [`Line::call`].
    StepTwo {
        text: String,
        missed: Vec<Line>,
        call: Option<u64>,
    },
    /// Webhook: the platform has ended the pause by itself, and says why.
    PlatformEnded {
        reason: CloseReason,
    },
    /// Our answer to the webhook may have come too late to count.
    AnsweredLate,
    Claim {
        agent: Agent,
    },
    AgentSaid {
        agent: Agent,
        client_id: String,
        text: String,
    },
    /// The agent hands back to the bot.
    Close {
        agent: Agent,
    },
    /// `paused_until` is when the pause ends, where the platform told with its answer.
    PushAccepted {
        id: Position,
        paused_until: Option<Millis>,
    },
    PushFailed {
        id: Position,
        failure: PushFailure,
    },
    /// The webhook is about to be answered although the tool has not answered yet.
    Promised,
    /// The tool took a delivery; `checkpoint` is stored for the connector's session from now on,
    /// and `events` is what its answer told. They are one step: a checkpoint that has moved on is
    /// never stored without the events it has moved past.
    Delivered {
        id: Position,
        checkpoint: Option<String>,
        events: Vec<ConnectorEvent>,
    },
    DeliveryFailed {
        id: Position,
        failure: DeliveryFailure,
    },
    /// Something happened at the tool, in the opening with this number, or only its checkpoint
    /// changed.
    Heard {
        opening: u64,
        event: Option<ConnectorEvent>,
        checkpoint: Option<String>,
    },
    /// The bridge was started; the policy says where the route leads now.
    TakenUp,
    /// Time has passed.
    Woke,
}

/// Why the platform did not take a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushFailure {
    /// Worth trying again; `after` is what the platform asked for.
    Retry { after: Option<Millis>, detail: String },
    /// Never to be accepted.
    Refused { detail: String },
}

/// Everything that can happen in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Event {
    Opened {
        opening: Opening,
        clock: Clock,
        /// The connector to the tool its agents work in; none at Baton's own desk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connector: Option<String>,
    },
    VisitorSaid {
        text: String,
        /// What was said to and by the bot before, because the platform could not reach us.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missed: Vec<Line>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<u64>,
        /// Lines of what was missed that had come by themselves, by their calls.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        known: Vec<u64>,
    },
    Claimed {
        agent: Agent,
    },
    AgentSaid {
        agent: Agent,
        client_id: String,
        text: String,
        #[serde(default, skip_serializing_if = "TextFormat::is_markdown")]
        format: TextFormat,
    },
    Closed {
        reason: CloseReason,
        agent: Option<Agent>,
    },
    /// The platform will never take the push that belongs to `push`.
    Refused {
        push: Position,
        detail: String,
    },

    /// The agent went, and another may come.
    Requeued,
    /// The agent put the visitor on hold, or took the chat up again.
    Held {
        on: bool,
    },
    /// Words to the visitor that are no agent's.
    Notice {
        name: String,
        text: String,
    },
    /// The tool will never take the delivery that belongs to `delivery`.
    DeliveryRefused {
        delivery: Position,
        detail: String,
    },

    // Notes: seen by operators, not at the desk.
    PushAccepted {
        id: Position,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paused_until: Option<Millis>,
    },
    PushRetried {
        id: Position,
        attempts: u32,
        at: Millis,
        detail: String,
    },
    /// Time to tell the platform that the handover goes on.
    KeptAlive,
    /// The platform was told to pause before the tool had answered.
    Promised,
    Delivered {
        id: Position,
        /// Recorded in format 1 only; now the checkpoint has a column of its own.
        #[serde(default, rename = "link", skip_serializing_if = "Option::is_none")]
        checkpoint: Option<String>,
    },
    DeliveryRetried {
        id: Position,
        attempts: u32,
        at: Millis,
        doubtful: bool,
        detail: String,
    },
    /// The checkpoint has moved. Recorded in format 1 only.
    #[serde(rename = "linked")]
    Checkpointed {
        #[serde(rename = "link")]
        checkpoint: String,
    },
}

impl crate::Event for Event {
    const FORMAT: u32 = 2;

    /// Format 1 has the same form; see [`Event::Delivered`] and [`Event::Checkpointed`].
    fn read<'de, D: Deserializer<'de>>(format: u32, from: D) -> Result<Self, D::Error> {
        check_format(format)?;
        Self::deserialize(from)
    }

    fn is_note(&self) -> bool {
        matches!(
            self,
            Self::PushAccepted { .. }
                | Self::PushRetried { .. }
                | Self::KeptAlive
                | Self::Promised
                | Self::Delivered { .. }
                | Self::DeliveryRetried { .. }
                | Self::Checkpointed { .. }
        )
    }
}

/// What is pushed to the platform; `Owed::id` makes it recognizable when it is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "push")]
pub enum Push {
    /// The agent said something; keeps the pause alive.
    Message {
        text: String,
        agent: Agent,
        #[serde(default, skip_serializing_if = "TextFormat::is_markdown")]
        format: TextFormat,
    },
    /// An agent took the chat (with `agent`), or it goes on (without).
    Pause { agent: Option<Agent> },
    /// Control goes back to the bot.
    Resume { agent: Option<Agent> },
}

/// A push the platform has not accepted yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    pub id: Position,
    pub push: Push,
    /// Failed attempts so far.
    pub attempts: u32,
    /// When it became owed.
    pub since: Millis,
    /// Not to be tried before.
    pub not_before: Millis,
}

/// Why an input was not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Another agent has it.
    Taken { by: Agent },
    /// It is over.
    Closed,
    /// No agent has claimed it yet, so none can speak in it.
    NotClaimed,
    /// Too many messages wait for the platform.
    TooManyWaiting,
}

/// The times of one chat, fixed when it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// `minutesPaused` of every reply and push that keeps the pause alive.
    pub pause: Millis,
    /// How long a visitor may wait in the queue.
    pub queue: Millis,
    /// How long a claimed chat may be silent.
    pub idle: Millis,
}

impl Default for Clock {
    fn default() -> Self {
        let half_an_hour = 30 * limits::MINUTE_MS;
        Self { pause: limits::DEFAULT_PAUSE_MS, queue: half_an_hour, idle: half_an_hour }
    }
}

/// What the operator of the route chose.
#[derive(Debug, Clone)]
pub struct Policy {
    /// For chats that open from now on.
    pub clock: Clock,
    /// How long a push is tried.
    pub push_give_up: Millis,
    /// The connector to the tool that takes the chats from now on; none for Baton's own desk.
    pub connector: Option<String>,
    pub tool: ToolPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            clock: Clock::default(),
            push_give_up: limits::PUSH_GIVE_UP_MS,
            connector: None,
            tool: ToolPolicy::default(),
        }
    }
}

/// Both formats of chats can be read as they are.
pub(super) fn check_format<E: de::Error>(format: u32) -> Result<(), E> {
    if (1..=2).contains(&format) {
        return Ok(());
    }
    Err(E::custom(format_args!("format {format} is unknown, this release reads formats 1 and 2")))
}
