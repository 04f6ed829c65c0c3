//! The statements of a unit of work, and how arguments and rows pass through the driver.

use super::failure;
use crate::{
    error::StoreError,
    query::{Columns, Query, Value},
    sql::statements,
};
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

statements! { STATEMENTS;
    FIND = "SELECT id, kind, owner, state, format, checkpoint, unreadable, checksum \
        FROM subjects WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    FIND_PEERS = "SELECT s.id, s.kind, s.owner, s.state, s.format, s.checkpoint, s.unreadable, \
        s.checksum, s.peer \
        FROM unnest($1::text[], $2::text[], $3::text[]) AS w (kind, owner, peer) \
        JOIN subjects s ON s.kind = w.kind AND s.owner = w.owner AND s.peer = w.peer \
        AND s.peer IS NOT NULL ORDER BY s.id FOR UPDATE OF s";
    FIND_KEYS = "SELECT s.id AS subject, e.key, e.seq, e.print \
        FROM unnest($1::text[], $2::text[]) AS w (id, key) JOIN subjects s ON s.id = w.id \
        JOIN events e ON e.subject = s.num AND e.key = w.key AND e.key IS NOT NULL";
    FIND_PEER_KEYS = "SELECT s.id AS subject, e.key, e.seq, e.print \
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS w (kind, owner, peer, key) \
        JOIN subjects s ON s.kind = w.kind AND s.owner = w.owner AND s.peer = w.peer \
        AND s.peer IS NOT NULL \
        JOIN events e ON e.subject = s.num AND e.key = w.key AND e.key IS NOT NULL";
    ADD_SUBJECTS = "INSERT INTO subjects \
        (id, kind, owner, peer, state, seq, wake_at, owes, format, checkpoint, checksum) \
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], \
        $6::bigint[], $7::bigint[], $8::boolean[], $9::bigint[], $10::text[], \
        $11::bigint[])";
    SET_SUBJECTS = "UPDATE subjects s SET peer = w.peer, state = w.state, seq = w.seq, \
        wake_at = w.wake_at, owes = w.owes, format = w.format, checkpoint = w.checkpoint, \
        checksum = w.checksum, unreadable = NULL \
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], \
        $6::boolean[], $7::bigint[], $8::text[], $9::bigint[]) \
        AS w (id, peer, state, seq, wake_at, owes, format, checkpoint, checksum) WHERE s.id = w.id";
    ADD_EVENTS = "INSERT INTO events \
        (subject, seq, sub, at, key, print, body, format, checksum) \
        SELECT s.num, w.seq, w.sub, w.at, w.key, w.print, w.body, w.format, w.checksum \
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], \
        $6::bigint[], $7::text[], $8::bigint[], $9::bigint[]) \
        AS w (id, seq, sub, at, key, print, body, format, checksum) \
        LEFT JOIN subjects s ON s.id = w.id";
    NUMBERS = "SELECT owner, id, seq FROM subjects WHERE id = ANY($1)";
}

/// An answer of the driver.
pub(super) type Rows = Vec<tokio_postgres::Row>;
/// Arguments as the driver takes them.
pub(super) type Args<'a> = Vec<&'a (dyn ToSql + Sync)>;

pub(super) fn args(query: &Query) -> Args<'_> {
    query.args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Text(text) => text.to_sql(kind, out),
            Self::Int(number) => number.to_sql(kind, out),
            Self::MaybeInt(number) => number.to_sql(kind, out),
            Self::MaybeText(text) => text.to_sql(kind, out),
            Self::Bool(is) => is.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        <&str as ToSql>::accepts(kind)
            || <i64 as ToSql>::accepts(kind)
            || <bool as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}

impl Columns for tokio_postgres::Row {
    fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.try_get(column).map_err(|said| failure::error(&said.into()))
    }

    fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        self.try_get(column).map_err(|said| failure::error(&said.into()))
    }

    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.try_get(column).map_err(|said| failure::error(&said.into()))
    }

    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.try_get(column).map_err(|said| failure::error(&said.into()))
    }
}
