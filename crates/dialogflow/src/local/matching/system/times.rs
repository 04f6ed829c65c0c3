//! Times of day, periods of them, and a day with a time.

use std::ops::Range;

use serde_json::{Value, json};

use super::{
    Found, Moment,
    dates::{Day, iso, noon},
    numbers::Number,
};
use crate::local::matching::text::Text;

#[derive(Debug, Clone)]
pub(crate) struct Clock {
    pub(crate) words: Range<usize>,
    hour: i8,
    minute: i8,
}

impl Clock {
    /// The time on the day of the query.
    pub(crate) fn value(&self, now: &Moment) -> Value {
        json!(iso(now.date(), self.hour, self.minute, now.time_zone()))
    }
}

const NAMED: [(&str, i8); 8] = [
    ("noon", 12),
    ("midday", 12),
    ("midnight", 0),
    ("mitternacht", 0),
    ("midi", 12),
    ("minuit", 0),
    ("mediodía", 12),
    ("medianoche", 0),
];

/// Words that make the bare number after them an hour.
const LEADS: [&str; 5] = ["at", "um", "gegen", "à", "las"];
const UNTIL: [&str; 7] = ["to", "until", "till", "bis", "à", "hasta", "a"];

const PARTS: [(&str, i8, i8); 12] = [
    ("morning", 8, 12),
    ("afternoon", 12, 16),
    ("evening", 16, 20),
    ("night", 20, 23),
    ("vormittag", 8, 12),
    ("nachmittag", 12, 16),
    ("abend", 16, 20),
    ("matin", 8, 12),
    ("après midi", 12, 16),
    ("soir", 16, 20),
    ("tarde", 12, 20),
    ("noche", 20, 23),
];

pub(crate) fn find(text: &Text, language: &str, numbers: &[Number]) -> Vec<Clock> {
    let reader = Reader { text, language, numbers };
    let mut clocks = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match reader.clock_at(at) {
            Some(clock) => {
                at = clock.words.end;
                clocks.push(clock);
            }
            None => at += 1,
        }
    }
    clocks
}

struct Reader<'a> {
    text: &'a Text,
    language: &'a str,
    numbers: &'a [Number],
}

impl Reader<'_> {
    /// A time that begins at a word.
    fn clock_at(&self, at: usize) -> Option<Clock> {
        let lead = LEADS.contains(&self.text.word(at));
        let start = at + usize::from(lead);
        if let Some((_, hour)) = NAMED.iter().find(|(name, _)| *name == self.text.word(start)) {
            return Some(Clock { words: at..start + 1, hour: *hour, minute: 0 });
        }
        let (end, hour, minute, certain) =
            self.glued(start).or_else(|| self.counted(start)).or_else(|| self.divided(start))?;
        let valid = (0..24).contains(&hour) && (0..60).contains(&minute);
        (valid && (lead || certain)).then_some(Clock { words: at..end, hour, minute })
    }

    /// `2pm`, `10:30pm`, `14h30`.
    fn glued(&self, at: usize) -> Option<(usize, i8, i8, bool)> {
        let word = self.text.word(at);
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        if let Some(half) = word.strip_suffix("am").or_else(|| word.strip_suffix("pm"))
            && let Ok(hour) = half.parse::<i8>()
        {
            return Some((at + 1, of_day(hour, word.ends_with("pm"))?, 0, true));
        }
        let (hour, minute) =
            digits.split_once('h').or_else(|| Some((word.strip_suffix('h')?, "0")))?;
        if self.language != "fr" {
            return None;
        }
        Some((at + 1, hour.parse().ok()?, minute.parse().ok()?, true))
    }

    /// `10`, `10:30`, `10 am`, `ten o'clock`, `18 Uhr 30`: position after it, hour, minute, and
    /// whether it can only be a time.
    fn counted(&self, at: usize) -> Option<(usize, i8, i8, bool)> {
        let number = self.numbers.iter().find(|n| n.words.start == at && !n.ordinal)?;
        let hour = i8::try_from(number.whole()?).ok().filter(|h| (0..=24).contains(h))?;
        let (mut end, mut minute, mut certain) = (number.words.end, 0, false);
        if self.text.gap_after(end - 1) == ":" {
            let word = self.text.word(end);
            let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
            if digits.len() == 2 {
                minute = digits.parse().ok()?;
                certain = true;
                end += 1;
                match &word[2..] {
                    "" => {}
                    "am" | "pm" => {
                        return Some((end, of_day(hour, word.ends_with("pm"))?, minute, true));
                    }
                    _ => return None,
                }
            }
        }
        if self.text.run(end..end + 2) == "o clock" {
            (end, certain) = (end + 2, true);
        }
        match (self.text.word(end), self.text.run(end..end + 2)) {
            ("am" | "pm", _) if self.language != "de" => {
                let hour = of_day(hour, self.text.word(end) == "pm")?;
                Some((end + 1, hour, minute, true))
            }
            (_, half @ ("a m" | "p m")) => {
                Some((end + 2, of_day(hour, half == "p m")?, minute, true))
            }
            ("uhr", _) => {
                let after = self.numbers.iter().find(|n| n.words.start == end + 1);
                let after = after.and_then(|n| i8::try_from(n.whole()?).ok().map(|m| (n, m)));
                Some(match after.filter(|(_, m)| minute == 0 && (1..60).contains(m)) {
                    Some((number, minutes)) => (number.words.end, hour, minutes, true),
                    None => (end + 1, hour % 24, minute, true),
                })
            }
            ("h" | "heures", _) if self.language == "fr" => Some((end + 1, hour, minute, false)),
            _ => Some((end, hour, minute, certain)),
        }
    }

    /// `half past ten`, `quarter to ten`, `halb zehn`, `viertel nach zehn`.
    fn divided(&self, at: usize) -> Option<(usize, i8, i8, bool)> {
        let (words, minutes) = [
            ("half past", 30),
            ("quarter past", 15),
            ("quarter to", -15),
            ("halb", -30),
            ("viertel nach", 15),
            ("viertel vor", -15),
        ]
        .iter()
        .find_map(|(name, minutes)| {
            let words = name.split(' ').count();
            (self.text.run(at..at + words) == *name).then_some((words, *minutes))
        })?;
        let (end, hour, minute, _) =
            self.counted(at + words).filter(|(_, _, minute, _)| *minute == 0)?;
        let total = i16::from(hour) * 60 + i16::from(minute) + minutes;
        let total = total.rem_euclid(24 * 60);
        Some((end, (total / 60).try_into().ok()?, (total % 60).try_into().ok()?, true))
    }
}

