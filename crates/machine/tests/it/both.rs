//! Both machines over a network that loses requests and answers, and crashes on either side: at
//! rest the two transcripts agree, nothing is lost, nothing is there twice, and order is kept.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashSet, VecDeque},
};

use machine::{
    Machine, Millis, Position,
    chat::{self, Chat},
    conversation::{
        self, BotAnswer, BotMessage, Control, Conversation, Effect, Goodbye, HumanAgent,
        PauseChange, Policy, PushInput, Reply, Said, Trigger,
    },
    limits,
};
use proptest::{prelude::*, test_runner::Config, test_runner::TestRunner};

use crate::world;

#[derive(Debug, Clone, Copy)]
enum Op {
    VisitorSays,
    BotAnswers {
        which: usize,
        trigger: bool,
    },
    /// The platform makes the webhook call it owes.
    Call,
    RequestArrives,
    RequestLost,
    ReplyArrives,
    ReplyLost,
    CallTimesOut,
    PlatformCrashes,
    AgentClaims,
    AgentSays,
    AgentCloses,
    /// The bridge sends the push it owes.
    Push,
    PushArrives,
    PushLost,
    AckArrives,
    AckLost,
    PushTimesOut,
    BridgeCrashes,
    Clock(Millis),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rare {
    PushRepeated,
    RequestRepeated,
    RequestTooLate,
    ReplyTooLate,
    PushAfterTimeout,
    Reopened,
    NewChat,
    ToldToBoth,
}

const RARE: [Rare; 8] = [
    Rare::PushRepeated,
    Rare::RequestRepeated,
    Rare::RequestTooLate,
    Rare::ReplyTooLate,
    Rare::PushAfterTimeout,
    Rare::Reopened,
    Rare::NewChat,
    Rare::ToldToBoth,
];

/// A connection: an answer arrives only where its request is still awaited.
type Connection = u32;
type CallName = (u64, u64);
/// A chat, by its place in the list of all, and a push of it.
type PushName = (usize, Position);

#[derive(Default)]
struct Net {
    now: Millis,
    connections: Connection,
    said: u32,
    // The platform's side.
    conversation: Conversation,
    policy: Policy,
    queries: Vec<(u64, u64)>,
    call: Option<(Connection, CallName)>,
    taken: HashSet<PushName>,
    texts: BTreeMap<u64, String>,
    /// What the visitor saw of agents.
    shown: Vec<String>,
    /// What the visitor wrote and a human took.
    settled: Vec<String>,
    // The bridge's side.
    chats: Vec<Chat>,
    push: Option<(Connection, PushName)>,
    heard: HashSet<(usize, CallName)>,
    /// What agents wrote, and what they read of the visitor.
    written: Vec<String>,
    read: Vec<String>,
    // Under way.
    requests: VecDeque<(Connection, CallName, Effect)>,
    replies: VecDeque<(Connection, CallName, Reply)>,
    pushes: VecDeque<(Connection, PushName, PushInput)>,
    acks: VecDeque<(Connection, PushName, Option<Millis>)>,
    rare: BTreeSet<Rare>,
}

fn jane() -> chat::Agent {
    chat::Agent {
        email: "jane@example.com".to_owned(),
        name: "Jane".to_owned(),
        avatar_url: String::new(),
    }
}

fn as_push(push: &chat::Push, pause: Millis) -> PushInput {
    let shown = |agent: &chat::Agent| HumanAgent {
        name: Some(agent.name.clone()),
        avatar_url: agent.avatar_url.clone(),
    };
    let held = PauseChange::Pause(Some(pause));
    match push {
        chat::Push::Message { text, agent, format } => PushInput::Message {
            text: text.clone(),
            format: *format,
            agent: Some(shown(agent)),
            pause: held,
        },
        chat::Push::Pause { agent } => {
            PushInput::Channel { agent: agent.as_ref().map(shown), pause: held }
        }
        chat::Push::Resume { agent } => PushInput::Channel {
            agent: agent.as_ref().map(shown),
            pause: PauseChange::Resume(Goodbye::Notice),
        },
    }
}

impl Net {
    fn new() -> Self {
        Self { now: world::START, policy: world::policy(), ..Self::default() }
    }

