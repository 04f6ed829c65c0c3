//! Days and periods of days, in English, German, French and Spanish. A day without a year is the
//! next such day. Values are at noon in the time zone of the query.

use std::ops::Range;

use jiff::{
    ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use serde_json::{Value, json};

use super::{Found, Moment, months::month, numbers::Number};
use crate::local::matching::text::Text;

#[derive(Debug, Clone)]
pub(crate) struct Day {
    pub(crate) words: Range<usize>,
    pub(crate) day: Date,
}

const RELATIVE: &[(&str, &str, i64)] = &[
    ("en", "today", 0),
    ("en", "tonight", 0),
    ("en", "tomorrow", 1),
    ("en", "yesterday", -1),
    ("en", "the day after tomorrow", 2),
    ("en", "day after tomorrow", 2),
    ("de", "heute", 0),
    ("de", "morgen", 1),
    ("de", "übermorgen", 2),
    ("de", "gestern", -1),
    ("de", "vorgestern", -2),
    ("fr", "aujourd hui", 0),
    ("fr", "demain", 1),
    ("fr", "après demain", 2),
    ("fr", "hier", -1),
    ("es", "hoy", 0),
    ("es", "mañana", 1),
    ("es", "pasado mañana", 2),
    ("es", "ayer", -1),
];

const WEEKDAYS: [(Weekday, [&str; 5]); 7] = [
    (Weekday::Monday, ["monday", "montag", "lundi", "lunes", "montags"]),
    (Weekday::Tuesday, ["tuesday", "dienstag", "mardi", "martes", "dienstags"]),
    (Weekday::Wednesday, ["wednesday", "mittwoch", "mercredi", "miércoles", "mittwochs"]),
    (Weekday::Thursday, ["thursday", "donnerstag", "jeudi", "jueves", "donnerstags"]),
    (Weekday::Friday, ["friday", "freitag", "vendredi", "viernes", "freitags"]),
    (Weekday::Saturday, ["saturday", "samstag", "samedi", "sábado", "sonnabend"]),
    (Weekday::Sunday, ["sunday", "sonntag", "dimanche", "domingo", "sonntags"]),
];

const NEXT: [&str; 9] = [
    "next",
    "nächsten",
    "nächste",
    "nächster",
    "nächstes",
    "kommenden",
    "prochain",
    "prochaine",
    "próximo",
];
const THIS: [&str; 7] = ["this", "diese", "diesen", "dieses", "ce", "cette", "este"];
const OF: [&str; 4] = ["of", "de", "the", "le"];
const IN: [&str; 3] = ["in", "dans", "en"];
const UNTIL: [&str; 9] = ["to", "until", "till", "through", "bis", "au", "à", "hasta", "al"];

/// Names of a unit, and its length in days and in months.
const STEPS: &[(&[&str], i64, i64)] = &[
    (&["day", "days", "tag", "tage", "tagen", "jour", "jours", "día", "días"], 1, 0),
    (&["week", "weeks", "woche", "wochen", "semaine", "semaines", "semana", "semanas"], 7, 0),
    (&["month", "months", "monat", "monate", "monaten", "mois", "mes", "meses"], 0, 1),
    (&["year", "years", "jahr", "jahre", "jahren", "an", "ans", "année", "año", "años"], 0, 12),
];

pub(crate) fn find(text: &Text, language: &str, numbers: &[Number], now: &Moment) -> Vec<Day> {
    let mut days = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let reader = Reader { text, language, numbers, today: now.date() };
        if let Some((end, day)) = reader.day_at(at) {
            days.push(Day { words: at..end, day });
            at = end;
        } else {
            at += 1;
        }
    }
    days
}

/// Noon of a day; the service writes dates so.
pub(crate) fn noon(day: Date, now: &Moment) -> Value {
    json!(iso(day, [12, 0, 0], now.time_zone()))
}

