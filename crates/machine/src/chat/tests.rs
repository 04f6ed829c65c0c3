//! Transcripts of chats. Lines with `>` are fed to the machine; all others are what it must answer,
//! with `=>` for the push that is owed from then on, `->` for the delivery to the tool, `~` for
//! notes, and times since the beginning.

use std::fmt::Write as _;

use super::{
    Agent, Chat, CloseReason, ConnectorEvent, Delivery, DeliveryFailure, Event, Input, Line,
    Opening, Owed, Policy, Push, PushFailure, Refusal, Speaker,
};
use crate::{Machine, Millis, Position, Recorded, TextFormat, limits};

mod agents;
mod clock;
mod platform;
mod pushes;
mod tool;

const START: Millis = 1_700_000_000_000;

/// Plays the inputs of `transcript` and expects its other lines.
#[track_caller]
fn check(transcript: &str) {
    let lines: Vec<&str> = transcript.lines().map(str::trim).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let mut stage = Stage::new();
    for line in &lines {
        if let Some(input) = line.strip_prefix("> ") {
            let _ = writeln!(stage.shown, "{line}");
            stage.play(input);
        }
    }
    let expected = lines.join("\n");
    let shown = stage.shown.trim_end();
    assert!(shown == expected, "\n--- expected\n{expected}\n--- shown\n{shown}\n---");
}

struct Stage {
    state: Chat,
    policy: Policy,
    now: Millis,
    shown: String,
    owed: Option<(Position, Push)>,
    owed_delivery: Option<(Position, Delivery)>,
    /// The delivery that what the tool does speaks of.
    delivered: Position,
    /// Number of the latest opening at the tool, or of the one a script chose.
    opening: u64,
    /// The push that `accepted`, `refused` and `retry` speak of.
    tried: Position,
    last: Option<Input>,
}

impl Stage {
    fn new() -> Self {
        Self {
            state: Chat::new("bot", "visitor"),
            policy: Policy::default(),
            now: START,
            shown: String::new(),
            owed: None,
            owed_delivery: None,
            delivered: Position::default(),
            opening: 0,
            tried: Position::default(),
            last: None,
        }
    }

    fn play(&mut self, line: &str) {
        if let Some(time) = line.strip_prefix('+') {
            return self.pass(time);
        }
        let (who, what) = line.split_once(": ").unwrap_or((line, ""));
        let input = match who {
            "step one" | "step one, nobody there" => {
                let (opening, missed) = (opening(what), Vec::new());
                Input::StepOne { opening, available: who == "step one", missed }
            }
            "step two" => Input::StepTwo { text: what.to_owned(), missed: Vec::new(), call: None },
            "push" => self.push_result(what),
            "again" => self.last.clone().expect("something was fed before"),
            "wake" => Input::Woke,
            "visitor left" => Input::PlatformEnded { reason: CloseReason::VisitorLeft },
            "pause expired" => Input::PlatformEnded { reason: CloseReason::PauseExpired },
            "answered late" => Input::AnsweredLate,
            "promised" => Input::Promised,
            "taken up" => Input::TakenUp,
            "tool" => self.tool(what),
            "policy" => return self.choose(what),
            name => agents_input(agent(name), what),
        };
        self.feed(input);
    }

