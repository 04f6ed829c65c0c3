//! The journal as the interface shows it: one flat list of lines, the newest entry first, each
//! below a line of its own with time, zone and operator.

use jiff::{
    Timestamp,
    tz::{Offset, TimeZone},
};

use super::profile::{DateOrder, Profile};

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) at: i64,
    pub(super) operator: String,
    pub(super) lines: Vec<String>,
}

/// The lines of a whole journal, given oldest first.
pub(super) fn lines(entries: &[Entry], profile: &Profile) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in entries.iter().rev() {
        let at = written(entry.at, profile);
        lines.push(format!("{at} {} ({}):", profile.zone, entry.operator));
        lines.extend(entry.lines.iter().cloned());
    }
    lines
}

/// A moment as operators read it.
pub(super) fn written(at: i64, profile: &Profile) -> String {
    let format = match profile.dates {
        DateOrder::MonthFirst => "%m/%d/%y %H:%M:%S",
        DateOrder::DayFirst => "%d/%m/%y %H:%M:%S",
    };
    let offset = Offset::from_seconds(profile.zone_seconds).unwrap_or(Offset::UTC);
    let time = Timestamp::from_millisecond(at).unwrap_or_default();
    time.to_zoned(TimeZone::fixed(offset)).strftime(format).to_string()
}
