//! Open Messaging: messages of visitors go to the inbound API of the integration, and messages of
//! human agents come by its webhook. Who is in a conversation is polled: when a notification says
//! that it has changed, and from time to time.
//!
//! A customer is one handover, `{chat}.{opening}`: the vendor keeps one open conversation for each
//! customer, so all messages under this name belong together.

use std::{collections::BTreeMap, sync::Arc};

use axum::response::Response;
use connector::{
    Connector, Failure, Finding, HandoverInfo, Host, InboundRequest, Kind, Parts, Proof, Session,
    SettingsError,
    client::{PacedClient, Request},
    oauth::OAuthClient,
};
use edge::{
    Clock,
    egress::{Egress, Networks, Target},
    given::Secret,
    http::ApiError,
};
use machine::{Millis, limits::SECOND_MS};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::{Sizes, client::Client};

mod background;
mod check;
mod conversations;
mod handover;
mod notifications;
mod poller;
mod webhook;

use background::BackgroundJob;
use conversations::Conversations;
use handover::Handover;

/// Most background jobs that wait. Further ones are dropped.
const JOBS_MAX: usize = 10_000;
/// Seconds between two polls of a conversation with notifications, unless the settings say so.
const POLL_SECONDS: u32 = 60;
/// Longest time between two polls of a conversation without notifications.
const UNSUBSCRIBED_POLL_MS: Millis = 10 * SECOND_MS;

/// `[connectors.NAME]` with `kind = "genesys-open-messaging"`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The domain of the region, such as `mypurecloud.ie` or `usw2.pure.cloud`.
    region: String,
    /// The OAuth client of the grant `client_credentials`.
    client_id: String,
    client_secret: Secret,
    /// Id of the Open Messaging integration.
    integration_id: String,
    /// The integration's `outboundNotificationWebhookSignatureSecretToken`.
    webhook_secret: Secret,
    /// Custom attributes of every conversation, by which flows may route it.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// Seconds between two polls of a conversation while notifications work.
    poll_seconds: Option<u32>,
    text_chars_max: Option<usize>,
    transcript_chars_max: Option<usize>,
    /// Most calls in one second.
    calls_per_second: Option<f64>,
    /// Base URL of the API; by default `https://api.{region}`.
    api_url: Option<String>,
    /// Base URL of the OAuth server; by default `https://login.{region}`.
    login_url: Option<String>,
    #[serde(default)]
    allow_private: bool,
    /// Networks that the URL may lead into besides the public internet, such as `10.0.0.0/8`.
    #[serde(default)]
    allow_networks: Networks,
}

impl Kind for OpenMessaging {
    const KEY: &'static str = "genesys-open-messaging";
    type Settings = Settings;

    fn secrets(settings: &mut Settings) -> Vec<&mut Secret> {
        vec![&mut settings.client_secret, &mut settings.webhook_secret]
    }

    fn build(settings: &Settings, parts: Parts) -> Result<Self, SettingsError> {
        let at = |setting: &str, url: &Option<String>, host: &str| {
            let url = url.clone().unwrap_or_else(|| format!("https://{host}.{}", settings.region));
            parts.target(setting, &url, (settings.allow_private, &settings.allow_networks))
        };
        let api = at("api_url", &settings.api_url, "api")?;
        let login = at("login_url", &settings.login_url, "login")?;
        if settings.integration_id.is_empty() || settings.integration_id.contains(['/', '?', '#']) {
            return Err(parts.wrong("integration_id", "is not the id of an integration"));
        }
        let client_secret = settings.client_secret.read(&parts.key("client_secret"))?;
        let webhook_secret = settings.webhook_secret.read(&parts.key("webhook_secret"))?;
        let pace = parts.pace(settings.calls_per_second)?;
        let login = Arc::new(PacedClient::new(parts.egress.clone(), login));
        let token_request = Request::post("oauth/token")
            .basic(&settings.client_id, &client_secret)
            .form(&[("grant_type", "client_credentials")]);
        let client = Client {
            oauth: OAuthClient::new(login, token_request, parts.clock.clone()),
            api: PacedClient::new(parts.egress.clone(), api.clone()).paced(pace),
        };
        let attributes = settings.attributes.iter();
        let attributes = attributes.map(|(name, value)| (name.clone(), value.as_str().into()));
        let (jobs, jobs_to_run) = mpsc::channel(JOBS_MAX);
        let shared = Shared {
            client,
            egress: parts.egress,
            api,
            integration: settings.integration_id.clone(),
            name: parts.name,
            attributes: attributes.collect(),
            sizes: Sizes::of(settings.text_chars_max, settings.transcript_chars_max),
            poll_ms: Millis::from(settings.poll_seconds.unwrap_or(POLL_SECONDS).max(1)) * SECOND_MS,
            clock: parts.clock,
            conversations: Conversations::default(),
            jobs,
        };
        let jobs_to_run = tokio::sync::Mutex::new(jobs_to_run);
        Ok(OpenMessaging { shared: Arc::new(shared), webhook_secret, jobs_to_run })
    }
}

