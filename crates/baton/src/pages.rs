//! The pages of both sides, and the health endpoints for operators.

use std::net::IpAddr;

use axum::{
    Json, Router,
    extract::{Path, State},
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, uri::Authority};
use serde_json::{Value, json};
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::assets;

/// `/readyz` shows at most this many rows that are set aside.
const SET_ASIDE_MAX: usize = 20;

/// The content security policy of the desk and the demo page: only resources of this server, images
/// over https, and only scripts that the pages' own trusted-types policies name. The server in
/// memory for work on the pages sends the same file.
const POLICY: &str = include_str!("../../../web/policy.txt").trim_ascii_end();

/// The policy of every answer that has no other: what an API or a script says is no page, so it may
/// load nothing, run nothing and be framed by nobody.
const NO_PAGE: HeaderValue =
    HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'");

/// Gives each answer the headers that keep a browser from making a page of it.
pub(crate) fn guarded(router: Router) -> Router {
    router.layer(middleware::map_response(async |mut response: Response| {
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return response;
        }
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_SECURITY_POLICY, NO_PAGE),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ] {
            headers.entry(name).or_insert(value);
        }
        response
    }))
}

/// Pages of every server.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/desk", get(desk))
        .route("/desk/", get(without_slash))
        .route("/widget.js", get(widget))
        .route("/assets/{*path}", get(asset))
        .merge(crate::openapi::router())
}

/// Pages of the demo. `/demo.json` serves `facts` to them, and `secrets` as well where the page was
/// asked for under a name of this machine: any other name may be one that a stranger's page has
/// bent to this address.
pub(crate) fn demo(facts: Value, secrets: Value) -> Router {
    let tell = move |headers: HeaderMap| {
        let mut told = facts.clone();
        if let (true, Value::Object(secrets), Some(told)) =
            (is_own_name(&headers), &secrets, told.as_object_mut())
        {
            told.extend(secrets.clone());
        }
        async move { ([(header::CACHE_CONTROL, "no-store")], Json(told)) }
    };
    router().route("/", get(demo_page)).route("/demo.json", get(tell))
}

/// `/livez` only answers; `/readyz` also checks the store, and whether the server is leaving.
pub(crate) fn operations(store: Store, leaving: CancellationToken) -> Router {
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(readiness))
        .with_state((store, leaving))
}

/// Whether `Host` is `localhost` or a loopback address, with or without a port.
fn is_own_name(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.and_then(|host| host.parse::<Authority>().ok()) else { return false };
    let name = host.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

async fn demo_page(headers: HeaderMap) -> Response {
    strict(assets::respond("index.html", &headers))
}

async fn desk(headers: HeaderMap) -> Response {
    strict(assets::respond("desk.html", &headers))
}

/// The desk asks for its files beside its own address. The redirect is relative, because a proxy
/// may serve us below a path.
async fn without_slash() -> impl IntoResponse {
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "../desk")])
}

async fn widget(headers: HeaderMap) -> Response {
    shared(assets::respond("widget.js", &headers))
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    shared(assets::respond(&format!("assets/{path}"), &headers))
}

fn strict(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    headers.insert(opener, HeaderValue::from_static("same-origin"));
    response
}

/// Pages of other origins load the widget's scripts.
fn shared(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
    response
}

async fn live() -> &'static str {
    "live\n"
}

/// The store is degraded while rows that cannot be read are set aside. It still serves all other
/// rows, so it is ready.
async fn ready(store: &Store) -> Result<Value, StoreError> {
    store.ready().await?;
    let aside = store.set_aside().await?;
    if aside.is_empty() {
        return Ok(json!({ "ready": true, "store": "ok" }));
    }
    let shown = aside.iter().take(SET_ASIDE_MAX).map(
        |row| json!({ "kind": row.kind, "owner": row.owner, "id": row.id, "cause": row.cause }),
    );
    let shown: Vec<_> = shown.collect();
    Ok(json!({
        "ready": true,
        "store": "degraded",
        "setAsideCount": aside.len(),
        "setAside": shown,
    }))
}

async fn readiness(State((store, leaving)): State<(Store, CancellationToken)>) -> Response {
    if leaving.is_cancelled() {
        let body = Json(json!({ "ready": false, "stopping": true }));
        return (StatusCode::SERVICE_UNAVAILABLE, body).into_response();
    }
    match ready(&store).await {
        Ok(state) => Json(state).into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let body = Json(json!({ "ready": false, "store": "failing" }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine_are_known() {
        let own = |host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            is_own_name(&headers)
        };
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080"] {
            assert!(own(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8080",
            "10.0.0.1",
            "[::2]",
            "",
            "a b",
        ] {
            assert!(!own(host), "{host}");
        }
        assert!(!is_own_name(&HeaderMap::new()));
    }
}
