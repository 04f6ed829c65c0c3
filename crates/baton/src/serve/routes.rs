//! The bridge's routes, from the configuration to what the bridge is made of.

use anyhow::Context as _;
use bridge::{Access, Connector, KeyIn, PushConfig, RouteConfig, Signing};
use edge::signature::SigningKeys;
use http::{HeaderName, header};

use super::{length, target};
use crate::config::{self, Config, ConnectorKind, Secrets};

/// Headers that say something else already, or that a proxy takes away.
const TAKEN_HEADERS: [HeaderName; 5] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::HOST,
    header::CONNECTION,
];

pub(super) fn routes(config: &Config) -> anyhow::Result<Vec<RouteConfig>> {
    config.routes.iter().map(route).collect()
}

fn route(route: &config::Route) -> anyhow::Result<RouteConfig> {
    let default = machine::chat::Clock::default();
    Ok(RouteConfig {
        id: route.id.clone(),
        access: access(route)?,
        push: push(route)?,
        connector: match route.connector.kind {
            ConnectorKind::Desk => Connector::Desk,
        },
        clock: machine::chat::Clock {
            pause: length(route.minutes_paused, default.pause),
            queue: length(route.queue_minutes, default.queue),
            idle: length(route.idle_minutes, default.idle),
        },
    })
}

fn access(route: &config::Route) -> anyhow::Result<Access> {
    let header = route.header.as_ref().map(|header| {
        let name = header.name.parse::<HeaderName>();
        let name = name.ok().filter(|name| !TAKEN_HEADERS.contains(name));
        let name = name.with_context(|| {
            format!("`routes.header.name` is {:?}: use a header of your own", header.name)
        })?;
        anyhow::Ok((name, header.value.read("routes.header.value")?.into()))
    });
    let signing = route.signing.as_ref().map(|signing| {
        let keys = signing_keys("routes.signing.keys", &signing.keys)?;
        anyhow::Ok(Signing { keys, required: signing.required })
    });
    Ok(Access {
        tokens: route.token.read("routes.token")?,
        header: header.transpose()?,
        signing: signing.transpose()?,
    })
}

fn push(route: &config::Route) -> anyhow::Result<PushConfig> {
    let push = &route.push;
    let keys = push.signing_keys.as_ref();
    let signing = keys.map(|keys| signing_keys("routes.push.signing_keys", keys)).transpose()?;
    Ok(PushConfig {
        target: target("routes.push.url", &push.url, push.allow_private)?,
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

fn signing_keys(key: &str, secrets: &Secrets) -> anyhow::Result<SigningKeys> {
    SigningKeys::new(&secrets.read(key)?).with_context(|| format!("`{key}`"))
}
