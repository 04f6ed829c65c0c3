//! The conformance kit: named cases that anyone can run against a middleware or a platform.
//!
//! A case is a line of a table: a fixed id, the rule in one sentence with its section of the
//! contract, what to do when it fails, and a function that calls the other side. The tests run the
//! same cases against small servers with one flaw each, so every case is known to fail when it
//! should.
use std::time::{Duration, Instant};

use futures::{StreamExt as _, future::BoxFuture, stream};

pub mod case;
mod client;
mod glob;
pub mod middleware;
pub mod platform;
mod redact;
pub mod report;
mod time;

pub use case::{Case, Checked, Contract, Miss};
pub use client::{Answer, Client};
pub use redact::Redaction;
pub use report::{Done, Outcome, Report};

/// Time limit of a case. The slowest cases wait five seconds, twice.
const CASE_WAIT: Duration = Duration::from_mins(1);

/// The cases to run.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Patterns with `*` and `?`; empty selects every case.
    pub only: Vec<String>,
    /// Contract revision of the cases; `None` selects every revision.
    pub contract: Option<Contract>,
}

impl Selection {
    fn takes<W: ?Sized>(&self, case: &Case<W>) -> bool {
        let fits = |only: &String| glob::matches(only, case.id);
        let named = self.only.is_empty() || self.only.iter().any(fits);
        named && self.contract.is_none_or(|wanted| case.contract.is_for(wanted))
    }
}

/// Runs the selected cases, `at_once` at a time, and reports in the order of the table.
async fn run<W: Sync>(
    tables: &[&'static [Case<W>]],
    selection: &Selection,
    at_once: usize,
    world: &W,
    redaction: &Redaction,
) -> anyhow::Result<(Vec<Done>, Duration)> {
    let began = Instant::now();
    let selected: Vec<_> =
        tables.iter().copied().flatten().filter(|case| selection.takes(case)).collect();
    anyhow::ensure!(!selected.is_empty(), "no case has this name: see docs/check.md for the names");
    let running = selected.into_iter().map(|case| one(case, (case.run)(world), redaction));
    let done = stream::iter(running).buffered(at_once).collect().await;
    Ok((done, began.elapsed()))
}

async fn one<W: ?Sized>(
    case: &'static Case<W>,
    running: BoxFuture<'_, Checked>,
    redaction: &Redaction,
) -> Done {
    let began = Instant::now();
    let late = || {
        Err(Miss::Broken {
            expected: format!("the case to be over within {CASE_WAIT:?}"),
            seen: "it did not end".to_owned(),
        })
    };
    let checked = tokio::time::timeout(CASE_WAIT, running).await.unwrap_or_else(|_| late());
    let outcome = match checked {
        Ok(()) => Outcome::Passed,
        Err(Miss::Skipped(why)) => Outcome::Skipped { why: redaction.of(&why) },
        Err(Miss::Broken { expected, seen }) => Outcome::Failed {
            expected: redaction.of(&expected),
            seen: redaction.of(&seen),
            fix: case.fix,
        },
    };
    let millis = began.elapsed().as_millis() as u64;
    Done { id: case.id, section: case.section, rule: case.rule, outcome, millis }
}
