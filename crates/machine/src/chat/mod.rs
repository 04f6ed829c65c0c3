//! A chat, the bridge's side of one handover: its queue, its agent, and the pushes it still owes.
//!
//! What agents say waits in `outbox` until the platform has accepted it, one push at a time and in
//! order. A chat stays findable by its visitor until it is closed and owes nothing, so that a new
//! handover never overtakes the end of the last one.
//!
//! Where agents work in a tool of their own, the same holds the other way round: see [`tool`].

use std::collections::VecDeque;

use serde::{Deserialize, Deserializer, Serialize};

use self::{heard::Heard, tool::ToolSide};
use crate::{
    Machine, Millis, Position, Recorded, TextFormat,
    limits::{self, MINUTE_MS},
    model,
};

mod heard;
mod step;
mod tool;
mod tool_step;
mod types;

#[cfg(test)]
mod tests;

pub use tool::{
    Checkpoint, ConnectorEvent, Delivery, DeliveryFailure, Notices, OwedDelivery, ToolPolicy,
};
pub use types::{
    Agent, Clock, CloseReason, Event, Input, Line, Opening, Owed, Phase, Policy, Push, PushFailure,
    Refusal, Speaker,
};

/// No pause is taken to be shorter than this: should the two clocks disagree, the platform is
/// still told only now and then that the handover goes on.
const GRANTED_MIN_MS: Millis = MINUTE_MS;

/// What a step records, for a chat.
type Log<'a> = model::Log<'a, Chat>;

/// The state of one chat: the sum of its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chat {
    position: Position,
    bot_id: String,
    user_id: String,
    peer: String,
    phase: Phase,
    language: String,
    /// Last words of either side.
    preview: String,
    /// When either side last said something.
    last_said: Millis,
    /// When the platform was last told that the handover goes on.
    told_at: Millis,
    /// How long a pause the platform gave then, where it told.
    #[serde(default)]
    granted: Option<Millis>,
    clock: Clock,
    outbox: VecDeque<Owed>,
    /// `seq` of the last agent's message that the platform accepted.
    pushed_through: u64,
    #[serde(default, skip_serializing_if = "Heard::is_empty")]
    heard: Heard,
    /// What a tool is owed, where agents work in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tool: Option<ToolSide>,
}

impl Chat {
    /// A chat with the visitor `user_id` of the bot `bot_id` (contract: `userId`, `botId`).
    #[must_use]
    pub fn new(bot_id: &str, user_id: &str) -> Self {
        Self {
            position: Position::default(),
            bot_id: bot_id.to_owned(),
            user_id: user_id.to_owned(),
            peer: Self::peer_of(bot_id, user_id),
            phase: Phase::New,
            language: String::new(),
            preview: String::new(),
            last_said: 0,
            told_at: 0,
            granted: None,
            clock: Clock::default(),
            outbox: VecDeque::new(),
            pushed_through: 0,
            heard: Heard::default(),
            tool: None,
        }
    }

    /// The key under which the chat with this visitor is found.
    #[must_use]
    pub fn peer_of(bot_id: &str, user_id: &str) -> String {
        format!("{}:{bot_id}/{user_id}", bot_id.len())
    }

    #[must_use]
    pub fn bot_id(&self) -> &str {
        &self.bot_id
    }

    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    #[must_use]
    pub fn preview(&self) -> &str {
        &self.preview
    }

    #[must_use]
    pub fn last_said(&self) -> Millis {
        self.last_said
    }

