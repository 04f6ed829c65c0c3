//! The detectIntent response of a turn in canonical JSON: unset fields are left out, names are full
//! paths.

use serde_json::{Map, Value, json};

use super::{
    Outcome, Turn, phrasebook,
    references::{Filled, Scope},
    with_originals,
};
use crate::{
    Input,
    local::{
        hash::hash,
        locale,
        model::{Content, Intent, Message},
        session::Dialog,
    },
};

pub(crate) fn response(turn: &Turn<'_>, outcome: &Outcome) -> Value {
    let mut result = Map::new();
    let query_text = match &turn.input {
        Input::Text(text) => text.clone(),
        Input::Event { name, .. } => name.clone(),
    };
    result.insert("queryText".to_owned(), json!(query_text));
    if let Some(position) = outcome.intent {
        let intent = &turn.agent.intents[position];
        put(&mut result, "action", json!(intent.action));
        result.insert("parameters".to_owned(), json!(outcome.resolved.values));
        let messages = messages(turn, outcome, intent);
        put(&mut result, "allRequiredParamsPresent", json!(outcome.dialog.is_none()));
        put(&mut result, "fulfillmentText", json!(first_text(&messages)));
        put(&mut result, "fulfillmentMessages", json!(messages));
        put(&mut result, "outputContexts", json!(contexts(turn, outcome)));
        result.insert("intent".to_owned(), described(turn, intent));
        put(&mut result, "intentDetectionConfidence", json!(rounded(outcome.confidence)));
        put(&mut result, "cancelsSlotFilling", json!(outcome.cancelled));
        if intent.ends_interaction {
            result.insert("diagnosticInfo".to_owned(), json!({ "end_conversation": true }));
        }
    } else {
        put(&mut result, "allRequiredParamsPresent", json!(true));
        put(&mut result, "outputContexts", json!(contexts(turn, outcome)));
    }
    result.insert("languageCode".to_owned(), json!(turn.query.language.to_lowercase()));
    json!({ "responseId": response_id(turn), "queryResult": result })
}

/// Inserts a value unless it is the default, as canonical JSON does.
pub(super) fn put(result: &mut Map<String, Value>, key: &str, value: Value) {
    let default = match &value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(flag) => !flag,
        _ => false,
    };
    if !default {
        result.insert(key.to_owned(), value);
    }
}

/// A 32-bit float with six decimals: 0.7 stays 0.7.
fn rounded(confidence: f32) -> f64 {
    (f64::from(confidence) * 1e6).round() / 1e6
}

fn described(turn: &Turn<'_>, intent: &Intent) -> Value {
    let mut described = Map::new();
    let agent = agent_path(&turn.query.session);
    described.insert("name".to_owned(), json!(format!("{agent}/intents/{}", intent.id)));
    described.insert("displayName".to_owned(), json!(intent.name));
    put(&mut described, "isFallback", json!(intent.fallback));
    put(&mut described, "endInteraction", json!(intent.ends_interaction));
    put(&mut described, "liveAgentHandoff", json!(intent.hands_over));
    Value::Object(described)
}

/// `projects/P/agent` of a session path, without environment and user.
fn agent_path(session: &str) -> &str {
    let end = session.find("/agent").map_or(0, |at| at + "/agent".len());
    &session[..end]
}

fn contexts(turn: &Turn<'_>, outcome: &Outcome) -> Vec<Value> {
    let path = |name: &str| format!("{}/contexts/{name}", turn.query.session);
    let reported = |name: &str, lifespan: u32, parameters: Map<String, Value>| {
        let mut context = Map::new();
        context.insert("name".to_owned(), json!(path(name)));
        if lifespan > 0 {
            context.insert("lifespanCount".to_owned(), json!(lifespan));
        }
        if !parameters.is_empty() {
            context.insert("parameters".to_owned(), Value::Object(parameters));
        }
        Value::Object(context)
    };
    let mut list: Vec<Value> = turn
        .session
        .contexts
        .iter()
        .map(|c| reported(&c.name, c.lifespan, c.parameters.clone()))
        .collect();
    let current: Map<String, Value> = with_originals(&outcome.resolved).into_iter().collect();
    if let (Some(dialog), Some(position)) = (&outcome.dialog, outcome.intent) {
        let names = dialog_contexts(&turn.agent.intents[position], dialog);
        list.extend(names.iter().map(|(name, left)| reported(name, *left, current.clone())));
    }
    let mut counters = Map::new();
    counters.insert("no-match".to_owned(), json!(turn.session.no_match));
    counters.insert("no-input".to_owned(), json!(0));
    counters.extend(current);
    list.push(reported("__system_counters__", 1, counters));
    list
}

