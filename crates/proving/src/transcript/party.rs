//! A scripted visitor. Each round talks to the bot, asks for a human agent, talks, and says
//! goodbye. It repeats a message that was not acknowledged, with the same id, and records each
//! acknowledgement.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use kit::visitor::{Event, Visitor};
use serde_json::json;
use simulators::rng::Rng;

use super::words::{Kind, Line, Notice, Said, Speaker, Token};
use crate::{
    kill::{live::Live, patience::insist},
    load::ASK,
};

/// The word that tells the human agent to end the chat.
pub(super) const GOODBYE: &str = "goodbye";
/// A question that the bot can answer.
const QUESTION: &str = "what is your purpose";
/// How long an agent may take to end the chat before goodbye is said again.
const GOODBYE_WAIT: Duration = Duration::from_secs(5);
/// Longest wait for a human agent after asking, and for the bot after the goodbye.
const ROUND_MAX: Duration = Duration::from_mins(2);

pub(super) struct Party {
    number: u64,
    visitor: Visitor,
    live: Live,
    /// Number of events of `live` that earlier steps have handled.
    read: usize,
    rng: Rng,
    over: Arc<AtomicBool>,
    record: Record,
}

/// What one visitor said and saw.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) party: u64,
    pub(super) said: Vec<Said>,
    pub(super) handovers: usize,
    /// Lines seen live, completed with the history afterwards.
    pub(super) seen: Vec<Event>,
    pub(super) faults: Vec<String>,
}

impl Party {
    pub(super) fn new(number: u64, visitor: Visitor, rng: Rng, over: Arc<AtomicBool>) -> Self {
        let live = Live::open(visitor.clone());
        let (said, seen, faults) = (Vec::new(), Vec::new(), Vec::new());
        let record = Record { party: number, said, handovers: 0, seen, faults };
        Self { number, visitor, live, read: 0, rng, over, record }
    }

    /// Runs rounds, at least one, until the run is over; an error is recorded as a fault.
    pub(super) async fn talk(mut self) -> (Record, Live, Visitor) {
        loop {
            if let Err(error) = self.round().await {
                self.record.faults.push(format!("the visitor is stuck: {error:#}"));
                break;
            }
            if self.over.load(Ordering::Relaxed) {
                break;
            }
        }
        (self.record, self.live, self.visitor)
    }

    async fn round(&mut self) -> anyhow::Result<()> {
        self.say(Kind::Ask, QUESTION).await?;
        self.see(|event| event.is("bot_message")).await.context("the bot's answer")?;
        self.ask_for_human().await?;
        self.record.handovers += 1;
        for _ in 0..2 + self.rng.below(6) {
            self.say(Kind::Word, "says the visitor").await?;
            if self.rng.below(2) == 0 {
                tokio::time::sleep(self.rng.millis(1, 200)).await;
            }
        }
        let deadline = Instant::now() + ROUND_MAX;
        while Instant::now() < deadline {
            self.say(Kind::Goodbye, GOODBYE).await?;
            let given = tokio::time::timeout(GOODBYE_WAIT, self.see(|event| event.gives("bot")));
            if let Ok(given) = given.await {
                given.context("control back to the bot")?;
                return Ok(());
            }
        }
        anyhow::bail!("the agent did not end the chat within {ROUND_MAX:?}")
    }

    /// Asks until a human agent has control.
    async fn ask_for_human(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + ROUND_MAX;
        loop {
            self.say(Kind::Ask, ASK).await?;
            let settled = |event: &Event| event.gives("human") || event.gives("bot");
            let given = self.see(settled).await.context("an answer to the request")?;
            if given.gives("human") {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "no human within {ROUND_MAX:?}: {given:?}");
        }
    }

    /// Waits for an event that `wanted` accepts and continues after it.
    async fn see(&mut self, wanted: impl Fn(&Event) -> bool) -> anyhow::Result<Event> {
        let (read, event) = self.live.wait_for(self.read, wanted).await?;
        self.read = read;
        Ok(event)
    }

    async fn say(&mut self, kind: Kind, words: &str) -> anyhow::Result<()> {
        let (speaker, party) = (Speaker::Visitor, self.number);
        let token = Token { speaker, party, n: self.record.said.len() as u64 + 1 };
        let text = match kind {
            Kind::Ask => words.to_owned(),
            Kind::Word | Kind::Goodbye => format!("{token} {words}"),
        };
        let after = last_of_agent(&self.live.seen());
        let body = json!({ "clientId": token.to_string(), "text": text });
        insist(&[202], || self.visitor.post("messages", &body)).await?;
        self.record.said.push(Said { token, text, kind, after });
        Ok(())
    }
}

fn last_of_agent(seen: &[Event]) -> Option<Token> {
    let mut of_agent = seen.iter().rev().filter(|event| event.is("agent_message"));
    of_agent.find_map(|event| Token::all_in(&event.text, Speaker::Agent).pop())
}

/// The notices in what a visitor saw.
pub(super) fn notices(seen: &[Event]) -> Vec<Notice> {
    let mut notices = Vec::new();
    for (at, event) in seen.iter().enumerate().filter(|(_, event)| event.is("agent_message")) {
        if Line::all_in(&event.text, Speaker::Agent).next().is_none() {
            notices.push(Notice { place: lines(&seen[..at]).len(), text: event.text.clone() });
        }
    }
    notices
}

/// The messages of both speakers in what a visitor saw.
pub(super) fn lines(seen: &[Event]) -> Vec<Line> {
    let mut lines = Vec::new();
    for event in seen {
        let text = event.text.clone();
        if event.is("agent_message") {
            lines.extend(Line::all_in(&text, Speaker::Agent));
        } else if event.is("visitor_message")
            && let Some(token) = event.client_id.as_deref().and_then(Token::parse)
        {
            lines.push(Line { token, text });
        }
    }
    lines
}
