//! A conversation, the platform's side: who has control, which inputs wait, what is owed.
//!
//! Inputs wait in one queue. Only its head is being answered, by the bot or by a webhook call,
//! never by both. `epoch` counts the changes of control and the pushes that speak of the pause: an
//! answer with an older epoch was asked for before control changed.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{Machine, Millis, Position, Recorded, limits, model};

mod effect;
mod hold;
mod policy;
mod step;
mod types;

#[cfg(test)]
mod tests;

pub use effect::{Callee, Effect, QueryDetails};
pub use policy::{JOINED_TEXT, KEPT_TEXT, Policy, VISITOR_LEFT_TEXT, WhenAway, left_text};
pub use types::{
    BotAnswer, BotEvent, BotMessage, Control, Event, Goodbye, HumanAgent, Input, NewSession,
    NoticeKind, PastPause, PauseChange, PushInput, Reason, Refusal, RenewedBy, Reply, Said,
    Trigger,
};

type Log<'a> = model::Log<'a, Conversation>;

/// The state of one conversation: the sum of its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    position: Position,
    control: Control,
    epoch: u64,
    /// The human agent who was named last in this conversation.
    agent: Option<HumanAgent>,
    queue: VecDeque<Turn>,
    /// Calls that were withdrawn while under way; the answer to each is recorded once.
    recalled: Vec<Recalled>,
    /// Used triggers, to be cleared with the next query.
    #[serde(rename = "spent")]
    used_triggers: Vec<Trigger>,
    /// The bot's own data about the session.
    memory: Option<String>,
    /// Number of the bot's session in this conversation, from 0.
    session: u64,
    /// When the visitor last wrote to the bot, or the bot last answered.
    bot_active: Option<Millis>,
    /// How many answers in a row had no match.
    fallbacks: u32,
    /// When the present pause began.
    human_since: Option<Millis>,
    /// The last pause, until the bot has answered once after it.
    #[serde(rename = "stretch")]
    past_pause: Option<EndedPause>,
    /// Whether the visitor was told that words are kept, since the human's side was last reached.
    #[serde(default, skip_serializing_if = "types::is_false")]
    is_kept_told: bool,
    /// The first input that the bot got because the human's side was away; until that side is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unheard: Option<u64>,
}

/// A pause that has ended, and the epoch that began with its end: queries from before that epoch
/// could not tell the bot about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct EndedPause {
    epoch: u64,
    #[serde(rename = "stretch")]
    pause: PastPause,
}

/// An input that waits for its answer; `turn` is the `seq` of the event that brought it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Turn {
    turn: u64,
    said: Said,
    side: Side,
    /// Set when a resume push named this event: the human agent whom the notice would name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resume: Option<ResumeTurn>,
    /// Calls that found the human's side away, while the input is kept for it.
    #[serde(default, skip_serializing_if = "types::is_zero")]
    attempts: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ResumeTurn {
    agent: Option<HumanAgent>,
}

