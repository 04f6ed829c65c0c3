//! A local bot with the REST API of Dialogflow ES, for Google's client libraries.
//!
//! The libraries work with it unchanged, so bots can be developed and tested without a project, and
//! programs that we did not write judge how we read an export. It serves `detectIntent`, which
//! calls the agent's webhook if the bot has one, and the contexts of a session. It refuses what the
//! service refuses, in the service's form; what only the service has is answered with
//! `UNIMPLEMENTED`.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State, rejection::BytesRejection},
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse as _, Response},
    routing::any,
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{
    Bot as _, BotError, Query,
    local::{
        LocalBot,
        matching::session_entities::SessionEntities,
        session::{MEMORY_BYTES_MAX, Session},
    },
};

mod contexts;
mod failure;
mod key;
mod path;
mod proto;
mod request;
mod sessions;

use self::{
    failure::Failure,
    path::{Call, Target},
    request::Detect,
    sessions::{Sessions, TooLarge},
};

/// Longest request body.
const BODY_BYTES_MAX: usize = 1024 * 1024;
const SESSIONS_MAX: u64 = 10_000;

/// Returns the time in milliseconds since 1970-01-01 UTC.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

struct Emulator {
    bot: LocalBot,
    now: Now,
    key: Option<SecretString>,
    sessions: Sessions,
}

/// The routes below `/v2/`. With a `key`, callers must present it as API key or bearer token.
/// Without one, the router must be reachable from this machine only.
pub fn router(bot: LocalBot, now: Now, key: Option<SecretString>) -> Router {
    let sessions = Sessions::new(SESSIONS_MAX);
    let emulator = Emulator { bot, now, key, sessions };
    Router::new()
        .route("/v2/{*path}", any(serve))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(Arc::new(emulator))
}

async fn serve(
    State(emulator): State<Arc<Emulator>>,
    method: Method,
    Path(path): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if !key::is_presented(emulator.key.as_ref(), uri.query(), &headers) {
        return Failure::unauthenticated().into_response();
    }
    match emulator.answer(&method, &path, &body).await {
        Ok(answer) => Json(answer).into_response(),
        Err(failure) => failure.into_response(),
    }
}

impl Emulator {
    async fn answer(
        &self,
        method: &Method,
        path: &str,
        body: &Result<Bytes, BytesRejection>,
    ) -> Result<Value, Failure> {
        let Target { session, call } = path::target(path)?;
        let json = || proto::body(body);
        match (method.as_str(), call) {
            ("POST", Call::DetectIntent) => self.detect(&session, &json()?).await,
            ("GET", Call::Contexts) => Ok(contexts::list(&session, &self.resume(&session).await)),
            ("POST", Call::Contexts) => {
                let context = json()?;
                self.change(&session, |stored| contexts::create(&session, stored, &context)).await
            }
            ("DELETE", Call::Contexts) => {
                let forget = |stored: &mut Session| {
                    stored.forget();
                    Ok(json!({}))
                };
                self.change(&session, forget).await
            }
            ("GET", Call::Context(name)) => {
                contexts::get(&session, &self.resume(&session).await, &name)
            }
            ("DELETE", Call::Context(name)) => {
                self.change(&session, |stored| contexts::delete(stored, &name)).await
            }
            _ => Err(Failure::method_not_allowed()),
        }
    }

    async fn detect(&self, session: &str, body: &Value) -> Result<Value, Failure> {
        let detect = request::read(body)?;
        let now = (self.now)();
        let turn = self.sessions.begin(session).await;
        let memory = self.prepared(turn.memory(), now, &detect)?;
        let Detect { input, language, time_zone, contexts, payload, webhook_headers, .. } = detect;
        let query = Query {
            session: session.to_owned(),
            input,
            language,
            time_zone,
            contexts,
            parameters: serde_json::Map::new(),
            payload,
            webhook_headers,
            memory,
            now,
        };
        let answer = self.bot.detect_intent(query).await?;
        turn.finish(answer.memory)?;
        Ok(only_for(detect.platform.as_deref(), answer.response))
    }

    /// The memory of a session with what a request changes before its query.
    fn prepared(
        &self,
        memory: Option<&str>,
        now: i64,
        detect: &Detect,
    ) -> Result<Option<String>, Failure> {
        if !detect.reset && detect.session_entities.is_empty() {
            return Ok(memory.map(str::to_owned));
        }
        let mut stored = Session::resume(memory, now);
        if detect.reset {
            stored.forget();
        }
        for given in &detect.session_entities {
            let entities = SessionEntities::read(given, &self.bot.agent().entities);
            stored.set_entities(entities.map_err(Failure::invalid_argument)?);
        }
        Ok(stored.to_memory())
    }

    async fn resume(&self, session: &str) -> Session {
        Session::resume(self.sessions.memory(session).await.as_deref(), (self.now)())
    }

    async fn change(
        &self,
        session: &str,
        change: impl FnOnce(&mut Session) -> Result<Value, Failure>,
    ) -> Result<Value, Failure> {
        let turn = self.sessions.begin(session).await;
        let mut stored = Session::resume(turn.memory(), (self.now)());
        let answer = change(&mut stored)?;
        turn.finish(stored.to_memory())?;
        Ok(answer)
    }
}

impl From<BotError> for Failure {
    fn from(error: BotError) -> Self {
        match error {
            BotError::Refused(why) => Self::invalid_argument(why),
            other => Self::internal(other.to_string()),
        }
    }
}

impl From<TooLarge> for Failure {
    fn from(_: TooLarge) -> Self {
        Self::invalid_argument(format!("The session exceeds {MEMORY_BYTES_MAX} bytes."))
    }
}

/// Leaves out the messages for other platforms when the request names one.
fn only_for(platform: Option<&str>, mut response: Value) -> Value {
    const NAME: &str = "fulfillmentMessages";
    let result = response.get_mut("queryResult").and_then(Value::as_object_mut);
    let (Some(platform), Some(result)) = (platform, result) else {
        return response;
    };
    if let Some(Value::Array(messages)) = result.get_mut(NAME) {
        messages.retain(|message| {
            let own = message.get("platform").and_then(Value::as_str);
            own.unwrap_or("PLATFORM_UNSPECIFIED") == platform
        });
        if messages.is_empty() {
            result.shift_remove(NAME);
        }
    }
    response
}
