//! Webhook calls to the bridge and the meaning of their replies (contract, sections 4.2 to 4.5, 6.2
//! to 6.5, 8 and 12). A call carries what every revision reads, or one revision alone for a strict
//! receiver. Called by the driver, and by `notify` for calls that only tell of something.
//!
//! A call has five seconds from connecting to the last byte. Within them it is tried again while it
//! certainly was not taken, see [`attempts`]. Each attempt has the same id in both id headers, also
//! after a crash, so a bridge can drop the repeat, and says how much of the five seconds is left.

use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use bytes::Bytes;
use dialogflow::Edition;
use edge::{Clock, egress::Egress};
use machine::{
    Millis,
    conversation::{Reply, Said},
    limits,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json, value::RawValue};
use tokio_util::sync::CancellationToken;
use wire::webhook::{self as contract, Revision};

use crate::{
    bot::{Bot, session_id, step_two_id},
    config::WebhookConfig,
    facts::{Facts, context_json},
    history, limit,
    visitor_headers::Headers,
    visitors::{self, Visitor},
};

mod attempts;

pub(crate) use attempts::Pace;
use attempts::{Attempt, Attempts};

/// A call that is owed.
#[derive(Clone, Copy)]
pub(crate) struct WebhookCall<'a> {
    pub(crate) bot: &'a Bot,
    pub(crate) conversation: &'a str,
    pub(crate) visitor: &'a Visitor,
    pub(crate) turn: u64,
    /// Number of the bot's session.
    pub(crate) session: u64,
    pub(crate) said: &'a Said,
    /// The first input of which the bridge was not told because it was away.
    pub(crate) unheard: Option<u64>,
    pub(crate) webhook_headers: &'a Headers,
}

/// What only step one carries.
struct StepOne<'a> {
    response: &'a RawValue,
    history: Vec<Value>,
}

/// What a call tells from the journal.
#[derive(Clone, Copy)]
enum Told {
    History,
    Missed { first: u64 },
}

/// Makes webhook calls. A call gives no reply when the process ends before the call was taken: it
/// stays owed, and the next process makes it.
pub(crate) struct WebhookCaller {
    pub(crate) egress: Egress,
    pub(crate) clock: Clock,
    pub(crate) pace: Pace,
    /// Cancelled when the process is about to end.
    pub(crate) shutdown: CancellationToken,
}

impl WebhookCaller {
    /// `response` is the bot's answer that carried the trigger, as canonical JSON.
    pub(crate) async fn step_one(&self, call: WebhookCall<'_>, response: &str) -> Option<Reply> {
        let Some(webhook) = &call.bot.config.webhook else {
            return Some(no_webhook());
        };
        let response = call.response(response, webhook.contract);
        let Ok(response) = serde_json::value::to_raw_value(&response) else {
            return Some(failed("the bot's answer cannot be written"));
        };
        // An empty array when the history is off (contract, section 12).
        let history = if webhook.history { self.history(call, webhook).await? } else { Vec::new() };
        let id = format!("{}/{}/one", call.conversation, call.turn);
        let step_one = StepOne { response: &response, history };
        let missed = self.missed(call, webhook).await?;
        let body = call.body(webhook, self.clock.wall(), Some(&step_one), &missed);
        self.post(webhook, &id, body).await
    }

    pub(crate) async fn step_two(&self, call: WebhookCall<'_>) -> Option<Reply> {
        let Some(webhook) = &call.bot.config.webhook else {
            return Some(no_webhook());
        };
        let id = step_two_id(call.conversation, call.turn);
        let missed = self.missed(call, webhook).await?;
        self.post(webhook, &id, call.body(webhook, self.clock.wall(), None, &missed)).await
    }

