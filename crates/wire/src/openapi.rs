//! The part of our OpenAPI document that is written by hand: the contract's push endpoint and
//! webhook calls, and the events of home-made tools in both directions. The rest stands beside the
//! handlers of the platform and the bridge; `baton` puts the document together.
//!
//! Schemas come from the types of this crate where they are written by us, and from the shapes in
//! `contract_shapes` where they are read by hand, because reading is more tolerant than a schema
//! can say.

use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToResponse as _, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::{examples, problem::Problem};

mod contract;
mod contract_shapes;
mod tool;

pub use contract_shapes::History;

/// Parts of an OpenAPI document, each by name.
#[derive(Debug)]
pub struct ByHand {
    pub paths: Map<String, Value>,
    pub webhooks: Map<String, Value>,
    pub schemas: Map<String, Value>,
    pub responses: Map<String, Value>,
}

/// What no route describes, and the problem that every route refers to.
///
/// # Errors
///
/// Fails only for a schema that cannot be written as JSON.
pub fn by_hand() -> serde_json::Result<ByHand> {
    let mut paths = contract::push();
    paths.extend(tool::paths());
    let mut webhooks = contract::webhooks();
    webhooks.extend(tool::webhooks());
    let mut found = Vec::new();
    contract_shapes::schemas(&mut found);
    tool::schemas(&mut found);
    add::<Problem>(&mut found);
    let (name, response) = Problem::response();
    Ok(ByHand {
        paths,
        webhooks,
        schemas: written(found)?,
        responses: Map::from_iter([(name.to_owned(), serde_json::to_value(response)?)]),
    })
}

fn written(found: Schemas) -> serde_json::Result<Map<String, Value>> {
    found.into_iter().map(|(name, schema)| Ok((name, serde_json::to_value(schema)?))).collect()
}

type Schemas = Vec<(String, RefOr<Schema>)>;

/// Adds a type and everything it refers to.
fn add<T: ToSchema + PartialSchema>(found: &mut Schemas) {
    found.push((T::name().into_owned(), T::schema()));
    T::schemas(found);
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// A JSON body; `kind` names the golden examples that are shown with it.
fn content(schema: &str, kind: Option<&str>) -> Value {
    let shown = examples::ALL.iter().filter_map(|(name, text)| {
        let (revision, of) = name.split_once('.')?;
        let value: Value = serde_json::from_str(text).ok()?;
        (Some(of) == kind).then(|| (format!("{revision}_{of}"), json!({ "value": value })))
    });
    let shown: Map<String, Value> = shown.collect();
    let mut media = json!({ "schema": reference(schema) });
    if !shown.is_empty() {
        media["examples"] = Value::Object(shown);
    }
    json!({ "application/json": media })
}

#[cfg(test)]
mod tests;
