//! One conversation, the calls it has made, and a referee that checks each step against what was
//! seen from outside: who was asked what, when, and what was answered.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde::Serialize;
use serde_json::Value;

use machine::{
    Machine, Millis, Position, Recorded,
    conversation::{
        BotAnswer, BotMessage, Control, Conversation, Effect, Event, Input, NoticeKind, Policy,
        Reason, RenewedBy, Reply, Trigger, WhenAway,
    },
    limits,
};

pub(crate) const START: Millis = 1_700_000_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum To {
    Bot,
    StepOne,
    StepTwo,
}

/// A call that was made; its answer may come at any time, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Call {
    pub(crate) to: To,
    pub(crate) turn: u64,
    pub(crate) epoch: u64,
    /// How often control had changed, or been confirmed by a push, when it was made.
    changes: u32,
}

/// Paths that are rarely taken; a run that never took them proves little.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rare {
    Suppressed,
    ForwardedSuppressed,
    Ignored,
    Forwarded,
    ForwardedShownToHuman,
    Dropped,
    Expired,
    ExpiredUnderWay,
    Renewed,
    RenewalNotCounted,
    ResumeEvent,
    AgentChanged,
    StepOneAgain,
    NewSession,
    Held,
    HeldAgain,
    HeldAndTaken,
    HeldForBot,
    Told,
}

pub(crate) const RARE: [Rare; 19] = [
    Rare::Suppressed,
    Rare::ForwardedSuppressed,
    Rare::Ignored,
    Rare::Forwarded,
    Rare::ForwardedShownToHuman,
    Rare::Dropped,
    Rare::Expired,
    Rare::ExpiredUnderWay,
    Rare::Renewed,
    Rare::RenewalNotCounted,
    Rare::ResumeEvent,
    Rare::AgentChanged,
    Rare::StepOneAgain,
    Rare::NewSession,
    Rare::Held,
    Rare::HeldAgain,
    Rare::HeldAndTaken,
    Rare::HeldForBot,
    Rare::Told,
];

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) state: Conversation,
    pub(crate) policy: Policy,
    pub(crate) now: Millis,
    /// Calls without an answer, whether or not it is still awaited.
    pub(crate) asked: Vec<Call>,
    referee: Referee,
    pub(crate) rare: BTreeSet<Rare>,
}

/// What was seen, and what must follow from it.
#[derive(Debug, Clone, Default, Serialize)]
struct Referee {
    position: Position,
    /// Unanswered inputs, in the order of their answers.
    pending: Vec<Waiting>,
    /// Those of them that were forwarded to the bot, and `changes` at that time.
    forwarded: Vec<Forward>,
    /// Calls that were answered, or never will be.
    over: Vec<Call>,
    /// Calls that offered an input to the human.
    offered: Vec<Call>,
    changes: u32,
    /// Number of the bot's session.
    session: u64,
    /// The input that waits for the human's side, and was kept for it before.
    held: Option<Held>,
    /// The kept input that the last change of control gave to the bot, which was not asked yet.
    released: Option<u64>,
    /// Whether the bot got words because the human's side was away, and that side was not told.
    untold: bool,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Held {
    turn: u64,
    /// No call is under way.
    waits: bool,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Waiting {
    turn: u64,
    /// Without words for a human.
    silent: bool,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Forward {
    turn: u64,
    changes: u32,
}

impl Call {
    /// A call that the machine did not ask for.
    pub(crate) fn misplaced(to: To, turn: u64, epoch: u64) -> Self {
        let changes = 0;
        Self { to, turn, epoch, changes }
    }
}

impl World {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            state: Conversation::new(),
            policy,
            now: START,
            asked: Vec::new(),
            referee: Referee::default(),
            rare: BTreeSet::new(),
        }
    }

    /// Two worlds with the same fingerprint have the same future: numbers and times count only
    /// relative to each other, so inputs are renamed in the order in which they appear, and epochs
    /// and times are told from here on. What is over is left out.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut referee = self.referee.clone();
        let waits = |turn| self.referee.pending.iter().any(|input| input.turn == turn);
        referee.forwarded.retain(|seen| waits(seen.turn));
        referee.over.retain(|seen| waits(seen.turn));
        referee.offered.retain(|seen| waits(seen.turn));
        referee.released = None;
        let mut all = serde_json::json!([self.state, self.asked, referee]);
        let epoch = all[0]["epoch"].as_i64().expect("a state has an epoch");
        let mut turns = Vec::new();
        let changes = self.referee.changes.into();
        relative(
            &mut all,
            &mut turns,
            &[("epoch", epoch), ("changes", changes), ("until", self.now)],
        );
        let mut hasher = DefaultHasher::new();
        all.to_string().hash(&mut hasher);
        hasher.finish()
    }

