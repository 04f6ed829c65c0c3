//! A small machine for the store's tests: it counts, has a peer, wakes, owes, notes and refuses.

use machine::{Event, Machine, Millis, Position, Recorded};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub(crate) struct Counter {
    pub(crate) total: i64,
    pub(crate) peer: Option<String>,
    pub(crate) wake_at: Option<Millis>,
    pub(crate) owes: bool,
    pub(crate) position: Position,
    #[serde(skip)]
    pub(crate) checkpoint: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Happened {
    Added(i64),
    Note(String),
    Wakes(Option<Millis>),
    Owes(bool),
    Closed,
}

#[derive(Debug, Clone)]
pub(crate) enum Input {
    Add(i64),
    /// A note, then an addition, then two notes.
    AddWithNotes(i64),
    /// Only a note.
    Note(String),
    Wake(Option<Millis>),
    Owe(bool),
    Close,
    /// Changes the checkpoint and records nothing.
    Checkpoint(&'static str),
    Nothing,
    /// Changes its copy of the state, then refuses.
    Refuse,
    /// Changes its copy of the state, then panics.
    Panic,
    /// Records an event with a number it skipped to.
    Misnumber,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused(pub(crate) i64);

impl Event for Happened {
    const FORMAT: u32 = 1;

    fn is_note(&self) -> bool {
        matches!(self, Self::Note(_))
    }
}

impl Counter {
    pub(crate) fn with(peer: &str) -> Self {
        Self { peer: Some(peer.to_owned()), ..Self::default() }
    }
}

impl Machine for Counter {
    const PREFIX: &'static str = "cnt";
    const FORMAT: u32 = 1;
    type Input = Input;
    type Event = Happened;
    /// What every addition is multiplied with.
    type Policy = i64;
    type Refusal = Refused;

    fn step(
        &mut self,
        factor: &i64,
        now: Millis,
        input: Input,
    ) -> Result<Vec<Recorded<Happened>>, Refused> {
        let happened = match input {
            Input::Add(n) => vec![Happened::Added(n * factor)],
            Input::AddWithNotes(n) => vec![
                Happened::Note("before".to_owned()),
                Happened::Added(n * factor),
                Happened::Note("after".to_owned()),
                Happened::Note("long after".to_owned()),
            ],
            Input::Note(text) => vec![Happened::Note(text)],
            Input::Wake(at) => vec![Happened::Wakes(at)],
            Input::Owe(owes) => vec![Happened::Owes(owes)],
            Input::Close => vec![Happened::Closed],
            Input::Checkpoint(checkpoint) => {
                self.checkpoint = Some(checkpoint.to_owned());
                Vec::new()
            }
            Input::Nothing => Vec::new(),
            Input::Refuse => {
                self.total = -1;
                return Err(Refused(self.total));
            }
            Input::Panic => {
                self.total = -1;
                panic!("on purpose");
            }
            Input::Misnumber => {
                self.position.seq += 1;
                vec![Happened::Added(1)]
            }
        };
        let mut recorded = Vec::new();
        for event in happened {
            let position = self.position.next(event.is_note());
            let event = Recorded { position, at: now, event };
            self.apply(&event);
            recorded.push(event);
        }
        Ok(recorded)
    }

    fn apply(&mut self, recorded: &Recorded<Happened>) {
        self.position = recorded.position;
        match &recorded.event {
            Happened::Added(n) => self.total += n,
            Happened::Note(_) => {}
            Happened::Wakes(at) => self.wake_at = *at,
            Happened::Owes(owes) => self.owes = *owes,
            Happened::Closed => {
                self.peer = None;
                self.wake_at = None;
                self.owes = false;
            }
        }
    }

    fn position(&self) -> Position {
        self.position
    }

    fn owes(&self) -> bool {
        self.owes
    }

    fn wake_at(&self) -> Option<Millis> {
        self.wake_at
    }

    fn peer(&self) -> Option<&str> {
        self.peer.as_deref()
    }

    fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    fn set_checkpoint(&mut self, checkpoint: Option<String>) {
        self.checkpoint = checkpoint;
    }

    fn initial(peer: Option<&str>) -> Option<Self> {
        Some(peer.map_or_else(Self::default, Self::with))
    }
}
