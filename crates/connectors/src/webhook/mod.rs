//! Any home-made tool, by a small contract of our own (docs/connectors/webhook.md): we POST events
//! to its URL, and it POSTs events to `/connectors/{name}/events`. No state of ours is at the
//! tool: a handover is named `{chat}.{opening}` in both directions.

use std::sync::Arc;

use axum::response::Response;
use connector::{
    Connector, Finding, HandoverInfo, Host, InboundRequest, Kind, Parts, Session, SettingsError,
    client::PacedClient,
};
use edge::{Clock, given::Secret, http::ApiError, signature::SigningKeys};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

mod inward;
mod outward;

use outward::Handover;

/// `[connectors.NAME]` with `kind = "webhook"`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
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

impl Kind for Webhook {
    const KEY: &'static str = "webhook";
    type Settings = Settings;

    fn secrets(settings: &mut Settings) -> Vec<&mut Secret> {
        vec![&mut settings.signing_key, &mut settings.token]
    }

    fn build(settings: &Settings, parts: Parts) -> Result<Self, SettingsError> {
        let target = parts.target("url", &settings.url, settings.allow_private)?;
        let key = settings.signing_key.read(&parts.key("signing_key"))?;
        let keys = SigningKeys::new(&[key]);
        let keys =
            keys.map_err(|error| parts.wrong("signing_key", format!("is wrong: {error}")))?;
        let token = settings.token.read(&parts.key("token"))?;
        let pace = parts.pace(settings.calls_per_second)?;
        let api = PacedClient::new(parts.egress, target).paced(pace);
        Ok(Webhook { shared: Arc::new(Shared { api, keys, clock: parts.clock }), token })
    }
}

/// What all handovers share.
struct Shared {
    api: PacedClient,
    keys: SigningKeys,
    clock: Clock,
}

pub(crate) struct Webhook {
    shared: Arc<Shared>,
    token: SecretString,
}

#[async_trait::async_trait]
impl Connector for Webhook {
    fn session(&self, chat: &HandoverInfo, _link: Option<&str>) -> Box<dyn Session> {
        Box::new(Handover::new(self.shared.clone(), chat.clone()))
    }

    fn address(&self, checkpoint: &str) -> Option<String> {
        Some(checkpoint.to_owned())
    }

    async fn receive(
        &self,
        host: &Arc<dyn Host>,
        call: InboundRequest,
    ) -> Result<Response, ApiError> {
        inward::receive(&self.token, host, &call).await
    }

    async fn check(&self) -> Vec<Finding> {
        outward::check(&self.shared).await
    }
}