    /// Whether any call was ever made under this name.
    pub(crate) fn was_made(&self, turn: u64, epoch: u64) -> bool {
        let mut calls = self.asked.iter().chain(&self.referee.over);
        calls.any(|call| (call.turn, call.epoch) == (turn, epoch))
    }

    pub(crate) fn waiting(&self) -> usize {
        self.referee.pending.len()
    }

    /// Answers one of the calls made; it is told twice, and the second time must change nothing.
    pub(crate) fn answer(&mut self, call: Call, input: Input) {
        self.asked.retain(|asked| *asked != call);
        self.referee.over.push(call);
        self.feed(Some(call), input.clone());
        self.repeat(input);
    }

    /// Tells again what was told before.
    pub(crate) fn repeat(&mut self, input: Input) {
        self.feed(None, Input::Woke);
        let before = self.state.clone();
        let events = self.state.step(&self.policy, self.now, input);
        assert_eq!(events, Ok(Vec::new()), "a repeated input records nothing");
        assert_eq!(before, self.state, "a repeated input changes nothing");
    }

    /// An answer never comes. What is still owed is asked again, under the same name, so that it
    /// stays as it was; what was recalled is forgotten.
    pub(crate) fn lose(&mut self, call: Call) {
        self.crash();
        let owed = self.state.owed().as_ref().map(name);
        if owed != Some((call.to, call.turn, call.epoch)) {
            self.asked.retain(|asked| *asked != call);
            self.referee.over.push(call);
        }
    }

    pub(crate) fn feed(&mut self, answering: Option<Call>, input: Input) {
        let before = self.state.clone();
        let Ok(events) = self.state.step(&self.policy, self.now, input) else {
            return assert_eq!(before, self.state, "a refused input changes nothing");
        };
        let mut replayed = before.clone();
        for event in &events {
            replayed.apply(event);
        }
        assert_eq!(replayed, self.state, "the state is the sum of its events");
        let mut control = before.control().clone();
        for event in &events {
            self.judge(&mut control, answering, event);
        }
        self.judge_state();
    }

    /// Whatever is loaded from the store is what was stored.
    pub(crate) fn crash(&mut self) {
        let stored = serde_json::to_string(&self.state).expect("a state is data");
        let loaded: Conversation = serde_json::from_str(&stored).expect("written by us");
        assert_eq!(loaded, self.state);
        self.state = loaded;
    }

    fn judge(&mut self, control: &mut Control, answering: Option<Call>, event: &Recorded<Event>) {
        let note = machine::Event::is_note(&event.event);
        let place = self.referee.position.next(note);
        assert_eq!(event.position, place, "places have no gaps");
        self.referee.position = place;
        let is_human = matches!(control, Control::Human { .. });
        let referee = &mut self.referee;
        match &event.event {
            Event::VisitorSaid { said, .. } => {
                let (turn, silent) = (place.seq, said.is_silent());
                referee.pending.push(Waiting { turn, silent });
            }
            Event::ResumeEvent { .. } => {
                let is_under_way =
                    referee.next().is_some_and(|turn| referee.released != Some(turn));
                let under_way = usize::from(is_under_way);
                let (turn, silent) = (place.seq, true);
                referee.pending.insert(under_way, Waiting { turn, silent });
                self.rare.insert(Rare::ResumeEvent);
            }
            Event::BotSaid { turn, .. } => self.bot_said(is_human, answering, *turn),
            Event::BotAnswered { turn, .. } | Event::BotFailed { turn, .. } => {
                referee.complete(*turn);
            }
            Event::TurnDropped { turn } => {
                let silent = referee.pending.first().is_some_and(|input| input.silent);
                assert!(is_human && silent, "{turn} has words");
                referee.complete(*turn);
                self.rare.insert(Rare::Dropped);
            }
            Event::BotSuppressed { turn, .. } => self.suppressed(is_human, answering, *turn),
            Event::CallSettled { turn, reply, forwarded } => {
                let call = answering.expect("only a reply settles");
                self.settled(control, call, *turn, reply, *forwarded);
            }
            Event::CallHeld { turn, at, .. } => {
                let call = answering.expect("only a reply holds");
                self.held(is_human, call, *turn, *at);
            }
            Event::CallRenewed { turn } => {
                let held = Some(Held { turn: *turn, waits: false });
                assert!(
                    is_human && referee.held.is_some_and(|held| held.waits && held.turn == *turn)
                );
                referee.held = held;
                referee.changes += 1;
            }
            Event::CallIgnored { reply, .. } => {
                referee.untold &= !matches!(reply, Reply::Paused { .. });
                let call = answering.expect("only a reply is ignored");
                assert_eq!(call.to, To::StepOne);
                assert!(call.changes < referee.changes, "it was not overtaken");
                self.rare.insert(Rare::Ignored);
            }
            Event::PauseRenewed { until, by } => {
                assert!(is_human);
                self.renewed(answering, *until, *by);
            }
            Event::ControlChanged { control: new, reason, .. } => {
                self.control_changed(control, new, *reason);
                *control = new.clone();
            }
            Event::SessionStarted { session, .. } => {
                assert!(matches!(control, Control::Bot), "a session ends in a live chat");
                let first = referee.next();
                let under_way = first.is_some_and(|turn| referee.forward(turn).is_some());
                assert!(!under_way, "a session ends under an answer that is under way");
                assert_eq!(*session, referee.session + 1);
                referee.session = *session;
                self.rare.insert(Rare::NewSession);
            }
            Event::Noticed { kind, .. } => {
                let goes_on = matches!(control, Control::Human { until } if *until > self.now);
                assert!(*kind != NoticeKind::Kept || goes_on, "kept for a pause that is over");
            }
            Event::AgentSaid { .. } => {}
        }
    }