    fn text(&mut self, who: &str) -> String {
        self.said += 1;
        format!("{who} {}", self.said)
    }

    fn connect(&mut self) -> Connection {
        self.connections += 1;
        self.connections
    }

    fn op(&mut self, op: Op) {
        match op {
            Op::VisitorSays => {
                let client_id = self.text("visitor");
                let said = Said::text(client_id.clone());
                self.platform(conversation::Input::VisitorSaid { client_id, said });
            }
            Op::BotAnswers { which, trigger } => self.answer(which, trigger),
            Op::Call => self.call(),
            Op::RequestArrives => self.request_arrives(),
            Op::RequestLost => _ = self.requests.pop_front(),
            Op::ReplyArrives => self.reply_arrives(),
            Op::ReplyLost => _ = self.replies.pop_front(),
            Op::CallTimesOut => {
                if let Some((_, (turn, epoch))) = self.call.take() {
                    let reply = Reply::Late;
                    self.platform(conversation::Input::WebhookReplied { turn, epoch, reply });
                }
            }
            Op::PlatformCrashes => {
                let stored = serde_json::to_string(&self.conversation).expect("data");
                self.conversation = serde_json::from_str(&stored).expect("written by us");
                self.call = None;
                self.acks.clear();
            }
            Op::AgentClaims => self.agent(chat::Input::Claim { agent: jane() }),
            Op::AgentSays => {
                let text = self.text("agent");
                let (agent, client_id) = (jane(), text.clone());
                self.agent(chat::Input::AgentSaid { agent, client_id, text });
            }
            Op::AgentCloses => self.agent(chat::Input::Close { agent: jane() }),
            Op::Push => self.push(),
            Op::PushArrives => self.push_arrives(),
            Op::PushLost => _ = self.pushes.pop_front(),
            Op::AckArrives => {
                if let Some((connection, (chat, id), paused_until)) = self.acks.pop_front()
                    && self.push == Some((connection, (chat, id)))
                {
                    self.push = None;
                    self.bridge(chat, chat::Input::PushAccepted { id, paused_until });
                }
            }
            Op::AckLost => _ = self.acks.pop_front(),
            Op::PushTimesOut => {
                if let Some((_, (chat, id))) = self.push.take() {
                    let (after, detail) = (None, "late".to_owned());
                    let failure = chat::PushFailure::Retry { after, detail };
                    self.bridge(chat, chat::Input::PushFailed { id, failure });
                }
            }
            Op::BridgeCrashes => {
                let stored = serde_json::to_string(&self.chats).expect("data");
                self.chats = serde_json::from_str(&stored).expect("written by us");
                self.push = None;
                self.replies.clear();
            }
            Op::Clock(passed) => self.pass(passed),
        }
    }

    fn pass(&mut self, passed: Millis) {
        self.now += passed;
        self.platform(conversation::Input::Woke);
        for chat in 0..self.chats.len() {
            self.bridge(chat, chat::Input::Woke);
        }
    }

    fn platform(&mut self, input: conversation::Input) -> bool {
        let requested = matches!(self.conversation.control(), Control::Requested { .. });
        let Ok(events) = self.conversation.step(&self.policy, self.now, input) else {
            return false;
        };
        for recorded in &events {
            match &recorded.event {
                conversation::Event::VisitorSaid { said, .. } => {
                    self.texts.insert(recorded.position.seq, said.text.clone());
                }
                conversation::Event::AgentSaid { text, .. } => self.shown.push(text.clone()),
                conversation::Event::CallSettled { turn, forwarded, .. } if !requested => {
                    let text = self.texts[turn].clone();
                    if !forwarded {
                        self.settled.push(text);
                    } else if self.read.contains(&text) {
                        self.rare.insert(Rare::ToldToBoth);
                    }
                }
                _ => {}
            }
        }
        if let Some(Effect::QueryBot { turn, epoch, .. }) = self.conversation.owed()
            && !self.queries.contains(&(turn, epoch))
        {
            self.queries.push((turn, epoch));
        }
        !events.is_empty()
    }

