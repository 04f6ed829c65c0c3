//! What a caller gives a step besides the input, and what it gets.

use machine::{Machine, Recorded};
use std::sync::Arc;

/// An idempotency key and a fingerprint of what it was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub id: String,
    pub fingerprint: u64,
}

/// What a step did.
#[derive(Debug, Clone)]
pub struct Stepped<M: Machine> {
    pub id: String,
    /// The state after the step; the current one when `repeated`.
    pub state: Arc<M>,
    /// What was recorded, with its place; empty when `repeated`.
    pub events: Arc<[Recorded<M::Event>]>,
    /// The key was seen before with the same fingerprint: nothing changed.
    pub repeated: bool,
    /// Number of the first event of the step, or of the step that is repeated.
    pub first_seq: u64,
}