    /// A call that only tells of something: one attempt, and the reply has no meaning.
    pub(crate) async fn notify(&self, webhook: &WebhookConfig, id: &str, body: Bytes) {
        let Some(headers) = self.headers(webhook, id, &body, None) else {
            return;
        };
        let deadline = Duration::from_millis(limits::WEBHOOK_TIMEOUT_MS);
        let limit = limits::WEBHOOK_REPLY_BYTES_MAX;
        let reply = self.egress.post_json(&webhook.target, headers, body, deadline, limit);
        if let Err(error) = reply.await {
            tracing::warn!(call.id = id, %error, "a notification of the bridge failed");
        }
    }

    async fn post(
        &self,
        webhook: &WebhookConfig,
        id: &str,
        body: Result<Bytes, serde_json::Error>,
    ) -> Option<Reply> {
        let Ok(body) = body else {
            return Some(failed("the call cannot be written"));
        };
        let mut attempts = Attempts::begin(self.pace, id);
        let reply = loop {
            match self.attempt(webhook, id, &body, &mut attempts).await {
                Attempt::Over(reply) => break reply,
                Attempt::NotTaken { why, .. } if self.shutdown.is_cancelled() => {
                    tracing::info!(call.id = id, why, "a webhook call is left to the next start");
                    return None;
                }
                Attempt::NotTaken { why, asked } => match attempts.next_wait(asked) {
                    None => break attempts.away(&why, asked),
                    Some(wait) => {
                        tracing::info!(call.id = id, why, attempt = attempts.made, "not taken");
                        // Also at the end of the process one more attempt is made, at once.
                        let _ = tokio::time::timeout(wait, self.shutdown.cancelled()).await;
                    }
                },
            }
        };
        match &reply {
            Reply::Late => tracing::warn!(call.id = id, "a webhook call got no reply in time"),
            Reply::Failed { why } | Reply::Away { why, .. } => {
                tracing::warn!(call.id = id, why, "a webhook call failed");
            }
            Reply::Paused { .. } | Reply::Refused => {}
        }
        Some(reply)
    }

    /// One attempt, which first waits for its turn among the calls to its target.
    async fn attempt(
        &self,
        webhook: &WebhookConfig,
        id: &str,
        body: &Bytes,
        attempts: &mut Attempts<'_>,
    ) -> Attempt {
        let turn = webhook.target.turn(attempts.turn_wait()).await;
        let left = attempts.start(turn.is_ok());
        let turn = match turn {
            Ok(turn) => turn,
            Err(error) => return Attempt::of(Err(error)),
        };
        // A signature carries the time, so each attempt is signed anew.
        let Some(headers) = self.headers(webhook, id, body, Some(left)) else {
            let why = "the token or the custom header has characters no header can carry";
            return Attempt::Over(failed(why));
        };
        let (call, limit) = ((headers, body.clone()), limits::WEBHOOK_REPLY_BYTES_MAX);
        Attempt::of(self.egress.post_json_in_turn(turn, call, left, limit).await)
    }

