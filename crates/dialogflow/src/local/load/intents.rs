//! `intents/NAME.json` and `intents/NAME_usersays_LANG.json`, of both generations.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    fields::{Fields, parse},
    files::Files,
    messages,
};
use crate::local::{
    model::{Content, Intent, Message, Output, Parameter, Part, Phrase, WebhookUse, entity_name},
    report::{NoticeKind, Report},
};

const PRIORITY_NORMAL: i64 = 500_000;
const PARAMETERS_MAX: usize = 100;

/// Phrases by language.
pub(crate) type Phrases = BTreeMap<String, Vec<Phrase>>;

pub(crate) fn intents(files: Files, root: &str, report: &mut Report) -> (Vec<Intent>, Phrases) {
    let mut intents = Vec::new();
    let mut phrases = Phrases::new();
    // Position of an intent by the stem of its file: the name alone connects the files of phrases.
    let mut stems: BTreeMap<String, usize> = BTreeMap::new();
    let (later, first): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(name, _)| usersays(name).is_some());
    for (name, bytes) in first {
        let value = parse(&name, &bytes, report);
        let Some(fields) = value.and_then(|v| Fields::new(&name, "", v)) else {
            continue;
        };
        let (intent, own) = intent(&name, fields, intents.len(), report);
        phrases.entry(root.to_owned()).or_default().extend(own);
        stems.insert(name.trim_end_matches(".json").to_owned(), intents.len());
        intents.push(intent);
    }
    for (name, bytes) in later {
        let Some((stem, language)) = usersays(&name) else {
            continue;
        };
        let Some(position) = stems.get(stem) else {
            report.note(&name, NoticeKind::OrphanFile, "");
            continue;
        };
        let Some(Value::Array(items)) = parse(&name, &bytes, report) else {
            continue;
        };
        let own = phrases.entry(language.to_lowercase()).or_default();
        for item in items {
            let fields = Fields::new(&name, "[].", item);
            own.extend(fields.and_then(|fields| phrase(fields, *position, report)));
        }
    }
    (intents, phrases)
}

/// Splits `intents/NAME_usersays_LANG.json` into `intents/NAME` and `LANG`.
fn usersays(name: &str) -> Option<(&str, &str)> {
    name.strip_suffix(".json")?.rsplit_once("_usersays_")
}

fn intent(
    file: &str,
    mut from: Fields<'_>,
    position: usize,
    report: &mut Report,
) -> (Intent, Vec<Phrase>) {
    let mut phrases: Vec<Phrase> = from
        .objects("userSays", "userSays[].")
        .into_iter()
        .filter_map(|fields| phrase(fields, position, report))
        .collect();
    let templates = from.strings("templates");
    phrases.extend(
        templates.iter().map(|t| Phrase { intent: position, parts: Part::from_template(t) }),
    );
    let mut intent = Intent {
        id: from.string("id"),
        name: from.string("name"),
        file: file.to_owned(),
        learned: from.raw("auto") != Some(Value::Bool(false)),
        fallback: from.flag("fallbackIntent"),
        priority: priority(from.number("priority")),
        inputs: from.strings("contexts").iter().map(|c| c.to_lowercase()).collect(),
        ends_interaction: from.flag("endInteraction"),
        hands_over: from.flag("liveAgentHandoff"),
        ..Intent::default()
    };
    for mut event in from.objects("events", "events[].") {
        intent.events.extend(Some(event.string("name").to_lowercase()).filter(|n| !n.is_empty()));
    }
    if intent.name.is_empty() {
        let stem = file.trim_start_matches("intents/").trim_end_matches(".json");
        stem.clone_into(&mut intent.name);
    }
    if from.flag("webhookUsed") {
        intent.webhook = WebhookUse::Answers;
        report.note(file, NoticeKind::Webhook, "");
    }
    if from.flag("webhookForSlotFilling") {
        intent.webhook = WebhookUse::AnswersAndPrompts;
        report.note(file, NoticeKind::Webhook, "also for its prompts");
    }
    for key in ["conditionalResponses", "condition", "conditionalFollowupEvents"] {
        if from.is_filled(key) {
            report.note(file, NoticeKind::Condition, key);
        }
    }
    let mut responses = from.objects("responses", "responses[].").into_iter();
    if let Some(response) = responses.next() {
        read_response(file, response, &mut intent, report);
    }
    if responses.next().is_some() {
        report.note(file, NoticeKind::Limit, "more than one response");
    }
    from.ignore(&["parentId", "rootParentId", "lastUpdate", "cortanaCommand"]);
    from.finish(report);
    (intent, phrases)
}

