//! The thinking: two pure state machines, and nothing else.
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
//! description of data, so that the store can keep a state it knows nothing about.
#![forbid(unsafe_code)]

pub mod chat;
pub mod conversation;
pub mod limits;
mod model;
pub mod retry;

pub use model::{Event, Machine, Millis, Position, Recorded};
