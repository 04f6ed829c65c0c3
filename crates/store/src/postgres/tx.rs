//! The seam on PostgreSQL: one round trip finds what a batch needs and locks it, one writes
//! everything and commits.
//!
//! Requests are sent one behind the other without waiting for answers in between; the server
//! answers them in order.

use super::connect::Connection;
use crate::{
    desk::{Changes, EventRow, SubjectRow},
    error::StoreError,
    sql::statements,
    tx::{Columns, Found, PeerRef, Query, Row, SeenKey, Target, Tx, Value, Want},
};
use deadpool_postgres::PoolError;
use futures::future::{BoxFuture, FutureExt, maybe_done};
use std::{collections::HashMap, error::Error as _, future::poll_fn, task::Poll};
use tokio_postgres::{
    error::SqlState,
    types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked},
};

statements! { STATEMENTS;
    FIND = "SELECT id, kind, owner, state FROM subjects WHERE id = ANY($1) ORDER BY id FOR UPDATE";
    FIND_PEERS = "SELECT s.id, s.kind, s.owner, s.state, s.peer \
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
    ADD_SUBJECTS = "INSERT INTO subjects (id, kind, owner, peer, state, seq, wake_at, owes) \
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], \
        $6::bigint[], $7::bigint[], $8::boolean[])";
    SET_SUBJECTS = "UPDATE subjects s SET peer = w.peer, state = w.state, seq = w.seq, \
        wake_at = w.wake_at, owes = w.owes \
        FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[]) \
        AS w (id, peer, state, seq, wake_at, owes) WHERE s.id = w.id";
    ADD_EVENTS = "INSERT INTO events (subject, seq, sub, at, key, print, body) \
        SELECT s.num, w.seq, w.sub, w.at, w.key, w.print, w.body \
        FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], \
        $6::bigint[], $7::text[]) AS w (id, seq, sub, at, key, print, body) \
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

/// What a driver or its pool said.
#[derive(Debug)]
pub(super) enum Failure {
    Server(tokio_postgres::Error),
    Pool(String),
}

type Rows = Vec<tokio_postgres::Row>;
type Request<'a> = BoxFuture<'a, Result<Rows, tokio_postgres::Error>>;
type Args<'a> = Vec<&'a (dyn ToSql + Sync)>;

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
                undone.map_err(|failure| error(&failure.into()))
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
        let said = error(&failure);
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
            for (sql, args) in &lists {
                requests.push(self.request(sql, args));
            }
            pipelined(requests).await
        };
        let answers: Result<Vec<Rows>, _> = answers.into_iter().collect();
        match answers {
            Ok(answers) => Ok(Answers::read(&answers)?.assign(wants)),
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

/// What a batch asks for, column by column.
#[derive(Default)]
struct Asked<'a> {
    ids: Vec<&'a str>,
    peers: [Vec<&'a str>; 3],
    keys: [Vec<&'a str>; 2],
    peer_keys: [Vec<&'a str>; 4],
}

impl<'a> From<&[Want<'a>]> for Asked<'a> {
    fn from(wants: &[Want<'a>]) -> Self {
        let mut asked = Self::default();
        for want in wants {
            match want.target {
                Target::Nothing => {}
                Target::Id(id) | Target::Held(id) => {
                    asked.ids.push(id);
                    if let Some(key) = want.key {
                        push(&mut asked.keys, [id, key]);
                    }
                }
                Target::Peer(PeerRef { kind, owner, peer }) => {
                    push(&mut asked.peers, [kind, owner, peer]);
                    if let Some(key) = want.key {
                        push(&mut asked.peer_keys, [kind, owner, peer, key]);
                    }
                }
            }
        }
        asked
    }
}

fn push<'a, const N: usize>(columns: &mut [Vec<&'a str>; N], row: [&'a str; N]) {
    for (column, value) in columns.iter_mut().zip(row) {
        column.push(value);
    }
}

impl Asked<'_> {
    fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.peers[0].is_empty()
    }

    /// The statements to run; keys come last, so that they are looked up under the locks.
    fn args(&self) -> Vec<(&'static str, Args<'_>)> {
        fn columns<'r>(columns: &'r [Vec<&'r str>]) -> Args<'r> {
            columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect()
        }
        let mut lists = Vec::new();
        if !self.ids.is_empty() {
            lists.push((FIND, columns(std::slice::from_ref(&self.ids))));
        }
        if !self.peers[0].is_empty() {
            lists.push((FIND_PEERS, columns(&self.peers)));
        }
        if !self.keys[0].is_empty() {
            lists.push((FIND_KEYS, columns(&self.keys)));
        }
        if !self.peer_keys[0].is_empty() {
            lists.push((FIND_PEER_KEYS, columns(&self.peer_keys)));
        }
        lists
    }
}

/// What was found, to be handed to the units that asked.
#[derive(Default)]
struct Answers {
    rows: HashMap<String, Row>,
    peers: HashMap<(String, String, String), String>,
    keys: HashMap<(String, String), SeenKey>,
}

impl Answers {
    fn read(answers: &[Rows]) -> Result<Self, StoreError> {
        let mut found = Self::default();
        for row in answers.iter().flatten() {
            if row.columns()[0].name() == "subject" {
                let seen = SeenKey { seq: row.int(2)? as u64, print: row.int(3)? as u64 };
                found.keys.insert((row.text(0)?.to_owned(), row.text(1)?.to_owned()), seen);
                continue;
            }
            let [id, kind, owner, state] =
                [row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?].map(str::to_owned);
            if row.len() == 5 {
                let peer = (kind.clone(), owner.clone(), row.text(4)?.to_owned());
                found.peers.insert(peer, id.clone());
            }
            found.rows.insert(id.clone(), Row { id, kind, owner, state });
        }
        Ok(found)
    }

