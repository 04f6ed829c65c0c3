//! Dialogflow ES: intents and contexts, API version 2.

use google_cloud_dialogflow_v2::{
    client::Sessions,
    model::{self, EventInput, QueryInput, QueryParameters, TextInput},
};
use google_cloud_gax::retry_policy::NeverRetry;
use secrecy::ExposeSecret;

use super::{
    Access, ES_TEXT_CHARS_MAX, SetupError, canonical, cut,
    errors::{ErrorReader, unreadable},
    part, wrong,
};
use crate::{Answer, Bot, BotError, BoxFuture, Context, Edition, Input, Query, SESSION_CHARS_MAX};

/// Where an ES agent lives.
#[derive(Debug, Clone)]
pub struct EsConfig {
    pub project: String,
    /// Region of the agent, for example `europe-west1`; absent: the global one.
    pub location: Option<String>,
    /// Absent: the draft.
    pub environment: Option<String>,
    /// User within the environment; absent: `-`.
    pub user: Option<String>,
    pub access: Access,
}

/// A bot that asks an agent of Dialogflow ES.
pub struct EsBot {
    client: Sessions,
    /// The session path before `/sessions/`.
    agent: String,
    errors: ErrorReader,
}

impl EsBot {
    /// Checks the configuration; nothing is sent. The error names the setting.
    pub async fn new(config: EsConfig) -> Result<Self, SetupError> {
        let agent = agent_path(&config)?;
        let location = config.location.as_deref().unwrap_or("global");
        let address = config.access.address(location)?;
        let client = Sessions::builder()
            .with_credentials(config.access.google_credentials()?)
            .with_endpoint(&address)
            .with_attempt_timeout(config.access.timeout)
            .with_retry_policy(NeverRetry)
            .build()
            .await
            .map_err(|error| wrong("endpoint", error.to_string()))?;
        let errors = ErrorReader {
            edition: Edition::Es,
            project: config.project,
            location: location.to_owned(),
            address,
            timeout: config.access.timeout,
        };
        Ok(Self { client, agent, errors })
    }
}

fn agent_path(config: &EsConfig) -> Result<String, SetupError> {
    let mut path = part("project", "projects", &config.project)?;
    if let Some(location) = &config.location {
        path += &part("location", "locations", location)?;
    }
    path += "/agent";
    match (&config.environment, &config.user) {
        (None, None) => {}
        (None, Some(_)) => {
            return Err(wrong("user", "a user belongs to an environment: set `environment` too"));
        }
        (Some(environment), user) => {
            let user = user.as_deref().unwrap_or("-");
            path += &part("environment", "environments", environment)?;
            path += &part("user", "users", user)?;
            if user.len() > SESSION_CHARS_MAX {
                return Err(wrong("user", "at most 36 characters"));
            }
        }
    }
    Ok(path.trim_start_matches('/').to_owned())
}

impl Bot for EsBot {
    fn detect_intent(&self, query: Query) -> BoxFuture<'_, Result<Answer, BotError>> {
        Box::pin(async move {
            let sent = self.client.detect_intent().with_request(request(&query)).send().await;
            let response = sent.map_err(|error| self.errors.bot_error(&error, &query))?;
            let response = canonical::of(&response).map_err(unreadable)?;
            Ok(Answer { response, memory: None })
        })
    }

    fn edition(&self) -> Edition {
        Edition::Es
    }

    fn session_path(&self, session: &str) -> String {
        format!("{}/sessions/{session}", self.agent)
    }
}

/// Session parameters are left out, because ES has none.
fn request(query: &Query) -> model::DetectIntentRequest {
    let language = query.language.clone();
    let input = match &query.input {
        Input::Text(text) => QueryInput::new().set_text(
            TextInput::new().set_text(cut(text, ES_TEXT_CHARS_MAX)).set_language_code(language),
        ),
        Input::Event { name, parameters } => {
            let event = EventInput::new().set_name(name.clone()).set_language_code(language);
            let given = (!parameters.is_empty()).then(|| parameters.clone());
            QueryInput::new().set_event(event.set_or_clear_parameters(given))
        }
    };
    let headers = query.webhook_headers.iter();
    let headers = headers.map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
    let parameters = QueryParameters::new()
        .set_time_zone(query.time_zone.clone().unwrap_or_default())
        .set_contexts(query.contexts.iter().map(|context| full(&query.session, context)))
        .set_or_clear_payload((!query.payload.is_empty()).then(|| query.payload.clone()))
        .set_webhook_headers(headers);
    model::DetectIntentRequest::new()
        .set_session(query.session.clone())
        .set_query_params(parameters)
        .set_query_input(input)
}

/// A context with its full path, as the service needs it.
fn full(session: &str, context: &Context) -> model::Context {
    let name = if context.name.contains('/') {
        context.name.clone()
    } else {
        format!("{session}/contexts/{}", context.name)
    };
    let given = (!context.parameters.is_empty()).then(|| context.parameters.clone());
    model::Context::new()
        .set_name(name)
        .set_lifespan_count(i32::try_from(context.lifespan).unwrap_or(i32::MAX))
        .set_or_clear_parameters(given)
}