fn of_day(hour: i8, afternoon: bool) -> Option<i8> {
    match (hour, afternoon) {
        (12, false) => Some(0),
        (12, true) => Some(12),
        (1..12, true) => Some(hour + 12),
        (0..12, false) => Some(hour),
        _ => None,
    }
}

/// A day and a time side by side; each alone counts as well.
pub(crate) fn combined(text: &Text, days: &[Day], clocks: &[Clock], now: &Moment) -> Vec<Found> {
    let name = "@sys.date-time";
    let mut found: Vec<Found> = Vec::new();
    for day in days {
        for clock in clocks {
            let (first, second) = if day.words.start < clock.words.start {
                (&day.words, &clock.words)
            } else {
                (&clock.words, &day.words)
            };
            let between = text.run(first.end..second.start);
            if first.end == second.start || matches!(between, "on" | "at" | "am" | "um" | "le") {
                let value = iso(day.day, clock.hour, clock.minute, now.time_zone());
                found.push((name, first.start..second.end, json!({ "date_time": value })));
            }
        }
    }
    found.extend(days.iter().map(|d| (name, d.words.clone(), noon(d.day, now))));
    found.extend(clocks.iter().map(|c| (name, c.words.clone(), c.value(now))));
    found
}

/// `in the morning`, `from 3 pm to 5 pm`.
pub(crate) fn periods(text: &Text, clocks: &[Clock], now: &Moment) -> Vec<Found> {
    let period = |from: Value, to: Value| json!({ "startTime": from, "endTime": to });
    let mut found = Vec::new();
    for pair in clocks.windows(2) {
        let [from, to] = pair else { continue };
        if UNTIL.contains(&text.run(from.words.end..to.words.start)) {
            let words = from.words.start..to.words.end;
            found.push(("@sys.time-period", words, period(from.value(now), to.value(now))));
        }
    }
    for at in 0..text.len() {
        for end in at + 1..=text.len().min(at + 2) {
            let run = text.run(at..end);
            if let Some((_, from, to)) = PARTS.iter().find(|(name, _, _)| *name == run) {
                let value = |hour: i8| json!(iso(now.date(), hour, 0, now.time_zone()));
                found.push(("@sys.time-period", at..end, period(value(*from), value(*to))));
            }
        }
    }
    found
}
