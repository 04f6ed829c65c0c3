//! Tolerant reading of the export's JSON. Every key is read by name; [`Fields::finish`] reports the
//! keys that were not read. A value of an unexpected type counts as absent.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::local::report::{NoticeKind, Report};

/// One JSON object of the export, consumed field by field.
pub(crate) struct Fields<'a> {
    file: &'a str,
    place: &'static str,
    map: Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// `place` is the position in the file for notices, for example `responses[].messages[].`.
    pub(crate) fn new(file: &'a str, place: &'static str, value: Value) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Self { file, place, map }),
            _ => None,
        }
    }

    pub(crate) fn raw(&mut self, key: &str) -> Option<Value> {
        self.map.shift_remove(key).filter(|value| !value.is_null())
    }

    pub(crate) fn string(&mut self, key: &str) -> String {
        match self.raw(key) {
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        }
    }

    pub(crate) fn flag(&mut self, key: &str) -> bool {
        matches!(self.raw(key), Some(Value::Bool(true)))
    }

    pub(crate) fn number(&mut self, key: &str) -> Option<f64> {
        match self.raw(key)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    pub(crate) fn list(&mut self, key: &str) -> Vec<Value> {
        match self.raw(key) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        }
    }

    /// A string or an array of strings.
    pub(crate) fn strings(&mut self, key: &str) -> Vec<String> {
        match self.raw(key) {
            Some(Value::String(text)) if !text.is_empty() => vec![text],
            Some(Value::Array(items)) => items.into_iter().filter_map(into_string).collect(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn objects(&mut self, key: &str, place: &'static str) -> Vec<Fields<'a>> {
        let file = self.file;
        self.list(key).into_iter().filter_map(|item| Self::new(file, place, item)).collect()
    }

    /// Skips keys that are known and not used.
    pub(crate) fn ignore(&mut self, keys: &[&str]) {
        for key in keys {
            self.map.shift_remove(*key);
        }
    }

    /// Skips keys that are not used, unless they have a value.
    pub(crate) fn ignore_empty(&mut self, keys: &[&str]) {
        for key in keys {
            if let Some(value) = self.raw(key).filter(is_filled) {
                self.map.insert((*key).to_owned(), value);
            }
        }
    }

    /// Whether the field has a value other than null, false or empty.
    pub(crate) fn is_filled(&mut self, key: &str) -> bool {
        self.raw(key).is_some_and(|value| is_filled(&value))
    }

    /// Reports every key that was not read.
    pub(crate) fn finish(self, report: &mut Report) {
        for key in self.map.keys() {
            let short: String = key.chars().take(60).collect();
            report.note(self.file, NoticeKind::UnknownField, format!("{}{short}", self.place));
        }
    }
}

/// Parses one file. A damaged one is reported and counts as absent.
pub(crate) fn parse(file: &str, bytes: &[u8], report: &mut Report) -> Option<Value> {
    match serde_json::from_slice(&utf_8(bytes)) {
        Ok(value) => Some(value),
        Err(error) => {
            let detail = format!("not valid JSON at line {}", error.line());
            report.note(file, NoticeKind::Unreadable, detail);
            None
        }
    }
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    }
}

/// The text of a file without byte order marks. Editors on Windows also save UTF-16.
fn utf_8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let (rest, from) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes as fn([u8; 2]) -> u16),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes as fn([u8; 2]) -> u16),
        _ => {
            let mut rest = bytes;
            while let Some(after) = rest.strip_prefix(b"\xef\xbb\xbf") {
                rest = after;
            }
            return Cow::Borrowed(rest);
        }
    };
    let units: Vec<u16> = rest.chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
    Cow::Owned(String::from_utf16_lossy(&units).into_bytes())
}

fn into_string(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
