//! The path of the public address below which a reverse proxy serves us, such as `/support-chat`.
//!
//! A proxy may remove the path before it passes a request on, or keep it: both are served. Requests
//! that do not come through the proxy, such as webhook calls of a process beside us, have no path
//! to remove.

use std::{str::FromStr, sync::Arc};

use axum::{Router, extract::Request};
use http::{Uri, uri::PathAndQuery};
use serde::Deserialize;
use tower::ServiceExt as _;

const CHARS_MAX: usize = 200;

/// Starts with a slash and does not end with one. As an extension of each request it tells handlers
/// that the host has other applications too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BasePath(Arc<str>);

#[derive(Debug, thiserror::Error)]
#[error(
    "{0:?} is not a path such as \"/support-chat\": begin with a slash, end without one, and use \
     letters, digits, `-`, `_`, `.` and `~`"
)]
pub struct NotABasePath(String);

impl BasePath {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `router`, with and without this path before each of its routes.
    pub fn before(self, router: Router) -> Router {
        let below = router.map_request(move |mut request: Request| {
            if let Some(uri) = self.without(request.uri()) {
                *request.uri_mut() = uri;
            }
            request.extensions_mut().insert(self.clone());
            request
        });
        Router::new().fallback_service(below)
    }

    /// `uri` without this path; `None` if it is not there.
    fn without(&self, uri: &Uri) -> Option<Uri> {
        let rest = uri.path_and_query()?.as_str().strip_prefix(self.as_str())?;
        let rest = match rest.chars().next() {
            Some('/') => rest.to_owned(),
            None | Some('?') => format!("/{rest}"),
            Some(_) => return None,
        };
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::try_from(rest).ok()?);
        Uri::from_parts(parts).ok()
    }
}

impl FromStr for BasePath {
    type Err = NotABasePath;

    fn from_str(text: &str) -> Result<Self, NotABasePath> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
        let is_segment =
            |segment: &str| !matches!(segment, "" | "." | "..") && segment.chars().all(plain);
        let segments = text.strip_prefix('/').map(|rest| rest.split('/'));
        if text.len() <= CHARS_MAX && segments.is_some_and(|mut all| all.all(is_segment)) {
            return Ok(Self(text.into()));
        }
        Err(NotABasePath(text.chars().take(CHARS_MAX).collect()))
    }
}

impl TryFrom<String> for BasePath {
    type Error = NotABasePath;

    fn try_from(text: String) -> Result<Self, NotABasePath> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_plain_segments() {
        for good in ["/support-chat", "/a/b.c/~d_1"] {
            assert_eq!(good.parse::<BasePath>().unwrap().as_str(), good);
        }
        let long = format!("/{}", "x".repeat(200));
        for bad in ["", "/", "chat", "/chat/", "//chat", "/a//b", "/..", "/a b", "/{x}", &long] {
            let error = bad.parse::<BasePath>().unwrap_err().to_string();
            assert!(error.contains("\"/support-chat\""), "{bad}: {error}");
        }
    }

    #[test]
    fn only_the_whole_path_is_removed() {
        let base: BasePath = "/chat".parse().unwrap();
        let without = |uri: &str| base.without(&uri.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(without("/chat/desk?a=/chat"), Some("/desk?a=/chat".to_owned()));
        assert_eq!(without("/chat"), Some("/".to_owned()));
        assert_eq!(without("/chat?a"), Some("/?a".to_owned()));
        assert_eq!(without("/chat/chat/x"), Some("/chat/x".to_owned()));
        assert_eq!(without("http://h/chat/x"), Some("http://h/x".to_owned()));
        for other in ["/", "/desk", "/chats/x", "/Chat/x"] {
            assert_eq!(without(other), None, "{other}");
        }
    }
}
