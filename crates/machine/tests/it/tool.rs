//! Long random schedules of a chat at a tool, with a tool that keeps its own books.

use std::{cell::RefCell, collections::BTreeMap, collections::BTreeSet};

use machine::{
    Event as _, Machine, Millis, Position,
    chat::{
        Agent, Chat, Clock, CloseReason, ConnectorEvent, Delivery, DeliveryFailure, Event, Input,
        Opening, Policy, Push,
    },
    limits,
};
use proptest::{prelude::*, test_runner::Config, test_runner::TestRunner};

use crate::world::START;

#[derive(Debug, Clone, Copy)]
enum Op {
    StepOne,
    StepTwo,
    Leave,
    Promise,
    Deliver(Answer),
    /// The last thing the tool took is reported again.
    Again,
    Hear {
        event: u8,
        stale: bool,
    },
    Push,
    Clock(Millis),
    Wake,
    Crash,
    /// The bridge starts again with another connector for the route.
    Move,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Took,
    Failed,
    Lost,
    Refused,
    Gone,
    /// On its way when the visitor leaves, and taken all the same.
    Crossed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rare {
    RefusedAtOnce,
    RefusedAfterPromise,
    Unreachable,
    Gone,
    Crossed,
    ReopenedOwing,
    Undelivered,
    LeftAtTool,
    Idle,
    Moved,
}

/// What the tool has of one opening.
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that happened or did not")]
#[derive(Default)]
struct Book {
    connector: Option<String>,
    open: bool,
    said: Vec<u32>,
    left: bool,
    ended: bool,
    /// Opened when nobody waited for it any more: what was said meanwhile is moot.
    crossed: bool,
}

struct Play {
    chat: Chat,
    policy: Policy,
    now: Millis,
    words: u32,
    moves: u32,
    position: Position,
    books: BTreeMap<u64, Book>,
    /// What visitors said: in which opening, which word, and its number in the journal.
    said: Vec<(u64, u32, u64)>,
    refused: BTreeSet<u64>,
    last: Option<Input>,
    rare: BTreeSet<Rare>,
}

fn agent(name: &str) -> Agent {
    Agent { email: name.to_owned(), name: name.to_owned(), avatar_url: String::new() }
}

impl Play {
    fn new() -> Self {
        let clock = Clock {
            pause: 6 * limits::MINUTE_MS,
            queue: 15 * limits::MINUTE_MS,
            idle: 20 * limits::MINUTE_MS,
        };
        let policy = Policy { clock, connector: Some("tool".to_owned()), ..Policy::default() };
        Self {
            chat: Chat::new("bot", "visitor"),
            policy,
            now: START,
            words: 0,
            moves: 0,
            position: Position::default(),
            books: BTreeMap::new(),
            said: Vec::new(),
            refused: BTreeSet::new(),
            last: None,
            rare: BTreeSet::new(),
        }
    }

    fn op(&mut self, op: Op) {
        match op {
            Op::StepOne => {
                if self.chat.owes() && !self.chat.is_open() {
                    self.rare.insert(Rare::ReopenedOwing);
                }
                self.words += 1;
                let (text, language) = (self.words.to_string(), "en".to_owned());
                let opening = Opening { text, language, intent: None, transcript: Vec::new() };
                self.feed(Input::StepOne { opening, available: true, missed: Vec::new() });
            }
            Op::StepTwo => {
                self.words += 1;
                self.feed(Input::StepTwo {
                    text: self.words.to_string(),
                    missed: Vec::new(),
                    call: None,
                });
            }
            Op::Leave => self.feed(Input::PlatformEnded { reason: CloseReason::VisitorLeft }),
            Op::Promise => self.feed(Input::Promised),
            Op::Deliver(answer) => self.deliver(answer),
            Op::Again => {
                if let Some(input) = self.last.clone() {
                    let before = self.chat.clone();
                    let told = self.chat.step(&self.policy, self.now, input);
                    assert_eq!(told, Ok(Vec::new()), "told again, and recorded again");
                    assert_eq!(self.chat, before);
                }
            }
            Op::Hear { event, stale } => self.hear(event, stale),
            Op::Push => {
                if let Some(id) = self.chat.owed().map(|owed| owed.id) {
                    self.feed(Input::PushAccepted { id, paused_until: None });
                }
            }
            Op::Clock(passed) => self.now += passed,
            Op::Wake => self.feed(Input::Woke),
            Op::Move => {
                self.moves += 1;
                self.policy.connector = Some(format!("tool-{}", self.moves));
                self.books.values_mut().for_each(|book| book.ended = true);
                self.feed(Input::TakenUp);
                assert!(!self.chat.is_elsewhere(self.policy.connector.as_deref()));
            }
            Op::Crash => {
                let stored = serde_json::to_string(&self.chat).expect("a state is data");
                self.chat = serde_json::from_str(&stored).expect("written by us");
            }
        }
    }

