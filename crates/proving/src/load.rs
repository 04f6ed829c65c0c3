//! Closed-loop load: many conversations with one message under way in each, from the sender's
//! request to the other end's open stream.
//!
//! The same crowd drives the product and the floors, and it checks what arrives: any other message
//! than the one just sent counts as wrong.

use std::{
    borrow::Cow,
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kit::{
    agent::{Chat, Desk, DeskStream},
    http::Http,
    visitor::{PATIENCE, Visitor, VisitorStream},
};
use serde::{Deserialize, Serialize};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{config::Agent, quantiles::Quantiles, wait};

/// The visitor's text that asks for a human agent.
pub const ASK: &str = "talk to a person";
/// Visitors set up at a time.
const GATHERED_AT_ONCE: usize = 32;
/// How often a greeting is repeated, and how long each may take.
const GREETINGS_MAX: usize = 10;
const GREETING_WAIT: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Visitor's POST, webhook call, agent's stream.
    ToAgent,
    /// Agent's POST, push, visitor's stream.
    ToVisitor,
}

/// Addresses of the two halves.
#[derive(Debug, Clone)]
pub struct Halves {
    pub platform: String,
    pub bridge: String,
    pub bot_id: String,
}

/// What one run measured.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    pub messages: usize,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Messages that arrived twice, out of order, or not at all.
    pub wrong: usize,
}

/// Visitors and agents in conversation.
pub struct Crowd {
    pairs: Vec<Pair>,
    readers: JoinSet<()>,
    runs: u32,
}

/// One conversation: both ends, and the messages that arrive at each.
struct Pair {
    visitor: Visitor,
    desk: Desk,
    chat: String,
    at_agent: mpsc::UnboundedReceiver<Heard>,
    at_visitor: mpsc::UnboundedReceiver<Heard>,
}

struct Heard {
    text: String,
    at: Instant,
}

impl Crowd {
    /// Connects `conversations` visitors with human agents, `chats_per_agent` each.
    pub async fn gather(
        halves: &Halves,
        conversations: usize,
        chats_per_agent: usize,
    ) -> anyhow::Result<Self> {
        let http = Http::new();
        let desks = sign_in(&http, &halves.bridge, conversations.div_ceil(chats_per_agent)).await?;
        let visitors: Vec<_> = stream::iter(0..conversations)
            .map(|_| arrive(&http, halves))
            .buffered(GATHERED_AT_ONCE)
            .try_collect()
            .await?;
        let chats = chats_of(&desks[0], &visitors).await?;
        let mut crowd = Self { pairs: Vec::new(), readers: JoinSet::new(), runs: 0 };
        let mut visitors = visitors.into_iter();
        for desk in desks {
            let mut stream = desk.stream().await?;
            let mut listeners = HashMap::new();
            for (visitor, events) in visitors.by_ref().take(chats_per_agent) {
                let chat = chats.get(&visitor.user_id).context("a chat for each")?.id.clone();
                let claimed: Chat = desk.claim(&chat).await?.expect(200)?.json()?;
                stream.watch(&chat, claimed.seq).await?;
                let (to_agent, at_agent) = mpsc::unbounded_channel();
                let (to_visitor, at_visitor) = mpsc::unbounded_channel();
                listeners.insert(chat.clone(), to_agent);
                crowd.readers.spawn(read_visitor(events, to_visitor));
                let desk = desk.clone();
                crowd.pairs.push(Pair { visitor, desk, chat, at_agent, at_visitor });
            }
            crowd.readers.spawn(read_desk(stream, listeners));
        }
        let greetings = crowd.pairs.iter_mut().map(Pair::greet);
        futures::future::try_join_all(greetings).await?;
        Ok(crowd)
    }

    /// Sends in one direction for `length`, and reports.
    pub async fn run(&mut self, direction: Direction, length: Duration) -> anyhow::Result<Figures> {
        self.runs += 1;
        let run = self.runs;
        let start = Instant::now();
        let until = start + length;
        let pairs = self.pairs.iter_mut().map(|pair| pair.exchange(direction, run, until));
        let taken = futures::future::join_all(pairs).await;
        let wrong = taken.iter().map(|(_, wrong)| wrong).sum();
        let latencies: Vec<_> = taken.into_iter().flat_map(|(taken, _)| taken).collect();
        let messages = latencies.len();
        let Quantiles { p50_ms, p99_ms } = Quantiles::of(latencies)?;
        let per_second = messages as f64 / length.as_secs_f64();
        Ok(Figures { messages, per_second, p50_ms, p99_ms, wrong })
    }
}