    /// Waiting or live: the webhook is answered with `paused: true`.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Queued { .. } | Phase::Live { .. })
    }

    #[must_use]
    pub fn agent(&self) -> Option<&Agent> {
        match &self.phase {
            Phase::Live { agent } => Some(agent),
            Phase::New | Phase::Queued { .. } | Phase::Closed { .. } => None,
        }
    }

    #[must_use]
    pub fn pushed_through(&self) -> u64 {
        self.pushed_through
    }

    /// Agents' messages the platform has not accepted yet.
    #[must_use]
    pub fn unpushed(&self) -> usize {
        self.outbox.iter().filter(|owed| matches!(owed.push, Push::Message { .. })).count()
    }

    /// What the platform is owed: the oldest push, not to be sent before `not_before`.
    #[must_use]
    pub fn owed(&self) -> Option<&Owed> {
        self.outbox.front()
    }

    /// Whose chat has ended and when, as long as the platform is owed the end of the pause.
    #[must_use]
    pub fn owed_end(&self) -> Option<(Option<Agent>, Millis)> {
        self.outbox.iter().rev().find_map(|owed| match &owed.push {
            Push::Resume { agent } => Some((agent.clone(), owed.since)),
            Push::Message { .. } | Push::Pause { .. } => None,
        })
    }

    /// What the tool is owed: the oldest delivery, not to be tried before `not_before`.
    #[must_use]
    pub fn owed_delivery(&self) -> Option<&OwedDelivery> {
        self.owed_deliveries().next()
    }

    /// Everything the tool is owed, oldest first.
    pub fn owed_deliveries(&self) -> impl Iterator<Item = &OwedDelivery> {
        self.tool.iter().flat_map(|tool| &tool.deliveries)
    }

    /// Whether one more message of the visitor may wait for the tool, with what was missed before.
    fn has_room_for_tool(&self, text: &str, missed: &[Line]) -> bool {
        let chars = |text: &str| text.chars().count();
        let more = chars(text) + tool::missed_for_tool(missed).map_or(0, |text| chars(&text));
        let waiting = self.owed_deliveries().map(|owed| match &owed.delivery {
            Delivery::Say { text } => chars(text),
            Delivery::Open { .. } | Delivery::Leave { .. } => 0,
        });
        let (count, sum) = waiting.fold((0, 0), |(count, sum), chars| (count + 1, sum + chars));
        let at_tool = self.opening().is_some();
        !at_tool
            || count < limits::WAITING_DELIVERIES_MAX
                && sum + more <= limits::WAITING_DELIVERY_CHARS_MAX
    }

    /// What the connector of a chat its tool has taken goes on with.
    #[must_use]
    pub fn checkpoint_at_tool(&self) -> Option<&Checkpoint> {
        self.tool.as_ref()?.checkpoint.as_ref()
    }

    /// Whether it is open, or still owes something, at another connector than this one; none is
    /// Baton's own desk.
    #[must_use]
    pub fn is_elsewhere(&self, connector: Option<&str>) -> bool {
        self.is_open() && self.connector() != connector || self.owes_elsewhere(connector)
    }

    /// The connector of the current opening.
    fn connector(&self) -> Option<&str> {
        self.opening().and(self.tool.as_ref()).map(|tool| tool.connector.as_str())
    }

    fn owes_elsewhere(&self, connector: Option<&str>) -> bool {
        let elsewhere = |tool: &&ToolSide| connector != Some(&tool.connector);
        self.tool.as_ref().filter(elsewhere).is_some_and(|tool| !tool.deliveries.is_empty())
    }

    /// Number of the current opening at a tool.
    #[must_use]
    pub fn opening(&self) -> Option<u64> {
        self.tool.as_ref().map(|tool| tool.opening).filter(|opening| *opening != 0)
    }

    /// The tool has not taken the current handover yet, and the platform knows nothing of that.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        let unanswered = |tool: &ToolSide| tool.opening != 0 && !tool.promised && !tool.is_taken();
        self.is_open() && self.tool.as_ref().is_some_and(unanswered)
    }

    /// Whether these words wait for the platform.
    fn owes_notice(&self, words: &str) -> bool {
        let is_it = |push: &Push| matches!(push, Push::Message { text, .. } if text == words);
        self.outbox.iter().any(|owed| is_it(&owed.push))
    }

    fn owe(&mut self, id: Position, since: Millis, push: Push) {
        self.outbox.push_back(Owed { id, push, attempts: 0, since, not_before: since });
    }

    fn said(&mut self, at: Millis, text: &str) {
        self.last_said = at;
        self.preview = text.chars().take(120).collect();
    }

    /// `minutesPaused` of this chat, as a length.
    #[must_use]
    pub fn pause(&self) -> Millis {
        self.clock.pause
    }

    /// When waiting or silence has lasted too long.
    fn ends_at(&self) -> Option<Millis> {
        match self.phase {
            Phase::Queued { since } => Some(since + self.clock.queue),
            Phase::Live { .. } => Some(self.last_said + self.clock.idle),
            Phase::New | Phase::Closed { .. } => None,
        }
    }

    /// When the platform must hear that the handover goes on: a third of the pause before its
    /// end, unless a push that says so waits already. Answers to the webhook are not counted on:
    /// they may have come too late.
    fn keep_alive_at(&self) -> Option<Millis> {
        let granted = self.granted.map(|granted| granted.max(GRANTED_MIN_MS));
        let pause = granted.map_or(self.clock.pause, |granted| granted.min(self.clock.pause));
        (self.is_open() && !self.says_it_goes_on()).then_some(self.told_at + pause - pause / 3)
    }

    /// Whether a push waits that tells the platform to pause.
    fn says_it_goes_on(&self) -> bool {
        self.outbox.iter().any(|owed| !matches!(owed.push, Push::Resume { .. }))
    }

    fn opened(&mut self, at: Millis, opening: &Opening, clock: Clock, connector: Option<&str>) {
        self.clock = clock;
        self.phase = Phase::Queued { since: at };
        self.told_at = at;
        self.granted = None;
        self.language.clone_from(&opening.language);
        self.heard.opened(&opening.transcript);
        self.said(at, &opening.text);
        // The platform has given control to the bot since: whatever was to end or keep the last
        // pause is moot, only what an agent said is still worth telling.
        self.outbox.retain(|owed| matches!(owed.push, Push::Message { .. }));
        if let Some(connector) = connector {
            let tool = self.tool.get_or_insert_default();
            tool.opened(at, self.position, opening, connector);
        } else if let Some(tool) = &mut self.tool {
            tool.opened_elsewhere();
        }
    }

    fn visitor_said(&mut self, at: Millis, text: &str, missed: &[Line]) {
        self.said(at, text);
        if let Some(tool) = self.tool.as_mut().filter(|tool| tool.opening != 0) {
            let (text, id) = (text.to_owned(), self.position);
            if let Some(missed) = tool::missed_for_tool(missed) {
                tool.owe(at, tool::id_of_missed(id), Delivery::Say { text: missed });
            }
            tool.owe(at, id, Delivery::Say { text });
        }
    }

    fn closed(&mut self, at: Millis, reason: CloseReason, agent: Option<&Agent>) {
        let id = self.position;
        self.phase = Phase::Closed { reason };
        let promised = self.tool.as_ref().is_some_and(|tool| tool.promised);
        // Also when the platform says so itself: what it said may have been overtaken by
        // a new handover, and who is with the bot already stays there.
        if !reason.is_refusal() || promised || !self.outbox.is_empty() {
            self.owe(id, at, Push::Resume { agent: agent.cloned() });
        }
        if let Some(tool) = &mut self.tool {
            tool.closed(at, id, reason);
        }
    }

    fn accepted(&mut self, at: Millis, id: Position, paused_until: Option<Millis>) {
        match self.settle(id).map(|owed| owed.push) {
            Some(Push::Message { .. }) => self.pushed_through = id.seq,
            Some(Push::Pause { .. }) => {}
            Some(Push::Resume { .. }) | None => return,
        }
        self.told_at = at;
        self.granted = paused_until.map(|until| until.saturating_sub(at));
    }

    fn settle(&mut self, id: Position) -> Option<Owed> {
        let index = self.outbox.iter().position(|owed| owed.id == id)?;
        self.outbox.remove(index)
    }
}

