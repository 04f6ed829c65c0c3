//! What both machines have in common: how they are stepped, and how their events are numbered.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A point in time: milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

/// A pure state machine whose state is the sum of its events.
pub trait Machine: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Prefix of the ids of this machine, for example `cnv`.
    const PREFIX: &'static str;
    type Input: Send + 'static;
    type Event: Event;
    /// What the operator chose; it guides decisions and is never needed to apply an event.
    type Policy: Clone + Send + Sync + 'static;
    /// Why an input was not accepted. A refused input changes nothing.
    type Refusal: std::fmt::Debug + Send + 'static;

    /// Feeds one input: decides what happened, applies it, and returns it to be recorded.
    fn step(
        &mut self,
        policy: &Self::Policy,
        now: Millis,
        input: Self::Input,
    ) -> Result<Vec<Recorded<Self::Event>>, Self::Refusal>;
    /// Takes over one event that was decided earlier.
    fn apply(&mut self, recorded: &Recorded<Self::Event>);
    /// Place of the last event.
    fn position(&self) -> Position;
    /// True while a driver has work to do for this state.
    fn owes(&self) -> bool;
    /// When time itself must be heard; the driver then feeds the machine its wake input.
    fn wake_at(&self) -> Option<Millis>;
    /// The outside party this machine talks with while it is open: an owner has at most one open
    /// machine per peer. `None` when it is closed, or when it is found by its id alone.
    fn peer(&self) -> Option<&str>;
}

/// Something that happened.
pub trait Event:
    Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// True for what only operators may see: it hangs, as a note, on the last numbered event.
    fn is_note(&self) -> bool;
}

/// Place in the journal of one machine. Numbered events have `sub == 0` and a `seq` without gaps;
/// notes carry the `seq` they hang on and count up `sub`.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position {
    pub seq: u64,
    pub sub: u64,
}

impl Position {
    #[must_use]
    pub fn next(self, note: bool) -> Self {
        if note {
            Self { seq: self.seq, sub: self.sub + 1 }
        } else {
            Self { seq: self.seq + 1, sub: 0 }
        }
    }
}

/// An event with its place in the journal and the time it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded<E> {
    pub position: Position,
    pub at: Millis,
    pub event: E,
}

/// Collects the events of one step while the state moves along with them, so that later
/// decisions of the same step see what the earlier ones did.
pub(crate) struct Log<'a, M: Machine> {
    pub(crate) state: &'a mut M,
    pub(crate) now: Millis,
    events: Vec<Recorded<M::Event>>,
}

impl<'a, M: Machine> Log<'a, M> {
    pub(crate) fn new(state: &'a mut M, now: Millis) -> Self {
        Self { state, now, events: Vec::with_capacity(2) }
    }

    /// Records `event` and returns its `seq`.
    pub(crate) fn record(&mut self, event: M::Event) -> u64 {
        let position = self.state.position().next(event.is_note());
        let recorded = Recorded { position, at: self.now, event };
        self.state.apply(&recorded);
        self.events.push(recorded);
        position.seq
    }

    pub(crate) fn into_events(self) -> Vec<Recorded<M::Event>> {
        self.events
    }
}
