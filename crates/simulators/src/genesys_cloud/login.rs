//! Access tokens: the OAuth grant `client_credentials`, and the bearer token that every other call
//! needs.

use axum::{
    Form, Json,
    extract::{Request, State as Of, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::json;

use super::{GenesysCloud, errors::Refusal};

#[derive(Deserialize)]
pub(super) struct Grant {
    grant_type: String,
}

/// `POST /oauth/token`: `Authorization: Basic`, and the grant as a form.
pub(super) async fn token(
    Of(tool): Of<GenesysCloud>,
    headers: HeaderMap,
    grant: Result<Form<Grant>, FormRejection>,
) -> Response {
    let options = tool.options();
    if grant.map_or(true, |Form(grant)| grant.grant_type != "client_credentials") {
        return refused("unsupported_grant_type", "the grant is not client_credentials");
    }
    let pair = format!("{}:{}", options.client_id, options.client_secret);
    let expected = format!("Basic {}", BASE64_STANDARD.encode(pair));
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given != Some(expected.as_str()) {
        return refused("invalid_client", "client not found or wrong secret");
    }
    let mut state = tool.state();
    let token = state.ids.uuid();
    let until = options.time.now() + options.token_seconds * 1_000;
    state.tokens.insert(token.clone(), until);
    Json(json!({
        "access_token": token,
        "token_type": "bearer",
        "expires_in": options.token_seconds,
    }))
    .into_response()
}

fn refused(error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "description": description });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

pub(super) async fn need_token(
    Of(tool): Of<GenesysCloud>,
    request: Request,
    next: Next,
) -> Response {
    let bearer = bearer(request.headers());
    let Some(token) = bearer else { return Refusal::no_token().into_response() };
    let until = tool.state().tokens.get(token).copied();
    if until.is_none_or(|until| until <= tool.options().time.now()) {
        return Refusal::bad_token().into_response();
    }
    next.run(request).await
}

pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
