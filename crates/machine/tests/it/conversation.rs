//! Long random schedules of one conversation.

use std::{cell::RefCell, collections::BTreeSet};

use machine::{
    Millis, TextFormat,
    conversation::{
        BotEvent, Goodbye, HumanAgent, Input, PauseChange, Policy, PushInput, Said, Trigger,
        WhenAway,
    },
    limits,
};
use proptest::{prelude::*, test_runner::Config, test_runner::TestRunner};

use crate::world::{Call, Outcome, RARE, To, World, outcome, policy};

#[derive(Debug, Clone)]
enum Op {
    Visitor {
        silent: bool,
    },
    /// One of the calls without an answer, recalled or not, gets it.
    Answer {
        which: usize,
        outcome: Outcome,
    },
    /// An answer is told again, long after.
    Repeat {
        which: usize,
    },
    /// An answer never comes; what is still owed is asked again under the same name.
    Lose {
        which: usize,
    },
    /// An answer to a call that was never made.
    Misplaced {
        turn: u64,
        epoch: u64,
        outcome: Outcome,
        to: To,
    },
    Push(PushInput),
    Leave,
    Clock(Millis),
    Wake,
    Crash,
}

fn pause_length() -> impl Strategy<Value = Option<Millis>> {
    let minutes = prop_oneof![4 => 1_i64..20, 1 => -3_i64..1, 1 => 30_i64..5_000];
    prop::option::of(minutes.prop_map(|minutes| minutes * limits::MINUTE_MS / 2))
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => (0..3_u8, any::<bool>())
            .prop_map(|(messages, trigger)| Outcome::Answer { messages, trigger }),
        4 => pause_length().prop_map(|pause| Outcome::Paused { pause }),
        1 => Just(Outcome::Refused),
        2 => Just(Outcome::Late),
        1 => Just(Outcome::Failed),
        3 => Just(Outcome::Away),
    ]
}

fn any_push() -> impl Strategy<Value = PushInput> {
    let agent = prop::option::of(prop_oneof![Just(Some("Jane")), Just(Some("Bob")), Just(None)]);
    let agent = agent.prop_map(|agent| {
        agent.map(|name| HumanAgent { name: name.map(str::to_owned), avatar_url: String::new() })
    });
    let goodbye = prop_oneof![
        Just(Goodbye::Notice),
        Just(Goodbye::Nothing),
        Just(Goodbye::Event("bye".to_owned())),
    ];
    let pause = prop_oneof![
        2 => Just(PauseChange::Keep),
        4 => pause_length().prop_map(PauseChange::Pause),
        3 => goodbye.prop_map(PauseChange::Resume),
    ];
    (0..3, agent, pause).prop_map(|(kind, agent, pause)| match kind {
        0 => {
            let text = "hello".to_owned();
            PushInput::Message { text, format: TextFormat::Plain, agent, pause }
        }
        1 => PushInput::Channel { agent, pause },
        _ => PushInput::Typing { agent, pause },
    })
}

