//! The readable texts in JSON of an unknown kind, such as a payload for another integration.
//!
//! Integrations nest their texts under many names, and the same few names mean the same in most of
//! them. So this reads by name and not by vendor: what is said first, then what may be pressed.
//! What a button sends, ids and addresses of pictures are no words.

use serde_json::{Map, Value};

mod names;
mod option;

use names::{Named, is_identifier, plain};

/// Nesting to which a payload is read.
const DEPTH_MAX: usize = 16;
const LINES_MAX: usize = 100;
/// Longest text without a blank that is still taken for words, in bytes: longer ones are files.
const WORD_BYTES_MAX: usize = 400;

/// Every readable text in a value, each once. Texts under unknown names count only where there are
/// no others, and addresses only where there are no texts.
pub(crate) fn lines(value: &Value) -> Vec<String> {
    let mut lines = Lines::default();
    lines.content(value, false, 0);
    if lines.found.is_empty() {
        lines.sentences("", value, 0);
    }
    if lines.found.is_empty() {
        lines.addresses("", value, 0);
    }
    lines.found
}

pub(super) fn push(text: &str, lines: &mut Vec<String>) {
    let text = text.trim();
    if !text.is_empty() && !lines.iter().any(|line| line == text) {
        lines.push(text.to_owned());
    }
}

/// The text of SSML, without tags.
pub(super) fn without_tags(marked: &str) -> String {
    let mut inside = false;
    let plain = marked.chars().filter(|c| {
        let was = inside;
        inside = (inside || *c == '<') && *c != '>';
        !was && *c != '<'
    });
    plain.collect::<String>().trim().to_owned()
}

#[derive(Default)]
struct Lines {
    found: Vec<String>,
}

impl Lines {
    fn push(&mut self, text: &str) {
        let is_file = text.len() > WORD_BYTES_MAX && !text.contains(char::is_whitespace);
        if self.found.len() < LINES_MAX && !is_file {
            push(text, &mut self.found);
        }
    }

    fn is_full(&self, depth: usize) -> bool {
        depth > DEPTH_MAX || self.found.len() >= LINES_MAX
    }

    /// What is said. A bare text counts where its name says that it is one.
    fn content(&mut self, value: &Value, is_named: bool, depth: usize) {
        match value {
            _ if self.is_full(depth) => {}
            Value::String(text) if is_named => self.push(text),
            Value::Array(items) => {
                for item in items {
                    self.content(item, is_named, depth + 1);
                }
            }
            Value::Object(map) => self.object(map, depth),
            _ => {}
        }
    }

    fn object(&mut self, map: &Map<String, Value>, depth: usize) {
        let fields = Named::of(map);
        let before = self.found.len();
        let mut link = fields.link_of_text();
        for (name, value) in fields.texts() {
            match value {
                Value::String(text) if name == "name" && fields.is_technical(text) => {}
                Value::String(text) => self.linked(text, link.take()),
                value => self.content(value, true, depth + 1),
            }
        }
        for (name, value) in fields.others() {
            match name {
                "fields" | "facts" => self.pairs(value, depth + 1),
                name => self.content(value, names::LISTS.contains(&name), depth + 1),
            }
        }
        for value in fields.buttons() {
            self.option(value, true, depth + 1);
        }
        if self.found.len() == before {
            for (name, value) in fields.substitutes() {
                match value {
                    Value::String(ssml) if matches!(name, "ssml" | "speak") => {
                        self.push(&without_tags(ssml));
                    }
                    value => self.content(value, true, depth + 1),
                }
                if self.found.len() > before {
                    break;
                }
            }
        }
    }

    /// A text that leads to a page keeps its address.
    fn linked(&mut self, text: &str, link: Option<&str>) {
        match link.filter(|link| *link != text.trim() && !text.trim().is_empty()) {
            Some(link) => self.push(&format!("{}: {link}", text.trim())),
            None => self.push(text),
        }
    }

    /// Facts: a label and its value on one line.
    fn pairs(&mut self, value: &Value, depth: usize) {
        let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for item in items {
            let fields = item.as_object().map(Named::of);
            let pair = fields.as_ref().and_then(|fields| {
                let label =
                    ["title", "name", "label", "key"].iter().find_map(|n| fields.text(n))?;
                Some((label, plain_value(fields.get("value")?)?))
            });
            match pair {
                Some((label, value)) => {
                    self.push(&format!("{}: {value}", label.trim_end_matches([':', ' '])));
                }
                None => self.content(item, true, depth + 1),
            }
        }
    }

    /// Texts under unknown names that can only be for people.
    fn sentences(&mut self, name: &str, value: &Value, depth: usize) {
        match value {
            _ if self.is_full(depth) => {}
            Value::String(text) if names::is_sentence(name, text) => self.push(text),
            Value::Array(items) => {
                for item in items {
                    self.sentences(name, item, depth + 1);
                }
            }
            Value::Object(map) => {
                for (name, value) in map {
                    self.sentences(&plain(name), value, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// Addresses of pictures and files.
    fn addresses(&mut self, name: &str, value: &Value, depth: usize) {
        match value {
            _ if self.is_full(depth) => {}
            Value::String(text) if names::MEDIA.contains(&name) && names::is_page(text) => {
                push(text, &mut self.found);
            }
            Value::Array(items) => {
                for item in items {
                    self.addresses(name, item, depth + 1);
                }
            }
            Value::Object(map) => {
                for (name, value) in map {
                    self.addresses(&plain(name), value, depth + 1);
                }
            }
            _ => {}
        }
    }
}

fn plain_value(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