    /// Lets time pass and wakes the machine whenever it wants.
    fn pass(&mut self, time: &str) {
        let end = self.now + length(time);
        while let Some(at) = self.state.wake_at().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.feed(Input::Woke);
        }
        self.now = end;
    }

    fn choose(&mut self, what: &str) {
        if ["tool", "other tool"].contains(&what) {
            self.policy.connector = Some(what.to_owned());
            return;
        }
        let (name, time) = what.split_once(' ').expect("a name and a time");
        let place = match name {
            "pause" => &mut self.policy.clock.pause,
            "queue" => &mut self.policy.clock.queue,
            "idle" => &mut self.policy.clock.idle,
            "give-up" => &mut self.policy.push_give_up,
            _ => panic!("unknown policy: {name}"),
        };
        *place = length(time);
    }

    fn push_result(&mut self, what: &str) -> Input {
        if let Some(owed) = self.state.owed() {
            self.tried = owed.id;
        }
        let id = self.tried;
        let failure = match what.split_once(' ').unwrap_or((what, "")) {
            ("accepted", pause) => {
                let paused_until = (!pause.is_empty()).then(|| self.now + length(pause));
                return Input::PushAccepted { id, paused_until };
            }
            ("refused", _) => PushFailure::Refused { detail: "status 400".to_owned() },
            ("failed", after) => PushFailure::Retry {
                after: (!after.is_empty()).then(|| length(after)),
                detail: "status 503".to_owned(),
            },
            _ => panic!("unknown result: {what}"),
        };
        Input::PushFailed { id, failure }
    }

    /// What the tool does with its delivery, or what happens there.
    fn tool(&mut self, what: &str) -> Input {
        self.opening = self.state.opening().unwrap_or(self.opening);
        let (id, opening, detail) = (self.delivered, self.opening, "status 503".to_owned());
        let failed = |failure| Input::DeliveryFailed { id, failure };
        let (what, rest) = what.split_once(' ').unwrap_or((what, ""));
        let heard = |event| Input::Heard { opening, event: Some(event), checkpoint: None };
        let (name, said) = rest.split_once(' ').unwrap_or((rest, ""));
        match what {
            "took" => {
                let checkpoint = (!rest.is_empty()).then(|| rest.to_owned());
                Input::Delivered { id, checkpoint, events: Vec::new() }
            }
            "answered" => {
                let notice = ConnectorEvent::Notice { text: said.to_owned() };
                let events = vec![notice, ConnectorEvent::Joined { agent: agent("Jane") }];
                Input::Delivered { id, checkpoint: Some(name.to_owned()), events }
            }
            "refused" => failed(DeliveryFailure::Refused { detail }),
            "gone" => failed(DeliveryFailure::Gone { detail }),
            "failed" | "lost" => failed(DeliveryFailure::Retry {
                after: (!rest.is_empty()).then(|| length(rest)),
                doubtful: what == "lost",
                detail,
            }),
            "joined" => heard(ConnectorEvent::Joined { agent: agent(name) }),
            "said" => heard(ConnectorEvent::Said { agent: agent(name), text: said.to_owned() }),
            "left" => heard(ConnectorEvent::Left),
            "held" => heard(ConnectorEvent::Held { on: true }),
            "notice" => heard(ConnectorEvent::Notice { text: rest.to_owned() }),
            "ended" => heard(ConnectorEvent::Ended),
            "moved" => Input::Heard { opening, event: None, checkpoint: Some(rest.to_owned()) },
            "old" => {
                let event = Some(ConnectorEvent::Notice { text: "of long ago".to_owned() });
                Input::Heard { opening: opening - 1, event, checkpoint: None }
            }
            _ => panic!("unknown deed of the tool: {what}"),
        }
    }

    fn feed(&mut self, input: Input) {
        self.last = Some(input.clone());
        let before = self.state.clone();
        let given = match &input {
            Input::Delivered { checkpoint, .. } => checkpoint.clone(),
            _ => None,
        };
        let checkpoint = self.state.checkpoint().map(str::to_owned);
        match self.state.step(&self.policy, self.now, input) {
            Ok(events) => {
                let mut replayed = before;
                for recorded in &events {
                    replayed.apply(recorded);
                    let line = shown_event(recorded, given.as_deref());
                    let _ = writeln!(self.shown, "{line}");
                }
                replayed.set_checkpoint(self.state.checkpoint().map(str::to_owned));
                assert_eq!(replayed, self.state, "the state is the sum of its events");
                let moved = self.state.checkpoint().filter(|_| given.is_none());
                if let Some(moved) = moved.filter(|moved| Some(*moved) != checkpoint.as_deref()) {
                    let _ = writeln!(self.shown, "checkpoint {moved}");
                }
            }
            Err(refusal) => {
                assert_eq!(before, self.state, "a refused input changes nothing");
                let line = match refusal {
                    Refusal::Taken { by } => format!("taken by {}", by.name),
                    refusal => format!("{refusal:?}"),
                };
                let _ = writeln!(self.shown, "! {line}");
            }
        }
        let owed = self.state.owed().map(|owed| (owed.id, owed.push.clone()));
        if owed != self.owed {
            let line = self.state.owed().map_or("nothing".to_owned(), shown_push);
            let _ = writeln!(self.shown, "=> {line}");
            self.owed = owed;
        }
        let owed = self.state.owed_delivery().map(|owed| (owed.id, owed.delivery.clone()));
        if owed != self.owed_delivery {
            let line = owed.as_ref().map_or("nothing".to_owned(), |(_, d)| shown_delivery(d));
            let _ = writeln!(self.shown, "-> {line}");
            self.delivered = owed.as_ref().map_or(self.delivered, |(id, _)| *id);
            self.owed_delivery = owed;
        }
    }
}

