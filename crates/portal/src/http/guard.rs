//! Looks at each request before its handler: who calls, in which organization, with which right.
//! What a route needs is in the table of `needs.rs`; a route that is not there is never served.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request, State},
    middleware::Next,
    response::Response,
};
use directory::{
    Held, INSTALLATION,
    author::By,
    kind::Kind,
    rights::{Right, Role},
};
use edge::{
    cookie::Cookie,
    http::bearer,
    limits::Client,
    own_page::has_own_origin,
    secrets::{hash_hex, matches, same},
    time::parse_rfc3339,
};
use http::{HeaderMap, Method, header, request::Parts};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use wire::problem::ProblemId;

use super::{Caller, Here};
use crate::{
    app::App,
    error::{Error, Result},
    needs::{self, Needs},
};

pub(crate) const SESSION: Cookie = Cookie("baton_portal");
/// Tells a browser in which somebody has signed in before.
pub(crate) const DEVICE: Cookie = Cookie("baton_portal_device");
/// A header that no foreign page can send without asking first.
const CSRF_HEADER: &str = "x-baton-portal";

pub(crate) async fn guard(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response> {
    let (mut parts, body) = request.into_parts();
    let Ok(client) = Client::from_request_parts(&mut parts, &()).await;
    client.limits.requests.check(&client.address)?;
    from_own_page(&parts.method, &parts.headers)?;
    let needs = needs(&mut parts).await?;
    if needs != Needs::Nothing {
        let Some((caller, place)) = caller(&app, &client, &parts.headers).await? else {
            client.failed_call()?;
            let detail = "Sign in, or send an API key as `Authorization: Bearer …`.";
            return Err(Error::new(ProblemId::Unauthorized, detail));
        };
        match needs {
            Needs::Right(right) => {
                let here = here(&app, &mut parts, caller.clone(), place, right).await?;
                parts.extensions.insert(here);
            }
            Needs::Installation if !is_installation_owner(&app, &caller) => {
                return Err(forbidden());
            }
            _ => {}
        }
        parts.extensions.insert(caller);
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// A cookie proves nothing about the page that sent it.
fn from_own_page(method: &Method, headers: &HeaderMap) -> Result<()> {
    let is_program = headers.contains_key(header::AUTHORIZATION);
    if is_program || matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    if headers.get(CSRF_HEADER).is_none_or(|value| value != "1") {
        let detail = format!("Send the header `{CSRF_HEADER}: 1`.");
        return Err(Error::new(ProblemId::Forbidden, detail));
    }
    if headers.contains_key(header::ORIGIN) && !has_own_origin(headers) {
        return Err(Error::new(ProblemId::Forbidden, "Only the portal's own page may do this."));
    }
    Ok(())
}

async fn needs(parts: &mut Parts) -> Result<Needs> {
    let path = MatchedPath::from_request_parts(parts, &()).await;
    let path = path.map_err(|error| Error::internal(&error))?;
    // Axum answers HEAD by the handler of GET.
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method.clone() };
    needs::needs(&method, path.as_str()).ok_or_else(Error::not_found)
}

/// Where an API key is at home, and as what.
struct Place {
    organization: Arc<str>,
    role: Role,
    bots: Option<Arc<[String]>>,
}

async fn caller(
    app: &App,
    client: &Client,
    headers: &HeaderMap,
) -> Result<Option<(Caller, Option<Place>)>> {
    let address = client.address.to_string();
    if headers.contains_key(header::AUTHORIZATION) {
        let Some(key) = bearer(headers) else { return Ok(None) };
        let known = of_key(app, key).or_else(|| of_bootstrap(app, key));
        let Some((by, place)) = known else { return Ok(None) };
        if let By::ApiKey { id, .. } = &by {
            app.key_uses.used(id, app.clock.now()).await;
        }
        let caller = Caller { by, address, session: None, user: None };
        return Ok(Some((caller, Some(place))));
    }
    let Some(token) = SESSION.token(headers) else { return Ok(None) };
    let now = app.clock.now();
    let session = app.sessions.find(token.expose_secret(), now).await?;
    let Some(session) = session else { return Ok(None) };
    let current = app.directory.current();
    let Some(user) = current.get(Kind::User, &session.user) else { return Ok(None) };
    let version = app.credentials.version(&session.user).await?;
    let is_same = version.is_some_and(|version| same(&version, &session.version));
    if !is_same || user.document.body().get("disabled") == Some(&Value::Bool(true)) {
        return Ok(None);
    }
    let by = By::User { id: user.id.to_string(), email: user.document.slug().to_owned() };
    let (user, session) = (Some(user.clone()), Some(Arc::new(session)));
    Ok(Some((Caller { by, address, session, user }, None)))
}

/// An API key is `bak_`, the letters of its id, and the secret.
fn of_key(app: &App, key: &str) -> Option<(By, Place)> {
    let current = app.directory.current();
    let letters = key.strip_prefix("bak_")?.split_once('_')?.0;
    let held = current.get(Kind::ApiKey, &format!("key_{letters}"))?;
    let body = held.document.body();
    let hash = body.get("secret")?.get("hash")?.as_str()?;
    if !same(hash, &hash_hex(key)) {
        return None;
    }
    let expires_at = body.get("expires_at").and_then(Value::as_str).and_then(parse_rfc3339);
    if expires_at.is_some_and(|at| at <= app.clock.now()) {
        return None;
    }
    let by = By::ApiKey { id: held.id.to_string(), name: held.document.slug().to_owned() };
    Some((by, place(held)?))
}

fn of_bootstrap(app: &App, key: &str) -> Option<(By, Place)> {
    app.bootstrap_key.as_ref().filter(|known| matches(known, key))?;
    let organization = directory::FIRST_ORGANIZATION.into();
    let by = By::ApiKey { id: "bootstrap".to_owned(), name: "bootstrap".to_owned() };
    Some((by, Place { organization, role: Role::Admin, bots: None }))
}

fn place(held: &Held) -> Option<Place> {
    let body = held.document.body();
    let role = serde_json::from_value(body.get("role")?.clone()).ok()?;
    let bots = body.get("bots").filter(|bots| !bots.is_null()).map(|bots| {
        let bots: Vec<String> = serde_json::from_value(bots.clone()).unwrap_or_default();
        Arc::from(bots)
    });
    Some(Place { organization: held.organization.clone(), role, bots })
}

/// An organization that the caller does not belong to looks like one that does not exist.
async fn here(
    app: &App,
    parts: &mut Parts,
    caller: Caller,
    place_of_key: Option<Place>,
    right: Right,
) -> Result<Here> {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|error| Error::internal(&error))?;
    let named = params.iter().find(|(name, _)| *name == "organization").map(|(_, value)| value);
    let current = app.directory.current();
    let organization = named.and_then(|n| current.find(INSTALLATION, Kind::Organization, n));
    let organization = organization.ok_or_else(Error::not_found)?.clone();
    let place = match (place_of_key, &caller.user) {
        (Some(place), _) => Some(place),
        (None, Some(user)) => {
            current.find(&organization.id, Kind::Membership, &user.id).and_then(place)
        }
        (None, None) => None,
    };
    let place = place.filter(|place| place.organization == organization.id);
    let Place { role, bots, .. } = place.ok_or_else(Error::not_found)?;
    if !role.may(right) {
        return Err(forbidden());
    }
    Ok(Here { caller, organization, role, bots })
}

fn is_installation_owner(app: &App, caller: &Caller) -> bool {
    let current = app.directory.current();
    let Some(user) = &caller.user else { return false };
    let held = current.find(directory::FIRST_ORGANIZATION, Kind::Membership, &user.id);
    held.and_then(place).is_some_and(|place| place.role == Role::Owner)
}

fn forbidden() -> Error {
    Error::new(ProblemId::Forbidden, "Your role in this organization does not allow it.")
}
