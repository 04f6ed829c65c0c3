//! `/api/v2/conversations/messaging/integrations/open`.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State as Of},
};
use serde_json::{Value, json};

use super::{
    GenesysCloud,
    body::{check_strings, parse},
    errors::Refusal,
    state::{Integration, iso},
};

type Answer = Result<Json<Value>, Refusal>;

/// The secret must be longer than this.
const SECRET_CHARS: usize = 15;

pub(super) async fn list(Of(tool): Of<GenesysCloud>) -> Answer {
    let state = tool.state();
    let entities: Vec<Value> = state.integrations.iter().map(view).collect();
    let total = entities.len();
    let pages = json!({ "pageSize": 25, "pageNumber": 1, "pageCount": 1, "total": total });
    let mut listing = json!({ "entities": entities });
    if let (Value::Object(listing), Value::Object(pages)) = (&mut listing, pages) {
        listing.extend(pages);
    }
    Ok(Json(listing))
}

pub(super) async fn create(Of(tool): Of<GenesysCloud>, body: Bytes) -> Answer {
    let body = parse(&body)?;
    let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty());
    let name = text("name").ok_or_else(|| Refusal::bad_request("name is missing"))?;
    let url = text("outboundNotificationWebhookUrl")
        .ok_or_else(|| Refusal::bad_request("outboundNotificationWebhookUrl is missing"))?;
    let secret = text("outboundNotificationWebhookSignatureSecretToken")
        .filter(|secret| secret.chars().count() > SECRET_CHARS)
        .ok_or_else(|| Refusal::bad_request("the signature secret token is too short"))?;
    let headers = check_headers(&body)?;
    let mut state = tool.state();
    let integration = Integration {
        id: state.ids.uuid(),
        name: name.to_owned(),
        webhook_url: url.to_owned(),
        webhook_secret: secret.to_owned(),
        webhook_headers: headers,
        created: state.now(),
    };
    let shown = view(&integration);
    state.integrations.push(integration);
    Ok(Json(shown))
}

pub(super) async fn read(Of(tool): Of<GenesysCloud>, Path(id): Path<String>) -> Answer {
    let state = tool.state();
    let known = state.integrations.iter().find(|integration| integration.id == id);
    known.map(|known| Json(view(known))).ok_or_else(|| Refusal::not_found("the integration"))
}

pub(super) async fn change(
    Of(tool): Of<GenesysCloud>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    let body = parse(&body)?;
    let headers = check_headers(&body)?;
    let mut state = tool.state();
    let known = state.integrations.iter_mut().find(|integration| integration.id == id);
    let known = known.ok_or_else(|| Refusal::not_found("the integration"))?;
    if let Some(name) = body["name"].as_str() {
        name.clone_into(&mut known.name);
    }
    if let Some(url) = body["outboundNotificationWebhookUrl"].as_str() {
        url.clone_into(&mut known.webhook_url);
    }
    if let Some(secret) = body["outboundNotificationWebhookSignatureSecretToken"].as_str() {
        secret.clone_into(&mut known.webhook_secret);
    }
    if body["webhookHeaders"].is_object() {
        known.webhook_headers = headers;
    }
    Ok(Json(view(known)))
}

fn check_headers(body: &Value) -> Result<BTreeMap<String, String>, Refusal> {
    let headers = check_strings(&body["webhookHeaders"], "webhookHeaders")?;
    let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
    Ok(headers.into_iter().map(|(name, value)| (name, text(value))).collect())
}

fn view(integration: &Integration) -> Value {
    json!({
        "id": integration.id,
        "name": integration.name,
        "outboundNotificationWebhookUrl": integration.webhook_url,
        "outboundNotificationWebhookSignatureSecretToken": integration.webhook_secret,
        "webhookHeaders": integration.webhook_headers,
        "status": "Active",
        "recipient": { "id": integration.id },
        "dateCreated": iso(integration.created),
        "dateModified": iso(integration.created),
        "createStatus": "Completed",
        "selfUri": format!(
            "/api/v2/conversations/messaging/integrations/open/{}", integration.id
        ),
    })
}