/// Who is answering an input, and since which epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "side")]
enum Side {
    #[serde(rename = "nobody")]
    Unassigned,
    Bot {
        epoch: u64,
    },
    Human {
        epoch: u64,
    },
    /// Kept for the human's side, which is away; the next call is owed from `until` on.
    /// `asked`: that side named the time.
    Held {
        until: Millis,
        #[serde(default, skip_serializing_if = "types::is_false")]
        asked: bool,
    },
    /// The bridge did not accept the input; the bot answers it, whichever side has control.
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
            used_triggers: Vec::new(),
            memory: None,
            session: 0,
            bot_active: None,
            fallbacks: 0,
            human_since: None,
            past_pause: None,
            is_kept_told: false,
            unheard: None,
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
    pub fn agent(&self) -> Option<&HumanAgent> {
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

    /// How many inputs wait for an answer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether one more input may wait. The first may, however large it is.
    pub(super) fn has_room_for(&self, said: &Said) -> bool {
        let bytes: usize = self.queue.iter().map(|waiting| waiting.said.bytes()).sum();
        self.queue.is_empty()
            || self.queue.len() < limits::WAITING_TURNS_MAX
                && bytes + said.bytes() <= limits::WAITING_BYTES_MAX
    }

    /// The call that is owed now. There is at most one at a time, so that order holds.
    #[must_use]
    pub fn owed(&self) -> Option<Effect> {
        let (session, unheard) = (self.session, self.unheard);
        if let Control::Requested { turn, said, response } = &self.control {
            let (turn, epoch) = (*turn, self.epoch);
            let (said, response) = (said.clone(), response.clone());
            return Some(Effect::StepOne { turn, epoch, session, said, response, unheard });
        }
        let head = self.queue.front()?;
        let (turn, said) = (head.turn, head.said.clone());
        match head.side {
            Side::Unassigned | Side::Held { .. } => None,
            Side::Bot { epoch } | Side::Forwarded { epoch } => {
                let told = self.past_pause.as_ref().filter(|ended| epoch >= ended.epoch);
                let details = QueryDetails {
                    clear: self.used_triggers.clone(),
                    past_pause: told.map(|ended| ended.pause.clone()),
                    memory: self.memory.clone(),
                };
                Some(Effect::QueryBot { turn, epoch, session, said, details })
            }
            Side::Human { epoch } => Some(Effect::StepTwo { turn, epoch, session, said, unheard }),
        }
    }

    /// Whom the owed call goes to; cheaper than [`Conversation::owed`].
    #[must_use]
    pub fn owes_to(&self) -> Option<Callee> {
        if matches!(self.control, Control::Requested { .. }) {
            return Some(Callee::Bridge);
        }
        match self.queue.front()?.side {
            Side::Unassigned | Side::Held { .. } => None,
            Side::Bot { .. } | Side::Forwarded { .. } => Some(Callee::Bot),
            Side::Human { .. } => Some(Callee::Bridge),
        }
    }

    /// Number of the bot's session, from 0.
    #[must_use]
    pub fn session(&self) -> u64 {
        self.session
    }

    /// The end of the pause. While a reply is awaited that may renew the pause, the reply or its
    /// lateness decides instead, so that an input sent in time keeps the pause (contract r1, step
    /// two).
    fn pause_ends_at(&self) -> Option<Millis> {
        let epoch = self.epoch;
        let awaits_reply =
            self.queue.front().is_some_and(|head| head.side == Side::Human { epoch });
        self.paused_until().filter(|_| !awaits_reply)
    }

    fn is_human(&self) -> bool {
        matches!(self.control, Control::Human { .. })
    }

    /// The head when it needs no answer: an input without words while a human has control.
    fn unanswerable_head(&self) -> Option<&Turn> {
        let head = self.queue.front()?;
        (self.is_human() && head.side == Side::Unassigned).then_some(head)
    }

    fn remove_turn(&mut self, turn: u64) {
        self.queue.retain(|waiting| waiting.turn != turn);
    }

    fn recall(&mut self, turn: u64, epoch: u64) {
        if self.recalled.len() == limits::RECALLED_MAX {
            self.recalled.remove(0);
        }
        self.recalled.push(Recalled { turn, epoch });
    }

    fn use_triggers(&mut self, triggers: &[Trigger]) {
        for trigger in triggers.iter().filter(|trigger| trigger.stays_set()) {
            if !self.used_triggers.contains(trigger) {
                self.used_triggers.push(trigger.clone());
            }
        }
    }

    /// The bot has answered the head, so it has been told about the last pause.
    fn forget_told_pause(&mut self) {
        if let Some(Side::Bot { epoch } | Side::Forwarded { epoch }) =
            self.queue.front().map(|head| head.side)
        {
            self.past_pause = self.past_pause.take().filter(|ended| epoch < ended.epoch);
        }
    }

    fn start_session(&mut self, session: u64, at: Millis) {
        self.session = session;
        self.bot_active = Some(at);
        self.memory = None;
        self.used_triggers.clear();
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
        agent: Option<&HumanAgent>,
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
            head.side = Side::Unassigned;
            self.recall(turn, epoch);
        }
        if *control == Control::Bot {
            self.release_kept();
        }
        self.epoch += 1;
        self.control = control.clone();
        if matches!(control, Control::Human { .. }) {
            self.agent = agent.cloned();
            self.human_since.get_or_insert(at);
            self.fallbacks = 0;
        } else if let Some(since) = self.human_since.take() {
            let agent = self.agent.as_ref().and_then(|agent| agent.name.clone());
            let pause = PastPause { since, until: at, agent };
            self.past_pause = Some(EndedPause { epoch: self.epoch, pause });
        }
    }