impl Machine for Chat {
    const PREFIX: &'static str = "cht";
    const FORMAT: u32 = 2;
    type Input = Input;
    type Event = Event;
    type Policy = Policy;
    type Refusal = Refusal;

    fn step(
        &mut self,
        policy: &Policy,
        now: Millis,
        input: Input,
    ) -> Result<Vec<Recorded<Event>>, Refusal> {
        step::step(self, policy, now, input)
    }

    fn apply(&mut self, recorded: &Recorded<Event>) {
        let (at, id) = (recorded.at, recorded.position);
        self.position = id;
        match &recorded.event {
            Event::Opened { opening, clock, connector } => {
                self.opened(at, opening, *clock, connector.as_deref());
            }
            Event::VisitorSaid { text, missed, call, known } => {
                self.heard.said(*call, missed, known);
                self.visitor_said(at, text, missed);
            }
            Event::Claimed { agent } => {
                self.phase = Phase::Live { agent: agent.clone() };
                self.last_said = at;
                self.owe(id, at, Push::Pause { agent: Some(agent.clone()) });
            }
            Event::AgentSaid { agent, text, format, .. } => {
                self.said(at, text);
                let (text, agent, format) = (text.clone(), agent.clone(), *format);
                self.owe(id, at, Push::Message { text, agent, format });
            }
            Event::Notice { name, text } => {
                self.said(at, text);
                let (email, avatar_url) = (String::new(), String::new());
                let agent = Agent { email, name: name.clone(), avatar_url };
                let (text, format) = (text.clone(), TextFormat::Markdown);
                self.owe(id, at, Push::Message { text, agent, format });
            }
            Event::Closed { reason, agent } => self.closed(at, *reason, agent.as_ref()),
            Event::Requeued => self.phase = Phase::Queued { since: at },
            Event::Held { .. } => {}
            Event::Refused { push, .. } => {
                self.settle(*push);
            }
            Event::PushAccepted { id, paused_until } => self.accepted(at, *id, *paused_until),
            Event::PushRetried { id, attempts, at, .. } => {
                if let Some(owed) = self.outbox.iter_mut().find(|owed| owed.id == *id) {
                    (owed.attempts, owed.not_before) = (*attempts, *at);
                }
            }
            Event::KeptAlive => {
                // Should the platform refuse it, the next one comes in its usual time.
                self.told_at = at;
                self.owe(id, at, Push::Pause { agent: None });
            }
            Event::Promised
            | Event::Delivered { .. }
            | Event::DeliveryRetried { .. }
            | Event::DeliveryRefused { .. }
            | Event::Checkpointed { .. } => {
                if let Some(tool) = &mut self.tool {
                    tool.apply(at, id, &recorded.event);
                }
            }
        }
    }

