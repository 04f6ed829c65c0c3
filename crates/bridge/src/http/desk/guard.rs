//! Who may call the desk API: pages of our own origin, and human agents who are signed in.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request},
    middleware::Next,
    response::Response,
};
use edge::{limits::Client, own_page::has_own_origin};
use http::{Method, header, request::Parts};
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
    SESSION,
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
        let token = SESSION.token(&parts.headers).ok_or_else(not_signed_in)?;
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
