//! Calls to the bridge, and what their replies mean (contract r1, sections 4.2 to 4.5 and 8).
//!
//! One attempt, five seconds from connecting to the last byte. Both headers that carry the call's
//! id stay the same when a call is made again after a crash, so a bridge can tell a repeat.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use bytes::Bytes;
use edge::egress::EgressError;
use machine::{
    conversation::{Reply, Said},
    limits,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use wire::webhook as contract;

use crate::{
    WebhookConfig,
    app::App,
    bot::{Bot, session_path},
    history,
    visitors::{self, Visitor},
};

/// A call that is owed.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) bot: &'a Bot,
    pub(crate) conversation: &'a str,
    pub(crate) visitor: &'a Visitor,
    pub(crate) turn: u64,
    pub(crate) said: &'a Said,
}

impl App {
    /// `response` is the bot's answer that carried the trigger, as canonical JSON.
    pub(crate) async fn step_one(&self, call: Call<'_>, response: &str) -> Reply {
        let Some(webhook) = &call.bot.config.webhook else {
            return no_webhook();
        };
        let response: Value = serde_json::from_str(response).unwrap_or_default();
        let response = dialogflow::render::contract_r1(&response);
        let Ok(response) = serde_json::value::to_raw_value(&response) else {
            return failed("the bot's answer cannot be written");
        };
        let history = if webhook.history { Some(history::of(call).await) } else { None };
        let body = Body {
            response: Some(&response),
            history: history.as_deref(),
            // Never in step one (contract, section 12).
            event_type: None,
        };
        let id = format!("{}/{}/one", call.conversation, call.turn);
        self.post(webhook, &id, body.write(call, webhook)).await
    }

    pub(crate) async fn step_two(&self, call: Call<'_>) -> Reply {
        let Some(webhook) = &call.bot.config.webhook else {
            return no_webhook();
        };
        let body =
            Body { response: None, history: None, event_type: webhook.typing.then_some("message") };
        let id = format!("{}/{}", call.conversation, call.turn);
        self.post(webhook, &id, body.write(call, webhook)).await
    }

    async fn post(
        &self,
        webhook: &WebhookConfig,
        id: &str,
        body: Result<Bytes, serde_json::Error>,
    ) -> Reply {
        let (Ok(body), Some(headers)) = (body, headers(&webhook.token, Some(id))) else {
            return failed("the call cannot be written");
        };
        let deadline = Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS);
        let reply = self.egress.post_json(
            &webhook.target,
            headers,
            body,
            deadline,
            limits::WEBHOOK_REPLY_BYTES_MAX,
        );
        let reply = match reply.await {
            Ok(reply) => understood(contract::Reply::parse(reply.status, &reply.body)),
            Err(EgressError::Late) => Reply::Late,
            Err(error) => failed(&error.to_string()),
        };
        match &reply {
            Reply::Late => tracing::warn!(call.id = id, "a webhook call got no reply in time"),
            Reply::Failed { why } => tracing::warn!(call.id = id, why, "a webhook call failed"),
            Reply::Paused { .. } | Reply::Refused => {}
        }
        reply
    }
}

/// `Authorization` is the bare token (contract r3, section 6.1); `None` when it has characters
/// that no header can carry.
pub(crate) fn headers(token: &SecretString, id: Option<&str>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let mut token = HeaderValue::from_str(token.expose_secret()).ok()?;
    token.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, token);
    if let Some(id) = id {
        let id = HeaderValue::from_str(id).ok()?;
        headers.insert(HeaderName::from_static("x-request-id"), id.clone());
        headers.insert(HeaderName::from_static("idempotency-key"), id);
    }
    Some(headers)
}

/// What only some calls carry.
struct Body<'a> {
    response: Option<&'a RawValue>,
    history: Option<&'a [Value]>,
    event_type: Option<&'static str>,
}

/// The r1 body, and r3.1's `eventType` while typing calls are on.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    #[serde(flatten)]
    call: contract::Call<'a>,
    event_type: &'static str,
}

impl Body<'_> {
    fn write(&self, call: Call<'_>, webhook: &WebhookConfig) -> Result<Bytes, serde_json::Error> {
        let Call { bot, conversation, visitor, said, .. } = call;
        let language = bot.language(visitor);
        let time_zone = visitor.time_zone.as_deref().map(contract::time_zone_context);
        let contexts: Vec<Value> = time_zone.into_iter().collect();
        let user_id = visitors::user_of(conversation);
        let session = session_path(conversation);
        let call = contract::Call {
            access_token: webhook.token.expose_secret(),
            user_id: &user_id,
            bot_id: &bot.config.id,
            session: &session,
            query_input: query_input(said, language),
            query_params: contract::QueryParams { contexts: &contexts },
            dialogflow_response: self.response,
            message_history: self.history,
        };
        let body = match self.event_type {
            Some(event_type) => serde_json::to_vec(&Written { call, event_type })?,
            None => serde_json::to_vec(&call)?,
        };
        Ok(body.into())
    }
}

/// `text` is always there: the visible label, or the event's name (contract 13.14).
fn query_input<'a>(said: &'a Said, language: &'a str) -> contract::QueryInput<'a> {
    let event = said.event.as_ref();
    let text = match event {
        Some(event) if said.text.is_empty() => &event.name,
        _ => &said.text,
    };
    let event = event.map(|event| {
        let parameters: Value = serde_json::from_str(&event.parameters).unwrap_or_default();
        json!({ "name": event.name, "parameters": parameters, "languageCode": language })
    });
    contract::QueryInput { text: contract::QueryText { text, language_code: language }, event }
}

fn understood(reply: contract::Reply) -> Reply {
    match reply {
        contract::Reply::Paused(pause) => Reply::Paused { pause },
        contract::Reply::Refused => Reply::Refused,
        contract::Reply::Invalid(why) => Reply::Failed { why },
    }
}

/// The webhook was taken out of the settings while a call was owed.
fn no_webhook() -> Reply {
    failed("no webhook is configured")
}

fn failed(why: &str) -> Reply {
    Reply::Failed { why: why.to_owned() }
}
