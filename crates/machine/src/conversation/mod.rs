//! A conversation, the platform's side: who has control, which inputs wait, what is owed.
//!
//! Inputs wait in one queue; only its head is ever being answered, by the bot or by a webhook
//! call, never by both. `epoch` counts the changes of control and the pushes that speak of it:
//! an answer that carries an older epoch belongs to control that has been given away since.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{Machine, Millis, Position, Recorded, limits};

mod policy;
mod step;
mod types;

#[cfg(test)]
mod tests;

pub use policy::{JOINED_TEXT, Policy, VISITOR_LEFT_TEXT, left_text};
pub use types::{
    Agent, Ask, BotAnswer, BotEvent, BotMessage, Control, Effect, Event, Goodbye, Input,
    NewSession, NoticeKind, PauseChange, Push, Reason, Refusal, RenewedBy, Reply, Said, Stretch,
    Trigger,
};

/// The state of one conversation: the sum of its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    position: Position,
    control: Control,
    epoch: u64,
    /// The human heard of last in this conversation.
    agent: Option<Agent>,
    queue: VecDeque<Turn>,
    /// Calls that lost their meaning while under way; their answers are recorded, once.
    recalled: Vec<Recalled>,
    /// Triggers that were used and must be cleared with the next query.
    spent: Vec<Trigger>,
    /// What the bot remembers of the session.
    memory: Option<String>,
    /// Number of the bot's session in this conversation, from 0.
    session: u64,
    /// When the visitor and the bot last had to do with each other.
    bot_active: Option<Millis>,
    /// Answers without a match in a row.
    fallbacks: u32,
    /// Since when a human has control.
    human_since: Option<Millis>,
    /// The last human stretch, until the bot has answered once after it.
    stretch: Option<Ended>,
}

/// A human stretch, and the epoch that began with its end: what was asked before then could not
/// tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Ended {
    epoch: u64,
    stretch: Stretch,
}

/// An input that waits for its answer; `turn` is the `seq` of the event that brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Turn {
    turn: u64,
    said: Said,
    side: Side,
    /// Set when a resume asked for this event: whom the default notice would name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resume: Option<ResumeTurn>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ResumeTurn {
    agent: Option<Agent>,
}

