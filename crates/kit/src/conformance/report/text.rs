//! The report for people: one line per case, then details of the failed cases.

use std::fmt::Write as _;

use super::{Outcome, Paint, Report};

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const NORMAL: &str = "\x1b[0m";

pub(super) fn of(report: &Report, paint: Paint) -> String {
    let mut text = format!("{} {}\n\n", report.suite, printable(&report.target));
    let width = report.cases.iter().map(|done| done.id.len()).max().unwrap_or_default();
    for done in &report.cases {
        let (word, colour) = match done.outcome {
            Outcome::Passed => ("pass", GREEN),
            Outcome::Failed { .. } => ("FAIL", RED),
            Outcome::Skipped { .. } => ("skip", YELLOW),
        };
        let word = painted(word, colour, paint);
        // Writing to a string cannot fail.
        let _written = writeln!(text, "  {word}  {:<width$}  {:>6} ms", done.id, done.millis);
    }
    for done in &report.cases {
        match &done.outcome {
            Outcome::Passed => {}
            Outcome::Failed { expected, seen, fix } => {
                let id = painted(done.id, RED, paint);
                let lines = [
                    ("rule", format!("{} (contract {})", done.rule, done.section)),
                    ("expected", expected.clone()),
                    ("seen", seen.clone()),
                    ("fix", (*fix).to_owned()),
                ];
                let _written = write!(text, "\n{id}\n");
                for (name, said) in lines {
                    let _written = writeln!(text, "  {name:<8}  {}", printable(&said));
                }
            }
            Outcome::Skipped { why } => {
                let id = painted(done.id, YELLOW, paint);
                let _written = write!(text, "\n{id}\n  {:<8}  {}\n", "skipped", printable(why));
            }
        }
    }
    let Report { passed, failed, skipped, .. } = report;
    let seconds = report.millis as f64 / 1_000.0;
    let _written =
        writeln!(text, "\n{passed} passed, {failed} failed, {skipped} skipped in {seconds:.1} s");
    text
}

fn painted(text: &str, colour: &str, paint: Paint) -> String {
    match paint {
        Paint::Colours => format!("{colour}{text}{NORMAL}"),
        Paint::Plain => text.to_owned(),
    }
}

/// Removes control characters: text from the other side must not control the terminal.
fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(shown).collect()
}