    /// The headers of every call: `Authorization`, bare as r3 has it (section 6.1) or with `Bearer`
    /// (contract 13.2), the custom header, the signature, the id of the call, and the time that is
    /// left for its answer. `None` when a value cannot be a header.
    fn headers(
        &self,
        webhook: &WebhookConfig,
        id: &str,
        body: &Bytes,
        left: Option<Duration>,
    ) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        let token = webhook.token.expose_secret();
        let token = if webhook.bearer { format!("Bearer {token}") } else { token.to_owned() };
        headers.insert(header::AUTHORIZATION, secret_value(&token.into())?);
        if let Some((name, value)) = &webhook.header {
            headers.insert(name.clone(), secret_value(value)?);
        }
        if let Some(keys) = &webhook.signing {
            keys.sign(&mut headers, id, self.clock.wall(), body).ok()?;
        }
        let id = HeaderValue::from_str(id).ok()?;
        headers.insert(HeaderName::from_static("x-request-id"), id.clone());
        headers.insert(HeaderName::from_static("idempotency-key"), id);
        if let Some(left) = left {
            let name = HeaderName::from_static(contract::TIME_LEFT_HEADER);
            headers.insert(name, HeaderValue::try_from(left.as_millis().to_string()).ok()?);
        }
        Some(headers)
    }

    /// What was said to the bot because the bridge was away.
    async fn missed(&self, call: WebhookCall<'_>, webhook: &WebhookConfig) -> Option<Vec<Value>> {
        let Some(first) = call.unheard.filter(|_| !webhook.strict) else {
            return Some(Vec::new());
        };
        self.read(call, Told::Missed { first }).await
    }

    async fn history(&self, call: WebhookCall<'_>, webhook: &WebhookConfig) -> Option<Vec<Value>> {
        let mut items = self.read(call, Told::History).await?;
        // The contract does not print `sender`; a strict receiver may refuse it.
        if webhook.strict {
            let items = items.iter_mut().filter_map(Value::as_object_mut);
            items.for_each(|item| item.retain(|name, _| name != "sender"));
        }
        Some(items)
    }

    /// Reads what a call tells, again and again while the store is away: how the call ends could
    /// not be stored either. `None` when the process ends first. What can never be read is left
    /// out.
    async fn read(&self, call: WebhookCall<'_>, told: Told) -> Option<Vec<Value>> {
        let (conversation, mut wait) = (call.conversation, limit::SETTLE_WAIT_MIN);
        loop {
            let read = match told {
                Told::History => history::read(call.wanted()).await,
                Told::Missed { first } => history::missed(call.wanted(), first).await,
            };
            match read {
                Ok(items) => return Some(items),
                Err(error) if error.is_temporary() => {
                    tracing::warn!(conversation.id = conversation, %error, "a call waits");
                }
                Err(error) => {
                    tracing::error!(conversation.id = conversation, %error, "a call tells less");
                    return Some(Vec::new());
                }
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.shutdown.cancelled() => return None,
            }
            wait = (wait * 2).min(limit::SETTLE_WAIT_MAX);
        }
    }
}

impl WebhookCall<'_> {
    fn body(
        self,
        webhook: &WebhookConfig,
        now: Millis,
        step_one: Option<&StepOne<'_>>,
        missed: &[Value],
    ) -> Result<Bytes, serde_json::Error> {
        let Self { bot, conversation, visitor, said, .. } = self;
        let facts = Facts::of(bot, visitor, said, now);
        let contexts: Vec<Value> = facts.contexts.iter().map(context_json).collect();
        let parameters = (bot.edition() == Edition::Cx).then_some(&facts.parameters);
        let session_id = session_id(conversation, self.session);
        let headers = self.forwarded_headers(webhook);
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
            missed_messages: missed,
            // Never in step one (contract, section 12).
            event_type: (step_one.is_none() && webhook.typing).then_some("message"),
        };
        let body = if webhook.strict { body.keep_only(webhook.contract) } else { body };
        serde_json::to_vec(&body).map(Bytes::from)
    }

    /// The visitor's headers, when the owner passes them on (contract 13.15).
    fn forwarded_headers(self, webhook: &WebhookConfig) -> Map<String, Value> {
        let headers = self.webhook_headers.iter().filter(|_| webhook.forward_headers);
        headers.map(|(name, value)| (name.clone(), value.expose_secret().into())).collect()
    }

    fn wanted(&self) -> history::Wanted<'_> {
        let Self { bot, conversation, visitor, turn, session, .. } = *self;
        history::Wanted { bot, conversation, visitor, turn, session }
    }

    /// The bot's answer in the form of the receiver's revision (contract 13.13). A bot query that
    /// failed has no answer; the field is written all the same, because it marks step one.
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

fn secret_value(secret: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `text` is never missing: it is the visible label, or the event's name (contract 13.14).
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

/// The webhook was removed from the settings while a call was owed.
fn no_webhook() -> Reply {
    failed("no webhook is configured")
}

fn failed(why: &str) -> Reply {
    Reply::Failed { why: why.to_owned() }
}
