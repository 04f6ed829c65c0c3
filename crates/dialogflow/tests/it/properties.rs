use std::collections::HashMap;

use dialogflow::{Bot, BotError, Context, Input};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::script::{agents, bot, query};

const AGENTS: [(&str, f64); 6] = [
    ("handoff-demo", 0.3),
    ("room-reservation", 0.3),
    ("number-genie", 0.2),
    ("corona-wuerzburg-de", 0.5),
    ("covid19-pathfinder", 0.7),
    ("mystery-animal", 0.3),
];

/// Texts of any characters, and texts of words that the agents have.
fn text() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "room", "book", "tomorrow", "at", "10", "am", "in", "2", "hours", "person", "talk", "to",
        "virus", "surface", "$guess", "#game.x", "@room", "Corona", "Schule", "cat", "bigger",
        "than", "half", "an", "hour", "-3", "1,000", "12.5.", "cancel", "halb", "9:99", "31/2/99",
        "😀", "é", "ß", "'", "…",
    ]);
    prop_oneof![
        proptest::collection::vec(any::<char>(), 1..60).prop_map(String::from_iter),
        proptest::collection::vec(known, 1..20).prop_map(|words| words.join(" ")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn any_conversation_is_answered(
        texts in proptest::collection::vec(text(), 1..6),
        agent in prop::sample::select(AGENTS.to_vec()),
        minutes in 0..30_i64,
        broken in any::<bool>(),
    ) {
        let (name, minimum) = agent;
        let bot = bot(name);
        let mut next = query(Input::Text(String::new()), bot.agent().language());
        for text in texts {
            let text: String = text.chars().take(256).collect();
            next.input = Input::Text(text);
            let parameters = Map::new();
            next.contexts = vec![Context { name: "game".into(), lifespan: 2, parameters }];
            next.now += minutes * 60_000;
            let answer = bot.answer(&next).unwrap();
            let again = bot.answer(&next).unwrap();
            prop_assert_eq!(&answer.response, &again.response);
            prop_assert_eq!(&answer.memory, &again.memory);
            let result = &answer.response["queryResult"];
            if let Some(confidence) = result["intentDetectionConfidence"].as_f64() {
                prop_assert!(confidence >= minimum - 1e-6 && confidence <= 1.0, "{}", result);
            }
            dialogflow::render::contract_r1(&answer.response);
            let _shown = dialogflow::response::visible_messages(&answer.response, "en");
            next.memory = answer.memory;
            if broken {
                // A memory cut anywhere gives a new session or a whole one, and never an error.
                let memory = next.memory.unwrap();
                let cut = memory.char_indices().map(|(at, _)| at).nth(minutes as usize).unwrap();
                next.memory = Some(memory[..cut].to_owned());
            }
        }
    }
}

#[test]
fn near_phrases_report_no_less_than_the_agents_minimum() {
    for (name, minimum) in [("covid19-pathfinder", 0.7), ("corona-wuerzburg-de", 0.5)] {
        let bot = bot(name);
        let mut near = 0;
        for entry in std::fs::read_dir(agents().join(name).join("agent/intents")).unwrap() {
            let value = json_of(&entry.unwrap().path());
            for phrase in value.as_array().into_iter().flatten() {
                let parts = phrase["data"].as_array().unwrap();
                let text: String = parts.iter().filter_map(|p| p["text"].as_str()).collect();
                // Half of a phrase is more or less similar to it.
                let words: Vec<&str> = text.split_whitespace().collect();
                let half = words[words.len() / 2..].join(" ");
                if (1..=256).contains(&half.chars().count()) {
                    let query = query(Input::Text(half), bot.agent().language());
                    let answer = bot.answer(&query).unwrap().response;
                    let confidence = answer["queryResult"]["intentDetectionConfidence"].as_f64();
                    near += usize::from(confidence < Some(minimum + 0.1));
                    assert!(confidence >= Some(minimum), "{answer}");
                }
            }
        }
        assert!(near > 0, "{name}: no text was near enough to its threshold to tell");
    }
}

#[test]
fn foreign_memory_starts_afresh() {
    let bot = bot("handoff-demo");
    let clean = bot.answer(&query(Input::Text("asdf".into()), "en")).unwrap();
    for memory in ["", "null", "{}", "[1]", "\u{0}", r#"{"version":99,"turn":7}"#] {
        let mut next = query(Input::Text("asdf".into()), "en");
        next.memory = Some(memory.to_owned());
        let answer = bot.answer(&next).unwrap();
        assert_eq!(answer.response, clean.response, "{memory}");
        assert_eq!(answer.memory, clean.memory, "{memory}");
    }
}

#[test]
fn queries_the_service_refuses_are_refused() {
    let bot = bot("handoff-demo");
    let refused = |input: Input| match bot.answer(&query(input, "en")) {
        Err(BotError::Refused(why)) => why,
        _ => String::new(),
    };
    assert_eq!(refused(Input::Text("ä".repeat(257))), "Input text exceeds 256 characters.");
    assert_eq!(refused(Input::Text("ä".repeat(256))), "");
    assert_eq!(refused(Input::Text(String::new())), "Input text not set.");
    let event = |name: String| Input::Event { name, parameters: Map::new() };
    assert_eq!(refused(event("e".repeat(151))), "Event name exceeds 150 characters.");
    let mut nowhere = query(Input::Text("hi".into()), "en");
    nowhere.session = "sessions/1".to_owned();
    assert!(matches!(bot.answer(&nowhere), Err(BotError::Refused(_))));
}

#[test]
fn the_bot_answers_behind_the_trait() {
    let bot: Box<dyn Bot> = Box::new(bot("handoff-demo"));
    let query = query(Input::Text("talk to a person".into()), "en");
    let answer = futures::executor::block_on(bot.detect_intent(query)).unwrap();
    let intent = &answer.response["queryResult"]["intent"]["displayName"];
    assert_eq!(intent, "Operator Request");
}

/// Display name of the intent that answers.
fn answered(bot: &dialogflow::local::LocalBot, text: &str, language: &str) -> String {
    let answer = bot.answer(&query(Input::Text(text.to_owned()), language)).unwrap();
    let name = &answer.response["queryResult"]["intent"]["displayName"];
    name.as_str().unwrap_or_default().to_owned()
}

#[test]
fn every_phrase_of_an_intent_without_contexts_reaches_an_owner() {
    for (name, _) in AGENTS {
        let bot = bot(name);
        // Owners by language and phrase; a phrase may have several.
        let mut owners: HashMap<(String, String), Vec<String>> = HashMap::new();
        let folder = agents().join(name).join("agent/intents");
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_stem().unwrap().to_string_lossy().into_owned();
            let value = json_of(&path);
            let (intent, language, phrases) = match file.rsplit_once("_usersays_") {
                Some((stem, language)) => {
                    let intent = json_of(&folder.join(format!("{stem}.json")));
                    (intent, language.to_owned(), value)
                }
                None => {
                    (value.clone(), bot.agent().language().to_owned(), value["userSays"].clone())
                }
            };
            let may_match = intent["contexts"] == json!([])
                && intent["fallbackIntent"] == json!(false)
                && intent["priority"].as_i64().unwrap() >= 0;
            for phrase in phrases.as_array().into_iter().flatten().filter(|_| may_match) {
                let parts = phrase["data"].as_array().unwrap();
                let text: String = parts.iter().filter_map(|p| p["text"].as_str()).collect();
                if (1..=256).contains(&text.chars().count()) {
                    let owner = intent["name"].as_str().unwrap().to_owned();
                    owners.entry((language.clone(), text)).or_default().push(owner);
                }
            }
        }
        assert!(!owners.is_empty());
        let mut by_key: HashMap<(String, String), Vec<String>> = HashMap::new();
        for ((language, text), list) in &owners {
            let key = (language.clone(), plain(text));
            by_key.entry(key).or_default().extend(list.clone());
        }
        for (language, text) in owners.keys() {
            let list = &by_key[&(language.clone(), plain(text))];
            let reached = answered(&bot, text, language);
            assert!(list.contains(&reached), "{name}: {text:?} reached {reached:?}, not {list:?}");
            let capitals: String = text.to_uppercase().chars().take(256).collect();
            if capitals.chars().count() == text.to_uppercase().chars().count() {
                let reached = answered(&bot, &capitals, language);
                assert!(list.contains(&reached), "{name}: {capitals:?} reached {reached:?}");
            }
        }
    }
}

/// Phrases that differ only in punctuation and case are the same phrase.
fn plain(text: &str) -> String {
    let letters: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    letters.to_lowercase().replace('ß', "ss")
}

fn json_of(path: &std::path::Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}
