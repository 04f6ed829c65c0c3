//! Calls to the bridge, and what their replies mean (contract, sections 4.2 to 4.5, 6.2 to 6.5, 8
//! and 12): the union of what every revision reads, or one revision alone for a strict receiver.
//!
//! One attempt, five seconds from connecting to the last byte. Both headers that carry the call's
//! id stay the same when a call is made again after a crash, so a bridge can tell a repeat.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use bytes::Bytes;
use dialogflow::Edition;
use edge::egress::EgressError;
use machine::{
    conversation::{Reply, Said},
    limits,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json, value::RawValue};
use wire::webhook::{self as contract, Revision};

use crate::{
    WebhookConfig,
    app::App,
    bot::{Bot, session_id},
    facts::Facts,
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
    /// Number of the bot's session.
    pub(crate) session: u64,
    pub(crate) said: &'a Said,
}

/// What only step one carries.
struct StepOne<'a> {
    response: &'a RawValue,
    history: Vec<Value>,
}

impl App {
    /// `response` is the bot's answer that carried the trigger, as canonical JSON.
    pub(crate) async fn step_one(&self, call: Call<'_>, response: &str) -> Reply {
        let Some(webhook) = &call.bot.config.webhook else {
            return no_webhook();
        };
        let response = call.response(response, webhook.contract);
        let Ok(response) = serde_json::value::to_raw_value(&response) else {
            return failed("the bot's answer cannot be written");
        };
        // An empty array when the history is off (contract, section 12).
        let history = if webhook.history { history::of(call).await } else { Vec::new() };
        let id = format!("{}/{}/one", call.conversation, call.turn);
        let body = self.body(call, webhook, Some(&StepOne { response: &response, history }));
        self.post(webhook, &id, body).await
    }

    pub(crate) async fn step_two(&self, call: Call<'_>) -> Reply {
        let Some(webhook) = &call.bot.config.webhook else {
            return no_webhook();
        };
        let id = format!("{}/{}", call.conversation, call.turn);
        self.post(webhook, &id, self.body(call, webhook, None)).await
    }

    fn body(
        &self,
        call: Call<'_>,
        webhook: &WebhookConfig,
        step_one: Option<&StepOne<'_>>,
    ) -> Result<Bytes, serde_json::Error> {
        let Call { bot, conversation, visitor, said, .. } = call;
        let facts = Facts::of(bot, visitor, said, self.clock.now());
        let contexts: Vec<Value> = facts.contexts.iter().map(context).collect();
        let parameters = (bot.edition() == Edition::Cx).then_some(&facts.parameters);
        let session_id = session_id(conversation, call.session);
        let headers = self.forwarded_headers(call, webhook);
        let body = contract::Call {
            access_token: webhook.token.expose_secret(),
            user_id: &visitors::user_of(conversation),
            bot_id: &bot.config.id,
            session_id: Some(&session_id),
            session: Some(&bot.config.bot.session_path(&session_id)),
            query_input: query_input(said, bot.language(visitor)),
            query_params: contract::QueryParams {
                contexts: &contexts,
                parameters,
                payload: Some(&Map::new()),
                webhook_headers: Some(&headers),
            },
            dialogflow_response: step_one.map(|one| one.response),
            message_history: step_one.map(|one| &*one.history),
            // Never in step one (contract, section 12).
            event_type: (step_one.is_none() && webhook.typing).then_some("message"),
        };
        let body = if webhook.strict { body.keep_only(webhook.contract) } else { body };
        serde_json::to_vec(&body).map(Bytes::from)
    }

    /// None of the visitor's headers unless the owner lets them pass (contract 13.15).
    fn forwarded_headers(&self, call: Call<'_>, webhook: &WebhookConfig) -> Map<String, Value> {
        if !webhook.forward_headers {
            return Map::new();
        }
        let kept = self.credentials.of(call.conversation, call.turn).into_iter();
        kept.map(|(name, value)| (name, value.expose_secret().into())).collect()
    }

    async fn post(
        &self,
        webhook: &WebhookConfig,
        id: &str,
        body: Result<Bytes, serde_json::Error>,
    ) -> Reply {
        let Ok(body) = body else {
            return failed("the call cannot be written");
        };
        let Some(headers) = self.headers(webhook, id, &body) else {
            return failed("the token or the custom header holds what no header can carry");
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

    /// What every call carries beside its body: `Authorization`, bare as r3 has it (section 6.1)
    /// or with `Bearer` (contract 13.2), the custom header, and the id of the call.
    pub(crate) fn headers(
        &self,
        webhook: &WebhookConfig,
        id: &str,
        body: &Bytes,
    ) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        let token = webhook.token.expose_secret();
        let token = if webhook.bearer { format!("Bearer {token}") } else { token.to_owned() };
        headers.insert(header::AUTHORIZATION, secret_value(&token.into())?);
        if let Some((name, value)) = &webhook.header {
            headers.insert(name.clone(), secret_value(value)?);
        }
        if let Some(keys) = &webhook.signing {
            keys.sign(&mut headers, id, self.clock.now(), body).ok()?;
        }
        let id = HeaderValue::from_str(id).ok()?;
        headers.insert(HeaderName::from_static("x-request-id"), id.clone());
        headers.insert(HeaderName::from_static("idempotency-key"), id);
        Some(headers)
    }
}

fn secret_value(secret: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Call<'_> {
    /// The bot's answer in the form of the receiver's revision (contract 13.13). A bot that could
    /// not be asked has given none; step one is still told by the field.
    fn response(self, canonical: &str, contract: Revision) -> Value {
        let canonical = serde_json::from_str(canonical).unwrap_or_else(|_| {
            let language = self.bot.language(self.visitor);
            json!({ "queryResult": { "queryText": self.said.text, "languageCode": language } })
        });
        match (self.bot.edition(), contract) {
            (Edition::Es, Revision::R1 | Revision::R2) => {
                dialogflow::render::contract_r1(&canonical)
            }
            _ => canonical,
        }
    }
}

pub(crate) fn context(context: &dialogflow::Context) -> Value {
    json!({
        "name": context.name, "lifespanCount": context.lifespan, "parameters": context.parameters
    })
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