    fn assign(&self, wants: &[Want<'_>]) -> Vec<Found> {
        let assign = |want: &Want<'_>| {
            let id = match want.target {
                Target::Nothing => None,
                Target::Id(id) | Target::Held(id) => Some(id),
                Target::Peer(PeerRef { kind, owner, peer }) => {
                    let peer = (kind.to_owned(), owner.to_owned(), peer.to_owned());
                    self.peers.get(&peer).map(String::as_str)
                }
            };
            let Some(id) = id else {
                return Found::default();
            };
            let seen =
                want.key.and_then(|key| self.keys.get(&(id.to_owned(), key.to_owned()))).copied();
            Found { row: self.rows.get(id).cloned(), seen }
        };
        wants.iter().map(assign).collect()
    }
}

/// Machines to be written, column by column.
struct Subjects<'a> {
    ids: Vec<&'a str>,
    kinds: Vec<&'a str>,
    owners: Vec<&'a str>,
    peers: Vec<Option<&'a str>>,
    states: Vec<&'a str>,
    seqs: Vec<i64>,
    wakes: Vec<Option<i64>>,
    owes: Vec<bool>,
}

impl<'a> Subjects<'a> {
    fn of(rows: &'a [SubjectRow]) -> Self {
        Self {
            ids: rows.iter().map(|row| row.id.as_str()).collect(),
            kinds: rows.iter().map(|row| row.kind).collect(),
            owners: rows.iter().map(|row| &*row.owner).collect(),
            peers: rows.iter().map(|row| row.peer.as_deref()).collect(),
            states: rows.iter().map(|row| row.state.as_str()).collect(),
            seqs: rows.iter().map(|row| row.seq as i64).collect(),
            wakes: rows.iter().map(|row| row.wake_at).collect(),
            owes: rows.iter().map(|row| row.owes).collect(),
        }
    }

    fn fresh(&self) -> [&(dyn ToSql + Sync); 8] {
        [
            &self.ids,
            &self.kinds,
            &self.owners,
            &self.peers,
            &self.states,
            &self.seqs,
            &self.wakes,
            &self.owes,
        ]
    }

    fn changed(&self) -> [&(dyn ToSql + Sync); 6] {
        [&self.ids, &self.peers, &self.states, &self.seqs, &self.wakes, &self.owes]
    }
}

/// Events to be written, column by column.
struct Events<'a> {
    subjects: Vec<&'a str>,
    seqs: Vec<i64>,
    subs: Vec<i64>,
    ats: Vec<i64>,
    keys: Vec<Option<&'a str>>,
    prints: Vec<Option<i64>>,
    bodies: Vec<&'a str>,
}

impl<'a> Events<'a> {
    fn of(rows: &'a [EventRow]) -> Self {
        Self {
            subjects: rows.iter().map(|row| row.subject.as_str()).collect(),
            seqs: rows.iter().map(|row| row.seq as i64).collect(),
            subs: rows.iter().map(|row| row.sub as i64).collect(),
            ats: rows.iter().map(|row| row.at).collect(),
            keys: rows.iter().map(|row| row.key.as_ref().map(|(key, _)| key.as_str())).collect(),
            prints: rows
                .iter()
                .map(|row| row.key.as_ref().map(|(_, print)| *print as i64))
                .collect(),
            bodies: rows.iter().map(|row| row.body.as_str()).collect(),
        }
    }

    fn args(&self) -> [&(dyn ToSql + Sync); 7] {
        [&self.subjects, &self.seqs, &self.subs, &self.ats, &self.keys, &self.prints, &self.bodies]
    }
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
        }
    }

    fn accepts(kind: &Type) -> bool {
        <&str as ToSql>::accepts(kind) || <i64 as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}

impl Columns for tokio_postgres::Row {
    fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.try_get(column).map_err(|failure| error(&failure.into()))
    }

    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.try_get(column).map_err(|failure| error(&failure.into()))
    }

    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.try_get(column).map_err(|failure| error(&failure.into()))
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl Failure {
    pub(super) fn pool(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => Self::Server(error),
            other => Self::Pool(other.to_string()),
        }
    }

    fn state(&self) -> Option<&SqlState> {
        match self {
            Self::Server(error) => error.code(),
            Self::Pool(_) => None,
        }
    }
}

/// What a failure means for the unit that met it.
pub(super) fn error(failure: &Failure) -> StoreError {
    let server = match failure {
        Failure::Server(server) => server,
        Failure::Pool(said) => return StoreError::Unavailable(said.clone()),
    };
    let said = match (server.as_db_error(), server.source()) {
        (Some(said), _) => said.message().to_owned(),
        (None, Some(cause)) => format!("{server}: {cause}"),
        (None, None) => server.to_string(),
    };
    match failure.state() {
        Some(state) if state.code().starts_with("23") => StoreError::Conflict(said),
        Some(state) if *state == SqlState::DISK_FULL => StoreError::Full,
        _ => StoreError::Unavailable(said),
    }
}

/// True when the connection is gone, or the server is about to end it.
pub(super) fn is_lost(failure: &Failure) -> bool {
    match (failure, failure.state()) {
        (_, Some(state)) => state.code().starts_with("08") || state.code().starts_with("57P"),
        (Failure::Server(_), None) => true,
        (Failure::Pool(_), None) => false,
    }
}

/// True when the server undid the transaction because of others, and it may be run again.
pub(super) fn is_raced(failure: &Failure) -> bool {
    failure.state().is_some_and(|state| {
        [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(state)
    })
}
