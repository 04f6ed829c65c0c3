//! The seam on PostgreSQL: one round trip finds what a batch needs and locks it, one writes
//! everything and commits.
//!
//! Requests are sent one behind the other without waiting for answers in between; the server
//! answers them in order.

use super::{
    columns::{Answers, Asked, Events, Subjects},
    connect::Connection,
    failure::{self, Failure},
    statements::{ADD_EVENTS, ADD_SUBJECTS, Args, Rows, SET_SUBJECTS, args},
};
use crate::{
    error::StoreError,
    rows::{Changes, Found, Want},
    tx::Tx,
};
use futures::future::{BoxFuture, FutureExt, maybe_done};
use std::{future::poll_fn, task::Poll};
use tokio_postgres::types::ToSql;

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

type Request<'a> = BoxFuture<'a, Result<Rows, tokio_postgres::Error>>;

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
