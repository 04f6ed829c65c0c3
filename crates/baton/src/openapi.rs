//! `/openapi.json`: the API of this server, for generators and viewers of any origin.
//!
//! The routes of the platform and of the desk are described at their handlers. The contract
//! and the events of tools are described by hand in `wire`. A test keeps `docs/openapi.json` equal
//! to this document.

use std::sync::LazyLock;

use axum::{
    Router,
    response::{IntoResponse as _, Response},
    routing::get,
};
use bridge::Bridge;
use edge::http::ApiError;
use http::header;
use platform::Platform;
use portal::Portal;
use serde_json::{Map, Value, json};
use wire::openapi::{ByHand, by_hand};

pub(crate) fn router() -> Router {
    Router::new().route("/openapi.json", get(show))
}

async fn show() -> Response {
    static DOCUMENT: LazyLock<serde_json::Result<String>> =
        LazyLock::new(|| document().map(|document| format!("{document:#}\n")));
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    match &*DOCUMENT {
        Ok(document) => (headers, document.as_str()).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}

/// The whole document.
///
/// # Errors
///
/// Fails only for a schema that cannot be written as JSON.
fn document() -> serde_json::Result<Value> {
    let ByHand { paths: of_contract, webhooks, schemas: of_contract_schemas, responses } =
        by_hand()?;
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for described in [Platform::openapi(), Bridge::openapi(), Portal::openapi()] {
        let mut described = serde_json::to_value(described)?;
        paths.extend(fields(&mut described["paths"]));
        schemas.extend(fields(&mut described["components"]["schemas"]));
    }
    paths.extend(of_contract);
    schemas.extend(of_contract_schemas);
    schemas.sort_keys();
    Ok(json!({
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
        "servers": [{ "url": "." }],
        "tags": [
            { "name": "visitor", "description": "What a chat page uses" },
            { "name": "desk", "description": "What an agent's desk uses" },
            { "name": "admin", "description": "What the portal and programs of owners use" },
            { "name": "push", "description": "What a middleware sends to the platform" },
            { "name": "webhook", "description": "What the platform sends to a middleware" },
            { "name": "tool", "description": "A home-made tool of agents, both directions" },
        ],
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "securitySchemes": security_schemes(),
        },
    }))
}

fn fields(of: &mut Value) -> Map<String, Value> {
    match of.take() {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn security_schemes() -> Value {
    let in_header = |description: &str| {
        json!({
            "type": "apiKey", "in": "header", "name": "Authorization", "description": description,
        })
    };
    json!({
        "visitorToken": { "type": "http", "scheme": "bearer" },
        "deskCookie": {
            "type": "apiKey", "in": "cookie", "name": "baton_desk",
            "description": "Over https the name has the prefix __Host-, or __Secure- below a path",
        },
        "apiKey": {
            "type": "http", "scheme": "bearer", "description": "A key of the admin API",
        },
        "portalCookie": {
            "type": "apiKey", "in": "cookie", "name": "baton_portal",
            "description": "Named as deskCookie is. Whatever changes something also needs the \
                header `x-baton-portal: 1`",
        },
        "pushKey": in_header("The push key, bare; r1 and r2 have it in the body as accessToken"),
        "historyKey": in_header("A history key, bare or after Bearer"),
        "pushKeyBearer": { "type": "http", "scheme": "bearer" },
        "toolToken": { "type": "http", "scheme": "bearer" },
        "webhookToken": in_header("The webhook token, bare; also in the body as accessToken"),
    })
}

#[cfg(test)]
mod tests;