    fn deliver(&mut self, answer: Answer) {
        let Some(owed) = self.chat.owed_delivery().cloned() else { return };
        if owed.not_before > self.now {
            return;
        }
        let (id, detail) = (owed.id, "no".to_owned());
        if answer == Answer::Crossed {
            let linked = self.chat.checkpoint_at_tool().is_some();
            self.feed(Input::PlatformEnded { reason: CloseReason::PauseExpired });
            if !linked && matches!(owed.delivery, Delivery::Open { .. }) {
                self.rare.insert(Rare::Crossed);
                self.books.entry(owed.opening).or_default().crossed = true;
            }
        }
        let failed = |failure| Input::DeliveryFailed { id, failure };
        let input = match answer {
            Answer::Took | Answer::Crossed => {
                self.write(owed.opening, &owed.delivery);
                let checkpoint = Some(format!("checkpoint-{}", owed.opening));
                let events = vec![ConnectorEvent::Joined { agent: agent("Jane") }];
                Input::Delivered { id, checkpoint, events }
            }
            Answer::Failed | Answer::Lost => failed(DeliveryFailure::Retry {
                after: None,
                doubtful: answer == Answer::Lost,
                detail,
            }),
            Answer::Refused => {
                let book = self.books.entry(owed.opening).or_default();
                book.left |= matches!(owed.delivery, Delivery::Leave { .. });
                failed(DeliveryFailure::Refused { detail })
            }
            Answer::Gone => {
                self.rare.insert(Rare::Gone);
                self.books.entry(owed.opening).or_default().ended = true;
                failed(DeliveryFailure::Gone { detail })
            }
        };
        self.feed(input.clone());
        if !matches!(answer, Answer::Failed | Answer::Lost) {
            self.last = Some(input);
        }
    }

    /// The tool takes something in.
    fn write(&mut self, opening: u64, delivery: &Delivery) {
        let book = self.books.entry(opening).or_default();
        assert!(!book.left, "something after the end");
        if let Delivery::Open { .. } = delivery {
            book.connector.clone_from(&self.policy.connector);
        }
        assert_eq!(book.connector, self.policy.connector, "delivered to another tool");
        match delivery {
            Delivery::Open { .. } => {
                assert!(!book.open, "opened twice");
                book.open = true;
            }
            Delivery::Say { text } => {
                assert!(book.open, "said before it was opened");
                let word: u32 = text.parse().expect("a number");
                assert!(book.said.last().is_none_or(|last| *last < word), "out of order");
                book.said.push(word);
            }
            Delivery::Leave { .. } => {
                assert!(book.open, "left before it was opened");
                book.left = true;
                self.rare.insert(Rare::LeftAtTool);
            }
        }
    }

    fn hear(&mut self, event: u8, stale: bool) {
        let Some(checkpoint) = self.chat.checkpoint_at_tool().cloned() else { return };
        let opening = if stale { checkpoint.opening.saturating_sub(1) } else { checkpoint.opening };
        let event = match event {
            0 => ConnectorEvent::Joined { agent: agent("Jane") },
            1 => ConnectorEvent::Joined { agent: agent("Bob") },
            2 => ConnectorEvent::Said { agent: agent("Jane"), text: "hello".to_owned() },
            3 => ConnectorEvent::Left,
            4 => ConnectorEvent::Held { on: true },
            5 => ConnectorEvent::Notice { text: "wait".to_owned() },
            _ => {
                if !stale {
                    self.books.entry(opening).or_default().ended |= self.chat.is_open();
                }
                ConnectorEvent::Ended
            }
        };
        let before = self.chat.clone();
        self.feed(Input::Heard { opening, event: Some(event), checkpoint: None });
        if stale || !before.is_open() {
            assert_eq!(before, self.chat, "event of another handover");
        }
    }

    fn feed(&mut self, input: Input) {
        let mut replayed = self.chat.clone();
        let Ok(events) = self.chat.step(&self.policy, self.now, input) else {
            assert_eq!(replayed, self.chat, "a refused input changes nothing");
            return;
        };
        for recorded in &events {
            self.position = self.position.next(recorded.event.is_note());
            assert_eq!(recorded.position, self.position, "places have no gaps");
            let told = replayed
                .checkpoint_at_tool()
                .is_some_and(|l| Some(l.opening) == replayed.opening());
            let (promised, owing) = (!replayed.is_unanswered() || told, replayed.owed().is_some());
            let first = replayed.owed_delivery().cloned();
            replayed.apply(recorded);
            match &recorded.event {
                Event::VisitorSaid { text, .. } => {
                    let opening = replayed.opening().expect("it is at a tool");
                    let word = text.parse().expect("a number");
                    self.said.push((opening, word, recorded.position.seq));
                }
                Event::DeliveryRefused { delivery, .. } => {
                    self.refused.insert(delivery.seq);
                    // Given up, so that a new handover need not wait any longer.
                    let goodbye = first.filter(|owed| owed.id == *delivery);
                    let goodbye =
                        goodbye.filter(|owed| matches!(owed.delivery, Delivery::Leave { .. }));
                    if let Some(owed) = goodbye {
                        self.books.entry(owed.opening).or_default().left = true;
                    }
                    self.rare.insert(Rare::Undelivered);
                }
                Event::Closed { reason, .. } => {
                    let resumes = replayed_resumes(&replayed);
                    let refusal =
                        matches!(reason, CloseReason::ToolRefused | CloseReason::ToolUnreachable);
                    let due = promised || owing || !refusal;
                    assert_eq!(resumes, due, "{reason:?}: who was promised a human");
                    self.closed(*reason, promised);
                    let opening = replayed.opening().expect("it is at a tool");
                    self.books.entry(opening).or_default().crossed |= !told;
                }
                _ => {}
            }
        }
        replayed.set_checkpoint(self.chat.checkpoint().map(str::to_owned));
        assert_eq!(replayed, self.chat, "the state is the sum of its events");
    }

