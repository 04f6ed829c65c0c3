//! A small part of the native query language: conditions, `and`, `or`, and parentheses.

use jiff::{
    civil::DateTime,
    tz::{Offset, TimeZone},
};

use super::{
    profile::{DateOrder, Profile},
    records::Record,
};

#[derive(Debug)]
pub(super) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    /// Field by its standard name, operator, value.
    Is(String, String, String),
}

const OPERATORS: [&str; 7] = ["~=", ">=", "<=", "=", ">", "<", "#"];

/// The error says where the text stops being a query.
pub(super) fn parse(text: &str, profile: &Profile) -> Result<Query, String> {
    let mut reader = Reader { rest: text.trim(), profile };
    let query = reader.any()?;
    if reader.rest.is_empty() { Ok(query) } else { Err(format!("Invalid query: {}", reader.rest)) }
}

struct Reader<'a> {
    rest: &'a str,
    profile: &'a Profile,
}

impl Reader<'_> {
    fn any(&mut self) -> Result<Query, String> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(Query::Any(parts))
    }

    fn all(&mut self) -> Result<Query, String> {
        let mut parts = vec![self.one()?];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Ok(Query::All(parts))
    }

    fn one(&mut self) -> Result<Query, String> {
        if self.sign("(") {
            let query = self.any()?;
            return if self.sign(")") { Ok(query) } else { Err("Missing )".to_owned()) };
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        let operator = OPERATORS.iter().find(|sign| self.rest.starts_with(**sign));
        let operator = *operator.ok_or_else(|| format!("Invalid query at {name}"))?;
        self.sign(operator);
        let quoted = self.rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (value, rest) = quoted.ok_or_else(|| format!("Missing value of {name}"))?;
        self.rest = rest.trim_start();
        let name = self.profile.standard(name).to_owned();
        let value =
            if name.ends_with("Time") { moment(value, self.profile)? } else { value.into() };
        Ok(Query::Is(name, operator.to_owned(), value))
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.rest.strip_prefix(word).filter(|rest| rest.starts_with([' ', '(']));
        found.map(|rest| self.rest = rest.trim_start()).is_some()
    }

    fn sign(&mut self, sign: &str) -> bool {
        self.rest.strip_prefix(sign).map(|rest| self.rest = rest.trim_start()).is_some()
    }
}

/// A time in the operator's own order and zone, as milliseconds.
fn moment(text: &str, profile: &Profile) -> Result<String, String> {
    let format = match profile.dates {
        DateOrder::MonthFirst => "%m/%d/%y %H:%M:%S",
        DateOrder::DayFirst => "%d/%m/%y %H:%M:%S",
    };
    let time = DateTime::strptime(format, text).map_err(|error| error.to_string())?;
    let offset = Offset::from_seconds(profile.zone_seconds).unwrap_or(Offset::UTC);
    let zoned = time.to_zoned(TimeZone::fixed(offset)).map_err(|error| error.to_string())?;
    Ok(zoned.timestamp().as_millisecond().to_string())
}

impl Query {
    pub(super) fn finds(&self, record: &Record) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.finds(record)),
            Self::Any(parts) => parts.iter().any(|part| part.finds(record)),
            Self::Is(name, operator, value) => {
                let left = record.compared(name);
                match operator.as_str() {
                    "=" => left == *value,
                    "~=" => left != *value,
                    "#" => left.starts_with(value.as_str()),
                    ">" => left > *value,
                    "<" => left < *value,
                    ">=" => left >= *value,
                    _ => left <= *value,
                }
            }
        }
    }
}