impl Pair {
    /// Sends each way until it arrives: a floor drops messages that have no listener yet.
    async fn greet(&mut self) -> anyhow::Result<()> {
        for direction in [Direction::ToAgent, Direction::ToVisitor] {
            let mut heard = false;
            for n in 0..GREETINGS_MAX {
                let text = format!("greeting {n}");
                let passed = self.pass(direction, &text);
                heard = matches!(tokio::time::timeout(GREETING_WAIT, passed).await, Ok(Ok(_)));
                if heard {
                    break;
                }
            }
            ensure!(heard, "{}: {direction:?}: nothing is heard", self.chat);
        }
        Ok(())
    }

    /// Latencies of messages that arrived before `until`, and the number of wrong ones.
    async fn exchange(
        &mut self,
        direction: Direction,
        run: u32,
        until: Instant,
    ) -> (Vec<Duration>, usize) {
        let mut latencies = Vec::new();
        let mut wrong = 0;
        let mut count = 0;
        while Instant::now() < until {
            count += 1;
            let text = format!("message {run}.{count} of a conversation under load");
            let sent = Instant::now();
            match tokio::time::timeout(PATIENCE, self.pass(direction, &text)).await {
                Ok(Ok(at)) if at <= until => latencies.push(at - sent),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => {
                    eprintln!("{}: {error:#}", self.chat);
                    wrong += 1;
                    break;
                }
                Err(_) => {
                    eprintln!("{}: {text:?} did not arrive", self.chat);
                    wrong += 1;
                    break;
                }
            }
        }
        (latencies, wrong)
    }

    /// Sends one message and returns when it was seen at the other end.
    async fn pass(&mut self, direction: Direction, text: &str) -> anyhow::Result<Instant> {
        let (said, heard) = match direction {
            Direction::ToAgent => {
                let said = self.visitor.say(text, text);
                tokio::join!(said, self.at_agent.recv())
            }
            Direction::ToVisitor => {
                let said = self.desk.say(&self.chat, text, text);
                tokio::join!(said, self.at_visitor.recv())
            }
        };
        said?;
        let heard = heard.context("the stream has ended")?;
        ensure!(heard.text == text, "heard {:?} instead of {text:?}", heard.text);
        Ok(heard.at)
    }
}

async fn sign_in(http: &Http, base: &str, agents: usize) -> anyhow::Result<Vec<Desk>> {
    let mut desks = Vec::new();
    for n in 0..agents {
        let agent = Agent::number(n);
        desks.push(Desk::sign_in(http, base, &agent.email, &agent.password).await?);
    }
    Ok(desks)
}

async fn arrive(http: &Http, halves: &Halves) -> anyhow::Result<(Visitor, VisitorStream)> {
    let visitor = Visitor::create(http, &halves.platform, &halves.bot_id).await?;
    let stream = visitor.stream(0).await?;
    visitor.say("ask", ASK).await?;
    Ok((visitor, stream))
}

/// The open chats by user, once every visitor has one.
async fn chats_of(
    desk: &Desk,
    visitors: &[(Visitor, VisitorStream)],
) -> anyhow::Result<HashMap<String, Chat>> {
    let gathered = wait::until(PATIENCE, async || {
        let chats = desk.chats().await?;
        let chats: HashMap<_, _> =
            chats.into_iter().map(|chat| (chat.visitor.user_id.clone(), chat)).collect();
        let all = visitors.iter().all(|(visitor, _)| chats.contains_key(&visitor.user_id));
        Ok(all.then_some(chats))
    });
    let missing = || format!("the desk did not show a chat of every visitor within {PATIENCE:?}");
    gathered.await?.with_context(missing)
}

/// The fields of a frame that the load reads.
#[derive(Deserialize)]
struct Light<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Cow<'a, str>,
    #[serde(borrow, default)]
    chat: Cow<'a, str>,
    #[serde(borrow)]
    event: Option<LightEvent<'a>>,
}

#[derive(Deserialize)]
struct LightEvent<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Cow<'a, str>,
}

async fn read_visitor(stream: VisitorStream, heard: mpsc::UnboundedSender<Heard>) {
    let mut socket = stream.into_socket();
    while let Ok(frame) = socket.next().await {
        let at = Instant::now();
        let Ok(Light { kind, text, .. }) = serde_json::from_str(&frame) else {
            continue;
        };
        let text = text.into_owned();
        if kind == "agent_message" && heard.send(Heard { text, at }).is_err() {
            return;
        }
    }
}

async fn read_desk(stream: DeskStream, listeners: HashMap<String, mpsc::UnboundedSender<Heard>>) {
    let mut socket = stream.into_socket();
    while let Ok(frame) = socket.next().await {
        let at = Instant::now();
        let Ok(Light { chat, event: Some(event), .. }) = serde_json::from_str(&frame) else {
            continue;
        };
        if event.kind != "visitor_message" {
            continue;
        }
        let text = event.text.into_owned();
        if let Some(listener) = listeners.get(&*chat) {
            // The run may be over.
            let _heard = listener.send(Heard { text, at });
        }
    }
}
