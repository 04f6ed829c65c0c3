//! Times of day, periods of them, and a day with a time.

use std::ops::Range;

use jiff::civil::Date;
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
    second: i8,
}

impl Clock {
    /// The time on the day of the query.
    pub(crate) fn value(&self, now: &Moment) -> Value {
        json!(self.on(now.date(), now))
    }

    /// The time on a day, in the time zone of the query.
    fn on(&self, day: Date, now: &Moment) -> String {
        iso(day, [self.hour, self.minute, self.second], now.time_zone())
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
/// Words that make the article before them an hour: `ein Uhr`, `une heure`.
const HOURS: [&str; 6] = ["uhr", "heure", "h", "ora", "hora", "uur"];
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

/// A time that was read, up to the word `end`.
struct Read {
    end: usize,
    hour: i8,
    minute: i8,
    second: i8,
    /// It can only be a time.
    certain: bool,
}

impl Read {
    fn certain(end: usize, hour: i8) -> Self {
        Self { end, hour, minute: 0, second: 0, certain: true }
    }
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
            return Some(Clock { words: at..start + 1, hour: *hour, minute: 0, second: 0 });
        }
        let read =
            self.glued(start).or_else(|| self.counted(start)).or_else(|| self.divided(start))?;
        let Read { end, hour, minute, second, certain } = read;
        let valid = (0..24).contains(&hour) && [minute, second].iter().all(|n| (0..60).contains(n));
        (valid && (lead || certain)).then_some(Clock { words: at..end, hour, minute, second })
    }

    /// `2pm`, `14h30`.
    fn glued(&self, at: usize) -> Option<Read> {
        let word = self.text.word(at);
        let digits = word.trim_end_matches(|c: char| !c.is_ascii_digit());
        if let Some(half) = word.strip_suffix("am").or_else(|| word.strip_suffix("pm"))
            && let Ok(hour) = half.parse::<i8>()
        {
            return Some(Read::certain(at + 1, of_day(hour, word.ends_with("pm"))?));
        }
        let (hour, minute) = digits.split_once('h')?;
        if self.language != "fr" {
            return None;
        }
        let hour = Read::certain(at + 1, hour.parse().ok()?);
        Some(Read { minute: minute.parse().ok()?, ..hour })
    }

    /// `10`, `10:30`, `10:30:15`, `10 am`, `ten o'clock`, `18 Uhr 30`.
    fn counted(&self, at: usize) -> Option<Read> {
        let number = self.numbers.iter().find(|n| n.words.start == at && !n.ordinal)?;
        let hour = i8::try_from(number.whole()?).ok().filter(|h| (0..=24).contains(h))?;
        if number.article && !HOURS.contains(&self.text.word(number.words.end)) {
            return None;
        }
        let mut read = Read { certain: false, ..Read::certain(number.words.end, hour) };
        let mut half = self.sixtieth(&mut read.end).map(|(minute, half)| {
            (read.minute, read.certain) = (minute, true);
            half
        });
        if half == Some("")
            && let Some((second, after)) = self.sixtieth(&mut read.end)
        {
            (read.second, half) = (second, Some(after));
        }
        match half {
            None | Some("") => {}
            Some(half @ ("am" | "pm")) => {
                return Some(Read { hour: of_day(hour, half == "pm")?, ..read });
            }
            Some(_) => return None,
        }
        if self.text.run(read.end..read.end + 2) == "o clock" {
            (read.end, read.certain) = (read.end + 2, true);
        }
        self.named(read)
    }

    /// Two digits after a colon, as minutes and seconds have them, and the letters after them.
    fn sixtieth(&self, end: &mut usize) -> Option<(i8, &str)> {
        let word = self.text.word(*end);
        let digits = word.bytes().take_while(u8::is_ascii_digit).count();
        let colon = matches!(self.text.gap_after(end.checked_sub(1)?), ":" | "：");
        let value = word.get(..2).filter(|_| colon && digits == 2)?.parse().ok()?;
        *end += 1;
        Some((value, &word[2..]))
    }

    /// What may follow an hour: `am`, `Uhr 30`, `heures`.
    fn named(&self, read: Read) -> Option<Read> {
        let Read { end, hour, minute, .. } = read;
        Some(match (self.text.word(end), self.text.run(end..end + 2)) {
            (half @ ("am" | "pm"), _) if self.language != "de" => {
                let hour = of_day(hour, half == "pm")?;
                Read { end: end + 1, hour, certain: true, ..read }
            }
            (_, half @ ("a m" | "p m")) => {
                let hour = of_day(hour, half == "p m")?;
                Read { end: end + 2, hour, certain: true, ..read }
            }
            ("uhr", _) => {
                let after = self.numbers.iter().find(|n| n.words.start == end + 1);
                let after = after.and_then(|n| i8::try_from(n.whole()?).ok().map(|m| (n, m)));
                match after.filter(|(_, m)| minute == 0 && (1..60).contains(m)) {
                    Some((number, minute)) => {
                        Read { end: number.words.end, minute, certain: true, ..read }
                    }
                    None => Read { end: end + 1, hour: hour % 24, certain: true, ..read },
                }
            }
            ("h" | "heures" | "heure", _) if self.language == "fr" => {
                // `14h` is a time, `14 h` may be a duration.
                let certain = read.certain || self.text.gap_after(end - 1).is_empty();
                Read { end: end + 1, certain, ..read }
            }
            _ => read,
        })
    }

    /// `half past ten`, `quarter to ten`, `halb zehn`, `viertel nach zehn`.
    fn divided(&self, at: usize) -> Option<Read> {
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
        let read = self.counted(at + words).filter(|read| read.minute == 0)?;
        let total = (i16::from(read.hour) * 60 + minutes).rem_euclid(24 * 60);
        let hour = Read::certain(read.end, (total / 60).try_into().ok()?);
        Some(Read { minute: (total % 60).try_into().ok()?, ..hour })
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
                let value = clock.on(day.day, now);
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
                let value = |hour: i8| json!(iso(now.date(), [hour, 0, 0], now.time_zone()));
                found.push(("@sys.time-period", at..end, period(value(*from), value(*to))));
            }
        }
    }
    found
}
