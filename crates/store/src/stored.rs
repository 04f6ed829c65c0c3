//! Stored text and what it is read as: each state and event has its format beside it.
//!
//! A row that cannot be read is set aside: its cause is stored beside it and logged once, and
//! lists skip it. Only the caller who asked for this row gets the error.

use crate::{
    checksum::{self, Damage},
    error::StoreError,
    query::{Columns, Query},
    sql,
};
use machine::{Event, Machine, Position, Recorded};
use parking_lot::Mutex;
use std::collections::HashSet;

/// A row that this release cannot read; see [`crate::Store::set_aside`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Prefix of the machine's ids, such as `cnv`.
    pub kind: String,
    /// The bot or route that the machine belongs to.
    pub owner: String,
    pub id: String,
    /// The event that cannot be read; `None` when it is the state.
    pub event: Option<Position>,
    /// Why it cannot be read, without what it says.
    pub cause: String,
}

/// Longest cause that is stored, in characters.
const CAUSE_CHARS_MAX: usize = 300;

/// A state as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredState {
    pub(crate) format: i64,
    /// The JSON, or why the column itself cannot be read.
    pub(crate) text: Result<String, String>,
    pub(crate) checkpoint: Option<String>,
    pub(crate) damage: Option<Damage>,
    /// The row is marked as set aside already.
    pub(crate) is_set_aside: bool,
}

impl StoredState {
    /// From the columns `state, format, checkpoint, unreadable, checksum`, of which `state` is at
    /// `first`.
    pub(crate) fn of(id: &str, row: &dyn Columns, first: usize) -> Self {
        let text = row.text(first).map(str::to_owned).map_err(|error| column_cause(&error));
        let rest = || {
            let checkpoint = row.maybe_text(first + 2)?.map(str::to_owned);
            let is_set_aside = row.maybe_text(first + 3)?.is_some();
            Ok((row.int(first + 1)?, checkpoint, is_set_aside, row.maybe_int(first + 4)?))
        };
        let (format, checkpoint, is_set_aside, stored) = match rest() {
            Ok(rest) => rest,
            Err(error) => {
                let text = Err(column_cause(&error));
                let (damage, is_set_aside) = (None, false);
                return Self { format: 0, text, checkpoint: None, damage, is_set_aside };
            }
        };
        let damage = text.as_ref().ok().and_then(|text| {
            let found = checksum::of_state(id, format, text, checkpoint.as_deref());
            Damage::find(stored, found)
        });
        Self { format, text, checkpoint, damage, is_set_aside }
    }

    pub(crate) fn length(&self) -> usize {
        let checkpoint = self.checkpoint.as_ref().map_or(0, String::len);
        self.text.as_ref().map_or(0, String::len) + checkpoint
    }

    /// The machine, or why it cannot be read.
    pub(crate) fn read<M: Machine>(&self) -> Result<M, String> {
        let text = self.text.as_ref().map_err(Clone::clone)?;
        match self.damage {
            None => {}
            Some(Damage::Text) => return Err(altered("the state")),
            Some(Damage::Checkpoint) => return Err(altered("the checkpoint")),
        }
        let mut machine: M = decode(self.format, text, |format, from| M::read(format, from))?;
        machine.set_checkpoint(self.checkpoint.clone());
        Ok(machine)
    }
}

/// A row that was found unreadable just now.
#[derive(Debug, Clone)]
pub(crate) struct Unreadable {
    pub(crate) id: String,
    pub(crate) event: Option<Position>,
    pub(crate) cause: String,
    pub(crate) is_set_aside: bool,
}

impl Unreadable {
    pub(crate) fn error(&self) -> StoreError {
        let detail = match self.event {
            None => self.cause.clone(),
            Some(Position { seq, sub }) => format!("event {seq}.{sub}: {}", self.cause),
        };
        StoreError::Unreadable { id: self.id.clone(), detail }
    }

    /// The statement that sets the row aside; `None` when it is already.
    pub(crate) fn mark(&self) -> Option<Query> {
        if self.is_set_aside {
            return None;
        }
        let mut args = vec![self.id.as_str().into(), self.cause.as_str().into()];
        let sql = match self.event {
            None => sql::SET_ASIDE,
            Some(Position { seq, sub }) => {
                args.extend([(seq as i64).into(), (sub as i64).into()]);
                sql::SET_EVENT_ASIDE
            }
        };
        Some(Query { sql, args })
    }
}

/// A state from the columns `state, format, checkpoint, unreadable, checksum`.
pub(crate) fn state<M: Machine>(
    id: &str,
    row: &dyn Columns,
    first: usize,
) -> Result<M, Unreadable> {
    let stored = StoredState::of(id, row, first);
    let is_set_aside = stored.is_set_aside;
    stored.read().map_err(|cause| Unreadable {
        id: id.to_owned(),
        event: None,
        cause,
        is_set_aside,
    })
}

