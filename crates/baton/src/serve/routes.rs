//! Builds the bridge's routes from `[[routes]]`.

use anyhow::Context as _;
use bridge::{Access, ConnectorChoice, KeyIn, PushConfig, RouteConfig};
use edge::signature::{Signing, SigningKeys};
use http::{HeaderName, header};
use machine::chat::Notices;
use secrecy::SecretString;

use super::{length, target};
use crate::config::{self, Secrets};

/// Headers that have another meaning, or that a proxy removes.
const TAKEN_HEADERS: [HeaderName; 10] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::HOST,
    header::CONNECTION,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("webhook-id"),
    HeaderName::from_static("webhook-timestamp"),
    HeaderName::from_static("webhook-signature"),
];

pub(super) fn route(
    route: &config::Route,
    tool: Option<&connectors::Settings>,
    queued_max: usize,
) -> anyhow::Result<RouteConfig> {
    let default = tool.map(|settings| settings.clock()).unwrap_or_default();
    Ok(RouteConfig {
        id: route.id.clone(),
        access: access(route)?,
        push: push(route)?,
        connector: connector(&route.connector),
        queued_max,
        clock: machine::chat::Clock {
            pause: length(route.minutes_paused, default.pause),
            queue: length(route.queue_minutes, default.queue),
            idle: length(route.idle_minutes, default.idle),
        },
    })
}

fn connector(connector: &config::Connector) -> ConnectorChoice {
    if connector.kind == "desk" {
        return ConnectorChoice::Desk;
    }
    let (given, default) = (&connector.notices, Notices::default());
    let or = |given: &Option<String>, default: String| given.clone().unwrap_or(default);
    let notices = Notices {
        name: or(&given.name, default.name),
        unavailable: or(&given.unavailable, default.unavailable),
        undelivered: or(&given.undelivered, default.undelivered),
        requeued: given.requeued.clone(),
        held: given.held.clone(),
    };
    ConnectorChoice::Named { name: connector.kind.clone(), notices }
}

fn access(route: &config::Route) -> anyhow::Result<Access> {
    let header = route.header.as_ref().map(|given| header("routes.header", given));
    let signing = route.signing.as_ref().map(|given| signing("routes.signing", given));
    let header = header.transpose()?.map(|(name, value)| (name, value.into()));
    Ok(Access { tokens: route.token.read("routes.token")?, header, signing: signing.transpose()? })
}

/// A custom header, sent besides `Authorization`. Errors name the setting by `key`.
pub(super) fn header(
    key: &str,
    header: &config::Header,
) -> anyhow::Result<(HeaderName, SecretString)> {
    let name = header.name.parse::<HeaderName>();
    let name = name.ok().filter(|name| !TAKEN_HEADERS.contains(name));
    let name = name.with_context(|| {
        format!("`{key}.name` is {:?}: use a header name that has no other meaning", header.name)
    })?;
    Ok((name, header.value.read(&format!("{key}.value"))?))
}

pub(super) fn signing(key: &str, signing: &config::Signing) -> anyhow::Result<Signing> {
    let keys = signing_keys(&format!("{key}.keys"), &signing.keys)?;
    Ok(Signing { keys, required: signing.required })
}

fn push(route: &config::Route) -> anyhow::Result<PushConfig> {
    let push = &route.push;
    let keys = push.signing_keys.as_ref();
    let signing = keys.map(|keys| signing_keys("routes.push.signing_keys", keys)).transpose()?;
    Ok(PushConfig {
        target: target("routes.push.url", &push.url, (push.allow_private, &push.allow_networks))?,
        key: push.key.read("routes.push.key")?,
        key_in: match (push.key_in, push.bearer) {
            (config::KeyIn::Both, false) => KeyIn::Both,
            (config::KeyIn::Both, true) => KeyIn::BothBearer,
            (config::KeyIn::Header, false) => KeyIn::Header,
            (config::KeyIn::Header, true) => KeyIn::HeaderBearer,
            (config::KeyIn::Body, _) => KeyIn::Body,
        },
        signing,
        resume_event: route.resume_event.clone(),
    })
}

pub(super) fn signing_keys(key: &str, secrets: &Secrets) -> anyhow::Result<SigningKeys> {
    SigningKeys::new(&secrets.read(key)?).with_context(|| format!("`{key}`"))
}