    /// The bot never speaks while a human has control, except about an input that this very human
    /// sent on; nor does it say what it was asked before a human took over.
    fn bot_said(&mut self, is_human: bool, answering: Option<Call>, turn: u64) {
        let referee = &self.referee;
        let call = answering.expect("only an answer makes the bot speak");
        assert_eq!((call.to, call.turn), (To::Bot, turn));
        assert_eq!(referee.next(), Some(turn), "answered out of order");
        let now = referee.changes;
        match referee.forward(turn) {
            Some(forward) if is_human => {
                assert_eq!(forward.changes, now, "the bot speaks after the human did");
                self.rare.insert(Rare::ForwardedShownToHuman);
            }
            Some(_) => {}
            None => {
                assert!(!is_human, "the bot and the human speak at the same time");
                assert_eq!(call.changes, now, "asked before control changed hands");
            }
        }
    }

    /// Kept, and offered to the human's side again later.
    fn held(&mut self, is_human: bool, call: Call, turn: u64, at: Millis) {
        assert!(is_human && self.policy.when_away == WhenAway::Hold);
        assert_eq!((call.to, call.turn), (To::StepTwo, turn));
        let referee = &mut self.referee;
        assert_eq!(referee.next(), Some(turn), "kept out of order");
        assert!(at > self.now, "no wait before the next call");
        let again = referee.held.is_some();
        self.rare.insert(if again { Rare::HeldAgain } else { Rare::Held });
        referee.held = Some(Held { turn, waits: true });
        referee.offered.retain(|offered| offered.turn != turn);
    }

    fn suppressed(&mut self, is_human: bool, answering: Option<Call>, turn: u64) {
        let call = answering.expect("only an answer is suppressed");
        let referee = &mut self.referee;
        assert!(call.changes < referee.changes, "it was not overtaken");
        let forward = referee.forward(turn);
        if forward.is_some_and(|forward| forward.changes <= call.changes) {
            assert!(is_human);
            referee.complete(turn);
            self.rare.insert(Rare::ForwardedSuppressed);
        } else {
            self.rare.insert(Rare::Suppressed);
        }
    }

    fn renewed(&mut self, answering: Option<Call>, until: Millis, by: RenewedBy) {
        self.judge_end(until);
        match by {
            RenewedBy::Push => self.referee.changes += 1,
            RenewedBy::Webhook => {
                let call = answering.expect("only a reply renews for the webhook");
                assert_eq!(call.changes, self.referee.changes, "a push has spoken since");
                self.rare.insert(Rare::Renewed);
            }
        }
    }