    fn position(&self) -> Position {
        self.position
    }

    fn owes(&self) -> bool {
        !self.outbox.is_empty() || self.owed_delivery().is_some()
    }

    fn wake_at(&self) -> Option<Millis> {
        [self.keep_alive_at(), self.ends_at()].into_iter().flatten().min()
    }

    fn peer(&self) -> Option<&str> {
        (self.is_open() || self.owes()).then_some(self.peer.as_str())
    }

    /// In format 1, [`ToolSide`] held the whole checkpoint.
    fn read<'de, D: Deserializer<'de>>(format: u32, from: D) -> Result<Self, D::Error> {
        types::check_format(format)?;
        Self::deserialize(from)
    }

    fn checkpoint(&self) -> Option<&str> {
        self.checkpoint_at_tool().map(|checkpoint| checkpoint.text.as_str())
    }

    /// A state of format 1 has brought its checkpoint along; there is none in the column then.
    fn set_checkpoint(&mut self, checkpoint: Option<String>) {
        if let Some(tool) = &mut self.tool {
            tool.move_checkpoint(checkpoint.as_deref());
        }
    }

    fn initial(peer: Option<&str>) -> Option<Self> {
        let (length, rest) = peer?.split_once(':')?;
        let (bot_id, user_id) = rest.split_at_checked(length.parse().ok()?)?;
        Some(Self::new(bot_id, user_id.strip_prefix('/')?))
    }
}
