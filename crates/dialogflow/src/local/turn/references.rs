//! References in values and answers: `$name`, `$name.original`, `$name.field`, `#context.name`.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

use crate::local::session::Session;

// The pattern is a constant, and every test of references uses it.
#[expect(clippy::expect_used, reason = "a constant pattern")]
static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"\$([[:alpha:]_][\w\-]*(?:\.[\w\-]+)*)|#([[:alpha:]_][\w\-]*)\.([\w\-]+(?:\.[\w\-]+)*)",
    )
    .expect("pattern")
});

/// What references may add to one text; the rest is cut off. Without a limit, a parameter that
/// refers twice to itself doubles with every turn.
const FILLED_BYTES_MAX: usize = 8 << 10;

/// Where references are looked up.
pub(crate) struct Scope<'a> {
    pub(crate) values: &'a Map<String, Value>,
    pub(crate) originals: &'a Map<String, Value>,
    pub(crate) session: &'a Session,
}

/// A text with its references filled.
pub(crate) struct Filled {
    pub(crate) text: String,
    /// False when a reference was empty.
    pub(crate) complete: bool,
}

impl Scope<'_> {
    /// Value of an expression: a single reference keeps its type, anything else becomes text.
    pub(crate) fn value(&self, expression: &str) -> Value {
        let trimmed = expression.trim();
        if let Some(found) = REFERENCE.captures(trimmed)
            && found.get(0).is_some_and(|whole| whole.len() == trimmed.len())
            && let Some((value, "")) = self.look_up(&found)
        {
            return value;
        }
        let filled = self.fill(expression);
        let has_words = filled.text.chars().any(char::is_alphanumeric);
        Value::String(if has_words || filled.complete { filled.text } else { String::new() })
    }

    pub(crate) fn fill(&self, text: &str) -> Filled {
        let mut complete = true;
        let mut left = FILLED_BYTES_MAX;
        let filled = REFERENCE.replace_all(text, |found: &Captures<'_>| {
            let Some((value, rest)) = self.look_up(found) else {
                return found[0].to_owned();
            };
            complete &= !is_empty(&value);
            let words = match (&value, found.get(1)) {
                // In place of an object, show the visitor's words for it.
                (Value::Object(_), Some(name)) => {
                    self.originals.get(name.as_str().trim_end_matches(rest)).map(shown)
                }
                _ => None,
            };
            let mut words = words.unwrap_or_else(|| shown(&value));
            words.truncate(words.floor_char_boundary(left));
            left -= words.len();
            format!("{words}{rest}")
        });
        Filled { text: filled.into_owned(), complete }
    }

    /// Fills every text inside a message.
    pub(crate) fn fill_all(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text).text),
            Value::Array(items) => items.iter().map(|item| self.fill_all(item)).collect(),
            Value::Object(map) => {
                map.iter().map(|(key, item)| (key.clone(), self.fill_all(item))).collect()
            }
            other => other.clone(),
        }
    }

    /// The value of a reference, and the text behind the name that does not belong to it. `None`
    /// when it is a text with a dollar sign, not a reference.
    fn look_up<'t>(&self, found: &Captures<'t>) -> Option<(Value, &'t str)> {
        if let (Some(context), Some(name)) = (found.get(2), found.get(3)) {
            let context = self.session.context(context.as_str());
            let value = context.and_then(|c| {
                c.parameters
                    .get(name.as_str())
                    .cloned()
                    .or_else(|| Some(field(&c.parameters, name.as_str())?.0))
            });
            return Some((value.unwrap_or_default(), ""));
        }
        let path = found.get(1)?.as_str();
        if let Some((name, rest)) = path.split_once('.').filter(|(_, r)| r.starts_with("original"))
        {
            let value = self.originals.get(name)?.clone();
            return Some((value, &rest["original".len()..]));
        }
        // In `$date-Then` the name ends at the sign: take the longest prefix that is a parameter.
        field(self.values, path).or_else(|| {
            let cuts = path.char_indices().rev().filter(|(_, c)| matches!(c, '-' | '.'));
            cuts.map(|(at, _)| &path[..at])
                .find_map(|name| Some((self.values.get(name)?.clone(), &path[name.len()..])))
        })
    }
}

/// The value at `name.field.field`, and the rest of the path from the first unknown field on.
fn field<'t>(map: &Map<String, Value>, path: &'t str) -> Option<(Value, &'t str)> {
    let mut parts = path.split('.');
    let name = parts.next()?;
    let mut value = map.get(name)?;
    let mut used = name.len();
    for part in parts {
        let Some(inner) = value.get(part) else { break };
        value = inner;
        used += part.len() + 1;
    }
    Some((value.clone(), &path[used..]))
}

/// Whether a value is missing or has no content.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// A value as text for people.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(map) => {
            let filled = map.values().filter(|v| !is_empty(v));
            filled.map(shown).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}
