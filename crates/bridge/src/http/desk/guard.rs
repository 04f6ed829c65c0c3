//! Who may call the desk API: pages of our own origin, and human agents who are signed in.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request},
    middleware::Next,
    response::Response,
};
use edge::limits::Client;
use http::{HeaderMap, Method, header, request::Parts};
use machine::chat::Agent;
use secrecy::{ExposeSecret, SecretString};
use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder, Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::Type,
    },
};
use wire::problem::ProblemId;

use super::{
    super::{
        App,
        error::{Error, Result},
    },
    cookie,
};

/// A header that no foreign page can send without asking first.
const CSRF_HEADER: &str = "x-baton-desk";

/// The header, for the description of what changes something.
pub(super) struct FromDesk;

impl IntoParams for FromDesk {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let one = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["1"]));
        let header = ParameterBuilder::new()
            .name(CSRF_HEADER)
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some("No page of another origin can send it"))
            .schema(Some(one.build()));
        vec![header.build()]
    }
}

/// Refuses what changes something and does not come from the desk's own page.
pub(crate) async fn same_site(request: Request, next: Next) -> Result<Response> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let headers = request.headers();
        if headers.get(CSRF_HEADER).is_none_or(|value| value != "1") {
            let detail = "Send the header `x-baton-desk: 1`.";
            return Err(Error::new(ProblemId::Forbidden, detail));
        }
        if headers.contains_key(header::ORIGIN) && !has_own_origin(headers) {
            return Err(foreign_origin());
        }
    }
    Ok(next.run(request).await)
}

/// Whether `Origin` is there and names exactly the host that was called.
pub(super) fn has_own_origin(headers: &HeaderMap) -> bool {
    let one = |name| {
        let mut values = headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    };
    let (Some(origin), Some(host)) = (one(header::ORIGIN), one(header::HOST)) else {
        return false;
    };
    let origin = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    !host.is_empty() && origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

pub(super) fn foreign_origin() -> Error {
    Error::new(ProblemId::Forbidden, "Only the desk's own page may do this.")
}

/// The agent behind a request, seen just now.
pub(crate) struct SignedIn {
    pub(super) agent: Agent,
    pub(super) token: SecretString,
}

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self> {
        let token = cookie::SESSION.token(&parts.headers).ok_or_else(not_signed_in)?;
        let now = app.clock.now();
        let desk = &app.desk;
        let agent = desk.sessions.agent(&desk.human_agents(), token.expose_secret(), now).await?;
        let Some(agent) = agent else {
            let Ok(client) = Client::from_request_parts(parts, app).await;
            client.failed_call()?;
            return Err(not_signed_in());
        };
        desk.presence.seen(&agent.email, now).await;
        Ok(Self { agent, token })
    }
}

fn not_signed_in() -> Error {
    Error::new(ProblemId::Unauthorized, "Sign in at the desk.")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn allowed(origin: Option<&'static str>, host: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        has_own_origin(&headers)
    }

    #[test]
    fn f6_only_the_exact_origin_is_ours() {
        assert!(allowed(Some("https://desk.example.com"), "desk.example.com"));
        assert!(allowed(Some("http://127.0.0.1:8080"), "127.0.0.1:8080"));
        for origin in [
            None,
            Some("null"),
            Some(""),
            Some("https://"),
            Some("desk.example.com"),
            Some("https://desk.example.com.evil.com"),
            Some("https://evil-desk.example.com"),
            Some("https://desk.example.com:444"),
            Some("https://user@desk.example.com"),
            Some("https://desk.example.com/"),
            Some("wss://desk.example.com"),
            Some("https://evil.com/https://desk.example.com"),
        ] {
            assert!(!allowed(origin, "desk.example.com"), "{origin:?}");
        }
    }

    #[test]
    fn f6_two_origins_are_none() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("a.example.com"));
        for origin in ["https://a.example.com", "https://b.example.com"] {
            headers.append(header::ORIGIN, HeaderValue::from_static(origin));
        }
        assert!(!has_own_origin(&headers));
    }
}