/// Who is answering an input, since which epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "side")]
enum Side {
    Nobody,
    Bot {
        epoch: u64,
    },
    Human {
        epoch: u64,
    },
    /// The human's side would not have it: the bot answers whoever has control.
    Forwarded {
        epoch: u64,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Recalled {
    turn: u64,
    epoch: u64,
}

impl Default for Conversation {
    fn default() -> Self {
        Self {
            position: Position::default(),
            control: Control::Bot,
            epoch: 0,
            agent: None,
            queue: VecDeque::new(),
            recalled: Vec::new(),
            spent: Vec::new(),
            memory: None,
            session: 0,
            bot_active: None,
            fallbacks: 0,
            human_since: None,
            stretch: None,
        }
    }
}

impl Conversation {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }

    #[must_use]
    pub fn agent(&self) -> Option<&Agent> {
        self.agent.as_ref()
    }

    /// End of the pause while a human has control.
    #[must_use]
    pub fn paused_until(&self) -> Option<Millis> {
        match self.control {
            Control::Human { until } => Some(until),
            Control::Bot | Control::Requested { .. } => None,
        }
    }

    /// Inputs nobody has answered yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// What the world is owed now: at most one call at a time, so that order holds.
    #[must_use]
    pub fn owed(&self) -> Option<Effect> {
        let session = self.session;
        if let Control::Requested { turn, said, response } = &self.control {
            let (turn, said, response) = (*turn, said.clone(), response.clone());
            return Some(Effect::StepOne { turn, epoch: self.epoch, session, said, response });
        }
        let head = self.queue.front()?;
        let (turn, said) = (head.turn, head.said.clone());
        match head.side {
            Side::Nobody => None,
            Side::Bot { epoch } | Side::Forwarded { epoch } => {
                let told = self.stretch.as_ref().filter(|ended| epoch >= ended.epoch);
                let ask = Ask {
                    clear: self.spent.clone(),
                    stretch: told.map(|ended| ended.stretch.clone()),
                    memory: self.memory.clone(),
                };
                Some(Effect::AskBot { turn, epoch, session, said, ask })
            }
            Side::Human { epoch } => Some(Effect::StepTwo { turn, epoch, session, said }),
        }
    }

    /// Number of the bot's session, from 0.
    #[must_use]
    pub fn session(&self) -> u64 {
        self.session
    }

    fn is_human(&self) -> bool {
        matches!(self.control, Control::Human { .. })
    }

    /// The head when nobody may answer it: an input without words while a human has control.
    fn unanswerable_head(&self) -> Option<&Turn> {
        let head = self.queue.front()?;
        (self.is_human() && head.side == Side::Nobody).then_some(head)
    }

    fn take_turn(&mut self, turn: u64) {
        self.queue.retain(|waiting| waiting.turn != turn);
    }

    fn recall(&mut self, turn: u64, epoch: u64) {
        if self.recalled.len() == limits::RECALLED_MAX {
            self.recalled.remove(0);
        }
        self.recalled.push(Recalled { turn, epoch });
    }

    fn spend(&mut self, triggers: &[Trigger]) {
        for trigger in triggers.iter().filter(|trigger| trigger.stays_set()) {
            if !self.spent.contains(trigger) {
                self.spent.push(trigger.clone());
            }
        }
    }

    /// The head was answered: the bot knows now what was told with it.
    fn forget_told_stretch(&mut self) {
        if let Some(Side::Bot { epoch } | Side::Forwarded { epoch }) =
            self.queue.front().map(|head| head.side)
        {
            self.stretch = self.stretch.take().filter(|ended| epoch < ended.epoch);
        }
    }

    fn start_session(&mut self, session: u64, at: Millis) {
        self.session = session;
        self.bot_active = Some(at);
        self.memory = None;
        self.spent.clear();
        self.fallbacks = 0;
    }

    fn forget_recalled(&mut self, turn: u64, epoch: u64) {
        self.recalled.retain(|call| *call != Recalled { turn, epoch });
    }

    fn change_control(
        &mut self,
        at: Millis,
        control: &Control,
        reason: Reason,
        agent: Option<&Agent>,
    ) {
        let overtaken = !matches!(
            reason,
            Reason::WebhookPaused
                | Reason::WebhookRefused
                | Reason::WebhookLate
                | Reason::WebhookFailed
        );
        if let Control::Requested { turn, .. } = self.control
            && overtaken
        {
            self.recall(turn, self.epoch);
        }
        if matches!(control, Control::Human { .. })
            && let Some(head) = self.queue.front_mut()
            && let Side::Bot { epoch } = head.side
        {
            let turn = head.turn;
            head.side = Side::Nobody;
            self.recall(turn, epoch);
        }
        self.epoch += 1;
        self.control = control.clone();
        if matches!(control, Control::Human { .. }) {
            self.agent = agent.cloned();
            self.human_since.get_or_insert(at);
            self.fallbacks = 0;
        } else if let Some(since) = self.human_since.take() {
            let agent = self.agent.as_ref().and_then(|agent| agent.name.clone());
            let stretch = Stretch { since, until: at, agent };
            self.stretch = Some(Ended { epoch: self.epoch, stretch });
        }
    }

    /// Gives the head to the side that has control, unless it is somebody's already.
    fn seat_head(&mut self) {
        let epoch = self.epoch;
        let side = match self.control {
            Control::Bot => Side::Bot { epoch },
            Control::Human { .. } => Side::Human { epoch },
            Control::Requested { .. } => return,
        };
        if let Some(head) = self.queue.front_mut()
            && head.side == Side::Nobody
            && !(matches!(side, Side::Human { .. }) && head.said.is_silent())
        {
            head.side = side;
        }
    }
}

impl Machine for Conversation {
    const PREFIX: &'static str = "cnv";
    const FORMAT: u32 = 1;
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
        self.position = recorded.position;
        let seq = recorded.position.seq;
        match &recorded.event {
            Event::VisitorSaid { said, .. } => {
                if self.control == Control::Bot {
                    self.bot_active = Some(recorded.at);
                }
                let said = said.clone();
                self.queue.push_back(Turn { turn: seq, said, side: Side::Nobody, resume: None });
            }
            Event::BotSaid { .. } | Event::Noticed { .. } => {}
            Event::AgentSaid { agent, .. } => {
                if agent.is_some() {
                    self.agent.clone_from(agent);
                }
            }
            Event::ControlChanged { control, reason, agent } => {
                self.change_control(recorded.at, control, *reason, agent.as_ref());
            }
            Event::BotAnswered { turn, memory, triggers, is_fallback, .. } => {
                self.forget_told_stretch();
                self.take_turn(*turn);
                self.memory.clone_from(memory);
                self.spent.clear();
                self.spend(triggers);
                self.bot_active = Some(recorded.at);
                let enough = triggers.iter().any(|by| matches!(by, Trigger::Fallbacks(_)));
                self.fallbacks = if *is_fallback && !enough { self.fallbacks + 1 } else { 0 };
            }
            Event::BotSuppressed { turn, epoch, triggers, .. } => {
                self.forget_recalled(*turn, *epoch);
                self.spend(triggers);
                let overtaken = Side::Forwarded { epoch: *epoch };
                self.queue.retain(|waiting| waiting.turn != *turn || waiting.side != overtaken);
            }
            Event::BotFailed { turn, .. }
            | Event::TurnDropped { turn }
            | Event::CallSettled { turn, forwarded: false, .. } => self.take_turn(*turn),
            Event::CallSettled { turn, forwarded: true, .. } => {
                let epoch = self.epoch;
                if let Some(head) = self.queue.front_mut().filter(|head| head.turn == *turn) {
                    head.side = Side::Forwarded { epoch };
                }
            }
            Event::CallIgnored { turn, epoch, .. } => self.forget_recalled(*turn, *epoch),
            Event::PauseRenewed { until, by } => {
                if let Control::Human { until: end } = &mut self.control {
                    *end = *until;
                }
                if *by == RenewedBy::Push {
                    self.epoch += 1;
                }
            }
            Event::ResumeEvent { name, agent } => self.queue_resume_event(seq, name, agent.clone()),
            Event::SessionStarted { session, .. } => self.start_session(*session, recorded.at),
        }
        self.seat_head();
    }

