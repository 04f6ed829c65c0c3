//! `Idempotency-Key`: a POST that is sent again under its key is answered as the first time, for a
//! day. Answers may show a new secret, so what is kept of them is sealed.

use std::{collections::HashSet, sync::LazyLock};

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use edge::{
    http::{SentBy, read_body},
    ids::fingerprint,
    secrets::hash_hex,
};
use http::{HeaderValue, Method, StatusCode, header};
use machine::limits::DAY_MS;
use parking_lot::Mutex;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wire::problem::ProblemId;

use super::Caller;
use crate::{
    app::App,
    error::{Error, Result},
};

const HEADER: &str = "idempotency-key";
const SPACE: &str = "portal-repeated";
const KEY_CHARS_MAX: usize = 255;
const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Longer answers are not kept; none of a POST is that long.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Keys whose first request is under way.
static UNDER_WAY: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

#[derive(Serialize, Deserialize)]
struct Kept {
    request: u64,
    status: u16,
    etag: Option<String>,
    kind: Option<String>,
    sealed: String,
}

pub(crate) async fn repeated(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response> {
    let Some(key) = request.headers().get(HEADER) else { return Ok(next.run(request).await) };
    if request.method() != Method::POST {
        return Ok(next.run(request).await);
    }
    let key = key.to_str().ok().filter(|key| (1..=KEY_CHARS_MAX).contains(&key.len()));
    let key = key.ok_or_else(|| {
        let detail = format!("`Idempotency-Key`: give 1 to {KEY_CHARS_MAX} printable characters");
        Error::field("Idempotency-Key", detail)
    })?;
    // Without a caller, a key would be everybody's.
    let Some(caller) = request.extensions().get::<Caller>() else {
        return Ok(next.run(request).await);
    };
    let by = serde_json::to_string(&caller.by).unwrap_or_default();
    let place = hash_hex(&format!("{by}\n{}\n{key}", request.uri().path()));
    if !UNDER_WAY.lock().insert(place.clone()) {
        let detail = "The first request under this key is under way: ask again in a moment.";
        return Err(Error::new(ProblemId::Unavailable, detail));
    }
    let _entered = Entered(&place);
    let (parts, body) = request.into_parts();
    let body = read_body(body, BODY_BYTES_MAX, SentBy::Known).await?;
    let asked = fingerprint(&body);
    if let Some(kept) = app.store.record(SPACE, &place, app.clock.now()).await? {
        return answer(&app, &place, &kept, asked);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if !response.status().is_success() {
        return Ok(response);
    }
    keep(&app, &place, asked, response).await
}

struct Entered<'a>(&'a str);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        UNDER_WAY.lock().remove(self.0);
    }
}

fn answer(app: &App, place: &str, kept: &str, asked: u64) -> Result<Response> {
    let lost = || Error::new(ProblemId::IdReused, "What was answered then cannot be read now.");
    let kept: Kept = serde_json::from_str(kept).map_err(|_| lost())?;
    if kept.request != asked {
        let detail = "This key was used for another request: choose a new one.";
        return Err(Error::new(ProblemId::IdReused, detail));
    }
    let body = app.directory.open_sealed(place, &kept.sealed).ok_or_else(lost)?;
    let mut response = Response::new(Body::from(body.expose_secret().to_owned()));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in [(header::ETAG, kept.etag), (header::CONTENT_TYPE, kept.kind)] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

async fn keep(app: &App, place: &str, asked: u64, response: Response) -> Result<Response> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await.map_err(|error| Error::internal(&error))?;
    let header = |name| parts.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let text = SecretString::from(String::from_utf8_lossy(&body).into_owned());
    if let Some(sealed) = app.directory.seal(place, &text) {
        let kept = Kept {
            request: asked,
            status: parts.status.as_u16(),
            etag: header(header::ETAG),
            kind: header(header::CONTENT_TYPE),
            sealed,
        };
        let value = serde_json::to_string(&kept).map_err(|error| Error::internal(&error))?;
        let until = app.clock.now() + DAY_MS;
        app.store.put_record(SPACE, place, &value, Some(until)).await?;
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}
