//! A chat whose human agents work in a tool of their own: what the tool is owed, and what was heard
//! from it.
//!
//! What the visitor says waits in `deliveries` until the tool has taken it, one at a time and in
//! order, as pushes wait for the platform. Every handover is one *opening*, numbered by its
//! [`super::Event::Opened`]; the `checkpoint` is what the connector needs to go on with it.
//! Connector events of another opening than the current one change nothing.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Agent, CloseReason, Event, Line, Opening, Speaker};
use crate::{Millis, Position, limits};

/// What is delivered to the tool; the place in the journal makes it recognizable when it is
/// delivered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "delivery")]
pub enum Delivery {
    /// A visitor asks for a human.
    Open { opening: Opening },
    /// The visitor said something.
    Say { text: String },
    /// The handover is over on our side.
    Leave { reason: CloseReason },
}

/// What the human agent missed, as a message of its own before what the visitor said: tools have no
/// other place for it, and no words of the visitor may be taken for the bot's.
pub(super) fn missed_for_tool(missed: &[Line]) -> Option<String> {
    let lines = missed.iter().map(|line| {
        let from = match line.from {
            Speaker::Visitor => "Visitor",
            Speaker::Bot => "Bot",
            Speaker::Agent => "Agent",
        };
        // A line break must not begin a line that looks like another speaker's.
        format!("\n{from}: {}", line.text.replace('\n', "\n    "))
    });
    let lines: String = lines.collect();
    let title = "[While you could not be reached, the bot answered the visitor]";
    (!missed.is_empty()).then(|| format!("{title}{lines}"))
}

/// The id of the delivery of what was missed before a message. No event has this place: notes on
/// one number are few.
pub(super) fn id_of_missed(message: Position) -> Position {
    Position { sub: u32::MAX.into(), ..message }
}

/// A delivery the tool has not taken yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedDelivery {
    pub id: Position,
    /// Number of the opening it belongs to.
    pub opening: u64,
    pub delivery: Delivery,
    /// Failed attempts so far.
    pub attempts: u32,
    /// An attempt may have arrived although its answer was lost.
    pub doubtful: bool,
    pub since: Millis,
    /// Not to be tried before.
    pub not_before: Millis,
}

/// What a connector needs to go on with a handover its tool has taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Checkpoint {
    pub opening: u64,
    /// The connector's own words.
    pub text: String,
}

/// The stored form of a checkpoint: the number of its opening. Format 1 held the text too.
mod taken {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Checkpoint;

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Opening(u64),
        Format1(Checkpoint),
    }

    #[expect(clippy::ref_option, reason = "serde passes the field as it is")]
    pub(super) fn serialize<S: Serializer>(
        checkpoint: &Option<Checkpoint>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        checkpoint.as_ref().map(|checkpoint| checkpoint.opening).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Checkpoint>, D::Error> {
        Ok(Option::deserialize(from)?.map(|stored| match stored {
            Stored::Opening(opening) => Checkpoint { opening, text: String::new() },
            Stored::Format1(checkpoint) => checkpoint,
        }))
    }
}

/// What the tool did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryFailure {
    /// Worth trying again; `after` is what the tool asked for, and `doubtful` says that the
    /// delivery may have arrived.
    Retry { after: Option<Millis>, doubtful: bool, detail: String },
    /// Never to be taken.
    Refused { detail: String },
    /// The chat is over at the tool.
    Gone { detail: String },
}

/// What happened at the tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectorEvent {
    /// An agent took the chat.
    Joined {
        agent: Agent,
    },
    Said {
        agent: Agent,
        text: String,
    },
    /// The agent went and another may come: back in the queue.
    Left,
    Held {
        on: bool,
    },
    /// The tool's own words to the visitor.
    Notice {
        text: String,
    },
    /// The chat is over.
    Ended,
}

/// What the visitor is told when no agent speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notices {
    /// Whose words they are.
    pub name: String,
    /// No agent can take the chat after all.
    pub unavailable: String,
    /// Something the visitor said could not be delivered.
    pub undelivered: String,
    /// The agent went, another one may come.
    pub requeued: Option<String>,
    pub held: Option<String>,
}

impl Default for Notices {
    fn default() -> Self {
        Self {
            name: "Support".to_owned(),
            unavailable: "Nobody can take your chat at the moment. Please try again later."
                .to_owned(),
            undelivered: "Your last message did not reach the agent.".to_owned(),
            requeued: None,
            held: None,
        }
    }
}

/// How chats at a tool are treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolPolicy {
    /// How long an opening is tried while the tool cannot be reached.
    pub open_give_up: Millis,
    pub notices: Notices,
}

impl Default for ToolPolicy {
    fn default() -> Self {
        Self { open_give_up: limits::OPEN_GIVE_UP_MS, notices: Notices::default() }
    }
}

/// The part of a chat that looks to its tool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ToolSide {
    /// The connector to the tool of the latest handover at one.
    pub(super) connector: String,
    /// 0 when the current handover is not at a tool.
    pub(super) opening: u64,
    pub(super) deliveries: VecDeque<OwedDelivery>,
    /// Stored is the opening only: the text has a column of its own; see [`crate::Machine`].
    #[serde(rename = "taken", alias = "link", with = "taken")]
    pub(super) checkpoint: Option<Checkpoint>,
    /// The platform was told to pause before the tool had answered.
    pub(super) promised: bool,
    /// Openings that are not needed any more but may have arrived.
    pub(super) abandoned: Vec<Position>,
}