    /// Assigns the head to the side that has control, unless it is assigned already.
    fn assign_head(&mut self) {
        let epoch = self.epoch;
        let side = match self.control {
            Control::Bot => Side::Bot { epoch },
            Control::Human { .. } => Side::Human { epoch },
            Control::Requested { .. } => return,
        };
        if let Some(head) = self.queue.front_mut()
            && head.side == Side::Unassigned
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
                self.queue.push_back(Turn {
                    turn: seq,
                    said,
                    side: Side::Unassigned,
                    resume: None,
                    attempts: 0,
                });
            }
            Event::BotSaid { .. } => {}
            Event::Noticed { kind, .. } => self.is_kept_told |= *kind == NoticeKind::Kept,
            Event::AgentSaid { agent, .. } => {
                if agent.is_some() {
                    self.agent.clone_from(agent);
                }
            }
            Event::ControlChanged { control, reason, agent } => {
                self.change_control(recorded.at, control, *reason, agent.as_ref());
            }
            Event::BotAnswered { turn, memory, triggers, is_fallback, .. } => {
                self.forget_told_pause();
                self.remove_turn(*turn);
                self.memory.clone_from(memory);
                self.used_triggers.clear();
                self.use_triggers(triggers);
                self.bot_active = Some(recorded.at);
                let enough = triggers.iter().any(|by| matches!(by, Trigger::Fallbacks(_)));
                self.fallbacks = if *is_fallback && !enough { self.fallbacks + 1 } else { 0 };
            }
            Event::BotSuppressed { turn, epoch, triggers, .. } => {
                self.forget_recalled(*turn, *epoch);
                self.use_triggers(triggers);
                let overtaken = Side::Forwarded { epoch: *epoch };
                self.queue.retain(|waiting| waiting.turn != *turn || waiting.side != overtaken);
            }
            Event::BotFailed { turn, .. } | Event::TurnDropped { turn } => self.remove_turn(*turn),
            Event::CallSettled { turn, reply, forwarded } => {
                self.hear_of_human_side(reply);
                if *forwarded { self.forward(*turn, reply) } else { self.remove_turn(*turn) }
            }
            Event::CallIgnored { turn, epoch, reply } => {
                self.hear_of_human_side(reply);
                self.forget_recalled(*turn, *epoch);
            }
            Event::CallHeld { attempts, at, asked, .. } => self.hold_head(*attempts, *at, *asked),
            Event::CallRenewed { .. } => self.offer_head_again(),
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
        self.assign_head();
    }

    fn position(&self) -> Position {
        self.position
    }

    fn owes(&self) -> bool {
        self.owes_to().is_some()
    }

    /// The end of the pause, or the next call for a kept input.
    fn wake_at(&self) -> Option<Millis> {
        let next_call = hold::kept(self).map(|head| head.until);
        self.pause_ends_at().into_iter().chain(next_call).min()
    }

    fn peer(&self) -> Option<&str> {
        None
    }

    fn initial(_peer: Option<&str>) -> Option<Self> {
        Some(Self::new())
    }
}

impl Conversation {
    /// Puts the event before everything that waits, but not before what is under way.
    fn queue_resume_event(&mut self, turn: u64, name: &str, agent: Option<HumanAgent>) {
        let event = BotEvent { name: name.to_owned(), parameters: "{}".to_owned() };
        let said = Said { text: String::new(), event: Some(event), extra: None };
        let resume = Some(ResumeTurn { agent });
        let under_way = self
            .queue
            .front()
            .is_some_and(|head| matches!(head.side, Side::Human { .. } | Side::Forwarded { .. }));
        // The resume that names this event has assigned the head to the bot.
        if let Some(head) = self.queue.front_mut()
            && matches!(head.side, Side::Bot { .. })
        {
            head.side = Side::Unassigned;
        }
        let place = usize::from(under_way);
        let side = Side::Unassigned;
        self.queue.insert(place, Turn { turn, said, side, resume, attempts: 0 });
    }
}
