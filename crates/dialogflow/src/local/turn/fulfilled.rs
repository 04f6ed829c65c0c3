//! A turn in which the agent's webhook takes part: it may replace the answer, change contexts and
//! entities, or name an event that is matched in place of an answer. When a call fails, the agent's
//! own answer stays, and `webhookStatus` says why.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{EVENT_CHARS_MAX, Outcome, Turn, answer, play, references::is_empty};
use crate::{
    Answer, BotError, Input, Query,
    fulfilment::{
        Fulfilment, request,
        response::{FollowupEvent, OutputContext, WebhookResponse},
        status::{self, Failure},
    },
    local::{
        agent::LocalAgent,
        matching::session_entities::SessionEntities,
        model::WebhookUse,
        session::{MEMORY_BYTES_MAX, bare},
    },
};

/// Events that webhooks may name in one turn. As in Dialogflow, a turn matches three intents at
/// most.
const FOLLOWUPS_MAX: usize = 2;

/// A turn in which an intent was matched.
#[derive(Clone)]
struct Played<'a> {
    turn: Turn<'a>,
    outcome: Outcome,
}

/// Answers a query with the help of the agent's webhook.
pub(crate) async fn run(
    agent: &LocalAgent,
    query: &Query,
    fulfilment: &Fulfilment,
) -> Result<Answer, BotError> {
    let (turn, outcome) = play(agent, query)?;
    let mut played = Played { turn, outcome };
    let mut calls = fulfilment.begin(query);
    let (mut reply, mut status) = (None, None);
    let mut followed = 0;
    while reply.is_none() && played.needs_webhook() {
        let heard = calls.ask(&request::body(&played.response(), query)).await;
        match heard.and_then(|heard| played.clone().take(heard, followed)) {
            Ok((next, answered)) => {
                (played, reply) = (next, answered);
                followed += 1;
                status = Some(status::success());
            }
            Err(failure) => {
                status = Some(failure.to_json());
                break;
            }
        }
    }
    let mut response = played.response();
    if let Some(reply) = reply {
        overlay(&mut response, reply);
    }
    if let Some(status) = status {
        report(&mut response, status, calls.took);
    }
    Ok(Answer { response, memory: played.turn.session.to_memory() })
}