/// An event from the columns `seq, sub, at, body, format, unreadable, checksum`.
pub(crate) fn event<E: Event>(
    id: &str,
    row: &dyn Columns,
) -> Result<Result<Recorded<E>, Unreadable>, StoreError> {
    let position = Position { seq: row.int(0)? as u64, sub: row.int(1)? as u64 };
    let read = || {
        let column = |error: StoreError| column_cause(&error);
        let (at, body) = (row.int(2).map_err(column)?, row.text(3).map_err(column)?);
        let (format, stored) = (row.int(4).map_err(column)?, row.maybe_int(6).map_err(column)?);
        let found = checksum::of_event(id, position, at, format, body);
        if stored.is_some_and(|stored| stored != found) {
            return Err(altered("the event"));
        }
        let event = decode(format, body, |format, from| E::read(format, from))?;
        Ok(Recorded { position, at, event })
    };
    Ok(read().map_err(|cause| Unreadable {
        id: id.to_owned(),
        event: Some(position),
        cause,
        is_set_aside: matches!(row.maybe_text(5), Ok(Some(_))),
    }))
}

type Json<'de> = serde_json::Deserializer<serde_json::de::StrRead<'de>>;

fn decode<'de, T>(
    format: i64,
    text: &'de str,
    read: impl FnOnce(u32, &mut Json<'de>) -> serde_json::Result<T>,
) -> Result<T, String> {
    let known = u32::try_from(format).map_err(|_| format!("format {format} is unknown"))?;
    let mut from = serde_json::Deserializer::from_str(text);
    let value = read(known, &mut from).map_err(|error| cause(&error))?;
    from.end().map_err(|error| cause(&error))?;
    Ok(value)
}

/// Why JSON cannot be read, without the values that serde quotes: they may be what people said.
fn cause(error: &serde_json::Error) -> String {
    let text = hide_between(&error.to_string(), "\"", "\"");
    // The names of our own fields are told; a name that serde does not know may be anything.
    let is_foreign = ["unknown ", "invalid "].iter().any(|start| text.starts_with(start));
    let shown = if is_foreign { hide_between(&text, "`", "`, expected") } else { text };
    shown.chars().filter(|c| *c != '\0').take(CAUSE_CHARS_MAX).collect()
}

/// Takes out what stands between the first `start` and the last `end`.
fn hide_between(text: &str, start: &str, end: &str) -> String {
    let from = text.find(start).map(|at| at + start.len());
    match (from, text.rfind(end)) {
        (Some(from), Some(to)) if from <= to => format!("{}…{}", &text[..from], &text[to..]),
        _ => text.to_owned(),
    }
}

/// The cause of a row that is not what its checksum says.
fn altered(what: &str) -> String {
    format!("the checksum does not match: {what} was damaged after it was stored")
}

fn column_cause(error: &StoreError) -> String {
    format!("the column cannot be read: {error}")
}

/// The rows this process has logged as unreadable, so that each is logged once.
#[derive(Default)]
pub(crate) struct Logged(Mutex<HashSet<(String, Option<Position>)>>);

impl Logged {
    pub(crate) fn log(&self, kind: &str, owner: &str, unreadable: &Unreadable) {
        let Unreadable { id, event, cause, .. } = unreadable;
        if !self.0.lock().insert((id.clone(), *event)) {
            return;
        }
        let help = "`baton store check` lists and repairs such rows";
        match event {
            None => {
                tracing::error!(kind, owner, machine.id = id, cause, help, "a state is set aside");
            }
            Some(Position { seq, sub }) => {
                tracing::error!(
                    kind,
                    owner,
                    machine.id = id,
                    seq,
                    sub,
                    cause,
                    help,
                    "an event is set aside"
                );
            }
        }
    }

    /// The row is readable again or gone, so that another failure is news.
    pub(crate) fn forget(&self, id: &str) {
        self.0.lock().retain(|(logged, _)| logged != id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_tells_nothing_that_was_said() {
        let wrong = r#"{"seq":"my \"secret\" words","sub":0}"#;
        let error = serde_json::from_str::<Position>(wrong).unwrap_err();
        let cause = self::cause(&error);
        assert!(cause.starts_with("invalid type: string \"…\", expected u64"), "{cause}");
        let wrong = r#"{"Secret `words`, said":1}"#;
        let error = serde_json::from_str::<Result<u8, u8>>(wrong).unwrap_err();
        let cause = self::cause(&error);
        assert!(cause.starts_with("unknown variant `…`, expected"), "{cause}");
    }

    #[test]
    fn a_format_out_of_range_is_named() {
        let read = |_, _: &mut Json<'_>| Ok(());
        assert_eq!(decode(-1, "null", read), Err("format -1 is unknown".to_owned()));
    }
}