    fn bridge(&mut self, chat: usize, input: chat::Input) -> bool {
        let policy = chat::Policy::default();
        let Ok(events) = self.chats[chat].step(&policy, self.now, input) else {
            return false;
        };
        for recorded in &events {
            match &recorded.event {
                chat::Event::VisitorSaid { text, .. } => self.read.push(text.clone()),
                chat::Event::AgentSaid { text, .. } => self.written.push(text.clone()),
                _ => {}
            }
        }
        !events.is_empty()
    }

    fn answer(&mut self, which: usize, trigger: bool) {
        if self.queries.is_empty() {
            return;
        }
        let (turn, epoch) = self.queries.remove(which % self.queries.len());
        let message = BotMessage { text: "hi".to_owned(), rich: None };
        let answer = BotAnswer {
            messages: vec![message],
            signals: trigger.then(|| Trigger::Context("human".to_owned())).into_iter().collect(),
            is_fallback: false,
            response: "{}".to_owned(),
            memory: None,
        };
        self.platform(conversation::Input::BotAnswered { turn, epoch, answer });
    }

    fn call(&mut self) {
        let owed = self.conversation.owed();
        let Some(effect) = owed else { return };
        let (Effect::StepOne { turn, epoch, .. } | Effect::StepTwo { turn, epoch, .. }) = effect
        else {
            return;
        };
        // One call at a time; one that lost its meaning is let go.
        if self.call.is_none_or(|(_, name)| name != (turn, epoch)) {
            let connection = self.connect();
            self.call = Some((connection, (turn, epoch)));
            self.requests.push_back((connection, (turn, epoch), effect));
        }
    }

    fn request_arrives(&mut self) {
        let Some((connection, name, effect)) = self.requests.pop_front() else {
            return;
        };
        if self.call.is_none_or(|call| call.0 != connection) {
            self.rare.insert(Rare::RequestTooLate);
        }
        let mut open = self.chats.iter().position(|chat| chat.peer().is_some());
        let input = match effect {
            Effect::StepTwo { said, .. } => {
                chat::Input::StepTwo { text: said.text, missed: Vec::new(), call: None }
            }
            Effect::StepOne { said, .. } | Effect::QueryBot { said, .. } => {
                let rare = if open.is_some() { Rare::Reopened } else { Rare::NewChat };
                self.rare.insert(rare);
                if open.is_none() {
                    open = Some(self.chats.len());
                    self.chats.push(Chat::new("bot", "visitor"));
                }
                let opening = chat::Opening {
                    text: said.text,
                    language: "en".to_owned(),
                    intent: None,
                    transcript: Vec::new(),
                };
                let available = true;
                chat::Input::StepOne { opening, available, missed: Vec::new() }
            }
        };
        let mut reply = Reply::Refused;
        if let Some(chat) = open {
            if self.heard.contains(&(chat, name)) {
                self.rare.insert(Rare::RequestRepeated);
            } else if self.bridge(chat, input) {
                self.heard.insert((chat, name));
            }
            if self.chats[chat].is_open() {
                let pause = Some(self.chats[chat].pause());
                reply = Reply::Paused { pause };
            }
        }
        self.replies.push_back((connection, name, reply));
    }

    fn reply_arrives(&mut self) {
        let Some((connection, (turn, epoch), reply)) = self.replies.pop_front() else {
            return;
        };
        if self.call == Some((connection, (turn, epoch))) {
            self.call = None;
            self.platform(conversation::Input::WebhookReplied { turn, epoch, reply });
        } else {
            self.rare.insert(Rare::ReplyTooLate);
        }
    }

    /// What an agent does, in the chat that was opened last.
    fn agent(&mut self, input: chat::Input) {
        if let Some(chat) = self.chats.len().checked_sub(1) {
            self.bridge(chat, input);
        }
    }

    fn push(&mut self) {
        if self.push.is_some() {
            return;
        }
        let owing = self.chats.iter().position(Chat::owes);
        let Some(chat) = owing else { return };
        let Some(owed) = self.chats[chat].owed().cloned() else {
            return;
        };
        if owed.not_before <= self.now {
            let connection = self.connect();
            let name = (chat, owed.id);
            let push = as_push(&owed.push, self.chats[chat].pause());
            self.push = Some((connection, name));
            self.pushes.push_back((connection, name, push));
        }
    }