fn opening(text: &str) -> Opening {
    let said = Line::new(Speaker::Visitor, text);
    Opening {
        text: text.to_owned(),
        language: "en".to_owned(),
        intent: None,
        transcript: vec![said],
    }
}

fn agent(name: &str) -> Agent {
    Agent {
        email: format!("{}@example.com", name.to_lowercase()),
        name: name.to_owned(),
        avatar_url: String::new(),
    }
}

/// `claim`, `close`, or what is said.
fn agents_input(agent: Agent, what: &str) -> Input {
    match what {
        "(claims)" => Input::Claim { agent },
        "(closes)" => Input::Close { agent },
        text => Input::AgentSaid { agent, client_id: "c".to_owned(), text: text.to_owned() },
    }
}

/// `9m59s`, `10m`, `1s`.
fn length(time: &str) -> Millis {
    let (minutes, seconds) = match time.split_once('m') {
        Some((minutes, seconds)) => (minutes, seconds),
        None => ("0", time),
    };
    let seconds = seconds.trim_end_matches('s');
    let number = |text: &str| text.parse::<Millis>().unwrap_or(0);
    number(minutes) * limits::MINUTE_MS + number(seconds) * limits::SECOND_MS
}

fn since_start(at: Millis) -> String {
    let passed = at - START;
    let (minutes, rest) = (passed / limits::MINUTE_MS, passed % limits::MINUTE_MS);
    format!("{minutes}m{}s", rest / limits::SECOND_MS)
}

fn shown_push(owed: &Owed) -> String {
    let name = |agent: &Option<Agent>| {
        let name = agent.as_ref().map(|agent| format!(" {}", agent.name));
        name.unwrap_or_default()
    };
    match &owed.push {
        Push::Message { text, agent, .. } => format!("message {}: {text}", agent.name),
        Push::Pause { agent } => format!("pause{}", name(agent)),
        Push::Resume { agent } => format!("resume{}", name(agent)),
    }
}

fn shown_delivery(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Open { opening } => format!("open: {}", opening.text),
        Delivery::Say { text } => format!("say: {text}"),
        Delivery::Leave { reason } => format!("leave ({})", reason.as_str()),
    }
}

fn shown_event(recorded: &Recorded<Event>, given: Option<&str>) -> String {
    let shown = match &recorded.event {
        Event::Opened { opening, .. } => format!("opened: {}", opening.text),
        Event::VisitorSaid { text, .. } => format!("visitor: {text}"),
        Event::Claimed { agent } => format!("claimed by {}", agent.name),
        Event::AgentSaid { agent, text, .. } => format!("{}: {text}", agent.name),
        Event::Closed { reason, .. } => format!("closed ({})", reason.as_str()),
        Event::Refused { push, detail } => format!("refused {}: {detail}", push.seq),
        Event::PushAccepted { id, .. } => format!("accepted {}", id.seq),
        Event::PushRetried { attempts, at, .. } => {
            format!("attempt {attempts} failed, next at {}", since_start(*at))
        }
        Event::KeptAlive => format!("kept alive at {}", since_start(recorded.at)),
        Event::Requeued => "requeued".to_owned(),
        Event::Held { on } => format!("held: {on}"),
        Event::Notice { text, .. } => format!("notice: {text}"),
        Event::DeliveryRefused { delivery, detail } => {
            format!("undelivered {}: {detail}", delivery.seq)
        }
        Event::Promised => "promised".to_owned(),
        Event::Delivered { id, .. } => {
            let checkpoint = given.map(|checkpoint| format!(" {checkpoint}"));
            format!("delivered {}{}", id.seq, checkpoint.unwrap_or_default())
        }
        Event::DeliveryRetried { attempts, at, doubtful, .. } => {
            let arrived = if *doubtful { "may have arrived" } else { "failed" };
            format!("delivery {attempts} {arrived}, next at {}", since_start(*at))
        }
        Event::Checkpointed { .. } => unreachable!("format 1 only"),
    };
    match recorded.position.sub {
        0 => format!("{} {shown}", recorded.position.seq),
        _ => format!("~ {shown}"),
    }
}
