//! Dialogflow CX: flows, pages and session parameters, API version 3.

use google_cloud_dialogflow_cx_v3::{
    client::Sessions,
    model::{self, EventInput, QueryInput, QueryParameters, TextInput},
};
use google_cloud_gax::retry_policy::NeverRetry;
use secrecy::ExposeSecret;

use super::{
    Access, SetupError, canonical,
    errors::{ErrorReader, unreadable},
    part, wrong,
};
use crate::{Answer, Bot, BotError, BoxFuture, Edition, Input, Query};

/// Where a CX agent lives.
#[derive(Debug, Clone)]
pub struct CxConfig {
    pub project: String,
    /// Region of the agent, for example `global` or `europe-west1`.
    pub location: String,
    /// Id of the agent: the last part of its path.
    pub agent: String,
    /// Absent: the draft.
    pub environment: Option<String>,
    pub access: Access,
}

/// A bot that asks an agent of Dialogflow CX.
pub struct CxBot {
    client: Sessions,
    /// The session path before `/sessions/`.
    agent: String,
    errors: ErrorReader,
}

impl CxBot {
    /// Checks the configuration; nothing is sent. The error names the setting.
    pub async fn new(config: CxConfig) -> Result<Self, SetupError> {
        let agent = agent_path(&config)?;
        let address = config.access.address(&config.location)?;
        let client = Sessions::builder()
            .with_credentials(config.access.google_credentials()?)
            .with_endpoint(&address)
            .with_attempt_timeout(config.access.timeout)
            .with_retry_policy(NeverRetry)
            .build()
            .await
            .map_err(|error| wrong("endpoint", error.to_string()))?;
        let errors = ErrorReader {
            edition: Edition::Cx,
            project: config.project,
            location: config.location,
            address,
            timeout: config.access.timeout,
        };
        Ok(Self { client, agent, errors })
    }
}

fn agent_path(config: &CxConfig) -> Result<String, SetupError> {
    let mut path = part("project", "projects", &config.project)?;
    path += &part("location", "locations", &config.location)?;
    path += &part("agent", "agents", &config.agent)?;
    if let Some(environment) = &config.environment {
        path += &part("environment", "environments", environment)?;
    }
    Ok(path.trim_start_matches('/').to_owned())
}

impl Bot for CxBot {
    fn detect_intent(&self, query: Query) -> BoxFuture<'_, Result<Answer, BotError>> {
        Box::pin(async move {
            let sent = self.client.detect_intent().with_request(request(&query)).send().await;
            let response = sent.map_err(|error| self.errors.bot_error(&error, &query))?;
            let response = canonical::of(&response).map_err(unreadable)?;
            Ok(Answer { response, memory: None })
        })
    }

    fn edition(&self) -> Edition {
        Edition::Cx
    }

    fn session_path(&self, session: &str) -> String {
        format!("{}/sessions/{session}", self.agent)
    }
}

/// Contexts are left out, because CX has none. CX events have no parameters, so the parameters of
/// an event become session parameters, where the agent's pages read values.
fn request(query: &Query) -> model::DetectIntentRequest {
    let mut session_parameters = query.parameters.clone();
    let input = QueryInput::new().set_language_code(query.language.clone());
    let input = match &query.input {
        Input::Text(text) => input.set_text(TextInput::new().set_text(text.clone())),
        Input::Event { name, parameters } => {
            session_parameters.extend(parameters.clone());
            input.set_event(EventInput::new().set_event(name.clone()))
        }
    };
    let headers = query.webhook_headers.iter();
    let headers = headers.map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
    let given = (!session_parameters.is_empty()).then_some(session_parameters);
    let parameters = QueryParameters::new()
        .set_time_zone(query.time_zone.clone().unwrap_or_default())
        .set_or_clear_parameters(given)
        .set_or_clear_payload((!query.payload.is_empty()).then(|| query.payload.clone()))
        .set_webhook_headers(headers);
    model::DetectIntentRequest::new()
        .set_session(query.session.clone())
        .set_query_params(parameters)
        .set_query_input(input)
}