impl Played<'_> {
    fn response(&self) -> Value {
        answer::response(&self.turn, &self.outcome)
    }

    fn needs_webhook(&self) -> bool {
        let Outcome { dialog, cancelled, .. } = &self.outcome;
        let intent = self.outcome.intent.map(|position| &self.turn.agent.intents[position]);
        match intent.map_or(WebhookUse::Never, |intent| intent.webhook) {
            WebhookUse::Never => false,
            WebhookUse::Answers => dialog.is_none() && !cancelled,
            WebhookUse::AnswersAndPrompts => !cancelled,
        }
    }

    /// The turn after what a webhook said, and what it said unless that was an event. `followed`
    /// is the number of events before it.
    fn take(
        mut self,
        heard: WebhookResponse,
        followed: usize,
    ) -> Result<(Self, Option<WebhookResponse>), Failure> {
        for given in &heard.session_entity_types {
            let entities = SessionEntities::read(given, &self.turn.agent.entities);
            self.turn.session.set_entities(entities.map_err(Failure::invalid)?);
        }
        for context in &heard.output_contexts {
            self.set(context)?;
        }
        if self.turn.session.dialog.is_none() && self.outcome.dialog.take().is_some() {
            self.outcome.cancelled = true;
        }
        let event = heard.followup_event();
        if let Some(event) = event {
            self.follow(event, followed)?;
        }
        let bytes = self.turn.session.to_memory().map_or(0, |memory| memory.len());
        if bytes > MEMORY_BYTES_MAX {
            let why = format!("The session would have more than {MEMORY_BYTES_MAX} bytes");
            return Err(Failure::invalid(why));
        }
        let is_answer = event.is_none();
        Ok((self, is_answer.then_some(heard)))
    }

    fn set(&mut self, context: &OutputContext) -> Result<(), Failure> {
        let name = context.name.rsplit_once("/contexts/").map(|(_, name)| name);
        let Some(name) = name.filter(|name| !name.is_empty() && !name.contains('/')) else {
            let form = "projects/*/agent/sessions/*/contexts/*";
            return Err(Failure::invalid(format!("Resource name does not match '{form}'")));
        };
        let lifespan = context.lifespan()?;
        if lifespan > 0 && bare(name).ends_with("_dialog_context") {
            self.refill(&context.parameters);
        }
        self.turn.session.overwrite(name, lifespan, &context.parameters);
        Ok(())
    }

    /// Changes the values that an open slot filling has so far.
    fn refill(&mut self, parameters: &Map<String, Value>) {
        let (Some(position), Some(dialog)) = (self.outcome.intent, &mut self.outcome.dialog) else {
            return;
        };
        let resolved = &mut self.outcome.resolved.values;
        for parameter in &self.turn.agent.intents[position].parameters {
            let name = &parameter.name;
            let given = parameters.get(name).filter(|given| resolved.get(name) != Some(given));
            let Some(given) = given else { continue };
            if is_empty(given) {
                dialog.captured.values.shift_remove(name);
                dialog.captured.originals.shift_remove(name);
            } else {
                dialog.captured.values.insert(name.clone(), given.clone());
            }
            resolved.insert(name.clone(), given.clone());
        }
        self.turn.session.dialog = Some(dialog.clone());
    }

    fn follow(&mut self, event: &FollowupEvent, followed: usize) -> Result<(), Failure> {
        let FollowupEvent { name, parameters } = event;
        if followed >= FOLLOWUPS_MAX {
            let why = format!("More than {FOLLOWUPS_MAX} follow-up events in one turn");
            return Err(Failure::invalid(why));
        }
        if name.chars().count() > EVENT_CHARS_MAX {
            return Err(Failure::invalid(format!(
                "Event name exceeds {EVENT_CHARS_MAX} characters"
            )));
        }
        self.turn.input = Input::Event { name: name.clone(), parameters: parameters.clone() };
        self.turn.session.set_event(name, parameters);
        self.outcome = self.turn.intent_of_event(name).ok_or_else(|| {
            Failure::invalid(format!("No intent has the event '{name}' and active input contexts"))
        })?;
        self.turn.settle(&self.outcome);
        Ok(())
    }
}

/// Puts what a webhook answered in place of the agent's own answer.
fn overlay(response: &mut Value, reply: WebhookResponse) {
    let (hands_over, ends) = (reply.live_agent_handoff, reply.ends_interaction());
    let Some(Value::Object(result)) = response.get_mut("queryResult") else { return };
    let (mut text, mut messages) = (reply.fulfillment_text, reply.fulfillment_messages);
    if messages.is_empty() && !text.is_empty() {
        messages = vec![answer::text_message(&text, None)];
    }
    if !messages.is_empty() {
        if text.is_empty() {
            answer::first_text(&messages).clone_into(&mut text);
        }
        result.shift_remove("fulfillmentText");
        answer::put(result, "fulfillmentText", json!(text));
        result.insert("fulfillmentMessages".to_owned(), json!(messages));
    }
    answer::put(result, "webhookSource", json!(reply.source));
    if !reply.payload.is_empty() {
        result.insert("webhookPayload".to_owned(), Value::Object(reply.payload));
    }
    if let Some(Value::Object(intent)) = result.get_mut("intent") {
        answer::put(intent, "endInteraction", json!(ends));
        answer::put(intent, "liveAgentHandoff", json!(hands_over));
    }
    if ends {
        diagnose(result, "end_conversation", json!(true));
    }
}

/// Says how the calls went and how long the last one took.
fn report(response: &mut Value, status: Value, took: Duration) {
    if let Some(Value::Object(result)) = response.get_mut("queryResult") {
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        diagnose(result, "webhook_latency_ms", json!(took_ms));
    }
    response["webhookStatus"] = status;
}

fn diagnose(result: &mut Map<String, Value>, name: &str, value: Value) {
    let info = result.entry("diagnosticInfo").or_insert_with(|| json!({}));
    info[name] = value;
}
