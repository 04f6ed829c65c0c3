//! The seam on PostgreSQL: one round trip finds what a batch needs and locks it, one writes
//! everything and commits.
//!
//! Requests are sent one behind the other without waiting for answers in between; the server
//! answers them in order.

use super::{
    columns::{Answers, Asked, Events, Subjects},
    connect::Connection,
    failure::{self, Failure},
};
use crate::{
    error::StoreError,
    sql::statements,
    tx::{Columns, Found, Query, Tx, Value, Want},
    workbench::Changes,
};
use futures::future::{BoxFuture, FutureExt, maybe_done};
use std::{future::poll_fn, task::Poll};
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

statements! { STATEMENTS;
    FIND = "SELECT id, kind, owner, state, format, checkpoint, unreadable FROM subjects \
        WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    FIND_PEERS = "SELECT s.id, s.kind, s.owner, s.state, s.format, s.checkpoint, s.unreadable, \
        s.peer \
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
        (id, kind, owner, peer, state, seq, wake_at, owes, format, checkpoint) \
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], \
        $6::bigint[], $7::bigint[], $8::boolean[], $9::bigint[], $10::text[])";
    SET_SUBJECTS = "UPDATE subjects s SET peer = w.peer, state = w.state, seq = w.seq, \
        wake_at = w.wake_at, owes = w.owes, format = w.format, checkpoint = w.checkpoint, \
        unreadable = NULL \
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], \
        $6::boolean[], $7::bigint[], $8::text[]) \
        AS w (id, peer, state, seq, wake_at, owes, format, checkpoint) WHERE s.id = w.id";
    ADD_EVENTS = "INSERT INTO events (subject, seq, sub, at, key, print, body, format) \
        SELECT s.num, w.seq, w.sub, w.at, w.key, w.print, w.body, w.format \
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], \
        $6::bigint[], $7::text[], $8::bigint[]) \
        AS w (id, seq, sub, at, key, print, body, format) \
        LEFT JOIN subjects s ON s.id = w.id";
    NUMBERS = "SELECT owner, id, seq FROM subjects WHERE id = ANY($1)";
}

/// One transaction on the writer's connection.
pub(super) struct PostgresTx<'a> {
    connection: &'a Connection,
    /// How far it went.
    pub(super) stage: Stage,
    /// Why it failed, for the writer to decide whether to try again.
    pub(super) failure: Option<Failure>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing was sent.
    Fresh,
    /// Rows are found and locked.
    Begun,
    /// The commit was sent.
    Committing,
    Committed,
}

pub(super) type Rows = Vec<tokio_postgres::Row>;
type Request<'a> = BoxFuture<'a, Result<Rows, tokio_postgres::Error>>;
pub(super) type Args<'a> = Vec<&'a (dyn ToSql + Sync)>;

impl<'a> PostgresTx<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, stage: Stage::Fresh, failure: None }
    }

    /// Ends a transaction that wrote nothing or failed.
    pub(super) async fn undo(&mut self) -> Result<(), StoreError> {
        match self.stage {
            Stage::Fresh | Stage::Committed => Ok(()),
            Stage::Begun | Stage::Committing => {
                let undone = self.connection.client.batch_execute("ROLLBACK").await;
                undone.map_err(|said| failure::error(&said.into()))
            }
        }
    }

    fn request<'r>(&'r self, sql: &'static str, args: &'r [&'r (dyn ToSql + Sync)]) -> Request<'r> {
        let client = &self.connection.client;
        match self.connection.statement(sql) {
            Some(statement) => client.query(statement, args).boxed(),
            None => client.query(sql, args).boxed(),
        }
    }

    fn control<'r>(&'r self, sql: &'static str) -> Request<'r> {
        self.connection.client.batch_execute(sql).map(|done| done.map(|()| Vec::new())).boxed()
    }

    fn failed(&mut self, failure: tokio_postgres::Error) -> StoreError {
        let failure = Failure::from(failure);
        let said = failure::error(&failure);
        self.failure = Some(failure);
        said
    }
}

impl Tx for PostgresTx<'_> {
    async fn find(&mut self, wants: &[Want<'_>]) -> Result<Vec<Found>, StoreError> {
        let asked = Asked::from(wants);
        if asked.is_empty() {
            return Ok(wants.iter().map(|_| Found::default()).collect());
        }
        self.stage = Stage::Begun;
        let lists = asked.args();
        let answers = {
            let mut requests = vec![self.control("BEGIN ISOLATION LEVEL READ COMMITTED")];
            for (find, args) in &lists {
                requests.push(self.request(find.sql(), args));
            }
            pipelined(requests).await
        };
        let answers: Result<Vec<Rows>, _> = answers.into_iter().collect();
        match answers {
            // The first answer is that of BEGIN.
            Ok(answers) => {
                let finds = lists.iter().map(|(find, _)| *find);
                Ok(Answers::read(finds.zip(&answers[1..]))?.assign(wants))
            }
            Err(failure) => Err(self.failed(failure)),
        }
    }

    async fn put(&mut self, changes: Changes) -> Result<(), StoreError> {
        let (changed, fresh) = (Subjects::of(&changes.changed), Subjects::of(&changes.fresh));
        let events = Events::of(&changes.events);
        let plain: Vec<Args<'_>> = changes.statements.iter().map(args).collect();
        let (changed_args, fresh_args, event_args) =
            (changed.changed(), fresh.fresh(), events.args());
        let was_begun = self.stage == Stage::Begun;
        self.stage = Stage::Committing;
        let answers = {
            let mut requests = Vec::new();
            if !was_begun {
                requests.push(self.control("BEGIN ISOLATION LEVEL READ COMMITTED"));
            }
            if !changes.changed.is_empty() {
                requests.push(self.request(SET_SUBJECTS, &changed_args));
            }
            if !changes.fresh.is_empty() {
                requests.push(self.request(ADD_SUBJECTS, &fresh_args));
            }
            if !changes.events.is_empty() {
                requests.push(self.request(ADD_EVENTS, &event_args));
            }
            for (query, args) in changes.statements.iter().zip(&plain) {
                requests.push(self.request(query.sql, args));
            }
            // After an error the server answers this one with a rollback, without saying so: what
            // counts is that nothing before it failed.
            requests.push(self.control("COMMIT"));
            pipelined(requests).await
        };
        let answers: Result<Vec<Rows>, _> = answers.into_iter().collect();
        match answers {
            Ok(_) => {
                self.stage = Stage::Committed;
                Ok(())
            }
            Err(failure) => Err(self.failed(failure)),
        }
    }
}

/// Sends all requests in this order before the first answer is waited for.
async fn pipelined(requests: Vec<Request<'_>>) -> Vec<Result<Rows, tokio_postgres::Error>> {
    let mut requests: Vec<_> =
        requests.into_iter().map(|request| Box::pin(maybe_done(request))).collect();
    // The first poll of a request puts it on the wire.
    poll_fn(|context| {
        for request in &mut requests {
            let _ = request.as_mut().poll(context);
        }
        Poll::Ready(())
    })
    .await;
    let mut answers = Vec::with_capacity(requests.len());
    for mut request in requests {
        request.as_mut().await;
        answers.extend(request.as_mut().take_output());
    }
    answers
}

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
