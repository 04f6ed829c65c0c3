//! One chat: its participants, its events, and which of them the customer has got.
//!
//! Every event has a number, from 0 and without gaps, and is delivered once to each web
//! participant. On a reconnect over Web Tools the customer becomes a new participant, with numbers
//! of its own.

use tokio::sync::mpsc::UnboundedSender;

use super::options::{Options, Replay};
use crate::{Line, Phase, rng::Rng};

/// The participant that speaks for the system.
pub(super) const SYSTEM: &str = "00000000-0000-0000-0000-000000000000";

/// Which wire API a chat was started over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    Icws,
    WebTools,
}

/// The start request of a chat.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) api: Api,
    pub(super) name: String,
    pub(super) target: String,
    pub(super) target_type: String,
    /// Other data, as agents see it.
    pub(super) facts: Vec<(String, String)>,
    pub(super) history: Vec<Line>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    Visitor,
    System,
    Agent(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Alerting,
    Active,
    Held,
    Disconnected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EventBody {
    State(State),
    Typing(bool),
    Text { value: String, content_type: &'static str },
    Url(String),
    File { guid: String, name: String, content: String },
}

#[derive(Debug, Clone)]
struct Event {
    author: Author,
    at: i64,
    body: EventBody,
}

/// An event that waits for the web participant.
struct Entry {
    event: Event,
    /// Earliest time of delivery.
    due: i64,
    /// How many times it is still to be delivered.
    copies: u8,
}

/// An event as a wire API writes it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WireEvent {
    pub(super) sequence: usize,
    /// Number among messages only.
    pub(super) conversation: usize,
    pub(super) participant: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) at: i64,
    pub(super) body: EventBody,
}

/// An agent who has or had the chat.
struct Agent {
    participant: String,
    name: String,
    state: State,
}

pub(super) struct Chat {
    pub(super) id: String,
    /// The web participant; the latest one, after reconnects over Web Tools.
    pub(super) participant: String,
    /// The server of the pair that knows the participant.
    pub(super) server: usize,
    pub(super) start: Start,
    pub(super) visitor_types: bool,
    pub(super) heard_at: i64,
    pub(super) webhook: Option<UnboundedSender<WireEvent>>,
    agents: Vec<Agent>,
    log: Vec<Event>,
    view: Vec<Entry>,
    lines: Vec<Line>,
    ended: bool,
    options: Options,
    rng: Rng,
}

impl Chat {
    pub(super) fn new(start: Start, server: usize, options: Options, mut rng: Rng) -> Self {
        Self {
            id: guid(&mut rng),
            participant: guid(&mut rng),
            server,
            lines: start.history.clone(),
            start,
            visitor_types: false,
            heard_at: options.time.now(),
            webhook: None,
            agents: Vec::new(),
            log: Vec::new(),
            view: Vec::new(),
            ended: false,
            options,
            rng,
        }
    }

