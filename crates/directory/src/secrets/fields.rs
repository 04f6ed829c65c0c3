//! Finds the secrets in a document's settings by the JSON schema of the settings.
//!
//! A schema marks a secret with the keyword [`KEYWORD`]. Where a setting may have several forms,
//! each form is tried, so that a secret in any of them is found.

use serde_json::Value;

/// Says in a schema that a value is a secret, and what it is used for.
pub const KEYWORD: &str = "x-secret";

/// Levels of a schema, so that one that refers to itself ends.
const DEPTH_MAX: usize = 64;

/// What a secret is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It is sent somewhere, so it must be read again. `"x-secret": "read"`
    Read,
    /// Others present it, so its hash is enough. `"x-secret": "compared"`
    Compared,
}

/// Visits every secret in `value` with its full name, `[]` for each list. It may be changed.
///
/// # Errors
/// The first error of `visit` ends the walk.
pub fn visit<E>(
    schema: &Value,
    value: &mut Value,
    visit: &mut dyn FnMut(&str, Use, &mut Value) -> Result<(), E>,
) -> Result<(), E> {
    Walk { root: schema, visit }.walk(schema, "", value, 0)
}

struct Walk<'a, E> {
    root: &'a Value,
    visit: &'a mut dyn FnMut(&str, Use, &mut Value) -> Result<(), E>,
}

impl<'a, E> Walk<'a, E> {
    fn walk(
        &mut self,
        schema: &'a Value,
        place: &str,
        value: &mut Value,
        depth: usize,
    ) -> Result<(), E> {
        if depth > DEPTH_MAX || value.is_null() {
            return Ok(());
        }
        if let Some(used) = used(schema) {
            if !value.is_array() {
                (self.visit)(place, used, value)?;
            }
            return Ok(());
        }
        let referred = schema.get("$ref").and_then(Value::as_str);
        if let Some(target) = referred.and_then(|name| self.definition(name)) {
            self.walk(target, place, value, depth + 1)?;
        }
        for forms in ["anyOf", "oneOf", "allOf"] {
            for form in schema.get(forms).and_then(Value::as_array).into_iter().flatten() {
                self.walk(form, place, value, depth + 1)?;
            }
        }
        match value {
            Value::Object(fields) => {
                let known = schema.get("properties");
                let others = schema.get("additionalProperties");
                for (key, value) in fields {
                    let place =
                        if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                    let known = known.and_then(|known| known.get(key));
                    if let Some(schema) = known.or(others) {
                        self.walk(schema, &place, value, depth + 1)?;
                    }
                }
            }
            Value::Array(items) => {
                if let Some(schema) = schema.get("items") {
                    let place = format!("{place}[]");
                    for item in items {
                        self.walk(schema, &place, item, depth + 1)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn definition(&self, reference: &str) -> Option<&'a Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }
}

fn used(schema: &Value) -> Option<Use> {
    match schema.get(KEYWORD)?.as_str()? {
        "compared" => Some(Use::Compared),
        _ => Some(Use::Read),
    }
}