    fn push_arrives(&mut self) {
        let Some((connection, name, push)) = self.pushes.pop_front() else {
            return;
        };
        if self.push.is_none_or(|push| push.0 != connection) {
            self.rare.insert(Rare::PushAfterTimeout);
        }
        if self.taken.contains(&name) {
            self.rare.insert(Rare::PushRepeated);
        } else if self.platform(conversation::Input::Pushed(push)) {
            self.taken.insert(name);
        }
        self.acks.push_back((connection, name, self.conversation.paused_until()));
    }

    /// Everything under way arrives, and everything owed is done.
    fn settle(&mut self) {
        for _ in 0..4_000 {
            for op in [
                Op::RequestArrives,
                Op::ReplyArrives,
                Op::PushArrives,
                Op::AckArrives,
                Op::BotAnswers { which: 0, trigger: false },
            ] {
                self.op(op);
            }
            self.call();
            self.push();
            if self.requests.is_empty() && self.replies.is_empty() && self.call.is_some() {
                self.op(Op::CallTimesOut);
            }
            if self.pushes.is_empty() && self.acks.is_empty() && self.push.is_some() {
                self.op(Op::PushTimesOut);
            }
            let waits = self.conversation.owes() || self.chats.iter().any(Chat::owes);
            if !waits && self.conversation.wake_at().is_none() {
                self.op(Op::AgentCloses);
            }
            let open = self.chats.iter().any(Chat::is_open);
            if !waits && !open && self.conversation.wake_at().is_none() {
                return;
            }
            self.pass(10 * limits::SECOND_MS);
        }
        panic!("no rest");
    }

    fn agree(&self) {
        assert_eq!(self.written, self.shown, "what agents wrote and visitors saw");
        let settled: HashSet<&String> = self.settled.iter().collect();
        assert_eq!(settled.len(), self.settled.len(), "settled twice");
        let read = self.read.iter().filter(|text| settled.contains(text));
        let read: Vec<&String> = read.collect();
        let wrote: Vec<&String> = self.settled.iter().collect();
        assert_eq!(wrote, read, "what humans took and what they read");
    }
}

fn any_op() -> impl Strategy<Value = Op> {
    let answers = (0..4_usize, prop::bool::weighted(0.4));
    prop_oneof![
        6 => Just(Op::VisitorSays),
        8 => answers.prop_map(|(which, trigger)| Op::BotAnswers { which, trigger }),
        10 => Just(Op::Call),
        9 => Just(Op::RequestArrives),
        1 => Just(Op::RequestLost),
        9 => Just(Op::ReplyArrives),
        1 => Just(Op::ReplyLost),
        1 => Just(Op::CallTimesOut),
        1 => Just(Op::PlatformCrashes),
        3 => Just(Op::AgentClaims),
        6 => Just(Op::AgentSays),
        1 => Just(Op::AgentCloses),
        10 => Just(Op::Push),
        9 => Just(Op::PushArrives),
        1 => Just(Op::PushLost),
        9 => Just(Op::AckArrives),
        1 => Just(Op::AckLost),
        1 => Just(Op::PushTimesOut),
        1 => Just(Op::BridgeCrashes),
        4 => (0..20 * limits::SECOND_MS).prop_map(Op::Clock),
        1 => (0..limits::HOUR_MS / 2).prop_map(Op::Clock),
    ]
}

#[test]
fn the_transcripts_agree_at_rest() {
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
    let rare = RefCell::new(BTreeSet::new());
    let schedule = prop::collection::vec(any_op(), 1..600);
    let run = TestRunner::new(config).run(&schedule, |ops| {
        let mut net = Net::new();
        for op in ops {
            net.op(op);
        }
        net.settle();
        net.agree();
        rare.borrow_mut().extend(net.rare.iter().copied());
        Ok(())
    });
    run.unwrap_or_else(|failure| panic!("{failure}"));
    let rare = rare.into_inner();
    let missed: Vec<_> = RARE.iter().filter(|path| !rare.contains(path)).collect();
    assert!(missed.is_empty(), "never reached: {missed:?}");
}