/// 0 and absent mean normal priority.
fn priority(from: Option<f64>) -> i64 {
    match from.map(|number| number as i64) {
        None | Some(0) => PRIORITY_NORMAL,
        Some(number) => number,
    }
}

fn read_response(file: &str, mut from: Fields<'_>, intent: &mut Intent, report: &mut Report) {
    intent.action = from.string("action");
    intent.resets_contexts = from.flag("resetContexts");
    for mut context in from.objects("affectedContexts", "responses[].affectedContexts[].") {
        // In the exports we know, an absent lifespan means 0.
        intent.outputs.push(Output {
            name: context.string("name").to_lowercase(),
            lifespan: context.number("lifespan").unwrap_or(0.0).clamp(0.0, 1e6) as u32,
            parameters: match context.raw("parameters") {
                Some(Value::Object(map)) => map,
                _ => serde_json::Map::default(),
            },
        });
        context.finish(report);
    }
    for parameter in from.objects("parameters", "responses[].parameters[].") {
        if intent.parameters.len() >= PARAMETERS_MAX {
            report.note(file, NoticeKind::Limit, format!("{PARAMETERS_MAX} parameters"));
            break;
        }
        intent.parameters.extend(read_parameter(file, parameter, report));
    }
    for message in from.list("messages") {
        match Fields::new(file, "responses[].messages[].", message) {
            Some(message) => intent.messages.extend(messages::read(file, message, report)),
            None => report.note(file, NoticeKind::UnsupportedMessage, "not an object"),
        }
    }
    // The oldest exports have texts here instead of messages.
    let speech = from.strings("speech");
    if intent.messages.is_empty() && !speech.is_empty() {
        intent.messages.push(Message {
            language: None,
            platform: None,
            content: Content::Text(speech),
        });
    }
    from.ignore(&["defaultResponsePlatforms"]);
    from.finish(report);
}

fn read_parameter(file: &str, mut from: Fields<'_>, report: &mut Report) -> Option<Parameter> {
    let entity = from.string("dataType");
    let parameter = Parameter {
        name: from.string("name"),
        entity: (!entity.is_empty()).then(|| entity_name(&entity)),
        value: from.string("value"),
        default: from.string("defaultValue"),
        required: from.flag("required"),
        list: from.flag("isList"),
        prompts: from.list("prompts").into_iter().filter_map(prompt).collect(),
    };
    for key in
        ["promptMessages", "noMatchPromptMessages", "noInputPromptMessages", "outputDialogContexts"]
    {
        if from.is_filled(key) {
            report.note(file, NoticeKind::UnsupportedMessage, key);
        }
    }
    from.ignore(&["id"]);
    from.finish(report);
    (!parameter.name.is_empty()).then_some(parameter)
}

/// Reads a prompt: a string, or `{lang, value}`.
fn prompt(value: Value) -> Option<(Option<String>, String)> {
    match value {
        Value::String(text) => Some((None, text)),
        Value::Object(map) => {
            let language = map.get("lang").and_then(Value::as_str).map(str::to_lowercase);
            Some((language, map.get("value")?.as_str()?.to_owned()))
        }
        _ => None,
    }
}

fn phrase(mut from: Fields<'_>, intent: usize, report: &mut Report) -> Option<Phrase> {
    let is_template = from.flag("isTemplate");
    let mut parts = Vec::new();
    for mut part in from.objects("data", "data[].") {
        let text = part.string("text");
        let entity = Some(part.string("meta")).filter(|e| e.starts_with('@'));
        let alias = Some(part.string("alias")).filter(|a| !a.is_empty());
        part.ignore(&["userDefined"]);
        part.finish(report);
        if is_template && entity.is_none() {
            parts.extend(Part::from_template(&text));
        } else {
            let entity = entity.map(|e| entity_name(&e));
            parts.push(Part { text, entity, alias, is_reference: false });
        }
    }
    from.ignore(&["id", "count", "updated", "lang"]);
    from.finish(report);
    parts.iter().any(|part| !part.text.is_empty()).then_some(Phrase { intent, parts })
}