/// A local time with its offset, for example `2027-03-05T12:00:00+01:00`.
pub(crate) fn iso(day: Date, [hour, minute, second]: [i8; 3], zone: &TimeZone) -> String {
    let zoned = day.at(hour, minute, second, 0).to_zoned(zone.clone());
    zoned.map_or_else(|_| day.to_string(), |z| z.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

struct Reader<'a> {
    text: &'a Text,
    language: &'a str,
    numbers: &'a [Number],
    today: Date,
}

impl Reader<'_> {
    /// A day that begins at a word, with the position after it.
    fn day_at(&self, at: usize) -> Option<(usize, Date)> {
        self.relative(at)
            .or_else(|| self.weekday(at))
            .or_else(|| self.in_digits(at))
            .or_else(|| self.of_month(at))
            .or_else(|| self.distance(at))
    }

    fn relative(&self, at: usize) -> Option<(usize, Date)> {
        (at + 1..=self.text.len().min(at + 4)).rev().find_map(|end| {
            let run = self.text.run(at..end);
            let known = |(l, name, _): &&(&str, &str, i64)| *l == self.language && *name == run;
            let (_, _, days) = RELATIVE.iter().find(known)?;
            Some((end, self.today.checked_add(days.days()).ok()?))
        })
    }

    /// The next day with this name; never today.
    fn weekday(&self, at: usize) -> Option<(usize, Date)> {
        let lead = self.one_of(at, &NEXT) || self.one_of(at, &THIS);
        let name = at + usize::from(lead);
        let word = self.text.word(name);
        let (weekday, _) = WEEKDAYS.iter().find(|(_, names)| names.contains(&word))?;
        let mut end = name + 1;
        if self.one_of(end, &NEXT) {
            end += 1;
        }
        Some((end, self.today.nth_weekday(1, *weekday).ok()?))
    }

    /// `2027-03-05`, `5.3.2027`, `5.3.`, `3/5/2027` (month first in English).
    fn in_digits(&self, at: usize) -> Option<(usize, Date)> {
        let part = |at: usize| self.text.word(at).parse::<i16>().ok();
        let sign = self.text.gap_after(at);
        let (one, two) = (part(at)?, part(at + 1)?);
        let three = part(at + 2).filter(|_| self.text.gap_after(at + 1) == sign);
        let (year, month, day, end) = match (sign, three) {
            ("-", Some(day)) if one > 31 => (one, two, day, at + 3),
            ("/", Some(year)) if self.language == "en" && one <= 12 => {
                (century(year), one, two, at + 3)
            }
            ("-" | "." | "/", Some(year)) => (century(year), two, one, at + 3),
            (".", None) if self.language == "de" && self.text.after(at + 1).starts_with('.') => {
                return Some((at + 2, self.upcoming(two, one)?));
            }
            _ => return None,
        };
        let day = Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
        Some((end, day))
    }

    /// `October 2`, `2nd of October 2027`, `2. Oktober`, `2 de octubre`.
    fn of_month(&self, at: usize) -> Option<(usize, Date)> {
        let (month, number, mut end) = if let Some(month) = month(self.text.word(at)) {
            let start = at + 1 + usize::from(self.one_of(at + 1, &OF));
            let number = self.number(start)?;
            (month, number, number.words.end)
        } else {
            let number = self.number(at)?;
            let name = number.words.end + usize::from(self.one_of(number.words.end, &OF));
            (month(self.text.word(name))?, number, name + 1)
        };
        let day = number.whole().filter(|day| !number.article && (1..=31).contains(day))?;
        let day: i16 = day.try_into().ok()?;
        let year_at = end + usize::from(self.one_of(end, &OF));
        let year = self.text.word(year_at).parse::<i16>().ok().filter(|y| (1900..2200).contains(y));
        if let Some(year) = year {
            end = year_at + 1;
            return Some((end, Date::new(year, month, day.try_into().ok()?).ok()?));
        }
        Some((end, self.upcoming(month.into(), day)?))
    }

    /// `in 3 days`, `3 weeks from now`, `in einer Woche`.
    fn distance(&self, at: usize) -> Option<(usize, Date)> {
        let leads = self.one_of(at, &IN);
        let start = at + usize::from(leads);
        let (count, unit) = match self.number(start) {
            Some(number) => (number.whole()?, number.words.end),
            None if ["a", "an", "one", "einer", "einem", "une", "un", "una"]
                .contains(&self.text.word(start)) =>
            {
                (1, start + 1)
            }
            None => return None,
        };
        let word = self.text.word(unit);
        let (_, days, months) = STEPS.iter().find(|(names, _, _)| names.contains(&word))?;
        let from_now = self.text.run(unit + 1..unit + 3) == "from now";
        if !(leads || from_now) || !(0..10_000).contains(&count) {
            return None;
        }
        let span = (days * count).days().months(months * count);
        let day = self.today.checked_add(span).ok()?;
        Some((unit + 1 + if from_now { 2 } else { 0 }, day))
    }

    fn upcoming(&self, month: i16, day: i16) -> Option<Date> {
        let (month, day) = (month.try_into().ok()?, day.try_into().ok()?);
        // Up to eight years, for the 29th of February.
        let years = self.today.year()..=self.today.year().checked_add(8)?;
        years.filter_map(|year| Date::new(year, month, day).ok()).find(|d| *d >= self.today)
    }

    fn number(&self, at: usize) -> Option<&Number> {
        self.numbers.iter().find(|number| number.words.start == at)
    }

    fn one_of(&self, at: usize, words: &[&str]) -> bool {
        words.contains(&self.text.word(at))
    }
}