/// What all handovers of one connector share.
struct Shared {
    client: Client,
    egress: Egress,
    /// Base URL of the API, and the rules for sockets.
    api: Target,
    integration: String,
    /// Name of the connector.
    name: String,
    attributes: Map<String, Value>,
    sizes: Sizes,
    poll_ms: Millis,
    clock: Clock,
    conversations: Conversations,
    jobs: mpsc::Sender<BackgroundJob>,
}

impl Shared {
    fn inbound(&self, call: &str) -> String {
        format!("api/v2/conversations/messages/{}/inbound/open/{call}", self.integration)
    }

    /// Ends a conversation without its visitor. Fails only when another attempt may succeed.
    async fn end(&self, conversation: &str) -> Result<(), Failure> {
        match self.client.disconnect(conversation).await {
            failed @ Err(Failure::Later { .. } | Failure::Unknown { .. }) => failed,
            Err(failure) => {
                let detail = failure.detail();
                tracing::info!(
                    conversation,
                    detail,
                    "a conversation cannot be ended at Genesys Cloud"
                );
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Starts a job without waiting for it.
    fn run_in_background(&self, job: BackgroundJob) {
        if self.jobs.try_send(job).is_err() {
            tracing::debug!(connector = self.name, "a background job is dropped: too many wait");
        }
    }
}

/// What is stored of a handover.
#[derive(Serialize, Deserialize)]
struct Checkpoint {
    customer: String,
    conversation: String,
}

impl Checkpoint {
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    fn write(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

pub(crate) struct OpenMessaging {
    shared: Arc<Shared>,
    webhook_secret: SecretString,
    /// Locked by [`Connector::run`].
    jobs_to_run: tokio::sync::Mutex<mpsc::Receiver<BackgroundJob>>,
}

#[async_trait::async_trait]
impl Connector for OpenMessaging {
    fn session(&self, chat: &HandoverInfo, checkpoint: Option<&str>) -> Box<dyn Session> {
        let checkpoint = checkpoint.and_then(Checkpoint::read);
        Box::new(Handover::new(self.shared.clone(), chat.clone(), checkpoint))
    }

    fn address(&self, checkpoint: &str) -> Option<String> {
        Checkpoint::read(checkpoint).map(|checkpoint| checkpoint.customer)
    }

    async fn run(&self, host: Arc<dyn Host>) {
        let mut jobs = self.jobs_to_run.lock().await;
        // A run that panicked may have left them subscribed.
        self.shared.conversations.set_unsubscribed();
        tokio::join!(
            background::run(&self.shared, &host, &mut jobs),
            notifications::run(&self.shared, &host)
        );
    }

    fn admit(&self, head: &InboundRequest) -> Result<Proof, ApiError> {
        webhook::admit(head)
    }

    async fn receive(
        &self,
        host: &Arc<dyn Host>,
        call: InboundRequest,
    ) -> Result<Response, ApiError> {
        webhook::receive(&self.shared, &self.webhook_secret, host, call).await
    }

    async fn check(&self) -> Vec<Finding> {
        check::check(&self.shared).await
    }
}
