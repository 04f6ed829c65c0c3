//! The seam on SQLite: statements run at once, on the thread that polls.

use crate::{
    error::StoreError,
    query::{Columns, Query, Value},
    rows::{Changes, EventRow, Found, PeerRef, Row, SeenKey, SubjectRow, Target, Want},
    sql::statements,
    tx::Tx,
};
use std::future::ready;

use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql, types::ToSqlOutput};

statements! { STATEMENTS;
    FIND = "SELECT id, kind, owner, state, format, checkpoint, unreadable, checksum \
        FROM subjects WHERE id = $1";
    FIND_PEER = "SELECT id, kind, owner, state, format, checkpoint, unreadable, checksum \
        FROM subjects WHERE kind = $1 AND owner = $2 AND peer = $3";
    FIND_KEY = "SELECT seq, print FROM events \
        WHERE subject = (SELECT num FROM subjects WHERE id = $1) AND key = $2";
    ADD_SUBJECT = "INSERT INTO subjects \
        (id, kind, owner, peer, state, seq, wake_at, owes, format, checkpoint, checksum) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    SET_SUBJECT = "UPDATE subjects SET peer = $1, state = $2, seq = $3, wake_at = $4, owes = $5, \
        format = $7, checkpoint = $8, checksum = $9, unreadable = NULL WHERE id = $6";
    ADD_EVENT = "INSERT INTO events (subject, seq, sub, at, key, print, body, format, checksum) \
        VALUES ((SELECT num FROM subjects WHERE id = $1), $2, $3, $4, $5, $6, $7, $8, $9)";
}

/// SQLite takes `$n` for a name, so arguments are bound by these names and not by position.
const NAMES: [&str; 11] = ["$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11"];

/// The writer's connection inside its transaction.
pub(super) struct SqliteTx<'a> {
    pub(super) connection: &'a Connection,
}

impl Tx for SqliteTx<'_> {
    fn find(
        &mut self,
        wants: &[Want<'_>],
    ) -> impl Future<Output = Result<Vec<Found>, StoreError>> + Send {
        let found: Result<_, StoreError> = wants.iter().map(|want| self.find_one(want)).collect();
        ready(found)
    }

    fn put(&mut self, changes: Changes) -> impl Future<Output = Result<(), StoreError>> + Send {
        ready(self.put_all(&changes).map_err(|e| error(&e)))
    }
}

