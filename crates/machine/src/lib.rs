//! Two pure state machines: a conversation (the platform's side) and a chat (the bridge's side).
//! This crate makes every decision and performs none of them.
//!
//! ```text
//! ┌──────────────────────────────────────────────────────────────────────────────────┐
//! │  feed one input         step(policy, now, input) -> events   what happened       │
//! │  record the events      apply(event) on the old state gives the new one again    │
//! │  perform what is owed   owed() -> effects                    feed answers back   │
//! │  come back in time      wake_at() -> time                    feed `Woke`         │
//! └──────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! No clock, no randomness, no storage, no network, no async. The one dependency is serde's
//! description of data, so that the store can keep a state without knowing what is in it.
//!
//! # The loop
//!
//! A driver feeds inputs, records events, and makes the calls that are owed. This one makes them on
//! the spot; a real one stores each step first, and only then shows or sends anything.
//!
//! ```
//! use machine::{
//!     Machine as _, Millis, Recorded,
//!     conversation::{
//!         BotAnswer, BotMessage, Conversation, Effect, Event, Input, Policy, Reply, Said, Trigger,
//!     },
//! };
//!
//! let human = Trigger::Context("human".to_owned());
//! let policy = Policy { triggers: vec![human.clone()], ..Policy::default() };
//! let mut now: Millis = 1_700_000_000_000;
//! let mut state = Conversation::new();
//! let mut journal: Vec<Recorded<Event>> = Vec::new();
//!
//! // One input begins: the visitor asks for a human agent.
//! let said = Said::text("I want to talk to somebody");
//! let mut next = Some(Input::VisitorSaid { client_id: "m1".to_owned(), said });
//!
//! while let Some(input) = next.take() {
//!     // 1. Feed it, and record what happened.
//!     journal.extend(state.step(&policy, now, input).expect("nothing waits yet"));
//!
//!     // 2. Perform what is owed, and feed the answer back. It carries the call's turn and epoch.
//!     next = state.owed().map(|effect| match effect {
//!         Effect::QueryBot { turn, epoch, .. } => {
//!             let text = "I will find someone for you.".to_owned();
//!             let messages = vec![BotMessage { text, rich: None }];
//!             let signals = vec![human.clone()];
//!             let answer = BotAnswer { messages, signals, ..BotAnswer::default() };
//!             Input::BotAnswered { turn, epoch, answer }
//!         }
//!         Effect::StepOne { turn, epoch, .. } | Effect::StepTwo { turn, epoch, .. } => {
//!             let reply = Reply::Paused { pause: Some(10 * 60_000) };
//!             Input::WebhookReplied { turn, epoch, reply }
//!         }
//!     });
//! }
//!
//! // Nothing is owed any more: a human has control, until the pause runs out.
//! assert_eq!(state.paused_until(), Some(now + 10 * 60_000));
//!
//! // 3. Come back in time.
//! now = state.wake_at().expect("a pause ends");
//! journal.extend(state.step(&policy, now, Input::Woke).expect("time is never refused"));
//! assert_eq!(state.paused_until(), None);
//!
//! // The events alone give the same state again.
//! let mut replayed = Conversation::new();
//! journal.iter().for_each(|recorded| replayed.apply(recorded));
//! assert_eq!(replayed, state);
//! ```
#![forbid(unsafe_code)]

pub mod chat;
pub mod conversation;
pub mod limits;
mod model;
pub mod retry;
mod text;

pub use model::{Event, Machine, Millis, Position, Recorded};
pub use text::TextFormat;
