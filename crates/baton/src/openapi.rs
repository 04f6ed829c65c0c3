//! `/openapi.json`: the committed document, for generators and viewers on any page.

use axum::{Router, routing::get};
use http::header;

/// A test in `wire` keeps the file equal to what the types say.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

pub(crate) fn router() -> Router {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Router::new().route("/openapi.json", get(move || async move { (headers, DOCUMENT) }))
}
