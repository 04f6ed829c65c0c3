//! The contact centre behind a pair of servers: its chats, its limits, and which server is active.
//! Both wire APIs and the agents use it; it knows neither JSON nor HTTP.

use std::collections::VecDeque;

use parking_lot::{Mutex, MutexGuard};

use super::{
    chat::{Chat, EventBody, Start, WireEvent},
    options::Options,
};
use crate::{Act, Chat as Shown, rng::Rng};

/// Why the contact centre refuses a request of a customer's client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No such queue.
    Target,
    /// Too many chats of one address, or too many in one second.
    Flood,
    /// No such participant on this server.
    Participant,
    /// No such chat.
    Chat,
    /// The chat has ended and every event was delivered.
    Ended,
}

pub(super) struct ContactCentre {
    pub(super) options: Options,
    state: Mutex<State>,
}

struct State {
    chats: Vec<Chat>,
    rng: Rng,
    /// Start times of the latest chats.
    starts: VecDeque<i64>,
    /// The server that is not the backup.
    active: usize,
}

impl ContactCentre {
    pub(super) fn new(options: Options) -> Self {
        let rng = Rng::new(options.seed);
        let state = State { chats: Vec::new(), rng, starts: VecDeque::new(), active: 0 };
        Self { options, state: Mutex::new(state) }
    }

    pub(super) fn active(&self) -> usize {
        self.lock().active
    }

    pub(super) fn activate(&self, server: usize) {
        self.lock().active = server;
    }

    pub(super) fn knows(&self, target: &str, target_type: &str) -> bool {
        let same = |known: &(String, String)| {
            known.0.eq_ignore_ascii_case(target_type) && known.1.eq_ignore_ascii_case(target)
        };
        self.options.queues.iter().any(same)
    }

    /// Starts a chat; `ready` is called before its first event.
    pub(super) fn start<T>(
        &self,
        server: usize,
        start: Start,
        ready: impl FnOnce(&mut Chat) -> T,
    ) -> Result<T, Refusal> {
        let now = self.options.time.now();
        if !self.knows(&start.target, &start.target_type) {
            return Err(Refusal::Target);
        }
        let mut state = self.lock();
        state.starts.retain(|at| *at > now - 1_000);
        let active = state.chats.iter().filter(|chat| !chat.is_ended()).count();
        if active >= self.options.active_per_ip_max
            || state.starts.len() >= self.options.starts_per_second_max
        {
            return Err(Refusal::Flood);
        }
        state.starts.push_back(now);
        let rng = Rng::new(state.rng.number());
        let mut chat = Chat::new(start, server, self.options.clone(), rng);
        let done = ready(&mut chat);
        state.chats.push(chat);
        Ok(done)
    }

    /// Calls `work` with the open chat of a web participant.
    pub(super) fn with<T>(
        &self,
        server: usize,
        participant: &str,
        work: impl FnOnce(&mut Chat) -> T,
    ) -> Result<T, Refusal> {
        let mut state = self.lock();
        let chat = find(&mut state, server, participant)?;
        if chat.is_ended() {
            return Err(Refusal::Ended);
        }
        chat.heard_at = self.options.time.now();
        Ok(work(chat))
    }

    /// New events; of an ended chat too, until its participant has got them all.
    pub(super) fn poll(&self, server: usize, participant: &str) -> Result<Vec<WireEvent>, Refusal> {
        let now = self.options.time.now();
        let mut state = self.lock();
        let chat = find(&mut state, server, participant)?;
        if chat.is_ended() && !chat.owes() {
            return Err(Refusal::Ended);
        }
        chat.heard_at = now;
        Ok(chat.poll(now))
    }

    /// All events, of an ended chat too. Events of a lost answer appear only here.
    pub(super) fn history(
        &self,
        server: usize,
        participant: &str,
    ) -> Result<Vec<WireEvent>, Refusal> {
        find(&mut self.lock(), server, participant).map(|chat| chat.history())
    }

    /// Moves a chat to this server; fails also when it has ended.
    pub(super) fn reconnect<T>(
        &self,
        server: usize,
        chat: &str,
        work: impl FnOnce(&mut Chat) -> T,
    ) -> Result<T, Refusal> {
        let mut state = self.lock();
        let chat = state.chats.iter_mut().find(|known| known.id == chat).ok_or(Refusal::Chat)?;
        if chat.is_ended() {
            return Err(Refusal::Ended);
        }
        (chat.server, chat.heard_at) = (server, self.options.time.now());
        Ok(work(chat))
    }

    pub(super) fn shown(&self) -> Vec<Shown> {
        self.lock().chats.iter().map(show).collect()
    }

    pub(super) fn act(&self, id: &str, act: Act) -> Result<(), String> {
        let mut state = self.lock();
        let chat = state.chats.iter_mut().find(|chat| chat.id == id).ok_or("no such chat")?;
        if chat.is_ended() {
            return Err("the chat has ended".to_owned());
        }
        let text = |value, content_type| EventBody::Text { value, content_type };
        match act {
            Act::Accept { agent } => chat.accept(agent),
            Act::Say { text: value } => chat.by_agent(text(value, "text/plain")),
            Act::SayHtml { html } => chat.by_agent(text(html, "text/html")),
            Act::File { name, url } if name.is_empty() => chat.by_agent(EventBody::Url(url)),
            Act::File { name, url } => chat.file_by_agent(name, url),
            Act::Type { on } => chat.by_agent(EventBody::Typing(on)),
            Act::Hold { on } => chat.hold(on),
            Act::Transfer { agent } => chat.transfer(agent),
            Act::Requeue => chat.requeue(),
            Act::Note { text } => chat.note(text),
            Act::End => {
                chat.end();
                Ok(())
            }
        }
    }

    /// Locks the state after disconnecting customers who have been silent too long.
    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        let silent = self.options.time.now() - self.options.unpolled_ms_max;
        state.chats.iter_mut().filter(|chat| chat.heard_at < silent).for_each(Chat::end);
        state
    }
}

fn find<'a>(
    state: &'a mut State,
    server: usize,
    participant: &str,
) -> Result<&'a mut Chat, Refusal> {
    let known = |chat: &&mut Chat| chat.participant == participant && chat.server == server;
    state.chats.iter_mut().find(known).ok_or(Refusal::Participant)
}

fn show(chat: &Chat) -> Shown {
    let mut facts = vec![
        ("target".to_owned(), chat.start.target.clone()),
        ("targetType".to_owned(), chat.start.target_type.clone()),
    ];
    facts.extend(chat.start.facts.iter().cloned());
    Shown {
        id: chat.id.clone(),
        visitor: chat.start.name.clone(),
        phase: chat.phase(),
        agent: chat.agent(),
        visitor_types: chat.visitor_types,
        facts,
        lines: chat.lines(),
    }
}
