//! The result of a run, as text, JSON or JUnit XML.

use std::{fmt::Write as _, time::Duration};

use serde::Serialize;

mod junit;
mod text;

/// One case that was run.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    pub id: &'static str,
    pub section: &'static str,
    pub rule: &'static str,
    #[serde(flatten)]
    pub outcome: Outcome,
    pub millis: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    Failed { expected: String, seen: String, fix: &'static str },
    Skipped { why: String },
}

/// A whole run. The field names of its JSON are public and never change.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `middleware` or `platform`.
    pub suite: &'static str,
    pub target: String,
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
    pub millis: u64,
    pub cases: Vec<Done>,
}

/// Whether the text report uses colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Colours,
    Plain,
}

impl Report {
    #[must_use]
    pub fn new(suite: &'static str, target: String, cases: Vec<Done>, took: Duration) -> Self {
        let count = |wanted: fn(&Outcome) -> bool| {
            cases.iter().filter(|done| wanted(&done.outcome)).count()
        };
        Self {
            suite,
            target,
            passed: count(|outcome| *outcome == Outcome::Passed),
            failed: count(|outcome| matches!(outcome, Outcome::Failed { .. })),
            skipped: count(|outcome| matches!(outcome, Outcome::Skipped { .. })),
            millis: took.as_millis() as u64,
            cases,
        }
    }

    /// Ids of the cases that failed.
    pub fn failures(&self) -> Vec<&'static str> {
        let failed = |done: &&Done| matches!(done.outcome, Outcome::Failed { .. });
        self.cases.iter().filter(failed).map(|done| done.id).collect()
    }

    /// One JSON document.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Texts and numbers alone: this cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    #[must_use]
    pub fn to_text(&self, paint: Paint) -> String {
        text::of(self, paint)
    }

    /// One test suite of JUnit's XML.
    #[must_use]
    pub fn to_junit(&self) -> String {
        junit::of(self)
    }
}

/// The rows of the table in docs/check.md: one line for each case.
pub fn table<'a, W: ?Sized + 'a>(cases: impl IntoIterator<Item = &'a super::Case<W>>) -> String {
    let mut rows = "| case | contract | rule |\n| --- | --- | --- |\n".to_owned();
    for case in cases {
        // Writing to a string cannot fail.
        let _written = writeln!(rows, "| `{}` | {} | {} |", case.id, case.section, case.rule);
    }
    rows
}

#[cfg(test)]
mod tests;
