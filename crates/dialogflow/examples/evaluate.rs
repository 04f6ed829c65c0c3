//! Measures the matcher on agent exports by cross-validation: a fifth of the training phrases is
//! taken out of the export, the agent is loaded from the rest, and each phrase left out is asked.
//!
//!     cargo run --release -p dialogflow --example evaluate -- agents/*
//!
//! It counts the phrases of intents that need no context and may match. *right*: answered by an
//! intent with this phrase; *wrong*: by another; the rest is not understood. *foreign*: the share
//! of other agents' phrases (in the same language) that the whole agent matches with an intent.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use dialogflow::{
    Input, Query,
    local::{LocalAgent, LocalBot},
};
use serde_json::{Value, json};

const FOLDS: usize = 5;

type Files = BTreeMap<String, Vec<u8>>;

/// A training phrase with the intent that owns it.
struct Phrase {
    file: String,
    text: String,
    language: String,
    intent: String,
}

#[derive(Default)]
struct Score {
    asked: usize,
    right: usize,
    wrong: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folders: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let mut exports = Vec::new();
    for folder in &folders {
        let root = [folder.clone(), folder.join("agent")];
        let root = root.iter().find(|r| r.join("agent.json").is_file()).ok_or("no agent.json")?;
        exports.push((folder.file_name().unwrap_or_default().to_string_lossy(), read(root)?));
    }
    let columns = "agent language phrases threshold right wrong not-understood foreign load query";
    println!("| {} |", columns.replace(' ', " | "));
    println!("|{}", " --- |".repeat(columns.split(' ').count()));
    for (name, files) in &exports {
        for language in languages(files)? {
            for threshold in [None, Some(0.3)] {
                let mut files = files.clone();
                let threshold = set_threshold(&mut files, threshold)?;
                let score = cross_validate(&files, &language)?;
                let started = Instant::now();
                let bot = load(files)?;
                let loading = started.elapsed();
                let foreign = foreign(&bot, name, &exports, &language)?;
                let query = query_time(&bot, name, &exports, &language)?;
                let share =
                    |n: usize| format!("{:.0} %", 100.0 * n as f64 / score.asked.max(1) as f64);
                let cells = [
                    name.to_string(),
                    language.clone(),
                    score.asked.to_string(),
                    threshold.to_string(),
                    share(score.right),
                    share(score.wrong),
                    share(score.asked - score.right - score.wrong),
                    foreign,
                    format!("{} ms", loading.as_millis()),
                    format!("{} µs", query.as_micros()),
                ];
                println!("| {} |", cells.join(" | "));
            }
        }
    }
    Ok(())
}

