//! Web Messaging: acts like the vendor's widget, with one socket for each chat. It needs a
//! deployment and no OAuth client. Its limit: the API does not tell when a human agent joins or
//! leaves, so only the first message of an agent shows that one has joined.
//!
//! The token that owns a session is computed from the handover's name and the setting
//! `token_secret`, so another process of ours finds the same session, and nobody else can.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use connector::{
    Connector, Failure, Finding, HandoverInfo, Kind, Parts, Session, SettingsError,
    client::{PacedClient, Request},
};
use edge::{
    Clock,
    egress::{Egress, Networks, Target},
    given::Secret,
    ids, secrets,
};
use http::{HeaderMap, HeaderValue, header};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Sizes;

mod frames;
mod session;
mod socket;

use session::WebSession;
use socket::{Connection, Resumed};

/// Longest time to open a socket.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// `[connectors.NAME]` with `kind = "genesys-web-messaging"`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The domain of the region, such as `mypurecloud.ie` or `usw2.pure.cloud`.
    region: String,
    /// Id of the Messenger deployment.
    deployment_id: String,
    /// Makes the tokens of sessions. Anyone who has it can read every chat.
    token_secret: Secret,
    /// The header `Origin`, for deployments that allow only some origins.
    origin: Option<String>,
    /// Custom attributes of every conversation, by which flows may route it.
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    text_chars_max: Option<usize>,
    transcript_chars_max: Option<usize>,
    /// Base URL of the sockets; by default `https://webmessaging.{region}`.
    messaging_url: Option<String>,
    /// Base URL of the history; by default `https://api.{region}`.
    api_url: Option<String>,
    /// Base URL of the deployment's settings; by default `https://api-cdn.{region}`.
    cdn_url: Option<String>,
    #[serde(default)]
    allow_private: bool,
    /// Networks that the URL may lead into besides the public internet, such as `10.0.0.0/8`.
    #[serde(default)]
    allow_networks: Networks,
}

impl Kind for WebMessaging {
    const KEY: &'static str = "genesys-web-messaging";
    type Settings = Settings;

    fn secrets(settings: &mut Settings) -> Vec<&mut Secret> {
        vec![&mut settings.token_secret]
    }

    fn build(settings: &Settings, parts: Parts) -> Result<Self, SettingsError> {
        let at = |setting: &str, url: &Option<String>, host: &str| {
            let url = url.clone().unwrap_or_else(|| format!("https://{host}.{}", settings.region));
            parts.target(setting, &url, (settings.allow_private, &settings.allow_networks))
        };
        let id = &settings.deployment_id;
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("deploymentId", id)
            .append_pair("application", "baton")
            .finish();
        let messaging = at("messaging_url", &settings.messaging_url, "webmessaging")?;
        let sockets = messaging.at(&format!("v1?{query}"));
        let sockets = sockets.map_err(|error| parts.wrong("messaging_url", error.to_string()))?;
        let mut headers = HeaderMap::new();
        if let Some(origin) = &settings.origin {
            let origin = HeaderValue::from_str(origin);
            let origin =
                origin.map_err(|_| parts.wrong("origin", "is not a valid header value"))?;
            headers.insert(header::ORIGIN, origin);
        }
        let attributes = settings.attributes.iter();
        let attributes = attributes.map(|(name, value)| (name.clone(), value.as_str().into()));
        let token_secret = settings.token_secret.read(&parts.key("token_secret"))?;
        let shared = Shared {
            api: PacedClient::new(parts.egress.clone(), at("api_url", &settings.api_url, "api")?),
            cdn: PacedClient::new(
                parts.egress.clone(),
                at("cdn_url", &settings.cdn_url, "api-cdn")?,
            ),
            egress: parts.egress,
            sockets,
            headers,
            deployment: id.clone(),
            token_secret,
            attributes: attributes.collect(),
            sizes: Sizes::of(settings.text_chars_max, settings.transcript_chars_max),
            clock: parts.clock,
        };
        Ok(WebMessaging { shared: Arc::new(shared) })
    }
}

/// What all sessions of one connector share.
struct Shared {
    api: PacedClient,
    cdn: PacedClient,
    egress: Egress,
    sockets: Target,
    headers: HeaderMap,
    deployment: String,
    token_secret: SecretString,
    attributes: Map<String, Value>,
    sizes: Sizes,
    clock: Clock,
}

impl Shared {
    /// The token of a handover's session, a UUID as the vendor wants it.
    fn token(&self, handover: &str) -> SecretString {
        let secret = self.token_secret.expose_secret();
        let hash = secrets::hash_hex(&format!("{}:{secret}:{handover}", secret.len()));
        SecretString::from(ids::uuid_of(&hash))
    }
}

pub(crate) struct WebMessaging {
    shared: Arc<Shared>,
}

#[async_trait::async_trait]
impl Connector for WebMessaging {
    fn session(&self, chat: &HandoverInfo, checkpoint: Option<&str>) -> Box<dyn Session> {
        Box::new(WebSession::new(self.shared.clone(), chat.clone(), checkpoint))
    }

    async fn check(&self) -> Vec<Finding> {
        let shared = &self.shared;
        let path = format!("webdeployments/v1/deployments/{}/config.json", shared.deployment);
        let mut findings = vec![match shared.cdn.send(Request::get(path)).await {
            Ok(response) if response.is_success() => {
                of_deployment(&response.json().unwrap_or_default())
            }
            Ok(response) => Finding::wrong(format!(
                "the deployment's settings: {}",
                response.failure("there are none").detail()
            )),
            Err(failure) => {
                Finding::wrong(format!("the deployment's settings: {}", failure.detail()))
            }
        }];
        findings.push(match try_socket(shared).await {
            Ok(()) => Finding::good(format!("{} opened a session", shared.sockets.url())),
            Err(failure) => {
                Finding::wrong(format!("{}: {}", shared.sockets.url(), failure.detail()))
            }
        });
        findings
    }
}

fn of_deployment(config: &Value) -> Finding {
    let status = config["status"].as_str().unwrap_or_default();
    if status != "Active" {
        return Finding::wrong(format!("the deployment is not active but {status:?}"));
    }
    let disconnect = &config["messenger"]["apps"]["conversations"]["conversationDisconnect"];
    if disconnect["enabled"] == true {
        Finding::good("the deployment is active and shows when an agent ends a conversation")
    } else {
        Finding::unsure(
            "the deployment does not show the conversation's status: the visitor will not learn \
             that an agent has ended it",
        )
    }
}

/// Opens a session and closes it. Without a message no conversation begins.
async fn try_socket(shared: &Shared) -> Result<(), Failure> {
    let id = ids::new_id("chk", shared.clock.now());
    let (mut connection, _): (Connection, Resumed) = socket::open(shared, &id).await?;
    connection.close().await
}
