//! What both machines share: the trait that the store drives, and the numbering of events.

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

/// A point in time: milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

/// A pure state machine whose state is the sum of its events, but for the checkpoint.
pub trait Machine: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Prefix of the ids of this machine, for example `cnv`.
    const PREFIX: &'static str;
    /// Number of the JSON form in which a state is written. A change of the form that an older
    /// release cannot read counts it up.
    const FORMAT: u32;
    type Input: Send + 'static;
    type Event: Event;
    /// What the operator chose. It guides decisions; applying an event never needs it.
    type Policy: Clone + Send + Sync + 'static;
    /// Why an input was not accepted. A refused input changes nothing.
    type Refusal: std::fmt::Debug + Send + 'static;

    /// Feeds one input: decides what happens, applies it, and returns the events to be recorded.
    ///
    /// # Errors
    ///
    /// Fails when the input is refused; the state is then unchanged.
    fn step(
        &mut self,
        policy: &Self::Policy,
        now: Millis,
        input: Self::Input,
    ) -> Result<Vec<Recorded<Self::Event>>, Self::Refusal>;
    /// Applies one event that was decided earlier.
    fn apply(&mut self, recorded: &Recorded<Self::Event>);
    /// Position of the last event.
    fn position(&self) -> Position;
    /// True while a driver has work to do for this state.
    fn owes(&self) -> bool;
    /// When the driver must feed the machine its wake input; `None` when it need not.
    fn wake_at(&self) -> Option<Millis>;
    /// The outside party that this machine talks with while it is open. An owner has at most one
    /// open machine for each peer. `None` when the machine is closed, or is found by its id alone.
    fn peer(&self) -> Option<&str>;

    /// Reads a state that was written in `format`. A machine that has had several formats
    /// overrides this and upgrades the older ones.
    ///
    /// # Errors
    /// When the format is unknown, or when the data does not have its form.
    fn read<'de, D: Deserializer<'de>>(format: u32, from: D) -> Result<Self, D::Error> {
        check_format::<D::Error>(format, Self::FORMAT)?;
        Self::deserialize(from)
    }

    /// What a connector's session needs in order to go on after a restart. It is stored beside
    /// the state, in a column of its own, and is not part of the state's JSON form.
    fn checkpoint(&self) -> Option<&str> {
        None
    }

    /// Takes over the stored checkpoint, right after [`Machine::read`].
    fn set_checkpoint(&mut self, _checkpoint: Option<String>) {}

    /// The state before the first event, from which a damaged state is rebuilt. `peer` is the
    /// stored peer. `None` when the first state cannot be known from it.
    fn initial(_peer: Option<&str>) -> Option<Self> {
        None
    }
}

/// Something that happened.
pub trait Event:
    Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Number of the JSON form in which an event is written, as [`Machine::FORMAT`].
    const FORMAT: u32;

    /// True for what only operators may see. Such a note belongs to the last numbered event.
    fn is_note(&self) -> bool;

    /// Reads an event that was written in `format`, as [`Machine::read`].
    ///
    /// # Errors
    /// When the format is unknown, or when the data does not have its form.
    fn read<'de, D: Deserializer<'de>>(format: u32, from: D) -> Result<Self, D::Error> {
        check_format::<D::Error>(format, Self::FORMAT)?;
        Self::deserialize(from)
    }
}

fn check_format<E: serde::de::Error>(format: u32, known: u32) -> Result<(), E> {
    if format == known {
        return Ok(());
    }
    Err(E::custom(format_args!("format {format} is unknown, this release reads format {known}")))
}

/// Position in the journal of one machine. Numbered events have `sub == 0` and a `seq` without
/// gaps. A note has the `seq` of the numbered event before it and counts `sub` up.
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

/// An event with its position in the journal and the time when it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded<E> {
    pub position: Position,
    pub at: Millis,
    pub event: E,
}

/// Collects the events of one step and applies each at once, so that later decisions of the same
/// step see the effect of the earlier ones.
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