fn read(root: &Path) -> Result<Files, Box<dyn Error>> {
    let mut files = Files::new();
    for folder in ["", "intents", "entities"] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "json") {
                let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

fn languages(files: &Files) -> Result<Vec<String>, Box<dyn Error>> {
    let agent: Value = serde_json::from_slice(&files["agent.json"])?;
    let own = agent["language"].as_str().unwrap_or("en").to_owned();
    let others = agent["supportedLanguages"].as_array().cloned().unwrap_or_default();
    let others = others.iter().filter_map(Value::as_str).map(str::to_owned);
    Ok(std::iter::once(own).chain(others).collect())
}

fn set_threshold(files: &mut Files, to: Option<f64>) -> Result<f64, Box<dyn Error>> {
    let mut agent: Value = serde_json::from_slice(&files["agent.json"])?;
    if let Some(to) = to {
        agent["mlMinConfidence"] = json!(to);
        files.insert("agent.json".to_owned(), serde_json::to_vec(&agent)?);
    }
    Ok(agent["mlMinConfidence"].as_f64().unwrap_or(0.3))
}

fn load(files: Files) -> Result<LocalBot, Box<dyn Error>> {
    Ok(LocalBot::new(LocalAgent::from_files("evaluated", files)?.0))
}

/// Phrases of the intents that a first text may match.
fn phrases(files: &Files, language: &str) -> Result<Vec<Phrase>, Box<dyn Error>> {
    let agent: Value = serde_json::from_slice(&files["agent.json"])?;
    let root = agent["language"].as_str().unwrap_or("en");
    let mut phrases = Vec::new();
    for (name, bytes) in files.iter().filter(|(name, _)| name.starts_with("intents/")) {
        let intent: Value = serde_json::from_slice(bytes)?;
        let Some(display) = intent["name"].as_str() else {
            continue;
        };
        let matches = intent["fallbackIntent"] != json!(true)
            && intent["priority"].as_i64().unwrap_or(0) >= 0
            && intent["contexts"].as_array().is_none_or(Vec::is_empty);
        if !matches {
            continue;
        }
        let own = name.replace(".json", &format!("_usersays_{language}.json"));
        let mut lists = vec![(own.clone(), files.get(&own).cloned().unwrap_or_default())];
        if root == language {
            let inline = intent["userSays"].clone();
            lists.push((name.clone(), serde_json::to_vec(&inline)?));
        }
        for (file, bytes) in lists {
            let list: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            for phrase in list.as_array().into_iter().flatten() {
                phrases.push(Phrase {
                    file: file.clone(),
                    text: text(phrase),
                    language: language.to_owned(),
                    intent: display.to_owned(),
                });
            }
        }
    }
    phrases.retain(|phrase| (1..=256).contains(&phrase.text.trim().chars().count()));
    Ok(phrases)
}

fn text(phrase: &Value) -> String {
    let parts = phrase["data"].as_array().into_iter().flatten();
    parts.filter_map(|part| part["text"].as_str()).collect()
}

fn cross_validate(files: &Files, language: &str) -> Result<Score, Box<dyn Error>> {
    let phrases = phrases(files, language)?;
    let mut score = Score::default();
    for fold in 0..FOLDS {
        let held_out: Vec<&Phrase> = phrases.iter().skip(fold).step_by(FOLDS).collect();
        let bot = load(without(files, &held_out)?)?;
        for phrase in held_out {
            let owners = phrases.iter().filter(|p| p.text.eq_ignore_ascii_case(&phrase.text));
            let owners: Vec<&str> = owners.map(|p| p.intent.as_str()).collect();
            score.asked += 1;
            match understood(&bot, &phrase.text, &phrase.language)? {
                Some(intent) if owners.contains(&intent.as_str()) => score.right += 1,
                Some(_) => score.wrong += 1,
                None => {}
            }
        }
    }
    Ok(score)
}

/// The export without these phrases.
fn without(files: &Files, held_out: &[&Phrase]) -> Result<Files, Box<dyn Error>> {
    let mut files = files.clone();
    let mut names: Vec<&str> = held_out.iter().map(|p| p.file.as_str()).collect();
    names.dedup();
    for name in names {
        let mut value: Value = serde_json::from_slice(&files[name])?;
        let list = if value.is_array() { &mut value } else { &mut value["userSays"] };
        if let Some(list) = list.as_array_mut() {
            list.retain(|p| !held_out.iter().any(|h| h.file == name && h.text == text(p)));
        }
        files.insert(name.to_owned(), serde_json::to_vec(&value)?);
    }
    Ok(files)
}

/// Display name of the intent that answers, unless it is a fallback.
fn understood(
    bot: &LocalBot,
    text: &str,
    language: &str,
) -> Result<Option<String>, Box<dyn Error>> {
    let query = Query {
        session: "projects/evaluate/agent/sessions/1".to_owned(),
        input: Input::Text(text.to_owned()),
        language: language.to_owned(),
        time_zone: None,
        contexts: Vec::new(),
        parameters: serde_json::Map::new(),
        payload: serde_json::Map::new(),
        webhook_headers: Vec::new(),
        memory: None,
        now: 1_800_000_000_000,
    };
    let response = bot.answer(&query)?.response;
    let intent = &response["queryResult"]["intent"];
    let understood = intent["isFallback"] != json!(true);
    Ok(intent["displayName"].as_str().filter(|_| understood).map(str::to_owned))
}

fn foreign(
    bot: &LocalBot,
    own: &str,
    exports: &[(std::borrow::Cow<'_, str>, Files)],
    language: &str,
) -> Result<String, Box<dyn Error>> {
    let (mut asked, mut claimed) = (0_u32, 0_u32);
    for (_, files) in exports.iter().filter(|(name, _)| name != own) {
        if !languages(files)?.iter().any(|l| l == language) {
            continue;
        }
        for phrase in phrases(files, language)? {
            asked += 1;
            claimed += u32::from(understood(bot, &phrase.text, language)?.is_some());
        }
    }
    Ok(match asked {
        0 => "–".to_owned(),
        _ => format!("{:.0} % of {asked}", 100.0 * f64::from(claimed) / f64::from(asked)),
    })
}

/// Mean time of a query that is not an exact phrase.
fn query_time(
    bot: &LocalBot,
    own: &str,
    exports: &[(std::borrow::Cow<'_, str>, Files)],
    language: &str,
) -> Result<Duration, Box<dyn Error>> {
    let Some((_, files)) = exports.iter().find(|(name, _)| name == own) else {
        return Ok(Duration::ZERO);
    };
    let phrases = phrases(files, language)?;
    let started = Instant::now();
    for phrase in phrases.iter().take(200) {
        let words: String = phrase.text.chars().take(240).collect();
        understood(bot, &format!("so then {words}"), language)?;
    }
    Ok(started.elapsed() / phrases.len().clamp(1, 200) as u32)
}
