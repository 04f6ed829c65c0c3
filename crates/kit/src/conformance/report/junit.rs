//! JUnit XML for CI servers.

use std::fmt::Write as _;

use super::{Outcome, Report};

pub(super) fn of(report: &Report) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3}\">\n",
        escaped(report.suite),
        report.cases.len(),
        report.failed,
        report.skipped,
        seconds(report.millis),
    );
    for done in &report.cases {
        let (id, time) = (escaped(done.id), seconds(done.millis));
        let suite = escaped(report.suite);
        // Writing to a string cannot fail.
        let _written =
            write!(xml, "  <testcase classname=\"{suite}\" name=\"{id}\" time=\"{time:.3}\"");
        let _written = match &done.outcome {
            Outcome::Passed => writeln!(xml, "/>"),
            Outcome::Failed { expected, seen, fix } => {
                let (rule, section) = (escaped(done.rule), escaped(done.section));
                let told = format!("expected: {expected}\nseen: {seen}\nfix: {fix}");
                writeln!(
                    xml,
                    "><failure message=\"{rule} (contract {section})\">{}</failure></testcase>",
                    escaped(&told)
                )
            }
            Outcome::Skipped { why } => {
                writeln!(xml, "><skipped message=\"{}\"/></testcase>", escaped(why))
            }
        };
    }
    xml.push_str("</testsuite>\n");
    xml
}

fn seconds(millis: u64) -> f64 {
    millis as f64 / 1_000.0
}

/// Escapes texts and attributes. Characters that XML cannot hold are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}