    /// The first events: the customer joins, then the system, which may greet.
    pub(super) fn open(&mut self) {
        self.record(Author::Visitor, EventBody::State(State::Active));
        self.record(Author::System, EventBody::State(State::Active));
        if let Some(value) = self.options.greeting.clone() {
            self.record(Author::System, EventBody::Text { value, content_type: "text/plain" });
        }
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn phase(&self) -> Phase {
        match self.agents.last().map(|agent| agent.state) {
            _ if self.ended => Phase::Ended,
            Some(State::Active) => Phase::Live,
            Some(State::Held) => Phase::Held,
            _ => Phase::Waiting,
        }
    }

    /// The current agent.
    fn current(&self) -> Option<usize> {
        let at = self.agents.len().checked_sub(1)?;
        (self.agents[at].state != State::Disconnected).then_some(at)
    }

    pub(super) fn agent(&self) -> Option<String> {
        self.current().map(|at| self.agents[at].name.clone())
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.lines.clone()
    }

    /// The name of an agent by participant id.
    pub(super) fn party(&self, participant: &str) -> Option<&str> {
        let agent = self.agents.iter().find(|agent| agent.participant == participant)?;
        Some(&agent.name)
    }

    pub(super) fn file(&self, guid: &str) -> Option<&str> {
        self.log.iter().find_map(|event| match &event.body {
            EventBody::File { guid: known, content, .. } if known == guid => Some(content.as_str()),
            _ => None,
        })
    }

    /// The customer writes.
    pub(super) fn said(&mut self, value: String, content_type: &'static str) {
        self.visitor_types = false;
        self.record(Author::Visitor, EventBody::Text { value, content_type });
    }

    /// Events that are due and not delivered yet.
    pub(super) fn poll(&mut self, now: i64) -> Vec<WireEvent> {
        let due: Vec<usize> = (0..self.view.len())
            .filter(|at| self.view[*at].copies > 0 && self.view[*at].due <= now)
            .collect();
        due.into_iter()
            .map(|at| {
                self.view[at].copies -= 1;
                self.wire_event(at)
            })
            .collect()
    }

    /// Whether events are still to be delivered.
    pub(super) fn owes(&self) -> bool {
        self.view.iter().any(|entry| entry.copies > 0)
    }

    /// All events, delivered or not.
    pub(super) fn history(&self) -> Vec<WireEvent> {
        (0..self.view.len()).map(|at| self.wire_event(at)).collect()
    }

    /// Reconnects the customer as a new participant, whose events are numbered from 0 again.
    pub(super) fn renew(&mut self) {
        self.participant = guid(&mut self.rng);
        let events = match self.options.replay {
            Replay::Everything => self.log.clone(),
            Replay::States => self.states(),
        };
        let entry = |event: Event| Entry { due: event.at, event, copies: 1 };
        self.view = events.into_iter().map(entry).collect();
    }

    fn states(&self) -> Vec<Event> {
        let at = self.options.time.now();
        let event = |author, state| Event { author, at, body: EventBody::State(state) };
        let agent = self.current().map(|at| event(Author::Agent(at), self.agents[at].state));
        let both = [Author::Visitor, Author::System].map(|author| event(author, State::Active));
        both.into_iter().chain(agent).collect()
    }

    pub(super) fn accept(&mut self, name: String) -> Result<(), String> {
        if let Some(name) = self.agent() {
            return Err(format!("{name} has already accepted the chat"));
        }
        self.enter(name);
        Ok(())
    }

    fn enter(&mut self, name: String) {
        let participant = guid(&mut self.rng);
        self.agents.push(Agent { participant, name, state: State::Alerting });
        let author = Author::Agent(self.agents.len() - 1);
        self.record(author, EventBody::State(State::Alerting));
        self.turn(author, State::Active);
    }

    pub(super) fn hold(&mut self, on: bool) -> Result<(), String> {
        let author = self.with_agent()?;
        self.turn(author, if on { State::Held } else { State::Active });
        Ok(())
    }

    pub(super) fn transfer(&mut self, name: String) -> Result<(), String> {
        let author = self.with_agent()?;
        self.turn(author, State::Disconnected);
        self.enter(name);
        Ok(())
    }

    pub(super) fn requeue(&mut self) -> Result<(), String> {
        let author = self.with_agent()?;
        self.turn(author, State::Disconnected);
        self.record(Author::System, EventBody::State(State::Active));
        Ok(())
    }

    pub(super) fn by_agent(&mut self, body: EventBody) -> Result<(), String> {
        let author = self.with_agent()?;
        self.record(author, body);
        Ok(())
    }

    pub(super) fn file_by_agent(&mut self, name: String, content: String) -> Result<(), String> {
        let guid = guid(&mut self.rng);
        self.by_agent(EventBody::File { guid, name, content })
    }

    /// Visible to agents only: it makes no event.
    pub(super) fn note(&mut self, text: String) -> Result<(), String> {
        let name = self.agent().ok_or("no agent has accepted the chat")?;
        let at = self.options.time.now();
        self.lines.push(Line { from: crate::From::Note, name, text, at });
        Ok(())
    }

    pub(super) fn end(&mut self) {
        if self.ended {
            return;
        }
        if let Some(at) = self.current() {
            self.turn(Author::Agent(at), State::Disconnected);
        }
        self.record(Author::Visitor, EventBody::State(State::Disconnected));
        self.ended = true;
        self.webhook = None;
    }

    fn with_agent(&self) -> Result<Author, String> {
        self.current().map(Author::Agent).ok_or_else(|| "no agent has accepted the chat".to_owned())
    }

    fn turn(&mut self, author: Author, state: State) {
        if let Author::Agent(at) = author {
            self.agents[at].state = state;
        }
        self.record(author, EventBody::State(state));
    }

    fn record(&mut self, author: Author, body: EventBody) {
        let at = self.options.time.now();
        if let Some(text) = words(&body) {
            let from = match author {
                Author::Visitor => crate::From::Visitor,
                Author::System => crate::From::System,
                Author::Agent(_) => crate::From::Agent,
            };
            self.lines.push(Line { from, name: self.name(author).to_owned(), text, at });
        }
        let event = Event { author, at, body };
        self.log.push(event.clone());
        let (due, copies) = self.schedule(&event);
        self.view.push(Entry { event, due, copies });
        let sent = self.wire_event(self.view.len() - 1);
        if let Some(webhook) = self.webhook.as_ref().filter(|_| copies > 0) {
            // Fails only when deliveries have ended; the poll still has every event.
            let _ = webhook.send(sent);
        }
    }

    /// When and how often an event is delivered, by the seed.
    fn schedule(&mut self, event: &Event) -> (i64, u8) {
        let is_echo = event.author == Author::Visitor && !matches!(event.body, EventBody::State(_));
        if is_echo && self.start.api == Api::Icws && !self.options.echo {
            return (event.at, 0);
        }
        if matches!(event.body, EventBody::State(_)) {
            return (event.at, 1);
        }
        let (late, twice) = (self.rng.below(1_000), self.rng.below(1_000));
        let is_late = late < u64::from(self.options.late_per_mille);
        let due = event.at + if is_late { self.options.late_ms } else { 0 };
        (due, if twice < u64::from(self.options.repeat_per_mille) { 2 } else { 1 })
    }

    fn wire_event(&self, at: usize) -> WireEvent {
        let Event { author, at: when, body } = self.view[at].event.clone();
        let said = |entry: &&Entry| words(&entry.event.body).is_some();
        let (participant, kind) = match author {
            Author::Visitor => (self.participant.as_str(), "WebUser"),
            Author::System => (SYSTEM, "System"),
            Author::Agent(at) => (self.agents[at].participant.as_str(), "Agent"),
        };
        WireEvent {
            sequence: at,
            conversation: self.view[..at].iter().filter(said).count(),
            participant: participant.to_owned(),
            name: self.name(author).to_owned(),
            kind,
            at: when,
            body,
        }
    }

    fn name(&self, author: Author) -> &str {
        match author {
            Author::Visitor => &self.start.name,
            Author::System => "IC",
            Author::Agent(at) => &self.agents[at].name,
        }
    }
}

/// The text of an event, if it has one.
fn words(body: &EventBody) -> Option<String> {
    match body {
        EventBody::Text { value, .. } => Some(value.clone()),
        EventBody::Url(url) => Some(url.clone()),
        EventBody::File { name, .. } => Some(name.clone()),
        EventBody::State(_) | EventBody::Typing(_) => None,
    }
}

/// A random identifier in the form of a GUID.
fn guid(rng: &mut Rng) -> String {
    let (high, low) = (rng.number(), rng.number());
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}