fn century(year: i16) -> i16 {
    if (0..100).contains(&year) { year + 2000 } else { year }
}

/// `next week`, `this weekend`, `next month`, and from one day to another.
pub(crate) fn periods(text: &Text, days: &[Day], now: &Moment) -> Vec<Found> {
    let period = |start: Date, end: Date| {
        let (start, end) = (noon(start, now), noon(end, now));
        json!({ "startDate": start, "endDate": end })
    };
    let mut found = Vec::new();
    for pair in days.windows(2) {
        let [from, to] = pair else { continue };
        let between = text.run(from.words.end..to.words.start);
        if UNTIL.contains(&between) && from.day <= to.day {
            let words = from.words.start..to.words.end;
            found.push(("@sys.date-period", words, period(from.day, to.day)));
        }
    }
    for at in 0..text.len() {
        let (is_next, is_this) = (NEXT.contains(&text.word(at)), THIS.contains(&text.word(at)));
        if (is_next || is_this)
            && let Some((start, end)) = whole(text.word(at + 1), is_next, now.date())
        {
            found.push(("@sys.date-period", at..at + 2, period(start, end)));
        }
    }
    found
}

/// First and last day of this or the next week, weekend, month or year.
fn whole(unit: &str, next: bool, today: Date) -> Option<(Date, Date)> {
    let ahead = i64::from(next);
    let monday =
        today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days()).ok()?;
    match unit {
        "weekend" | "wochenende" | "finde" => {
            let start = monday.checked_add((5 + 7 * ahead).days()).ok()?;
            Some((start, start.tomorrow().ok()?))
        }
        "week" | "woche" | "semaine" | "semana" => {
            let start = monday.checked_add((7 * ahead).days()).ok()?;
            Some((start, start.checked_add(6.days()).ok()?))
        }
        "month" | "monat" | "mois" | "mes" => {
            let start = today.first_of_month().checked_add(ahead.months()).ok()?;
            Some((start, start.last_of_month()))
        }
        "year" | "jahr" | "année" | "año" => {
            let start = today.first_of_year().checked_add(ahead.years()).ok()?;
            Some((start, start.last_of_year()))
        }
        _ => None,
    }
}
