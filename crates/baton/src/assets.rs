//! The pages, built by `web/` and compiled into the binary. Browsers cache files with hashed names
//! for a year and revalidate all others. A compressed file is sent to a client that accepts it.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Built;

/// The agent export that the demo's bot runs.
#[derive(RustEmbed)]
#[folder = "../../agents/handoff-demo/agent"]
pub(crate) struct DemoAgent;

/// Whether there are pages at all.
pub(crate) fn are_built() -> bool {
    Built::iter().next().is_some()
}

/// The built file `path`. When the pages were not built, the answer says how to build them.
pub(crate) fn respond(path: &str, headers: &HeaderMap) -> Response {
    let encodings = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let encodings = encodings.unwrap_or_default();
    for (suffix, encoding) in [(".br", "br"), (".gz", "gzip")] {
        let accepted = encodings.split(',').any(|one| one.trim().starts_with(encoding));
        if let Some(file) = accepted.then(|| Built::get(&format!("{path}{suffix}"))).flatten() {
            return response(path, file, headers, Some(encoding));
        }
    }
    match Built::get(path) {
        Some(file) => response(path, file, headers, None),
        None if !are_built() => {
            let text = "The pages were not built into this binary: run `cargo xtask web` first.\n";
            (StatusCode::NOT_FOUND, text).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn response(
    path: &str,
    file: EmbeddedFile,
    asked: &HeaderMap,
    encoding: Option<&'static str>,
) -> Response {
    let digest = file.metadata.sha256_hash();
    let etag = digest.iter().take(16).fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
    let etag = format!("\"{etag:032x}\"");
    let unchanged = asked.get(header::IF_NONE_MATCH).is_some_and(|known| known == etag.as_str());
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(file.data))
    };
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    let lasting = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let fixed = [
        (header::CONTENT_TYPE, content_type(path)),
        (header::CACHE_CONTROL, lasting),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("json" | "map") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
