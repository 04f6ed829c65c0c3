//! The contract with home-made tools: both directions.

use serde_json::{Map, Value, json};

use super::{Schemas, add, content, reference};
use crate::tool;

pub(super) fn schemas(found: &mut Schemas) {
    add::<tool::HandoverEvent<'_>>(found);
    add::<tool::HandoverAnswer>(found);
    add::<tool::ToolEvent>(found);
    add::<tool::ToolEvents>(found);
    add::<tool::ToolEventsStored>(found);
}

pub(super) fn paths() -> Map<String, Value> {
    let bodies = ["ToolEvent", "ToolEvents"].map(reference);
    let one_or_many = json!({ "oneOf": bodies });
    let name = json!({
        "name": "name", "in": "path", "required": true, "schema": { "type": "string" },
        "description": "The connector's name in the configuration",
    });
    let operation = json!({
        "tags": ["tool"],
        "operationId": "sendToolEvents",
        "summary": "What happens at a home-made tool; stored when it is answered",
        "security": [{ "toolToken": [] }],
        "parameters": [name],
        "requestBody": {
            "required": true, "content": { "application/json": { "schema": one_or_many } },
        },
        "responses": {
            "200": { "description": "Stored", "content": content("ToolEventsStored", None) },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    });
    Map::from_iter([("/connectors/{name}/events".to_owned(), json!({ "post": operation }))])
}

pub(super) fn webhooks() -> Map<String, Value> {
    let header = |name: &str, description: &str| {
        let schema = json!({ "type": "string" });
        json!({ "name": name, "in": "header", "description": description, "schema": schema })
    };
    let operation = json!({
        "tags": ["tool"],
        "operationId": "handoverEvent",
        "summary": "What a home-made tool is told, signed by the rules of Standard Webhooks",
        "security": [],
        "parameters": [
            header("Idempotency-Key", "The event's id: the same at every attempt"),
            header("webhook-id", "The same again, as it was signed"),
            header("webhook-timestamp", "Seconds since 1970, of this attempt"),
            header("webhook-signature", "`v1,` and base64"),
        ],
        "requestBody": { "required": true, "content": content("HandoverEvent", None) },
        "responses": {
            "2XX": {
                "description": "Taken; the body matters only for `handover.opened`",
                "content": content("HandoverAnswer", None),
            },
            "404": { "description": "The handover is over" },
            "4XX": { "description": "Never to be taken" },
            "5XX": { "description": "Not now: it comes again with the same id" },
        },
    });
    Map::from_iter([("handoverEvent".to_owned(), json!({ "post": operation }))])
}
