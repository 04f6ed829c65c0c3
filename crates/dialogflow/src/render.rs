//! A canonical detectIntent response as Google's Node.js client hands it to an application.
//!
//! Every field is present, unset messages are `null`, and a key named like a oneof tells which of
//! its members is set. Applications of different years saw different fields, and many made the
//! result plainer before they passed it on; [`Style`] says which of it. The handover contract's
//! first revision is one such style; later ones pass the canonical response through unchanged.

use serde_json::{Map, Number, Value, json};

use crate::names::Names;

mod shapes;
mod wrap;

#[cfg(test)]
mod tests;

/// How a response is rendered.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub fields: FieldSet,
    pub structs: Structs,
    pub context_names: ContextNames,
}

/// Which generation of the client knew the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldSet {
    /// Before sentiment, audio, and the flags for handing off and ending.
    Base,
    Current,
}

/// How free objects are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structs {
    /// As the plain objects they are; unset parameters and payloads of a webhook are empty.
    Plain,
    /// As the client has them: every value in an object that names its kind.
    Wrapped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextNames {
    Full,
    /// Without the path before them.
    Short,
}

/// What today's client makes of a response.
pub const CURRENT: Style = Style {
    fields: FieldSet::Current,
    structs: Structs::Wrapped,
    context_names: ContextNames::Full,
};

const CONTRACT_R1: Style =
    Style { fields: FieldSet::Base, structs: Structs::Plain, context_names: ContextNames::Short };

/// Renders a whole response (`responseId`, `queryResult`, …). Fields that the style does not know
/// are left out; anything that is not an object gives an empty response.
pub fn render(canonical: &Value, style: Style) -> Value {
    shapes::RESPONSE.render(canonical, style)
}

/// [`render`] for revision 1 of the handover contract (step one).
pub fn contract_r1(canonical: &Value) -> Value {
    render(canonical, CONTRACT_R1)
}

/// The fields of one message, in the order the client writes them: repeated ones first.
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
    since: FieldSet,
}

enum Kind {
    Text,
    ContextName,
    Number,
    Flag,
    /// Base64 in the response, a buffer in the client.
    Bytes,
    Enum(Names),
    /// A free object; when plain and unset, an empty one.
    Struct,
    /// A free object; `null` when unset.
    StructOrNull,
    Message(&'static Shape),
    Many(&'static Kind),
    /// Not looked into.
    Raw,
}

impl Shape {
    fn render(&self, from: &Value, style: Style) -> Value {
        let mut rendered = Map::new();
        let known = |field: &&Field| style.fields == FieldSet::Current || !field.is_new();
        for field in self.fields.iter().filter(known) {
            rendered.insert(field.name.to_owned(), field.kind.render(from.get(field.name), style));
        }
        if let Some(oneof) = &self.oneof {
            let mut members = oneof.members.iter().filter(known);
            if let Some((member, value)) = members.find_map(|m| Some((m, from.get(m.name)?))) {
                rendered.insert(member.name.to_owned(), member.kind.render(Some(value), style));
                rendered.insert(oneof.discriminator.to_owned(), json!(member.name));
            }
        }
        Value::Object(rendered)
    }
}

impl Field {
    fn is_new(&self) -> bool {
        self.since == FieldSet::Current
    }
}

impl Kind {
    fn render(&self, from: Option<&Value>, style: Style) -> Value {
        let from = from.filter(|value| !value.is_null());
        match self {
            Self::Text => json!(from.and_then(Value::as_str).unwrap_or_default()),
            Self::ContextName => {
                let path = from.and_then(Value::as_str).unwrap_or_default();
                json!(match style.context_names {
                    ContextNames::Full => path,
                    ContextNames::Short => path.rsplit('/').next().unwrap_or_default(),
                })
            }
            Self::Number => match from {
                Some(Value::Number(written)) => number(written),
                _ => Value::Number(Number::from(0)),
            },
            Self::Flag => json!(from.and_then(Value::as_bool).unwrap_or_default()),
            Self::Bytes => wrap::buffer(from.and_then(Value::as_str).unwrap_or_default()),
            Self::Enum(names) => enum_name(names, from),
            Self::Struct => match style.structs {
                Structs::Plain => free(from, style).unwrap_or_else(|| json!({})),
                Structs::Wrapped => free(from, style).unwrap_or_default(),
            },
            Self::StructOrNull => free(from, style).unwrap_or_default(),
            Self::Message(shape) => {
                from.map(|value| shape.render(value, style)).unwrap_or_default()
            }
            Self::Many(one) => {
                let items = from.and_then(Value::as_array).into_iter().flatten();
                items.map(|item| one.render(Some(item), style)).collect()
            }
            Self::Raw => from.cloned().unwrap_or_default(),
        }
    }
}

/// A free object as the style has it, when there is one.
fn free(from: Option<&Value>, style: Style) -> Option<Value> {
    let map = from?.as_object()?;
    Some(match style.structs {
        Structs::Plain => plain(&Value::Object(map.clone())),
        Structs::Wrapped => wrap::object(map),
    })
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Number(written) => number(written),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        other => other.clone(),
    }
}

/// JavaScript has one kind of numbers: 1.0 is written 1.
fn number(written: &Number) -> Value {
    const EXACT_MAX: f64 = 9_007_199_254_740_991.0;
    match written.as_f64() {
        Some(float) if float.fract() == 0.0 && float.abs() <= EXACT_MAX => json!(float as i64),
        _ => Value::Number(written.clone()),
    }
}

/// Some clients write enums as numbers.
fn enum_name(names: Names, from: Option<&Value>) -> Value {
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