    fn position(&self) -> Position {
        self.position
    }

    fn owes(&self) -> bool {
        matches!(self.control, Control::Requested { .. })
            || self.queue.front().is_some_and(|head| head.side != Side::Nobody)
    }

    /// The end of the pause; but while a reply is awaited that may still renew it, the reply (or
    /// its lateness) decides, so that an input sent in time keeps the pause (contract r1, step
    /// two).
    fn wake_at(&self) -> Option<Millis> {
        let epoch = self.epoch;
        let awaits_reply =
            self.queue.front().is_some_and(|head| head.side == Side::Human { epoch });
        self.paused_until().filter(|_| !awaits_reply)
    }

    fn peer(&self) -> Option<&str> {
        None
    }

    fn initial(_peer: Option<&str>) -> Option<Self> {
        Some(Self::new())
    }
}

impl Conversation {
    /// The event goes before everything that waits, but not before what is under way.
    fn queue_resume_event(&mut self, turn: u64, name: &str, agent: Option<Agent>) {
        let event = BotEvent { name: name.to_owned(), parameters: "{}".to_owned() };
        let said = Said { text: String::new(), event: Some(event), extra: None };
        let resume = Some(ResumeTurn { agent });
        let under_way = self
            .queue
            .front()
            .is_some_and(|head| matches!(head.side, Side::Human { .. } | Side::Forwarded { .. }));
        // The head was given to the bot by the very resume that asks for this event.
        if let Some(head) = self.queue.front_mut()
            && matches!(head.side, Side::Bot { .. })
        {
            head.side = Side::Nobody;
        }
        let place = usize::from(under_way);
        self.queue.insert(place, Turn { turn, said, side: Side::Nobody, resume });
    }
}