impl ToolSide {
    pub(super) fn opened(&mut self, at: Millis, id: Position, opening: &Opening, connector: &str) {
        connector.clone_into(&mut self.connector);
        self.opening = id.seq;
        self.promised = false;
        self.owe(at, id, Delivery::Open { opening: opening.clone() });
    }

    /// The current handover is none of the tool's; what the last one owes stays owed.
    pub(super) fn opened_elsewhere(&mut self) {
        (self.opening, self.promised) = (0, false);
    }

    /// What only concerns this side.
    pub(super) fn apply(&mut self, at: Millis, position: Position, event: &Event) {
        match event {
            Event::Promised => self.promised = true,
            Event::Delivered { id, checkpoint } => {
                self.delivered((at, position), *id, checkpoint.as_deref());
            }
            Event::DeliveryRetried { id, attempts, at, doubtful, .. } => {
                if let Some(owed) = self.deliveries.iter_mut().find(|owed| owed.id == *id) {
                    (owed.attempts, owed.not_before) = (*attempts, *at);
                    owed.doubtful = *doubtful;
                }
            }
            Event::DeliveryRefused { delivery, .. } => {
                self.abandoned.retain(|abandoned| abandoned != delivery);
                let settled = self.settle(*delivery).map(|owed| owed.delivery);
                if matches!(settled, Some(Delivery::Leave { .. })) {
                    self.checkpoint = None;
                }
            }
            Event::Checkpointed { checkpoint } => self.move_checkpoint(Some(checkpoint)),
            _ => {}
        }
    }

    pub(super) fn owe(&mut self, at: Millis, id: Position, delivery: Delivery) {
        let opening = self.opening;
        let (attempts, doubtful, since, not_before) = (0, false, at, at);
        let owed = OwedDelivery { id, opening, delivery, attempts, doubtful, since, not_before };
        self.deliveries.push_back(owed);
    }

    /// The tool has the chat, and it is this handover's.
    pub(super) fn is_taken(&self) -> bool {
        self.checkpoint.as_ref().is_some_and(|checkpoint| checkpoint.opening == self.opening)
    }

    /// What is left to deliver once the handover is over.
    pub(super) fn closed(&mut self, at: Millis, id: Position, reason: CloseReason) {
        let opening = self.opening;
        if reason.is_of_tool() {
            self.deliveries.retain(|owed| owed.opening != opening);
            self.checkpoint =
                self.checkpoint.take().filter(|checkpoint| checkpoint.opening != opening);
        } else if self.is_taken() {
            self.owe(at, id, Delivery::Leave { reason });
        } else {
            // It never got there, as far as anybody knows; what may have got there is cleared up.
            let is_open = |owed: &OwedDelivery| matches!(owed.delivery, Delivery::Open { .. });
            let unopened = self.deliveries.iter().filter(|owed| is_open(owed));
            let abandoned = unopened.map(|owed| owed.id).find(|id| id.seq == opening);
            self.abandoned.extend(abandoned);
            if self.abandoned.len() > limits::ABANDONED_MAX {
                self.abandoned.remove(0);
            }
            let in_doubt = |owed: &OwedDelivery| is_open(owed) && owed.doubtful;
            self.deliveries.retain(|owed| owed.opening != opening || in_doubt(owed));
        }
    }

    /// Takes a delivery off the list.
    pub(super) fn settle(&mut self, id: Position) -> Option<OwedDelivery> {
        let index = self.deliveries.iter().position(|owed| owed.id == id)?;
        self.deliveries.remove(index)
    }

    /// The tool took a delivery, perhaps with a new checkpoint.
    fn delivered(
        &mut self,
        (at, position): (Millis, Position),
        id: Position,
        checkpoint: Option<&str>,
    ) {
        let settled = self.settle(id).filter(|_| !self.abandoned.contains(&id));
        match settled.map(|owed| owed.delivery) {
            Some(Delivery::Open { .. }) => self.take(id.seq, checkpoint.unwrap_or_default()),
            Some(Delivery::Leave { .. }) => self.checkpoint = None,
            Some(Delivery::Say { .. }) => self.move_checkpoint(checkpoint),
            // The handover was over before the tool had opened it: it must hear of the end.
            None => {
                self.abandoned.retain(|abandoned| *abandoned != id);
                self.take(id.seq, checkpoint.unwrap_or_default());
                let (opening, reason) = (id.seq, CloseReason::VisitorLeft);
                self.deliveries.push_front(OwedDelivery {
                    id: position,
                    opening,
                    delivery: Delivery::Leave { reason },
                    attempts: 0,
                    doubtful: false,
                    since: at,
                    not_before: at,
                });
            }
        }
    }

    /// The session goes on from another checkpoint from now on.
    pub(super) fn move_checkpoint(&mut self, text: Option<&str>) {
        if let (Some(checkpoint), Some(text)) = (&mut self.checkpoint, text) {
            text.clone_into(&mut checkpoint.text);
        }
    }

    fn take(&mut self, opening: u64, text: &str) {
        self.checkpoint = Some(Checkpoint { opening, text: text.to_owned() });
    }
}
