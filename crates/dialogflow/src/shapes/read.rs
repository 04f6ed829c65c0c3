//! Reads a message that another program wrote, as strictly as the service does, and returns it as
//! canonical JSON. Accepted: names in either spelling, `null` for unset, enums by name or number,
//! whole numbers as text. Refused: unknown names, wrong types, two members of a oneof.

use serde_json::{Map, Value};

use super::{Field, Kind, Shape};
use crate::names::snake;

/// Kinds of messages that only `v2beta1` has; they are passed on unread.
const NEWER_KINDS: [&str; 6] = [
    "telephonyPlayAudio",
    "telephonySynthesizeSpeech",
    "telephonyTransferCall",
    "rbmText",
    "rbmStandaloneRichCard",
    "rbmCarouselRichCard",
];

/// Longest quotation from the message in an error, in characters.
const QUOTED_CHARS_MAX: usize = 60;

/// Why a value does not fit its shape. `path` is the place in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    #[error("Cannot find field: {path}")]
    Unknown { path: String },
    #[error("Invalid value at '{path}' ({expected})")]
    Wrong { path: String, expected: &'static str },
    #[error("Invalid value at '{path}' (oneof), another field of it is already set")]
    Twice { path: String },
}

impl Shape {
    /// Reads a message at `path`, which is empty for the outermost one.
    pub(crate) fn read(&self, path: &str, value: &Value) -> Result<Value, Misfit> {
        let Value::Object(written) = value else {
            return Err(wrong(path, "an object"));
        };
        let mut read = Map::new();
        let mut members = 0;
        for (key, value) in written {
            let path = below(path, key);
            let Some((name, kind, is_member)) = self.find(key) else {
                return Err(Misfit::Unknown { path });
            };
            if value.is_null() {
                // Unset, also in a oneof.
                continue;
            }
            members += usize::from(is_member);
            if members > 1 && is_member {
                return Err(Misfit::Twice { path });
            }
            read.insert(name.to_owned(), kind.read(&path, value)?);
        }
        Ok(Value::Object(read))
    }

    /// The field of a written name, and whether it is a member of the oneof.
    fn find(&self, key: &str) -> Option<(&'static str, &'static Kind, bool)> {
        let named = |field: &&'static Field| key == field.name || key == snake(field.name);
        if let Some(field) = self.fields.iter().find(named) {
            return Some((field.name, &field.kind, false));
        }
        let oneof = self.oneof.as_ref()?;
        if let Some(field) = oneof.members.iter().find(named) {
            return Some((field.name, &field.kind, true));
        }
        let newer = NEWER_KINDS.iter().find(|name| key == **name || key == snake(name));
        let newer = newer.filter(|_| oneof.discriminator == "message")?;
        Some((newer, &Kind::Raw, true))
    }
}

impl Kind {
    fn read(&self, path: &str, value: &Value) -> Result<Value, Misfit> {
        match self {
            Self::Text | Self::ContextName | Self::Bytes if value.is_string() => Ok(value.clone()),
            Self::Text | Self::ContextName | Self::Bytes => Err(wrong(path, "TYPE_STRING")),
            Self::Number => number(value).ok_or_else(|| wrong(path, "TYPE_INT32")),
            Self::Flag if value.is_boolean() => Ok(value.clone()),
            Self::Flag => Err(wrong(path, "TYPE_BOOL")),
            Self::Struct | Self::StructOrNull if value.is_object() => Ok(value.clone()),
            Self::Struct | Self::StructOrNull => Err(wrong(path, "an object")),
            Self::Enum(names) => {
                let known = names.iter().find(|(number, name)| {
                    value.as_str() == Some(name) || value.as_u64() == Some(*number)
                });
                known.map(|(_, name)| Value::from(*name)).ok_or_else(|| wrong(path, "TYPE_ENUM"))
            }
            Self::Message(shape) => shape.read(path, value),
            Self::Many(kind) => {
                let items = value.as_array().ok_or_else(|| wrong(path, "an array"))?;
                let numbered = items.iter().enumerate();
                numbered.map(|(at, item)| kind.read(&format!("{path}[{at}]"), item)).collect()
            }
            Self::Raw => Ok(value.clone()),
        }
    }
}

/// A whole number, which may be written as text.
fn number(value: &Value) -> Option<Value> {
    let float = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.parse::<f64>().ok()?,
        _ => return None,
    };
    let is_whole = float.fract() == 0.0 && float.abs() <= i32::MAX.into();
    is_whole.then(|| Value::from(float as i64))
}

fn wrong(path: &str, expected: &'static str) -> Misfit {
    Misfit::Wrong { path: path.to_owned(), expected }
}

fn below(path: &str, key: &str) -> String {
    let key: String = key.chars().take(QUOTED_CHARS_MAX).collect();
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::shapes::WEBHOOK_RESPONSE;

    #[test]
    fn every_spelling_becomes_canonical() {
        let written = json!({
            "fulfillment_text": "hi", "payload": null,
            "fulfillment_messages": [
                { "platform": 1, "quick_replies": { "quick_replies": ["a"] }, "text": null },
                { "rbm_text": { "text": "hi" } },
            ],
            "outputContexts": [{ "name": "c", "lifespan_count": "5" }],
        });
        let read = WEBHOOK_RESPONSE.read("", &written).unwrap();
        let canonical = json!({
            "fulfillmentText": "hi",
            "fulfillmentMessages": [
                { "platform": "FACEBOOK", "quickReplies": { "quickReplies": ["a"] } },
                { "rbmText": { "text": "hi" } },
            ],
            "outputContexts": [{ "name": "c", "lifespanCount": 5 }],
        });
        assert_eq!(read, canonical);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (written, named) in [
            (json!({ "speech": "hi" }), "Cannot find field: speech"),
            (json!({ "ETag": null }), "Cannot find field: ETag"),
            (
                json!({ "fulfillmentMessages": [{}, { "card": { "url": "x" } }] }),
                "Cannot find field: fulfillmentMessages[1].card.url",
            ),
            (json!({ "fulfillmentText": 5 }), "'fulfillmentText' (TYPE_STRING)"),
            (json!({ "fulfillmentMessages": {} }), "'fulfillmentMessages' (an array)"),
            (json!({ "payload": [] }), "'payload' (an object)"),
            (json!({ "endInteraction": "yes" }), "'endInteraction' (TYPE_BOOL)"),
            (
                json!({ "outputContexts": [{ "lifespanCount": "five" }] }),
                "'outputContexts[0].lifespanCount' (TYPE_INT32)",
            ),
            (
                json!({ "fulfillmentMessages": [{ "platform": "PIGEON" }] }),
                "'fulfillmentMessages[0].platform' (TYPE_ENUM)",
            ),
            (
                json!({ "fulfillmentMessages": [{ "text": {}, "image": {} }] }),
                "'fulfillmentMessages[0].image' (oneof)",
            ),
        ] {
            let misfit = WEBHOOK_RESPONSE.read("", &written).unwrap_err().to_string();
            assert!(misfit.contains(named), "{written}: {misfit}");
        }
    }
}
