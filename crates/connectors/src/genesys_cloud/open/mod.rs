//! Open Messaging: what a visitor says goes to the integration's inbound API, what agents say
//! comes by the integration's webhook, and who is in a conversation is read from the conversation
//! whenever a notification says that it changed, and now and then without one.
//!
//! A customer is one handover, `{chat}.{opening}`: the vendor keeps one open conversation for each
//! customer, so whatever is written under this name belongs together.

use std::{collections::BTreeMap, sync::Arc};

use axum::response::Response;
use connector::{
    Connector, Failure, Finding, HandoverInfo, Host, InboundRequest, Kind, Parts, Session,
    SettingsError,
    client::{PacedClient, Request},
    oauth::OAuthClient,
};
use edge::{
    Clock,
    egress::{Egress, Target},
    given::Secret,
    http::ApiError,
};
use machine::{Millis, limits::SECOND_MS};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::{Sizes, client::Client, notifications, seats::Seats};

mod background;
mod check;
mod handover;
mod lookout;
mod webhook;

use background::BackgroundJob;
use handover::Handover;

/// Errands that wait at most; of more, the latest are dropped.
const JOBS_MAX: usize = 10_000;
/// How often a conversation is looked at while its events are told, unless the settings say so.
const POLL_SECONDS: u32 = 60;
/// How often otherwise.
const UNTOLD_POLL_MS: Millis = 10 * SECOND_MS;

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
    /// Its `outboundNotificationWebhookSignatureSecretToken`.
    webhook_secret: Secret,
    /// Custom attributes of every conversation, by which flows may route it.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    /// Seconds between two looks at a conversation while notifications work.
    poll_seconds: Option<u32>,
    text_chars_max: Option<usize>,
    transcript_chars_max: Option<usize>,
    /// At most this many calls in a second.
    calls_per_second: Option<f64>,
    /// Where the API is instead of `https://api.{region}`.
    api_url: Option<String>,
    /// Where tokens come from instead of `https://login.{region}`.
    login_url: Option<String>,
    #[serde(default)]
    allow_private: bool,
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
            parts.target(setting, &url, settings.allow_private)
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
            seats: Seats::default(),
            jobs,
        };
        let jobs_to_run = tokio::sync::Mutex::new(jobs_to_run);
        Ok(OpenMessaging { shared: Arc::new(shared), webhook_secret, jobs_to_run })
    }
}

/// What all handovers share.
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) egress: Egress,
    /// Where the API is, and by which rules sockets are opened.
    pub(super) api: Target,
    integration: String,
    /// Of the connector.
    name: String,
    attributes: Map<String, Value>,
    sizes: Sizes,
    poll_ms: Millis,
    pub(super) clock: Clock,
    pub(super) seats: Seats,
    jobs: mpsc::Sender<BackgroundJob>,
}

impl Shared {
    fn inbound(&self, what: &str) -> String {
        format!("api/v2/conversations/messages/{}/inbound/open/{what}", self.integration)
    }

    /// Ends a conversation in which nobody waits any more, unless it cannot be ended for good.
    async fn end(&self, conversation: &str) -> Result<(), Failure> {
        match self.client.disconnect(conversation).await {
            failed @ Err(Failure::Later { .. } | Failure::Unknown { .. }) => failed,
            Err(failure) => {
                let detail = failure.detail();
                tracing::info!(conversation, detail, "a conversation cannot be ended");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Done beside everything else; nobody waits for it.
    fn run_in_background(&self, job: BackgroundJob) {
        if self.jobs.try_send(job).is_err() {
            tracing::debug!(connector = self.name, "too many jobs wait");
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
    /// Held by the one who runs them.
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
        // A run that failed leaves them so.
        self.shared.seats.unsubscribe();
        tokio::join!(
            background::run(&self.shared, &host, &mut jobs),
            notifications::run(&self.shared, &host)
        );
    }

    async fn receive(
        &self,
        host: &Arc<dyn Host>,
        call: InboundRequest,
    ) -> Result<Response, ApiError> {
        webhook::receive(&self.shared, &self.webhook_secret, host, &call).await
    }

    async fn check(&self) -> Vec<Finding> {
        check::check(&self.shared).await
    }
}
