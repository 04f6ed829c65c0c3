//! The JSON schema of the whole configuration file, and the settings of the process that it
//! describes. A test keeps `docs/baton.schema.json` equal to it.

use connectors::KINDS;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::{Config, documents::TABLES};

#[cfg(test)]
mod tests;

/// A setting of the process.
pub(super) struct Setting {
    /// With a dot for each table.
    pub(super) name: String,
    pub(super) form: Form,
    pub(super) description: String,
    pub(super) default: Option<Value>,
}

/// What the value of a setting looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Path,
    Bool,
    Number,
    List,
    Secret,
}

impl Setting {
    /// The variable of the environment that replaces it.
    pub(super) fn variable(&self) -> String {
        format!("BATON_{}", self.name.replace('.', "__").to_uppercase())
    }
}

/// The settings of the process: those of the top level, and then those of tables.
pub(super) fn settings() -> Vec<Setting> {
    let document = document();
    let mut found = Vec::new();
    let default = Value::Null;
    collect(&document, &document, "", &default, &mut found);
    found.retain(|setting| !TABLES.iter().any(|(table, _)| setting.name == *table));
    found.sort_by_key(|setting| setting.name.contains('.'));
    found
}

fn collect(root: &Value, table: &Value, prefix: &str, defaults: &Value, found: &mut Vec<Setting>) {
    for (name, schema) in table["properties"].as_object().into_iter().flatten() {
        let name = format!("{prefix}{name}");
        let default = schema.get("default").or_else(|| defaults.get(&name[prefix.len()..]));
        let meant = resolved(root, schema);
        if meant.get("properties").is_some() && meant.get("x-secret").is_none() {
            let default = default.unwrap_or(&Value::Null);
            collect(root, meant, &format!("{name}."), default, found);
            continue;
        }
        let described = schema.get("description").or_else(|| meant.get("description"));
        found.push(Setting {
            name,
            form: form(schema, meant),
            description: described.and_then(Value::as_str).unwrap_or_default().to_owned(),
            default: default.cloned(),
        });
    }
}

/// The schema that `schema` refers to, without the form `null`.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        return root.pointer(target.trim_start_matches('#')).unwrap_or(schema);
    }
    let forms = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    match forms.clone().find(|form| form["type"] != "null") {
        Some(form) => resolved(root, form),
        None => schema,
    }
}

fn form(written: &Value, meant: &Value) -> Form {
    let is = |name: &str| {
        meant["type"] == name
            || meant["type"].as_array().is_some_and(|types| types.iter().any(|of| of == name))
    };
    match () {
        () if meant.get("x-secret").is_some() => Form::Secret,
        () if written["format"] == "path" => Form::Path,
        () if is("boolean") => Form::Bool,
        () if is("integer") => Form::Number,
        () if is("array") => Form::List,
        () => Form::Text,
    }
}

/// The whole document.
pub(super) fn document() -> Value {
    let mut document = schemars::schema_for!(Config).to_value();
    hoist(&mut document);
    document
}

/// The tables `[connectors.NAME]`. Each kind has settings and definitions of its own, which
/// [`hoist`] takes out.
pub(super) fn connectors(_: &mut SchemaGenerator) -> Schema {
    let kinds: Vec<Value> = KINDS.iter().map(|kind| of_kind(kind.key(), kind.schema())).collect();
    json_schema!({ "type": "object", "additionalProperties": { "oneOf": kinds } })
}

fn of_kind(key: &str, schema: Schema) -> Value {
    let mut schema = schema.to_value();
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("$schema");
        fields.insert("title".to_owned(), key.into());
        let properties = fields.entry("properties").or_insert_with(|| json!({}));
        properties["kind"] = json!({ "const": key });
        let required = fields.entry("required").or_insert_with(|| json!([]));
        if let Value::Array(required) = required {
            required.insert(0, "kind".into());
        }
    }
    schema
}

/// Puts the definitions of connectors beside those of the document, each with the name of its kind
/// unless the document has the same one.
fn hoist(document: &mut Value) {
    let mut all: Map<String, Value> = match document["$defs"].take() {
        Value::Object(definitions) => definitions,
        _ => Map::new(),
    };
    let kinds = &mut document["properties"]["connectors"]["additionalProperties"]["oneOf"];
    for kind in kinds.as_array_mut().into_iter().flatten() {
        let key = kind["title"].as_str().unwrap_or_default().to_owned();
        let own = kind.as_object_mut().and_then(|fields| fields.remove("$defs"));
        let Some(Value::Object(own)) = own else { continue };
        let is_own = |name: &str| own.get(name).is_some_and(|one| all.get(name) != Some(one));
        let mut moved = Map::new();
        for (name, definition) in &own {
            if is_own(name) {
                let mut definition = definition.clone();
                rename(&mut definition, &key, &is_own);
                moved.insert(format!("{key}.{name}"), definition);
            }
        }
        rename(kind, &key, &is_own);
        all.extend(moved);
    }
    all.sort_keys();
    document["$defs"] = Value::Object(all);
}

fn rename(schema: &mut Value, key: &str, is_own: &dyn Fn(&str) -> bool) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("$ref", Value::String(target)) => {
                        let name = target.trim_start_matches("#/$defs/").to_owned();
                        if is_own(&name) {
                            *target = format!("#/$defs/{key}.{name}");
                        }
                    }
                    (_, value) => rename(value, key, is_own),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, key, is_own)),
        _ => {}
    }
}
