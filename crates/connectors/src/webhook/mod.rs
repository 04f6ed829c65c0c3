//! Any tool of one's own, by a small contract (docs/connectors/webhook.md): Baton posts events to
//! the tool's URL, and the tool posts events to `/connectors/{name}/events`. A handover is named
//! `{chat}.{opening}` in both directions.

use std::sync::Arc;

use axum::response::Response;
use connector::{
    Connector, Finding, HandoverInfo, Host, InboundRequest, Kind, Parts, Proof, Session,
    SettingsError, client::PacedClient,
};
use edge::{Clock, egress::Networks, given::Secret, http::ApiError, signature::SigningKeys};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

mod inbound;
mod outbound;

use outbound::Handover;

/// `[connectors.NAME]` with `kind = "webhook"`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Events are posted to this URL.
    url: String,
    #[serde(default)]
    allow_private: bool,
    /// Networks that the URL may lead into besides the public internet, such as `10.0.0.0/8`.
    #[serde(default)]
    allow_networks: Networks,
    /// Signs Baton's events (Standard Webhooks): `whsec_` and base64.
    signing_key: Secret,
    /// The tool presents it after `Bearer`.
    token: Secret,
    /// At most this many calls per second.
    calls_per_second: Option<f64>,
}

impl Kind for Webhook {
    const KEY: &'static str = "webhook";
    type Settings = Settings;

    fn secrets(settings: &mut Settings) -> Vec<&mut Secret> {
        vec![&mut settings.signing_key, &mut settings.token]
    }

    fn build(settings: &Settings, parts: Parts) -> Result<Self, SettingsError> {
        let target = parts.target(
            "url",
            &settings.url,
            (settings.allow_private, &settings.allow_networks),
        )?;
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

/// Shared by all handovers.
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
    fn session(&self, chat: &HandoverInfo, _checkpoint: Option<&str>) -> Box<dyn Session> {
        Box::new(Handover::new(self.shared.clone(), chat.clone()))
    }

    fn address(&self, checkpoint: &str) -> Option<String> {
        Some(checkpoint.to_owned())
    }

    fn admit(&self, head: &InboundRequest) -> Result<Proof, ApiError> {
        inbound::admit(&self.token, head)
    }

    async fn receive(
        &self,
        host: &Arc<dyn Host>,
        call: InboundRequest,
    ) -> Result<Response, ApiError> {
        inbound::receive(host, call).await
    }

    async fn check(&self) -> Vec<Finding> {
        outbound::check(&self.shared).await
    }
}
