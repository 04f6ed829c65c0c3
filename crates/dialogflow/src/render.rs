//! A canonical detectIntent response as Google's Node.js client returns it to an application.
//!
//! Every field is present, unset messages are `null`, and a key with the name of a oneof says which
//! member is set. The fields depend on the version of the client, and many applications simplify
//! the result before they pass it on; [`Style`] chooses. Revision 1 of the handover contract is one
//! such style; later revisions pass the canonical response on unchanged.

use serde_json::{Map, Number, Value, json};

pub use crate::shapes::FieldSet;
use crate::{
    names::Names,
    shapes::{self, Kind, Shape},
};

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

/// How free objects are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structs {
    /// As plain objects; unset parameters and webhook payloads are empty.
    Plain,
    /// As in the client: each value in an object that names its kind.
    Wrapped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextNames {
    Full,
    /// The last segment of the path.
    Short,
}

/// The current client.
pub const CURRENT: Style = Style {
    fields: FieldSet::Current,
    structs: Structs::Wrapped,
    context_names: ContextNames::Full,
};

const CONTRACT_R1: Style =
    Style { fields: FieldSet::Base, structs: Structs::Plain, context_names: ContextNames::Short };

/// Renders a whole response (`responseId`, `queryResult`, …). Fields that the style does not have
/// are left out. A value that is not an object gives an empty response.
pub fn render(canonical: &Value, style: Style) -> Value {
    shapes::RESPONSE.render(canonical, style)
}

/// [`render`] for revision 1 of the handover contract (step one).
pub fn contract_r1(canonical: &Value) -> Value {
    render(canonical, CONTRACT_R1)
}

impl Shape {
    fn render(&self, from: &Value, style: Style) -> Value {
        let mut rendered = Map::new();
        let known = |field: &&shapes::Field| style.fields == FieldSet::Current || !field.is_new();
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

/// A free object in the style, if there is one.
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

/// A number as JavaScript writes it: 1.0 is 1.
fn number(written: &Number) -> Value {
    const EXACT_MAX: f64 = 9_007_199_254_740_991.0;
    match written.as_f64() {
        Some(float) if float.fract() == 0.0 && float.abs() <= EXACT_MAX => json!(float as i64),
        _ => Value::Number(written.clone()),
    }
}

/// The name of an enum value; some clients write the number.
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
