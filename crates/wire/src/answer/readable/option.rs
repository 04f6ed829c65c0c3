//! What a visitor may press: its label, and not what pressing it sends.

use serde_json::Value;

use super::{Lines, is_identifier, names::Named};

/// Names of the label, the best one first.
const LABELS: [&str; 16] = [
    "title",
    "label",
    "text",
    "displaytext",
    "name",
    "caption",
    "buttontext",
    "destinationname",
    "content",
    "body",
    "item",
    "message",
    "button",
    "alttext",
    "placeholder",
    "value",
];
/// What a label may have below it.
const DETAILS: [&str; 3] = ["subtitle", "description", "titleext"];
/// More that a labelled object may hold: the buttons of a card, the rows of a menu.
const PARTS: [&str; 9] =
    ["card", "sections", "rows", "items", "elements", "buttons", "actions", "options", "choices"];

impl Lines {
    /// A bare text counts where its name says that it can be pressed.
    pub(super) fn option(&mut self, value: &Value, is_named: bool, depth: usize) {
        match value {
            _ if self.is_full(depth) => {}
            Value::String(text) if is_named && !is_identifier(text) => self.push(text),
            Value::Array(items) => {
                for item in items {
                    self.option(item, is_named, depth + 1);
                }
            }
            Value::Object(map) => {
                let fields = Named::of(map);
                match LABELS.iter().find_map(|name| label(fields.get(name)?)) {
                    Some(label) => self.labelled(label, &fields, depth),
                    None => {
                        for (name, value) in fields.all() {
                            self.option(value, super::names::BUTTONS.contains(&name), depth + 1);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn labelled(&mut self, label: &str, fields: &Named<'_>, depth: usize) {
        self.linked(label, fields.link());
        for text in DETAILS.iter().filter_map(|name| fields.text(name)) {
            self.push(text);
        }
        for name in PARTS {
            match (name, fields.get(name)) {
                ("buttons" | "actions" | "options" | "choices", Some(value)) => {
                    self.option(value, true, depth + 1);
                }
                (_, Some(value @ (Value::Array(_) | Value::Object(_)))) => {
                    self.content(value, false, depth + 1);
                }
                _ => {}
            }
        }
    }
}

/// A label is a text, or an object around one.
fn label(value: &Value) -> Option<&str> {
    let text = match value {
        Value::String(text) => text,
        Value::Object(map) => {
            ["text", "title", "label"].iter().find_map(|n| map.get(*n)?.as_str())?
        }
        _ => return None,
    };
    Some(text.trim()).filter(|text| !text.is_empty())
}