    fn control_changed(&mut self, old: &Control, new: &Control, reason: Reason) {
        self.referee.changes += 1;
        self.referee.released = None;
        if reason == Reason::AgentChanged {
            self.rare.insert(Rare::AgentChanged);
        }
        if reason == Reason::Expired {
            assert!(matches!(old, Control::Human { .. }));
            self.rare.insert(Rare::Expired);
            if !self.referee.pending.is_empty() {
                self.rare.insert(Rare::ExpiredUnderWay);
            }
        }
        match new {
            Control::Bot => {
                if let Some(held) = self.referee.held.take_if(|held| held.waits) {
                    self.referee.released = Some(held.turn);
                    self.referee.untold = true;
                    self.rare.insert(Rare::HeldForBot);
                }
            }
            Control::Human { until } => self.judge_end(*until),
            Control::Requested { turn, .. } => {
                assert_eq!(*old, Control::Bot, "a trigger counts for the bot only");
                if self.referee.forward(*turn).is_some() {
                    self.rare.insert(Rare::StepOneAgain);
                }
            }
        }
    }

    fn settled(&mut self, control: &Control, call: Call, turn: u64, reply: &Reply, on: bool) {
        assert_eq!(call.turn, turn);
        if matches!(reply, Reply::Paused { .. }) {
            self.referee.untold = false;
        }
        if matches!(control, Control::Requested { .. }) {
            assert_eq!(call.to, To::StepOne);
            assert!(!on, "step one has nothing to forward");
            return;
        }
        let referee = &mut self.referee;
        assert_eq!(call.to, To::StepTwo);
        assert_eq!(referee.next(), Some(turn), "settled out of order");
        let kept = matches!(reply, Reply::Paused { .. });
        assert_eq!(on, !kept, "forwarded exactly when the human did not take it");
        let is_human = matches!(control, Control::Human { .. });
        let holds = is_human && self.policy.when_away == WhenAway::Hold;
        assert!(!(holds && matches!(reply, Reply::Away { .. })), "the bot gets what is to be kept");
        if referee.held.take().is_some() && kept {
            self.rare.insert(Rare::HeldAndTaken);
        }
        referee.untold |= on && *reply != Reply::Refused;
        if kept && call.changes < referee.changes {
            self.rare.insert(Rare::RenewalNotCounted);
        }
        if !on {
            return referee.complete(turn);
        }
        let before = referee.forward(turn).is_some();
        assert!(!before, "{turn} is forwarded twice");
        let changes = referee.changes;
        referee.forwarded.push(Forward { turn, changes });
        self.rare.insert(Rare::Forwarded);
    }

    fn judge_end(&self, until: Millis) {
        assert!(until > self.now, "a pause that is over already");
        assert!(until <= self.now + self.policy.max_pause, "a pause too long");
    }

    fn judge_state(&mut self) {
        let state = &self.state;
        assert_eq!(state.position(), self.referee.position);
        assert_eq!(state.waiting(), self.referee.pending.len(), "an input got lost");
        let asleep = state.wake_at().is_none_or(|at| at > self.now);
        assert!(asleep, "a pause that is over and goes on");
        let owed = state.owed();
        assert_eq!(owed.is_some(), state.owes());
        let Some(owed) = owed else {
            let waits = self.referee.held.is_some_and(|held| held.waits);
            assert!(!waits || state.wake_at().is_some(), "kept without an end");
            return assert!(waits || self.referee.pending.is_empty(), "an input nobody answers");
        };
        if let Effect::StepOne { unheard, .. } | Effect::StepTwo { unheard, .. } = &owed {
            assert_eq!(unheard.is_some(), self.referee.untold, "the human is told what he missed");
            if unheard.is_some() {
                self.rare.insert(Rare::Told);
            }
        }
        let (to, turn, epoch) = name(&owed);
        let known = |call: &Call| (call.to, call.turn, call.epoch) == (to, turn, epoch);
        let answered = self.referee.over.iter().any(known);
        assert!(!answered, "asked again what was answered");
        if self.asked.iter().any(known) {
            return;
        }
        let changes = self.referee.changes;
        let call = Call { to, turn, epoch, changes };
        self.asked.push(call);
        if to == To::StepTwo {
            let offered = &mut self.referee.offered;
            let before = offered.iter().any(|before| before.turn == turn);
            assert!(!before, "{turn} is offered to the human twice");
            offered.push(call);
            assert!(matches!(state.control(), Control::Human { .. }), "nobody there");
        }
    }