impl SqliteTx<'_> {
    fn find_one(&self, want: &Want<'_>) -> Result<Found, StoreError> {
        let (row, id) = match want.target {
            Target::Nothing => return Ok(Found::default()),
            Target::Held(id) => (None, Some(id.to_owned())),
            Target::Id(id) => (self.row(FIND, &[&id])?, Some(id.to_owned())),
            Target::Peer(PeerRef { kind, owner, peer }) => {
                let row = self.row(FIND_PEER, &[&kind, &owner, &peer])?;
                let id = row.as_ref().map(|row| row.id.clone());
                (row, id)
            }
        };
        let seen = match (want.key, id) {
            (Some(key), Some(id)) => self.first(FIND_KEY, &[&id, &key], |row| {
                Ok(SeenKey { seq: row.int(0)? as u64, fingerprint: row.int(1)? as u64 })
            })?,
            _ => None,
        };
        Ok(Found { row, seen })
    }

    fn row(&self, sql: &str, args: &[&dyn ToSql]) -> Result<Option<Row>, StoreError> {
        self.first(sql, args, |row| Row::of(row))
    }

    fn first<R>(
        &self,
        sql: &str,
        args: &[&dyn ToSql],
        read: impl Fn(&rusqlite::Row<'_>) -> Result<R, StoreError>,
    ) -> Result<Option<R>, StoreError> {
        let mut statement = bound(self.connection, sql, args).map_err(|e| error(&e))?;
        let mut rows = statement.raw_query();
        rows.next().map_err(|e| error(&e))?.map(read).transpose()
    }

    fn put_all(&self, changes: &Changes) -> rusqlite::Result<()> {
        for row in &changes.changed {
            self.set_subject(row)?;
        }
        for row in &changes.fresh {
            self.add_subject(row)?;
        }
        for event in &changes.events {
            self.add_event(event)?;
        }
        for query in &changes.statements {
            let args: Vec<&dyn ToSql> = query.args.iter().map(|arg| arg as &dyn ToSql).collect();
            self.run(query.sql, &args)?;
        }
        Ok(())
    }

    fn set_subject(&self, row: &SubjectRow) -> rusqlite::Result<()> {
        let seq = row.seq as i64;
        let args: [&dyn ToSql; 9] = [
            &row.peer,
            &row.state,
            &seq,
            &row.wake_at,
            &row.owes,
            &row.id,
            &row.format,
            &row.checkpoint,
            &row.checksum,
        ];
        self.run(SET_SUBJECT, &args)
    }

    fn add_subject(&self, row: &SubjectRow) -> rusqlite::Result<()> {
        let (seq, owner) = (row.seq as i64, &*row.owner);
        let args: [&dyn ToSql; 11] = [
            &row.id,
            &row.kind,
            &owner,
            &row.peer,
            &row.state,
            &seq,
            &row.wake_at,
            &row.owes,
            &row.format,
            &row.checkpoint,
            &row.checksum,
        ];
        self.run(ADD_SUBJECT, &args)
    }

    fn add_event(&self, event: &EventRow) -> rusqlite::Result<()> {
        let (seq, sub) = (event.seq as i64, event.sub as i64);
        let (key, fingerprint) = match &event.key {
            Some((key, fingerprint)) => (Some(key), Some(*fingerprint as i64)),
            None => (None, None),
        };
        let args: [&dyn ToSql; 9] = [
            &event.subject,
            &seq,
            &sub,
            &event.at,
            &key,
            &fingerprint,
            &event.body,
            &event.format,
            &event.checksum,
        ];
        self.run(ADD_EVENT, &args)
    }

    fn run(&self, sql: &str, args: &[&dyn ToSql]) -> rusqlite::Result<()> {
        bound(self.connection, sql, args)?.raw_execute().map(drop)
    }
}

/// Answers a query on a reader's connection.
pub(super) fn rows<R>(
    connection: &Connection,
    query: &Query,
    read: &impl Fn(&dyn Columns) -> Result<R, StoreError>,
) -> Result<Vec<R>, StoreError> {
    let args: Vec<&dyn ToSql> = query.args.iter().map(|arg| arg as &dyn ToSql).collect();
    let mut statement = bound(connection, query.sql, &args).map_err(|e| error(&e))?;
    let mut rows = statement.raw_query();
    let mut answers = Vec::new();
    while let Some(row) = rows.next().map_err(|e| error(&e))? {
        answers.push(read(row)?);
    }
    Ok(answers)
}

fn bound<'a>(
    connection: &'a Connection,
    sql: &str,
    args: &[&dyn ToSql],
) -> rusqlite::Result<CachedStatement<'a>> {
    let mut statement = connection.prepare_cached(sql)?;
    for (name, arg) in NAMES.iter().zip(args) {
        if let Some(at) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(at, arg)?;
        }
    }
    Ok(statement)
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Text(text) => text.to_sql(),
            Self::Int(number) => number.to_sql(),
            Self::MaybeInt(number) => number.to_sql(),
            Self::MaybeText(text) => text.to_sql(),
            Self::Bool(is) => is.to_sql(),
        }
    }
}

impl Columns for rusqlite::Row<'_> {
    fn text(&self, column: usize) -> Result<&str, StoreError> {
        let value = self.get_ref(column).map_err(|e| error(&e))?;
        value.as_str().map_err(|e| StoreError::Unavailable(e.to_string()))
    }

    fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        let value = self.get_ref(column).map_err(|e| error(&e))?;
        value.as_str_or_null().map_err(|e| StoreError::Unavailable(e.to_string()))
    }

    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.get(column).map_err(|e| error(&e))
    }

    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.get(column).map_err(|e| error(&e))
    }
}

/// What an error means for the unit that met it.
pub(super) fn error(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full,
        Some(ErrorCode::ConstraintViolation) => StoreError::Conflict(error.to_string()),
        Some(ErrorCode::TooBig) => StoreError::Unstorable(error.to_string()),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Stopped(format!("the database file is damaged: {error}"))
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}
