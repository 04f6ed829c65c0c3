//! The bundled agent pizza-orders with a scripted webhook.

mod answers;
mod entities;
mod events;
mod failures;
mod slots;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use dialogflow::{
    Answer, Bot as _, BoxFuture, Input, Query,
    fulfilment::{
        ANSWER_BYTES_MAX, CallError, Caller, Fulfilment, Patience, Reply, Request, WebhookSettings,
    },
    local::LocalBot,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::script::{SESSION, bot, query};

/// What the webhook does when it is called.
pub(crate) enum Act {
    Answer(Value),
    Raw(u16, Vec<u8>),
    Fail(CallError),
    Hang,
}

/// A request that the webhook got.
pub(crate) struct Heard {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
    pub(crate) deadline: Duration,
}

#[derive(Clone, Default)]
pub(crate) struct Webhook {
    acts: Arc<Mutex<VecDeque<Act>>>,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Caller for Webhook {
    fn call(&self, request: Request) -> BoxFuture<'_, Result<Reply, CallError>> {
        assert_eq!(request.answer_bytes_max, ANSWER_BYTES_MAX);
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
        self.heard.lock().unwrap().push(Heard {
            headers: headers.collect(),
            body: serde_json::from_slice(&request.body).unwrap(),
            deadline: request.deadline,
        });
        let act = self.acts.lock().unwrap().pop_front().unwrap();
        Box::pin(async move {
            match act {
                Act::Answer(answer) => {
                    Ok(Reply { status: 200, body: answer.to_string().into_bytes() })
                }
                Act::Raw(status, body) => Ok(Reply { status, body }),
                Act::Fail(error) => Err(error),
                Act::Hang => std::future::pending().await,
            }
        })
    }
}

/// A visitor who talks to the agent.
pub(crate) struct Visitor {
    bot: LocalBot,
    webhook: Webhook,
    pub(crate) next: Query,
}

impl Visitor {
    pub(crate) fn new() -> Self {
        Self::with(Patience::default())
    }

    pub(crate) fn with(patience: Patience) -> Self {
        let (bot, webhook) = (bot("pizza-orders"), Webhook::default());
        let mut settings: WebhookSettings = bot.agent().webhook().clone();
        settings.password = Some("dough".into());
        let fulfilment = Fulfilment::with_patience(webhook.clone(), &settings, patience);
        let bot = bot.with_fulfilment(Some(fulfilment));
        Self { bot, webhook, next: query(Input::Text(String::new()), "en") }
    }

    /// Says a text, or an event after `!`. The webhook acts as told, and must have acted.
    pub(crate) async fn say(&mut self, text: &str, acts: impl IntoIterator<Item = Act>) -> Value {
        self.webhook.acts.lock().unwrap().extend(acts);
        self.next.input = match text.strip_prefix('!') {
            Some(name) => {
                Input::Event { name: name.to_owned(), parameters: serde_json::Map::new() }
            }
            None => Input::Text(text.to_owned()),
        };
        let Answer { response, memory } = self.bot.detect_intent(self.next.clone()).await.unwrap();
        assert_eq!(self.webhook.acts.lock().unwrap().len(), 0, "not called for {text:?}");
        self.next.memory = memory;
        response
    }

    /// What the visitor would hear without a webhook.
    pub(crate) fn without_webhook(&self, text: &str) -> Answer {
        let query = Query { input: Input::Text(text.to_owned()), ..self.next.clone() };
        self.bot.answer(&query).unwrap()
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.webhook.heard.lock().unwrap())
    }
}

pub(crate) fn answer(answer: Value) -> [Act; 1] {
    [Act::Answer(answer)]
}

pub(crate) fn text(text: &str) -> [Act; 1] {
    answer(json!({ "fulfillmentText": text }))
}

pub(crate) fn said(response: &Value) -> &str {
    response["queryResult"]["fulfillmentMessages"][0]["text"]["text"][0].as_str().unwrap()
}

/// Bare name and turns left of each context, without the counters.
pub(crate) fn contexts(response: &Value) -> Vec<(String, u64)> {
    let all = response["queryResult"]["outputContexts"].as_array().unwrap().iter();
    let named = all.map(|context| {
        let name = context["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        (name, context["lifespanCount"].as_u64().unwrap_or(0))
    });
    named.filter(|(name, _)| name != "__system_counters__").collect()
}

pub(crate) fn context(name: &str, lifespan: i64, parameters: &Value) -> Value {
    let name = format!("{SESSION}/contexts/{name}");
    json!({ "name": name, "lifespanCount": lifespan, "parameters": parameters })
}

pub(crate) fn status(response: &Value) -> (u64, &str) {
    let status = &response["webhookStatus"];
    (status["code"].as_u64().unwrap_or(0), status["message"].as_str().unwrap_or_default())
}

pub(crate) const SUCCESS: (u64, &str) = (0, "Webhook execution successful");
