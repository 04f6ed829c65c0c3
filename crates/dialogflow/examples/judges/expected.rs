//! The queries, and the expected results.

use std::{collections::BTreeMap, collections::HashMap, fs, path::PathBuf};

use anyhow::{Context as _, Result};
use dialogflow::{Context, Input, Query, SESSION_CHARS_MAX, local::LocalBot};
use serde_json::{Map, Value, json};

use super::NOON;

/// A canonical response, or the HTTP status of the refusal.
pub(crate) type Expected = Result<Value, u16>;

pub(crate) fn agents() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../agents")
}

fn read(name: &str) -> Result<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).context(path.display().to_string())
}

/// The turns with every agent, with full names of sessions and contexts.
pub(crate) fn conversations() -> Result<BTreeMap<String, Vec<Value>>> {
    let mut all: BTreeMap<String, Vec<Value>> =
        serde_json::from_value(read("conversations.json")?)?;
    for turn in all.values_mut().flatten() {
        let session = turn["session"].as_str().unwrap_or("s-1");
        let session = if session.contains('/') {
            session.to_owned()
        } else {
            format!("projects/demo/agent/sessions/{session}")
        };
        if turn.get("language").is_none() {
            turn["language"] = json!("en");
        }
        for context in turn.get_mut("contexts").and_then(Value::as_array_mut).into_iter().flatten()
        {
            let name = context["name"].as_str().unwrap_or_default();
            context["name"] = json!(format!("{session}/contexts/{name}"));
        }
        turn["session"] = json!(session);
    }
    Ok(all)
}

/// Responses with everything that the bundled agents do not say.
pub(crate) fn responses() -> Result<Vec<Value>> {
    Ok(serde_json::from_value(read("responses.json")?)?)
}

pub(crate) fn numbered_turn(number: usize) -> Value {
    json!({
        "session": "projects/demo/agent/sessions/s-1",
        "language": "en",
        "text": number.to_string(),
    })
}

/// The answers of the local bot without a network.
pub(crate) fn answers(bot: &LocalBot, turns: &[Value]) -> Vec<Expected> {
    let mut memories: HashMap<String, Option<String>> = HashMap::new();
    turns.iter().map(|turn| answer(bot, turn, &mut memories)).collect()
}

fn answer(
    bot: &LocalBot,
    turn: &Value,
    memories: &mut HashMap<String, Option<String>>,
) -> Expected {
    let session = turn["session"].as_str().unwrap_or_default();
    if session.rsplit('/').next().is_some_and(|id| id.len() > SESSION_CHARS_MAX) {
        return Err(400);
    }
    let memory = memories.entry(session.to_owned()).or_default();
    // Removing every context one by one is the same as removing all at once.
    let mut contexts = Vec::new();
    if turn["reset"] == true {
        contexts.extend(active(memory.as_deref()));
    }
    contexts.extend(turn["contexts"].as_array().into_iter().flatten().map(|given| Context {
        name: given["name"].as_str().unwrap_or_default().to_owned(),
        lifespan: given["lifespan"].as_u64().unwrap_or_default() as u32,
        parameters: map(&given["parameters"]),
    }));
    let query = Query {
        session: session.to_owned(),
        input: match turn["event"].as_str() {
            Some(name) => {
                Input::Event { name: name.to_owned(), parameters: map(&turn["parameters"]) }
            }
            None => Input::Text(turn["text"].as_str().unwrap_or_default().to_owned()),
        },
        language: turn["language"].as_str().unwrap_or_default().to_owned(),
        time_zone: turn["timeZone"].as_str().map(str::to_owned),
        contexts,
        parameters: Map::new(),
        payload: Map::new(),
        webhook_headers: Vec::new(),
        memory: memory.clone(),
        now: NOON,
    };
    let answer = bot.answer(&query).map_err(|_| 400_u16)?;
    *memory = answer.memory;
    Ok(for_platform(answer.response, turn["platform"].as_str()))
}

fn active(memory: Option<&str>) -> Vec<Context> {
    let memory: Value = memory.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let contexts = memory["contexts"].as_array().into_iter().flatten();
    contexts
        .map(|context| Context {
            name: context["name"].as_str().unwrap_or_default().to_owned(),
            lifespan: 0,
            parameters: Map::new(),
        })
        .collect()
}

fn for_platform(mut response: Value, platform: Option<&str>) -> Value {
    let result = response["queryResult"].as_object_mut();
    let (Some(platform), Some(result)) = (platform, result) else {
        return response;
    };
    let all = result.remove("fulfillmentMessages").unwrap_or_default();
    let all = all.as_array().cloned().unwrap_or_default().into_iter();
    let own: Vec<Value> = all.filter(|message| message["platform"] == platform).collect();
    if !own.is_empty() {
        result.insert("fulfillmentMessages".to_owned(), Value::Array(own));
    }
    response
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
