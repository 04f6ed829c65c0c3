//! Long random schedules of one chat, and of its keep-alives against a platform's pause clock.

use std::{cell::RefCell, collections::BTreeSet, collections::VecDeque};

use machine::{
    Event as _, Machine, Millis, Position,
    chat::{
        Agent, Chat, Clock, CloseReason, Event, Input, Opening, Owed, Phase, Policy, Push,
        PushFailure, Refusal,
    },
    limits,
};
use proptest::{prelude::*, test_runner::Config, test_runner::TestRunner};

use crate::world::START;

#[derive(Debug, Clone, Copy)]
enum Op {
    StepOne {
        available: bool,
    },
    StepTwo,
    Claim {
        agent: usize,
    },
    Say {
        agent: usize,
    },
    Close {
        agent: usize,
    },
    /// The platform ends the pause by itself.
    Leave {
        expired: bool,
    },
    Late,
    Push(Answer),
    /// The answer to some earlier push is told again.
    Repeat {
        which: usize,
    },
    Clock(Millis),
    Wake,
    Crash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// With a pause of this length, where the platform tells.
    Accepted(Option<Millis>),
    Refused,
    /// Worth trying again, now or after the time asked for.
    Failed(Option<Millis>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rare {
    Taken,
    ReopenedOwing,
    ResumeForgotten,
    GivenUp,
    Refused,
    KeptAlive,
    QueueTimeout,
    Idle,
    RefusedAtOnce,
    RefusedAtOnceOwing,
    PlatformEnded,
    PlatformEndedOwing,
}

const RARE: [Rare; 12] = [
    Rare::Taken,
    Rare::ReopenedOwing,
    Rare::ResumeForgotten,
    Rare::GivenUp,
    Rare::Refused,
    Rare::KeptAlive,
    Rare::QueueTimeout,
    Rare::Idle,
    Rare::RefusedAtOnce,
    Rare::RefusedAtOnceOwing,
    Rare::PlatformEnded,
    Rare::PlatformEndedOwing,
];

fn agents() -> [Agent; 2] {
    ["Jane", "Bob"].map(|name| Agent {
        email: format!("{name}@example.com"),
        name: name.to_owned(),
        avatar_url: String::new(),
    })
}

fn opening() -> Opening {
    Opening {
        text: "human please".to_owned(),
        language: "en".to_owned(),
        intent: None,
        transcript: Vec::new(),
    }
}

fn policy() -> Policy {
    Policy {
        clock: Clock {
            pause: 6 * limits::MINUTE_MS,
            queue: 15 * limits::MINUTE_MS,
            idle: 20 * limits::MINUTE_MS,
        },
        push_give_up: limits::HOUR_MS,
        ..Policy::default()
    }
}

struct Play {
    chat: Chat,
    policy: Policy,
    now: Millis,
    said: u32,
    position: Position,
    /// Pushes that must still be accepted or refused, oldest first.
    owed: VecDeque<(Position, Push)>,
    told: Vec<Input>,
    kept_alive: Option<Millis>,
    /// The pause the platform gave last.
    granted: Option<Millis>,
    rare: BTreeSet<Rare>,
}

impl Play {
    fn new() -> Self {
        Self {
            chat: Chat::new("bot", "visitor"),
            policy: policy(),
            now: START,
            said: 0,
            position: Position::default(),
            owed: VecDeque::new(),
            told: Vec::new(),
            kept_alive: None,
            granted: None,
            rare: BTreeSet::new(),
        }
    }

    fn op(&mut self, op: Op) {
        let [jane, bob] = agents();
        let who = |agent: usize| [&jane, &bob][agent].clone();
        match op {
            Op::StepOne { available } => {
                let opening = opening();
                self.feed(Input::StepOne { opening, available, missed: Vec::new() });
            }
            Op::StepTwo => {
                let text = "help".to_owned();
                self.feed(Input::StepTwo { text, missed: Vec::new(), call: None });
            }
            Op::Claim { agent } => self.feed(Input::Claim { agent: who(agent) }),
            Op::Say { agent } => {
                self.said += 1;
                let (agent, text) = (who(agent), self.said.to_string());
                let client_id = text.clone();
                self.feed(Input::AgentSaid { agent, client_id, text });
            }
            Op::Close { agent } => self.feed(Input::Close { agent: who(agent) }),
            Op::Leave { expired: true } => {
                self.feed(Input::PlatformEnded { reason: CloseReason::PauseExpired });
            }
            Op::Leave { expired: false } => {
                self.feed(Input::PlatformEnded { reason: CloseReason::VisitorLeft });
            }
            Op::Late => {
                // It may be told again at once.
                self.kept_alive = None;
                self.feed(Input::AnsweredLate);
            }
            Op::Push(answer) => self.push(answer),
            Op::Repeat { which } => {
                if !self.told.is_empty() {
                    let input = self.told[which % self.told.len()].clone();
                    self.repeat(input);
                }
            }
            Op::Clock(passed) => {
                self.now += passed;
                self.kept_alive = self.kept_alive.map(|at| at.min(self.now));
            }
            Op::Wake => {
                self.feed(Input::Woke);
                let asleep = self.chat.wake_at().is_none_or(|at| at > self.now);
                assert!(asleep, "it wakes again at once");
            }
            Op::Crash => {
                let stored = serde_json::to_string(&self.chat).expect("a state is data");
                self.chat = serde_json::from_str(&stored).expect("written by us");
            }
        }
    }

    /// The push that is owed gets its answer, as soon as it may be tried.
    fn push(&mut self, answer: Answer) {
        let Some(Owed { id, not_before, .. }) = self.chat.owed().cloned() else {
            return;
        };
        if not_before > self.now {
            return;
        }
        let detail = "no".to_owned();
        let failed = |failure| Input::PushFailed { id, failure };
        let input = match answer {
            Answer::Accepted(granted) => {
                let paused_until = granted.map(|granted| self.now + granted);
                Input::PushAccepted { id, paused_until }
            }
            Answer::Refused => failed(PushFailure::Refused { detail }),
            Answer::Failed(after) => failed(PushFailure::Retry { after, detail }),
        };
        self.feed(input.clone());
        self.repeat(input.clone());
        let again = matches!(answer, Answer::Failed(_));
        if !again {
            self.told.push(input);
        } else if let Some(owed) = self.chat.owed().filter(|owed| owed.id == id) {
            assert!(owed.not_before > self.now, "tried again at once");
        } else {
            self.rare.insert(Rare::GivenUp);
        }
    }

    fn repeat(&mut self, input: Input) {
        let before = self.chat.clone();
        let events = self.chat.step(&self.policy, self.now, input);
        assert_eq!(events, Ok(Vec::new()), "a repeated answer records nothing");
        assert_eq!(before, self.chat, "a repeated answer changes nothing");
    }

    fn feed(&mut self, input: Input) {
        let before = self.chat.clone();
        let events = match self.chat.step(&self.policy, self.now, input) {
            Ok(events) => events,
            Err(refusal) => {
                assert_eq!(before, self.chat, "a refused input changes nothing");
                if let Refusal::Taken { by } = refusal {
                    assert_eq!(Some(&by), before.agent(), "taken by somebody else");
                    self.rare.insert(Rare::Taken);
                }
                return;
            }
        };
        let mut replayed = before;
        for recorded in &events {
            let place = self.position.next(recorded.event.is_note());
            assert_eq!(recorded.position, place, "places have no gaps");
            self.position = place;
            let (agent, phase) = (replayed.agent().cloned(), replayed.phase().clone());
            replayed.apply(recorded);
            self.judge(agent.as_ref(), &phase, &recorded.event);
        }
        assert_eq!(replayed, self.chat, "the state is the sum of its events");
        self.judge_state();
    }

    fn judge(&mut self, agent: Option<&Agent>, phase: &Phase, event: &Event) {
        let id = self.position;
        match event {
            Event::Opened { .. } => self.opened(),
            Event::Claimed { agent: by } => {
                assert!(matches!(phase, Phase::Queued { .. }), "claimed twice");
                let agent = Some(by.clone());
                self.owed.push_back((id, Push::Pause { agent }));
            }
            Event::AgentSaid { agent: by, text, format, .. } => {
                assert_eq!(agent, Some(by), "somebody else speaks");
                let (text, agent, format) = (text.clone(), by.clone(), *format);
                self.owed.push_back((id, Push::Message { text, agent, format }));
            }
            Event::Closed { reason, agent: by } => self.closed(*reason, by.as_ref()),
            Event::PushAccepted { id, paused_until } => {
                let push = self.settled(*id);
                if !matches!(push, Push::Resume { .. }) {
                    self.granted = paused_until.map(|until| until - self.now);
                }
                let told = !matches!(push, Push::Message { .. });
                assert!(told || self.chat.pushed_through() == id.seq);
            }
            Event::Refused { push, .. } => {
                self.settled(*push);
                self.rare.insert(Rare::Refused);
            }
            Event::KeptAlive => {
                let longest = self.policy.clock.pause;
                let pause = self.granted.unwrap_or(longest).clamp(limits::MINUTE_MS, longest);
                let least = pause * 2 / 3;
                let early = self.kept_alive.is_some_and(|at| self.now < at + least);
                assert!(!early, "kept alive too often");
                self.kept_alive = Some(self.now);
                self.owed.push_back((id, Push::Pause { agent: None }));
                self.rare.insert(Rare::KeptAlive);
            }
            Event::VisitorSaid { .. } | Event::PushRetried { .. } => {}
            _ => panic!("there is no tool: {event:?}"),
        }
    }

    /// What was to end or keep the last pause is moot; what was said is not.
    fn opened(&mut self) {
        if !self.owed.is_empty() {
            self.rare.insert(Rare::ReopenedOwing);
        }
        let is_resume = |(_, push): &(_, Push)| matches!(push, Push::Resume { .. });
        if self.owed.iter().any(is_resume) {
            self.rare.insert(Rare::ResumeForgotten);
        }
        let is_message = |(_, push): &(_, Push)| matches!(push, Push::Message { .. });
        self.owed.retain(is_message);
        (self.kept_alive, self.granted) = (None, None);
    }

    fn closed(&mut self, reason: CloseReason, agent: Option<&Agent>) {
        let rare = match reason {
            CloseReason::NobodyAvailable if self.owed.is_empty() => {
                self.rare.insert(Rare::RefusedAtOnce);
                return;
            }
            CloseReason::VisitorLeft | CloseReason::PauseExpired if self.owed.is_empty() => {
                Some(Rare::PlatformEnded)
            }
            CloseReason::VisitorLeft | CloseReason::PauseExpired => Some(Rare::PlatformEndedOwing),
            CloseReason::NobodyAvailable => Some(Rare::RefusedAtOnceOwing),
            CloseReason::QueueTimeout => Some(Rare::QueueTimeout),
            CloseReason::Idle => Some(Rare::Idle),
            CloseReason::AgentClosed => None,
            CloseReason::ToolRefused
            | CloseReason::ToolUnreachable
            | CloseReason::ConnectorChanged => panic!("there is no tool"),
        };
        self.rare.extend(rare);
        let agent = agent.cloned();
        self.owed.push_back((self.position, Push::Resume { agent }));
    }

    fn settled(&mut self, id: Position) -> Push {
        let (oldest, push) = self.owed.pop_front().expect("something was owed");
        assert_eq!(oldest, id, "pushed out of order");
        push
    }

    fn judge_state(&self) {
        let chat = &self.chat;
        assert_eq!(chat.position(), self.position);
        let oldest = chat.owed().map(|owed| (owed.id, owed.push.clone()));
        assert_eq!(oldest.as_ref(), self.owed.front(), "something else is owed");
        assert_eq!(chat.owes(), oldest.is_some());
        let is_message = |(_, push): &&(_, Push)| matches!(push, Push::Message { .. });
        assert_eq!(chat.unpushed(), self.owed.iter().filter(is_message).count());
        let findable = chat.is_open() || chat.owes();
        assert_eq!(chat.peer().is_some(), findable);
        assert_eq!(chat.wake_at().is_some(), chat.is_open());
    }

    /// From here, a platform that accepts and time that passes lead to rest.
    fn drain(&mut self) {
        for _ in 0..limits::WAITING_PUSHES_MAX + 20 {
            if let Some(owed) = self.chat.owed() {
                self.now = self.now.max(owed.not_before);
                self.push(Answer::Accepted(None));
            } else if let Some(at) = self.chat.wake_at() {
                self.now = self.now.max(at);
                self.op(Op::Wake);
            }
        }
        assert!(!self.chat.is_open() && !self.chat.owes(), "no end");
        assert_eq!((self.chat.wake_at(), self.chat.peer()), (None, None));
        assert!(self.owed.is_empty());
    }
}

fn any_op() -> impl Strategy<Value = Op> {
    let after = prop::option::of(0..200 * limits::SECOND_MS);
    let granted = prop::option::of((-100..600_i64).prop_map(|s| s * limits::SECOND_MS));
    let answer = prop_oneof![
        5 => granted.prop_map(Answer::Accepted),
        1 => Just(Answer::Refused),
        3 => after.prop_map(Answer::Failed),
    ];
    let seconds = prop_oneof![
        6 => 0..100_i64,
        3 => 100..1_000_i64,
        1 => 1_000..4_000_i64,
        1 => -1_000..0_i64,
    ];
    prop_oneof![
        3 => prop::bool::weighted(0.7).prop_map(|available| Op::StepOne { available }),
        3 => Just(Op::StepTwo),
        3 => (0..2_usize).prop_map(|agent| Op::Claim { agent }),
        8 => (0..2_usize).prop_map(|agent| Op::Say { agent }),
        2 => (0..2_usize).prop_map(|agent| Op::Close { agent }),
        1 => any::<bool>().prop_map(|expired| Op::Leave { expired }),
        1 => Just(Op::Late),
        10 => answer.prop_map(Op::Push),
        1 => (0..usize::MAX).prop_map(|which| Op::Repeat { which }),
        4 => seconds.prop_map(|seconds| Op::Clock(seconds * limits::SECOND_MS)),
        4 => Just(Op::Wake),
        1 => Just(Op::Crash),
    ]
}

fn config(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

#[test]
fn every_schedule_pushes_in_order_once_and_comes_to_rest() {
    let rare = RefCell::new(BTreeSet::new());
    let schedule = prop::collection::vec(any_op(), 1..400);
    let run = TestRunner::new(config(600)).run(&schedule, |ops| {
        let mut play = Play::new();
        for op in ops {
            play.op(op);
        }
        rare.borrow_mut().extend(play.rare.iter().copied());
        play.drain();
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    let rare = rare.into_inner();
    let missed: Vec<_> = RARE.iter().filter(|path| !rare.contains(path)).collect();
    assert!(missed.is_empty(), "never reached: {missed:?}");
}

/// A platform that accepts within a minute never sees its pause run out while the chat is open,
/// even when it heard none of the answers to step two. It may tell how long it pauses, and then
/// pause for less than it was asked.
#[test]
fn an_open_chat_is_kept_alive() {
    let steps = prop::collection::vec((0..100_i64, 0..60_i64, 0..4_u8), 1..60);
    let cap = prop::option::of((240..480_i64).prop_map(|seconds| seconds * limits::SECOND_MS));
    let run = TestRunner::new(config(300)).run(&(cap, steps), |(cap, steps)| {
        let mut play = Play::new();
        play.op(Op::StepOne { available: true });
        play.op(Op::Claim { agent: 0 });
        let pause = play.policy.clock.pause.min(cap.unwrap_or(Millis::MAX));
        let mut paused_until = play.now + pause;
        for (wait, latency, what) in steps {
            let end = play.now + wait * limits::SECOND_MS;
            match what {
                0 => play.op(Op::StepTwo),
                1 => play.op(Op::Say { agent: 0 }),
                _ => {}
            }
            while play.chat.owes() || play.chat.wake_at().is_some_and(|at| at <= end) {
                if play.chat.owes() {
                    paused_until = play.now + pause;
                    play.now += latency * limits::SECOND_MS;
                    let granted = cap.map(|_| paused_until - play.now);
                    play.op(Op::Push(Answer::Accepted(granted)));
                } else {
                    play.now = play.now.max(play.chat.wake_at().unwrap_or(play.now));
                    play.op(Op::Wake);
                }
                let open = play.chat.is_open();
                prop_assert!(!open || play.now < paused_until, "the pause ran out");
            }
            play.now = play.now.max(end);
        }
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
}
