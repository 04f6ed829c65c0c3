//! The conformance kit: named cases that anyone can run against a middleware or a platform.
//!
//! A case is a line of a table: an id that stays, the rule in one sentence with its section of the
//! contract, what to do when it fails, and a function that talks to the other side. Our own tests
//! run the same cases, and small servers with one flaw each show that every case can fail.
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

/// No case takes longer: the slowest wait five seconds, twice.
const CASE_WAIT: Duration = Duration::from_mins(1);

/// What is run.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// With `*` and `?`; everything when there is none.
    pub only: Vec<String>,
    /// The revision a case must be for; every one when it is not given.
    pub contract: Option<Contract>,
}

impl Selection {
    fn takes<W: ?Sized>(&self, case: &Case<W>) -> bool {
        let fits = |only: &String| glob::matches(only, case.id);
        let named = self.only.is_empty() || self.only.iter().any(fits);
        named && self.contract.is_none_or(|wanted| case.contract.is_for(wanted))
    }
}

/// Runs the selected cases, so many at a time, and reports in the order of the table.
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
            seen: "it is not".to_owned(),
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