fn any_op() -> impl Strategy<Value = Op> {
    let which = 0..usize::MAX;
    let to = prop_oneof![Just(To::Bot), Just(To::StepOne), Just(To::StepTwo)];
    prop_oneof![
        6 => prop::bool::weighted(0.2).prop_map(|silent| Op::Visitor { silent }),
        12 => (which.clone(), any_outcome())
            .prop_map(|(which, outcome)| Op::Answer { which, outcome }),
        1 => which.clone().prop_map(|which| Op::Repeat { which }),
        1 => which.prop_map(|which| Op::Lose { which }),
        1 => (0..40_u64, 0..20_u64, any_outcome(), to)
            .prop_map(|(turn, epoch, outcome, to)| Op::Misplaced { turn, epoch, outcome, to }),
        4 => any_push().prop_map(Op::Push),
        1 => Just(Op::Leave),
        2 => (0..200_i64).prop_map(|seconds| Op::Clock(seconds * limits::SECOND_MS)),
        1 => (-1_000..1_000_i64).prop_map(|seconds| Op::Clock(seconds * limits::SECOND_MS)),
        2 => Just(Op::Wake),
        1 => Just(Op::Crash),
    ]
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let bits = prop::array::uniform7(any::<bool>());
    bits.prop_map(|[refusal, lateness, notice, expires, fresh, failure, holds]| Policy {
        triggers: policy()
            .triggers
            .into_iter()
            .chain(failure.then_some(Trigger::BotFailed))
            .collect(),
        refusal_ends_pause: refusal,
        lateness_ends_pause: lateness,
        when_away: if holds { WhenAway::Hold } else { WhenAway::Forward },
        unavailable_notice: notice.then(|| "Nobody is here.".to_owned()),
        session_length: expires.then_some(2 * limits::MINUTE_MS),
        new_session_on_resume: fresh,
        ..policy()
    })
}

struct Play {
    world: World,
    told: Vec<Input>,
}

impl Play {
    fn op(&mut self, op: Op) {
        match op {
            Op::Visitor { silent } => {
                let said = Said {
                    text: if silent { "" } else { "hello" }.to_owned(),
                    event: silent.then(|| BotEvent {
                        name: "SCROLLED".to_owned(),
                        parameters: "{}".to_owned(),
                    }),
                    extra: None,
                };
                let client_id = "c".to_owned();
                self.world.feed(None, Input::VisitorSaid { client_id, said });
            }
            Op::Answer { which, outcome: how } => {
                if let Some(call) = self.pick(which) {
                    let input = outcome(call, how);
                    self.told.push(input.clone());
                    self.world.answer(call, input);
                }
            }
            Op::Repeat { which } => {
                if !self.told.is_empty() {
                    let input = self.told[which % self.told.len()].clone();
                    self.world.repeat(input);
                }
            }
            Op::Lose { which } => {
                if let Some(call) = self.pick(which) {
                    self.world.lose(call);
                }
            }
            Op::Misplaced { turn, epoch, outcome: how, to } => self.misplaced(turn, epoch, to, how),
            Op::Leave => self.world.feed(None, Input::VisitorLeft),
            Op::Push(push) => self.world.feed(None, Input::Pushed(push)),
            Op::Clock(passed) => self.world.now += passed,
            Op::Wake => self.world.feed(None, Input::Woke),
            Op::Crash => self.world.crash(),
        }
    }

    fn misplaced(&mut self, turn: u64, epoch: u64, to: To, how: Outcome) {
        if !self.world.was_made(turn, epoch) {
            let call = Call::misplaced(to, turn, epoch);
            self.world.repeat(outcome(call, how));
        }
    }

    fn pick(&self, which: usize) -> Option<Call> {
        let asked = &self.world.asked;
        (!asked.is_empty()).then(|| asked[which % asked.len()])
    }
}

#[test]
fn every_schedule_keeps_the_rules_and_comes_to_rest() {
    let config = Config { cases: 1_000, failure_persistence: None, ..Config::default() };
    let schedule =
        (any_policy(), prop::collection::vec(any_op(), 1..500), any_outcome(), any_outcome());
    let rare = RefCell::new(BTreeSet::new());
    let run = TestRunner::new(config).run(&schedule, |(policy, ops, bot, hook)| {
        let mut play = Play { world: World::new(policy), told: Vec::new() };
        for op in ops {
            play.op(op);
        }
        rare.borrow_mut().extend(play.world.rare.iter().copied());
        play.world.drain(|call| match call.to {
            To::Bot => outcome(call, bot),
            To::StepOne | To::StepTwo => outcome(call, hook),
        });
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    let rare = rare.into_inner();
    let missed: Vec<_> = RARE.iter().filter(|path| !rare.contains(path)).collect();
    assert!(missed.is_empty(), "never reached: {missed:?}");
}
