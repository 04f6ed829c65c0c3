//! Calls the webhook of an agent that runs from an export, by the guarded way out.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use dialogflow::{
    BoxFuture,
    fulfilment::{CallError, Caller, Fulfilment, Reply, Request, WebhookSettings},
    local::LocalAgent,
};
use edge::egress::{Allowed, Egress, EgressError, Target};
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use crate::config;

/// The webhook of `agent` as `allowed`. `key` is the setting that allows it, for errors.
pub(crate) fn of(
    agent: &LocalAgent,
    allowed: &config::Fulfilment,
    egress: &Egress,
    key: &str,
) -> anyhow::Result<Arc<Fulfilment>> {
    let mut settings = agent.webhook().clone();
    if let Some(username) = &allowed.username {
        settings.username.clone_from(username);
    }
    if let Some(password) = &allowed.password {
        settings.password = Some(password.read(&format!("{key}.password"))?);
    }
    let target = target(&settings, allowed, key)?;
    Ok(Fulfilment::new(Webhook { egress: egress.clone(), target }, &settings))
}

fn target(
    settings: &WebhookSettings,
    allowed: &config::Fulfilment,
    key: &str,
) -> anyhow::Result<Target> {
    let exported = Some(&settings.url).filter(|url| settings.is_on && !url.is_empty());
    let url = allowed.url.as_ref().or(exported).with_context(|| {
        format!("`{key}`: the export has no webhook that is switched on: give its `url`")
    })?;
    let networks = (allowed.allow_private, &allowed.allow_networks);
    let target = Target::parse(url, networks).with_context(|| format!("`{key}`"))?;
    ensure!(
        target.public_and_plain().is_none()
            || *target.allowed() != Allowed::default()
            || !settings.has_credentials(),
        "`{key}`: the webhook's password and headers would be sent without encryption: use https"
    );
    Ok(target.warned(key))
}

struct Webhook {
    egress: Egress,
    target: Target,
}

impl Caller for Webhook {
    fn call(&self, request: Request) -> BoxFuture<'_, Result<Reply, CallError>> {
        Box::pin(async move {
            let Request { headers, body, deadline, answer_bytes_max } = request;
            let (headers, body) = (header_map(&headers), Bytes::from(body));
            let called =
                self.egress.post_json(&self.target, headers, body, deadline, answer_bytes_max);
            let reply = called.await.map_err(|error| {
                tracing::warn!(why = %error, "a call to an agent's webhook failed");
                failed(&error)
            })?;
            if !(200..300).contains(&reply.status) {
                tracing::warn!(status = reply.status, "an agent's webhook answered with an error");
            }
            Ok(Reply { status: reply.status, body: reply.body.to_vec() })
        })
    }
}

fn failed(error: &EgressError) -> CallError {
    match error {
        EgressError::Late | EgressError::NoTurn => CallError::Late,
        EgressError::TooLarge(_) => CallError::TooLarge,
        EgressError::Blocked(_)
        | EgressError::Forbidden(_)
        | EgressError::Own(_)
        | EgressError::BadUrl(_) => CallError::NotAllowed,
        EgressError::Network(_)
        | EgressError::Unanswered(_)
        | EgressError::Unreachable(_)
        | EgressError::NoSocket(_) => CallError::Unreachable,
    }
}

/// Headers of a query may be no valid ones; those are left out.
fn header_map(headers: &[(String, SecretString)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = HeaderName::try_from(name);
        let value = HeaderValue::from_str(value.expose_secret());
        if let (Ok(name), Ok(mut value)) = (name, value) {
            value.set_sensitive(true);
            map.append(name, value);
        }
    }
    map
}

#[cfg(test)]
mod tests;
