//! Compares acknowledgements with what is stored.

use std::collections::HashMap;

use kit::{
    agent::{ChatEvent, Desk},
    http::Answer,
    visitor::{Event, Visitor},
};
use serde::Deserialize;

/// One acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Promise {
    pub(super) client_id: String,
    pub(super) text: String,
    pub(super) seq: u64,
}

/// Everything one party was promised, and what its visitor saw live.
pub(super) struct Promises {
    pub(super) visitor: Visitor,
    pub(super) said: Vec<Promise>,
    /// `seq` of the inputs that the bot had to answer.
    pub(super) to_bot: Vec<u64>,
    pub(super) chats: Vec<ChatPromises>,
    pub(super) seen: Vec<Event>,
    /// Faults during the conversation.
    pub(super) faults: Vec<String>,
}

/// What was said in one chat while a human had control.
#[derive(Debug, Clone, Default)]
pub(super) struct ChatPromises {
    pub(super) id: String,
    pub(super) said: Vec<Promise>,
    pub(super) answered: Vec<Promise>,
}

#[derive(Deserialize)]
struct Accepted {
    seq: u64,
}

impl Promise {
    pub(super) fn of(client_id: &str, text: &str, answer: &Answer) -> anyhow::Result<Self> {
        Ok(Self {
            client_id: client_id.to_owned(),
            text: text.to_owned(),
            seq: answer.json::<Accepted>()?.seq,
        })
    }
}

impl Promises {
    pub(super) fn new(visitor: Visitor) -> Self {
        Self {
            visitor,
            said: Vec::new(),
            to_bot: Vec::new(),
            chats: Vec::new(),
            seen: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Adds a handover. A chat that still owes the platform something is opened again by the next
    /// handover of its visitor, so one chat may have several.
    pub(super) fn add(&mut self, chat: ChatPromises) {
        match self.chats.iter_mut().find(|known| known.id == chat.id) {
            Some(known) => {
                known.said.extend(chat.said);
                known.answered.extend(chat.answered);
            }
            None => self.chats.push(chat),
        }
    }
}

/// The faults of one party.
pub(super) async fn judge(promises: &Promises, desk: &Desk) -> Vec<String> {
    let user = &promises.visitor.user_id;
    let mut faults = promises.faults.clone();
    match promises.visitor.history().await {
        Ok(history) => {
            let found = judge_history(promises, &history);
            faults.extend(found.into_iter().map(|fault| format!("{user}: {fault}")));
        }
        Err(error) => faults.push(format!("{user}: no history: {error:#}")),
    }
    for chat in &promises.chats {
        match desk.events(&chat.id).await {
            Ok(journal) => {
                let found = judge_journal(chat, &journal);
                faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", chat.id)));
            }
            Err(error) => faults.push(format!("{}: no journal: {error:#}", chat.id)),
        }
    }
    faults
}

/// Checks the visitor's side: numbers without gaps, each acknowledged message at its place and only
/// there.
pub(super) fn judge_history(promises: &Promises, history: &[Event]) -> Vec<String> {
    let mut faults = Vec::new();
    for (expected, event) in (1..).zip(history) {
        if event.seq != Some(expected) {
            faults.push(format!("number {expected} of the history is {event:?}"));
            break;
        }
    }
    for (live, stored) in promises.seen.iter().zip(history) {
        if live != stored {
            faults.push(format!("seen live: {live:?}, stored: {stored:?}"));
            break;
        }
    }
    if promises.seen.len() > history.len() {
        let more = promises.seen.len() - history.len();
        faults.push(format!("{more} events were seen live and are not stored"));
    }
    let said = history.iter().filter(|event| event.is("visitor_message"));
    let said = said.map(|event| {
        let id = event.client_id.clone().unwrap_or_default();
        (id, event.text.clone(), event.seq.unwrap_or_default())
    });
    faults.extend(once_in_order("the visitor's message", &promises.said, said));
    let answered: Vec<_> = promises.chats.iter().flat_map(|chat| &chat.answered).cloned().collect();
    let shown = history.iter().filter(|event| event.is("agent_message"));
    // The visitor's side numbers them differently: only their order counts.
    let shown = shown.zip(1..).map(|(event, n)| (String::new(), event.text.clone(), n));
    let anonymous: Vec<_> = answered
        .into_iter()
        .zip(1..)
        .map(|(promise, seq)| Promise { client_id: String::new(), seq, ..promise })
        .collect();
    faults.extend(once_in_order("the agent's message", &anonymous, shown));
    for turn in &promises.to_bot {
        let after = history.iter().filter(|event| event.seq > Some(*turn));
        let answers = after.take_while(|event| !event.is("visitor_message"));
        let answers = answers.filter(|event| event.is("bot_message")).count();
        if answers != 1 {
            faults.push(format!("the bot answered {turn} with {answers} messages instead of 1"));
        }
    }
    faults
}

/// The desk's side: what the visitor said while a human had control, and what was answered.
pub(super) fn judge_journal(chat: &ChatPromises, journal: &[ChatEvent]) -> Vec<String> {
    let mut faults = Vec::new();
    for (expected, event) in (1..).zip(journal) {
        if event.seq != expected {
            faults.push(format!("number {expected} of the journal is {event:?}"));
            break;
        }
    }
    let said = journal.iter().filter(|event| event.kind == "visitor_message");
    // The desk has its own numbers and does not know the visitor's ids: only texts and order count.
    let said = said.zip(1..).map(|(event, n)| (String::new(), event.text.clone(), n));
    let anonymous: Vec<_> = chat
        .said
        .iter()
        .cloned()
        .zip(1..)
        .map(|(promise, seq)| Promise { client_id: String::new(), seq, ..promise })
        .collect();
    faults.extend(once_in_order("the visitor's message", &anonymous, said));
    let answered = journal.iter().filter(|event| event.kind == "agent_message");
    let answered = answered.map(|event| {
        let id = event.client_id.clone().unwrap_or_default();
        (id, event.text.clone(), event.seq)
    });
    faults.extend(once_in_order("the agent's message", &chat.answered, answered));
    faults
}

/// `found` is what is stored, as (client id, text, number); it must equal what was acknowledged.
fn once_in_order(
    what: &str,
    promised: &[Promise],
    found: impl Iterator<Item = (String, String, u64)>,
) -> Vec<String> {
    let found: Vec<_> = found.collect();
    let mut faults = Vec::new();
    let mut counts: HashMap<_, usize> = HashMap::new();
    for (id, text, _) in &found {
        *counts.entry((id.as_str(), text.as_str())).or_default() += 1;
    }
    for promise in promised {
        let key = (promise.client_id.as_str(), promise.text.as_str());
        match counts.get(&key).copied().unwrap_or_default() {
            0 => faults.push(format!("{what} is lost: {promise:?}")),
            1 => {}
            times => faults.push(format!("{what} is there {times} times: {promise:?}")),
        }
    }
    if found.len() > promised.len() {
        let more = found.len() - promised.len();
        faults.push(format!("{what}: {more} more than were acknowledged"));
    }
    if !faults.is_empty() {
        return faults;
    }
    for (promise, (id, text, seq)) in promised.iter().zip(&found) {
        if (&promise.client_id, &promise.text, promise.seq) != (id, text, *seq) {
            faults.push(format!("{what} is out of order: {promise:?}, found {text:?} at {seq}"));
            break;
        }
    }
    faults
}
