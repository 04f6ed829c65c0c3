//! The journal as the interface shows it: one flat list of lines, newest entry first, each entry
//! below a header such as `03/01/26 02:21:40 US/Pacific (PARK, JO):`.
//!
//! A line of text that looks like a header cannot be told from one. Our own lines never look so:
//! see [`as_text`].

use schemars::JsonSchema;
use serde::Deserialize;

/// The order of month and day in the dates of the operator's locale.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DateOrder {
    #[default]
    MonthFirst,
    DayFirst,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The same whenever the journal is read. A second entry with the same header and text has
    /// another id.
    pub(super) id: String,
    pub(super) operator: String,
    pub(super) text: String,
}

/// The entries of a journal, oldest first.
pub(super) fn entries<'a>(lines: impl Iterator<Item = &'a str>, order: DateOrder) -> Vec<Entry> {
    let mut found: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for line in lines {
        match (operator(line, order), found.last_mut()) {
            (Some(operator), _) => found.push((line, operator, Vec::new())),
            (None, Some((_, _, text))) => text.push(line),
            // Lines before the first header have no author.
            (None, None) => {}
        }
    }
    let mut entries: Vec<Entry> = Vec::new();
    for (header, operator, text) in found.into_iter().rev() {
        let text = text.join("\n").trim().to_owned();
        let fingerprint = edge::secrets::hash_hex(&format!("{header}\n{text}"));
        let times = entries.iter().filter(|entry| entry.id.starts_with(&fingerprint)).count();
        let (id, operator) = (format!("{fingerprint}/{times}"), operator.to_owned());
        entries.push(Entry { id, operator, text });
    }
    entries
}

/// Indents a line of ours that would be read as a header.
pub(super) fn as_text(line: &str) -> String {
    let is_header =
        [DateOrder::MonthFirst, DateOrder::DayFirst].iter().any(|o| operator(line, *o).is_some());
    if is_header { format!(" {line}") } else { line.to_owned() }
}

/// The operator in a header, if the line is one. The name may hold spaces, commas and parentheses.
fn operator(line: &str, order: DateOrder) -> Option<&str> {
    let (date, rest) = line.split_once(' ')?;
    let (time, rest) = rest.split_once(' ')?;
    let (zone, rest) = rest.split_once(' ')?;
    let name = rest.trim_end().strip_prefix('(')?.strip_suffix("):")?;
    let (first, second, _) = three(date, '/')?;
    let (month, day) = match order {
        DateOrder::MonthFirst => (first, second),
        DateOrder::DayFirst => (second, first),
    };
    let (hour, minute, second) = three(time, ':')?;
    let real = (1..=12).contains(&month) && (1..=31).contains(&day);
    let is_zone = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
    let fits = real && hour < 24 && minute < 60 && second < 60 && zone.chars().all(is_zone);
    (fits && !zone.is_empty() && !name.is_empty()).then_some(name)
}

/// Three numbers of two digits.
fn three(text: &str, between: char) -> Option<(u8, u8, u8)> {
    let mut parts = text.split(between).map(|part| {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u8>().ok().filter(|_| digits)
    });
    let three = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOURNAL: [&str; 8] = [
        "03/01/26 02:21:40 US/Pacific (PARK, JO (2ND)):",
        "Please restart the client.",
        "",
        "It should ask for a new token.",
        "03/01/26 02:16:20 Etc/GMT+8 (KIM):",
        "03/01/26 02:16:10 US/Pacific (integration):",
        "[chat 17] version 5",
        "with (parentheses):",
    ];

    #[test]
    fn entries_are_told_apart_and_turned_round() {
        let entries = entries(JOURNAL.into_iter(), DateOrder::MonthFirst);
        let told: Vec<_> = entries.iter().map(|e| (e.operator.as_str(), e.text.as_str())).collect();
        assert_eq!(
            told,
            [
                ("integration", "[chat 17] version 5\nwith (parentheses):"),
                ("KIM", ""),
                ("PARK, JO (2ND)", "Please restart the client.\n\nIt should ask for a new token."),
            ]
        );
    }

    #[test]
    fn an_entry_keeps_its_id_when_newer_ones_come() {
        let header = "03/01/26 02:21:40 US/Pacific (PARK, JO):";
        let once = entries([header, "ok"].into_iter(), DateOrder::MonthFirst);
        let twice = entries([header, "ok", header, "ok"].into_iter(), DateOrder::MonthFirst);
        assert_eq!(twice[0], once[0]);
        assert_ne!(twice[1].id, once[0].id, "the same words again are another entry");
    }

    #[test]
    fn only_headers_are_headers() {
        let is = |line, order| operator(line, order).is_some();
        assert!(!is("13/01/26 02:21:40 US/Pacific (JO):", DateOrder::MonthFirst));
        assert!(is("13/01/26 02:21:40 US/Pacific (JO):", DateOrder::DayFirst));
        for line in [
            "03/01/26 02:21 US/Pacific (JO):",
            "03/01/2026 02:21:40 US/Pacific (JO):",
            "03/01/26 02:21:40 US Pacific (JO):",
            "03/01/26 02:21:40 US/Pacific (JO)",
            " 03/01/26 02:21:40 US/Pacific (JO):",
            "03/01/26 25:21:40 US/Pacific (JO):",
            "",
        ] {
            assert!(!is(line, DateOrder::MonthFirst), "{line}");
        }
    }

    #[test]
    fn nothing_a_visitor_writes_becomes_a_header() {
        for line in JOURNAL {
            let written = as_text(line);
            assert!(operator(&written, DateOrder::MonthFirst).is_none(), "{written}");
            assert_eq!(written.trim_start(), line);
        }
    }
}
