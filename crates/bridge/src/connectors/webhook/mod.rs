//! Any home-made tool, by a small contract of our own (docs/connectors/webhook.md): we POST events
//! to its URL, and it POSTs events to `/connectors/{name}/events`. No state of ours is at the
//! tool: a handover is named `{chat}.{opening}` in both directions.

use std::sync::Arc;

use axum::response::Response;
use edge::{Clock, given::Secret, http::ApiError, signature::SigningKeys};
use secrecy::SecretString;
use serde::Deserialize;

use super::{Parts, SettingsError};
use crate::tool::{Brief, Call, Finding, Host, Session, Tool, api::Api};

mod inward;
mod outward;

use outward::Handover;

/// `[connectors.NAME]` with `kind = "webhook"`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where events go.
    url: String,
    #[serde(default)]
    allow_private: bool,
    /// Signs what we send (Standard Webhooks): `whsec_` and base64.
    signing_key: Secret,
    /// What the tool presents after `Bearer`.
    token: Secret,
    /// At most this many calls in a second.
    calls_per_second: Option<f64>,
}

impl Settings {
    pub(super) fn secrets_mut(&mut self) -> Vec<&mut Secret> {
        vec![&mut self.signing_key, &mut self.token]
    }

    pub(super) fn build(&self, parts: Parts) -> Result<Webhook, SettingsError> {
        let target = parts.target("url", &self.url, self.allow_private)?;
        let key = self.signing_key.read(&parts.key("signing_key"))?;
        let keys = SigningKeys::new(&[key]);
        let keys =
            keys.map_err(|error| parts.wrong("signing_key", format!("is wrong: {error}")))?;
        let token = self.token.read(&parts.key("token"))?;
        let pace = parts.pace(self.calls_per_second)?;
        let api = Api::new(parts.egress, target).paced(pace);
        Ok(Webhook { shared: Arc::new(Shared { api, keys, clock: parts.clock }), token })
    }
}

/// What all handovers share.
struct Shared {
    api: Api,
    keys: SigningKeys,
    clock: Clock,
}

pub(super) struct Webhook {
    shared: Arc<Shared>,
    token: SecretString,
}

#[async_trait::async_trait]
impl Tool for Webhook {
    fn session(&self, chat: &Brief, _link: Option<&str>) -> Box<dyn Session> {
        Box::new(Handover::new(self.shared.clone(), chat.clone()))
    }

    fn address(&self, link: &str) -> Option<String> {
        Some(link.to_owned())
    }

    async fn receive(&self, host: &Host, call: Call) -> Result<Response, ApiError> {
        inward::receive(&self.token, host, &call).await
    }

    async fn check(&self) -> Vec<Finding> {
        outward::check(&self.shared).await
    }
}
