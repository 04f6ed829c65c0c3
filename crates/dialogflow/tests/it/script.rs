//! Conversations as text. Lines with `>` (a text of the visitor), `!` (an event, with parameters as
//! JSON), `@` (a context and its lifespan, sent with the next query), `%` (the language from here
//! on) and `+` (minutes pass) are sent; all others are the expected answers:
//!
//!     = intent, confidence          = - when there is none
//!     : the first words of a message, with [kind PLATFORM] when it is not a plain text
//!     # context and turns left      (without the counters)
//!     $ parameter and value
//!     ? slots are being filled

use std::{collections::HashMap, fmt::Write, path::PathBuf, sync::LazyLock, sync::Mutex};

use dialogflow::{
    Context, Input, Query,
    local::{LocalAgent, LocalBot},
};
use serde_json::{Map, Value};

static BOTS: LazyLock<Mutex<HashMap<String, LocalBot>>> = LazyLock::new(Mutex::default);

pub(crate) const SESSION: &str = "projects/baton/agent/sessions/s-1";
/// Friday, 5 March 2027, 12:00 UTC.
pub(crate) const NOON: i64 = 1_804_248_000_000;

pub(crate) fn agents() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../agents")
}

pub(crate) fn bot(agent: &str) -> LocalBot {
    let mut bots = BOTS.lock().unwrap();
    let load = || LocalBot::new(LocalAgent::load(agents().join(agent)).unwrap().0);
    bots.entry(agent.to_owned()).or_insert_with(load).clone()
}

pub(crate) fn query(input: Input, language: &str) -> Query {
    Query {
        session: SESSION.to_owned(),
        input,
        language: language.to_owned(),
        time_zone: Some("Europe/Vienna".to_owned()),
        contexts: Vec::new(),
        parameters: Map::new(),
        payload: Map::new(),
        webhook_headers: Vec::new(),
        memory: None,
        now: NOON,
    }
}

/// Runs the script and compares the answers with the expected ones.
#[track_caller]
pub(crate) fn check(agent: &str, script: &str) {
    let script: String = script.lines().map(str::trim).filter(|l| !l.is_empty()).fold(
        String::new(),
        |mut all, line| {
            writeln!(all, "{line}").unwrap();
            all
        },
    );
    let heard = play(&bot(agent), &script);
    assert!(heard == script, "--- expected\n{script}\n--- came\n{heard}");
}

pub(crate) fn play(bot: &LocalBot, script: &str) -> String {
    let mut all = String::new();
    let mut next = query(Input::Text(String::new()), bot.agent().language());
    for line in script.lines() {
        let Some((sign, rest)) = line.split_at_checked(1) else {
            continue;
        };
        let rest = rest.trim();
        next.input = match sign {
            ">" => Input::Text(rest.to_owned()),
            "!" => {
                let (name, parameters) = rest.split_once(' ').unwrap_or((rest, "{}"));
                let parameters = serde_json::from_str(parameters).unwrap();
                Input::Event { name: name.to_owned(), parameters }
            }
            "@" | "%" | "+" => {
                writeln!(all, "{line}").unwrap();
                match sign {
                    "@" => next.contexts.push(context(rest)),
                    "%" => rest.clone_into(&mut next.language),
                    _ => next.now += rest.parse::<i64>().unwrap() * 60_000,
                }
                continue;
            }
            _ => continue,
        };
        writeln!(all, "{line}").unwrap();
        let answer = bot.answer(&next).unwrap();
        next.memory = answer.memory;
        next.contexts.clear();
        heard(&answer.response, &mut all);
    }
    all
}

fn context(line: &str) -> Context {
    let mut parts = line.splitn(3, ' ');
    Context {
        name: format!("{SESSION}/contexts/{}", parts.next().unwrap()),
        lifespan: parts.next().unwrap().parse().unwrap(),
        parameters: serde_json::from_str(parts.next().unwrap_or("{}")).unwrap(),
    }
}

fn heard(response: &Value, all: &mut String) {
    let result = &response["queryResult"];
    match result.get("intent") {
        Some(intent) => {
            let name = intent["displayName"].as_str().unwrap();
            let confidence = result["intentDetectionConfidence"].as_f64().unwrap();
            writeln!(all, "= {name} {confidence:.2}").unwrap();
        }
        None => writeln!(all, "= -").unwrap(),
    }
    for message in result["fulfillmentMessages"].as_array().into_iter().flatten() {
        writeln!(all, "{}", short(message)).unwrap();
    }
    for context in result["outputContexts"].as_array().into_iter().flatten() {
        let name = context["name"].as_str().unwrap();
        let name = name.strip_prefix(&format!("{SESSION}/contexts/")).unwrap();
        if name != "__system_counters__" {
            writeln!(all, "# {name} {}", context["lifespanCount"].as_u64().unwrap_or(0)).unwrap();
        }
    }
    let none = Map::new();
    for (name, value) in result.get("parameters").and_then(Value::as_object).unwrap_or(&none) {
        writeln!(all, "$ {name} {value}").unwrap();
    }
    if result.get("intent").is_some() && result.get("allRequiredParamsPresent").is_none() {
        writeln!(all, "?").unwrap();
    }
    if result.get("cancelsSlotFilling") == Some(&Value::Bool(true)) {
        writeln!(all, "cancelled").unwrap();
    }
}

/// The first words of a message, with its kind and platform when it is not a plain text.
fn short(message: &Value) -> String {
    let kind = message.as_object().unwrap().keys().find(|key| *key != "platform").unwrap();
    let platform = message.get("platform").and_then(Value::as_str).unwrap_or_default();
    let text = match kind.as_str() {
        "text" => message["text"]["text"][0].as_str().unwrap().to_owned(),
        _ => message[kind].to_string(),
    };
    let text = text.replace('\n', " / ");
    let cut: String = text.chars().take(60).collect();
    let dots = if cut.len() < text.len() { "…" } else { "" };
    let label = match (kind.as_str(), platform) {
        ("text", "") => String::new(),
        (kind, "") => format!("[{kind}] "),
        (kind, platform) => format!("[{kind} {platform}] "),
    };
    format!(": {label}{cut}{dots}").trim().to_owned()
}