/// The contexts that show a client the open slot filling, with their lifespans.
fn dialog_contexts(intent: &Intent, dialog: &Dialog) -> Vec<(String, u32)> {
    let plain = |text: &str| -> String {
        let valid = |c: char| {
            if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }
        };
        text.to_lowercase().chars().map(valid).collect()
    };
    let name = plain(&intent.name);
    vec![
        (format!("{}_id_dialog_context", intent.id.to_lowercase()), 2),
        (format!("{name}_dialog_context"), 2),
        (format!("{name}_dialog_params_{}", plain(&dialog.awaited)), 1),
    ]
}

fn messages(turn: &Turn<'_>, outcome: &Outcome, intent: &Intent) -> Vec<Value> {
    let scope = Scope {
        values: &outcome.resolved.values,
        originals: &outcome.resolved.originals,
        session: &turn.session,
    };
    if outcome.cancelled {
        return vec![text_message(phrasebook::cancelled(turn.language), None)];
    }
    if let Some(dialog) = &outcome.dialog {
        return vec![text_message(&prompt(turn, intent, dialog, &scope), None)];
    }
    let spoken = spoken(turn, intent);
    let mut list = Vec::new();
    for (at, message) in spoken.into_iter().enumerate() {
        list.push(match &message.content {
            Content::Text(variants) => {
                let text = variant(turn, at, variants.iter().map(|v| scope.fill(v)).collect());
                text_message(&text, message.platform)
            }
            Content::Rich(key, value) => {
                let mut rich = Map::new();
                rich.extend(message.platform.map(|p| ("platform".to_owned(), json!(p))));
                rich.insert((*key).to_owned(), scope.fill_all(value));
                Value::Object(rich)
            }
        });
    }
    list
}

/// The messages in the turn's language, else in one that it inherits from, else in the agent's root
/// language.
fn spoken<'a>(turn: &Turn<'_>, intent: &'a Intent) -> Vec<&'a Message> {
    let mut languages = locale::lineage(turn.language);
    languages.push(turn.agent.language.clone());
    for language in languages {
        let own = |m: &&Message| m.language.as_deref().is_none_or(|l| l == language);
        let list: Vec<&Message> = intent.messages.iter().filter(own).collect();
        if !list.is_empty() {
            return list;
        }
    }
    Vec::new()
}

pub(super) fn text_message(text: &str, platform: Option<&str>) -> Value {
    match platform {
        Some(platform) => json!({ "platform": platform, "text": { "text": [text] } }),
        None => json!({ "text": { "text": [text] } }),
    }
}

/// Chooses a variant: the same one for the same session and turn, another one in the next turn.
/// A variant with an empty reference is chosen only when all have one.
fn variant(turn: &Turn<'_>, at: usize, variants: Vec<Filled>) -> String {
    let (complete, rest): (Vec<_>, Vec<_>) = variants.into_iter().partition(|v| v.complete);
    let choice = if complete.is_empty() { rest } else { complete };
    let seed = hash(at as u64, turn.query.session.as_bytes()).wrapping_add(turn.session.turn);
    let count = choice.len().max(1) as u64;
    choice.into_iter().nth((seed % count) as usize).map(|v| v.text).unwrap_or_default()
}

fn prompt(turn: &Turn<'_>, intent: &Intent, dialog: &Dialog, scope: &Scope<'_>) -> String {
    let prompts = intent.parameter(&dialog.awaited).map_or(&[][..], |p| &p.prompts);
    for language in locale::lineage(turn.language) {
        let own = prompts.iter().filter(|(l, _)| l.as_deref().is_none_or(|l| l == language));
        let own: Vec<Filled> = own.map(|(_, text)| scope.fill(text)).collect();
        if !own.is_empty() {
            return variant(turn, 0, own);
        }
    }
    phrasebook::question(turn.language, &dialog.awaited)
}

/// The first text of the default platform.
pub(super) fn first_text(messages: &[Value]) -> &str {
    let default = messages.iter().filter(|message| message.get("platform").is_none());
    let mut texts = default.filter_map(|message| message.pointer("/text/text/0")?.as_str());
    texts.next().unwrap_or_default()
}

/// In the form of the service: a UUID and eight more hexadecimal digits.
fn response_id(turn: &Turn<'_>) -> String {
    let part = |salt: u64| {
        let seed = hash(salt, turn.query.session.as_bytes());
        hash(seed, &turn.session.turn.to_le_bytes())
    };
    let (high, low, tail) = (part(1), part(2), part(3));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}-{:08x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48 & 0x3fff),
        low & 0xffff_ffff_ffff,
        tail & 0xffff_ffff
    )
}