    fn closed(&mut self, reason: CloseReason, promised: bool) {
        let rare = match reason {
            CloseReason::ToolRefused if promised => Rare::RefusedAfterPromise,
            CloseReason::ToolRefused => Rare::RefusedAtOnce,
            CloseReason::ToolUnreachable => Rare::Unreachable,
            CloseReason::Idle | CloseReason::QueueTimeout => Rare::Idle,
            CloseReason::ConnectorChanged => Rare::Moved,
            _ => return,
        };
        self.rare.insert(rare);
    }

    /// A tool that takes everything, and time that passes, lead to rest.
    fn drain(&mut self) {
        for _ in 0..3_000 {
            if let Some(owed) = self.chat.owed_delivery() {
                self.now = self.now.max(owed.not_before);
                self.deliver(Answer::Took);
            } else if self.chat.owed().is_some() {
                self.op(Op::Push);
            } else if let Some(at) = self.chat.wake_at() {
                self.now = self.now.max(at);
                self.op(Op::Wake);
            }
        }
        assert!(!self.chat.owes() && !self.chat.is_open(), "no end");
        assert_eq!(self.chat.checkpoint_at_tool(), None, "the tool still has it");
        for (opening, book) in &self.books {
            let told = !book.open || book.left || book.ended;
            assert!(told, "the tool never heard of the end of opening {opening}");
        }
        for (opening, word, seq) in &self.said {
            let book = self.books.get(opening);
            let whole = book.is_some_and(|book| book.open && !book.ended && !book.crossed);
            let read = book.is_some_and(|book| book.said.contains(word));
            assert!(read || !whole || self.refused.contains(seq), "{word} was lost");
        }
    }
}

fn replayed_resumes(chat: &Chat) -> bool {
    let mut chat = chat.clone();
    while let Some(owed) = chat.owed().cloned() {
        if matches!(owed.push, Push::Resume { .. }) {
            return true;
        }
        let event = Event::PushAccepted { id: owed.id, paused_until: None };
        let position = chat.position().next(true);
        chat.apply(&machine::Recorded { position, at: START, event });
    }
    false
}

fn any_op() -> impl Strategy<Value = Op> {
    let answer = prop_oneof![
        8 => Just(Answer::Took),
        4 => Just(Answer::Failed),
        2 => Just(Answer::Lost),
        1 => Just(Answer::Refused),
        1 => Just(Answer::Gone),
        1 => Just(Answer::Crossed),
    ];
    let seconds = prop_oneof![6 => 0..20_i64, 3 => 20..100_i64, 1 => 1_000..4_000_i64];
    prop_oneof![
        4 => Just(Op::StepOne),
        8 => Just(Op::StepTwo),
        1 => Just(Op::Leave),
        1 => Just(Op::Promise),
        14 => answer.prop_map(Op::Deliver),
        2 => Just(Op::Again),
        6 => (0..7_u8, prop::bool::weighted(0.1))
            .prop_map(|(event, stale)| Op::Hear { event, stale }),
        5 => Just(Op::Push),
        5 => seconds.prop_map(|seconds| Op::Clock(seconds * limits::SECOND_MS)),
        4 => Just(Op::Wake),
        1 => Just(Op::Crash),
        1 => Just(Op::Move),
    ]
}

#[test]
fn every_schedule_reaches_the_tool_in_order_and_comes_to_rest() {
    let rare = RefCell::new(BTreeSet::new());
    let config = Config { cases: 800, failure_persistence: None, ..Config::default() };
    let schedule = prop::collection::vec(any_op(), 1..250);
    let run = TestRunner::new(config).run(&schedule, |ops| {
        let mut play = Play::new();
        for op in ops {
            play.op(op);
        }
        rare.borrow_mut().extend(play.rare.iter().copied());
        play.drain();
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
    let all = [
        Rare::RefusedAtOnce,
        Rare::RefusedAfterPromise,
        Rare::Unreachable,
        Rare::Gone,
        Rare::Crossed,
        Rare::ReopenedOwing,
        Rare::Undelivered,
        Rare::LeftAtTool,
        Rare::Idle,
        Rare::Moved,
    ];
    assert_eq!(rare.into_inner(), BTreeSet::from(all), "a rare path was never taken");
}
