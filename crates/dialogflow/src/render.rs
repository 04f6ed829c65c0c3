//! A canonical detectIntent response as the handover contract's first revision shows it.
//!
//! That revision carries what an old Node.js client library made of a response, made plainer: every
//! field is present, unset messages are `null`, a key named like the oneof tells which member is
//! set, structs are plain objects, contexts go by their bare names (contract r1, step one). Later
//! revisions pass the canonical response through unchanged and need nothing of this.

use serde_json::{Map, Number, Value, json};

mod shapes;

#[cfg(test)]
mod tests;

/// Renders a whole response (`responseId`, `queryResult`, …) for contract r1. Fields that the
/// revision does not know are left out; anything that is not an object gives an empty response.
pub fn contract_r1(canonical: &Value) -> Value {
    shapes::RESPONSE.render(canonical)
}

/// The fields of one message, in the order the library writes them: repeated ones first.
struct Shape {
    fields: &'static [Field],
    oneof: Option<OneOf>,
}

/// Fields of which at most one is set, and the key that tells which.
struct OneOf {
    discriminator: &'static str,
    members: &'static [Field],
}

struct Field {
    name: &'static str,
    kind: Kind,
}

enum Kind {
    Text,
    /// Shown without the path before it.
    ContextName,
    Number,
    Flag,
    /// Names by number; the first is the default.
    Enum(&'static [(u64, &'static str)]),
    /// A free object; empty when unset.
    Struct,
    /// A free object; `null` when unset.
    StructOrNull,
    Message(&'static Shape),
    Many(&'static Kind),
    /// Not looked into.
    Raw,
}

impl Shape {
    fn render(&self, from: &Value) -> Value {
        let mut rendered = Map::new();
        for field in self.fields {
            rendered.insert(field.name.to_owned(), field.kind.render(from.get(field.name)));
        }
        if let Some(oneof) = &self.oneof {
            let set = oneof.members.iter().find_map(|m| Some((m, from.get(m.name)?)));
            if let Some((member, value)) = set {
                rendered.insert(member.name.to_owned(), member.kind.render(Some(value)));
                rendered.insert(oneof.discriminator.to_owned(), json!(member.name));
            }
        }
        Value::Object(rendered)
    }
}

impl Kind {
    fn render(&self, from: Option<&Value>) -> Value {
        let from = from.filter(|value| !value.is_null());
        match self {
            Self::Text => json!(from.and_then(Value::as_str).unwrap_or_default()),
            Self::ContextName => {
                let path = from.and_then(Value::as_str).unwrap_or_default();
                json!(path.rsplit('/').next().unwrap_or_default())
            }
            Self::Number => match from {
                Some(number @ Value::Number(_)) => number.clone(),
                _ => Value::Number(Number::from(0)),
            },
            Self::Flag => json!(from.and_then(Value::as_bool).unwrap_or_default()),
            Self::Enum(names) => enum_name(names, from),
            Self::Struct => from.filter(|v| v.is_object()).cloned().unwrap_or_else(|| json!({})),
            Self::StructOrNull => from.filter(|v| v.is_object()).cloned().unwrap_or_default(),
            Self::Message(shape) => from.map(|value| shape.render(value)).unwrap_or_default(),
            Self::Many(one) => {
                let items = from.and_then(Value::as_array).into_iter().flatten();
                items.map(|item| one.render(Some(item))).collect()
            }
            Self::Raw => from.cloned().unwrap_or_default(),
        }
    }
}

/// Some clients write enums as numbers.
fn enum_name(names: &[(u64, &str)], from: Option<&Value>) -> Value {
    let default = names.first().map_or("", |(_, name)| name);
    match from {
        Some(Value::String(name)) => json!(name),
        Some(Value::Number(number)) => {
            let known = names.iter().find(|(n, _)| number.as_u64() == Some(*n));
            json!(known.map_or(default, |(_, name)| name))
        }
        _ => json!(default),
    }
}
