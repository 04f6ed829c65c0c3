//! Our faces as one OpenAPI 3.1 document: the visitor and desk APIs, the push endpoint, the events
//! of home-made tools, and as `webhooks` what the platform and such tools are called with.
//!
//! Schemas come from the types of this crate where they are written by us, and from the shapes in
//! `shapes.rs` where they are read by hand, because reading is more tolerant than a schema can say.
//! `docs/openapi.json` is this document; a test keeps it so.

use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::{examples, problem::ProblemId};

mod apis;
mod contract;
mod contract_shapes;
mod shapes;
mod tool;

pub(crate) use shapes::{ChatStatus, Control, Speaker};

/// The whole document.
#[must_use]
pub fn document() -> Value {
    let mut paths = apis::visitor();
    paths.extend(apis::desk());
    paths.extend(contract::push());
    paths.extend(tool::paths());
    let mut webhooks = contract::webhooks();
    webhooks.extend(tool::webhooks());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Baton",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Human handover for Dialogflow bots",
            "description": "What docs/api.md and docs/handover.md say in words. Readers accept \
                more than these schemas: unknown fields, and booleans and numbers in strings \
                where the contract does.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "visitor", "description": "What a chat page uses" },
            { "name": "desk", "description": "What an agent's desk uses" },
            { "name": "push", "description": "What a middleware sends to the platform" },
            { "name": "webhook", "description": "What the platform sends to a middleware" },
            { "name": "tool", "description": "A home-made tool of agents, both directions" },
        ],
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": schemas(),
            "responses": { "Problem": {
                "description": "What went wrong and what to do",
                "content": { "application/problem+json": { "schema": reference("Problem") } },
            } },
            "securitySchemes": security_schemes(),
        },
    })
}

fn security_schemes() -> Value {
    let in_header = |description: &str| {
        json!({
            "type": "apiKey", "in": "header", "name": "Authorization", "description": description,
        })
    };
    json!({
        "visitorToken": { "type": "http", "scheme": "bearer" },
        "deskCookie": { "type": "apiKey", "in": "cookie", "name": "baton_desk" },
        "pushKey": in_header("The push key, bare; r1 and r2 have it in the body as accessToken"),
        "historyKey": in_header("A history key, bare or after Bearer"),
        "pushKeyBearer": { "type": "http", "scheme": "bearer" },
        "toolToken": { "type": "http", "scheme": "bearer" },
        "webhookToken": in_header("The webhook token, bare; also in the body as accessToken"),
    })
}

fn schemas() -> Map<String, Value> {
    let mut found = Vec::new();
    apis::schemas(&mut found);
    contract_shapes::schemas(&mut found);
    tool::schemas(&mut found);
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut schemas: Map<String, Value> = found
        .into_iter()
        .filter_map(|(name, schema)| Some((name, serde_json::to_value(schema).ok()?)))
        .collect();
    // The list of problems is closed, and kept in one place.
    let ids: Vec<&str> = ProblemId::ALL.iter().map(|id| id.facts().0).collect();
    if let Some(id) = schemas.get_mut("Problem").and_then(|it| it.pointer_mut("/properties/id")) {
        *id = json!({ "type": "string", "enum": ids });
    }
    schemas
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

/// One operation: what it is called and does, who may, what goes in, and what comes out when it
/// works. What comes out otherwise is a problem.
struct Operation {
    tag: &'static str,
    id: &'static str,
    summary: &'static str,
    security: &'static [&'static str],
    body: Option<&'static str>,
    status: u16,
    answer: Option<&'static str>,
}

impl Operation {
    fn write(&self) -> Value {
        let mut good = json!({ "description": self.summary });
        if let Some(answer) = self.answer {
            good["content"] = content(answer, None);
        }
        let security = self.security.iter().map(|scheme| json!({ *scheme: [] }));
        let mut written = json!({
            "tags": [self.tag],
            "operationId": self.id,
            "summary": self.summary,
            "security": security.collect::<Vec<_>>(),
            "responses": {
                self.status.to_string(): good,
                "default": { "$ref": "#/components/responses/Problem" },
            },
        });
        if let Some(body) = self.body {
            let required = body != "NewVisitor";
            written["requestBody"] = json!({
                "required": required, "content": content(body, None)
            });
        }
        written
    }
}

#[cfg(test)]
mod tests;