    /// From here, answering what is owed and letting time pass leads to rest.
    pub(crate) fn drain(&mut self, answer: impl Fn(Call) -> Input) {
        // While the human's side is away, a kept input is tried again until the pause is over.
        let enough = 4 * self.waiting() + 400;
        for _ in 0..enough {
            let Some(owed) = self.state.owed() else {
                let Some(at) = self.state.wake_at().filter(|_| self.waiting() > 0) else { break };
                self.now = self.now.max(at);
                self.feed(None, Input::Woke);
                continue;
            };
            let named = name(&owed);
            let call = self.asked.iter().find(|c| (c.to, c.turn, c.epoch) == named);
            let call = *call.expect("what is owed was asked");
            self.answer(call, answer(call));
        }
        if let Some(at) = self.state.wake_at() {
            self.now = self.now.max(at);
            self.feed(None, Input::Woke);
        }
        assert!(!self.state.owes(), "work without an end");
        assert_eq!(self.state.waiting(), 0);
        assert_eq!(*self.state.control(), Control::Bot, "a pause without an end");
        assert_eq!(self.state.wake_at(), None);
    }
}

/// Renames every `turn` by its first appearance, and tells every key of `origins` from there.
fn relative(value: &mut Value, turns: &mut Vec<u64>, origins: &[(&str, i64)]) {
    match value {
        Value::Array(items) => {
            for item in items {
                relative(item, turns, origins);
            }
        }
        Value::Object(fields) => {
            fields.remove("position");
            for (key, field) in fields.iter_mut() {
                let origin = origins.iter().find(|(name, _)| name == key);
                if let (Some((_, origin)), Some(number)) = (origin, field.as_i64()) {
                    *field = Value::from(number - origin);
                } else if let ("turn" | "unheard", Some(turn)) = (key.as_str(), field.as_u64()) {
                    let known = turns.iter().position(|known| *known == turn);
                    *field = Value::from(known.unwrap_or(turns.len()));
                    if known.is_none() {
                        turns.push(turn);
                    }
                } else {
                    relative(field, turns, origins);
                }
            }
        }
        _ => {}
    }
}

impl Referee {
    fn forward(&self, turn: u64) -> Option<&Forward> {
        self.forwarded.iter().find(|forward| forward.turn == turn)
    }

    fn next(&self) -> Option<u64> {
        self.pending.first().map(|input| input.turn)
    }

    fn complete(&mut self, turn: u64) {
        assert_eq!(self.next(), Some(turn), "answered twice, or out of order");
        self.pending.remove(0);
    }
}

fn name(effect: &Effect) -> (To, u64, u64) {
    match effect {
        Effect::QueryBot { turn, epoch, .. } => (To::Bot, *turn, *epoch),
        Effect::StepOne { turn, epoch, .. } => (To::StepOne, *turn, *epoch),
        Effect::StepTwo { turn, epoch, .. } => (To::StepTwo, *turn, *epoch),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answer { messages: u8, trigger: bool },
    Paused { pause: Option<Millis> },
    Refused,
    Late,
    Failed,
    Away,
}

/// What the party asked says; an outcome that is not its own counts as a failure.
pub(crate) fn outcome(call: Call, outcome: Outcome) -> Input {
    let Call { to, turn, epoch, .. } = call;
    let why = || "it broke".to_owned();
    if to == To::Bot {
        let Outcome::Answer { messages, trigger } = outcome else {
            let why = why();
            return Input::BotFailed { turn, epoch, why };
        };
        let message = BotMessage { text: "hi".to_owned(), rich: None };
        let answer = BotAnswer {
            messages: vec![message; messages.into()],
            signals: trigger.then(|| Trigger::Context("human".to_owned())).into_iter().collect(),
            is_fallback: false,
            response: "{}".to_owned(),
            memory: trigger.then(|| "memory".to_owned()),
        };
        return Input::BotAnswered { turn, epoch, answer };
    }
    let reply = match outcome {
        Outcome::Paused { pause } => Reply::Paused { pause },
        Outcome::Refused => Reply::Refused,
        Outcome::Late => Reply::Late,
        Outcome::Away => Reply::Away { why: why(), after: None },
        Outcome::Answer { .. } | Outcome::Failed => Reply::Failed { why: why() },
    };
    Input::WebhookReplied { turn, epoch, reply }
}

pub(crate) fn policy() -> Policy {
    Policy {
        triggers: vec![Trigger::Context("human".to_owned())],
        max_pause: 30 * limits::MINUTE_MS,
        ..Policy::default()
    }
}
