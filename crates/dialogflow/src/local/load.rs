//! From the files of an export to an [`Agent`], with a notice for everything that is left out.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    LoadError, NoticeKind, Report,
    agent::{Agent, EntityType, Intent, Phrase},
    brain::Brain,
    export::{Fields, parse},
    files::Files,
    load_entities, load_intents,
    report::LanguageCount,
    system,
};

/// What more an agent may have than Dialogflow itself allows, with room above its limits.
const INTENTS_MAX: usize = 4_000;
pub(crate) const PHRASES_MAX: usize = 100_000;
const VALUES_MAX: usize = 200_000;

pub(crate) fn agent(
    mut files: Files,
    name: String,
    report: &mut Report,
) -> Result<Agent, LoadError> {
    let bytes = files.remove("agent.json").ok_or(LoadError::NotAnAgent)?;
    let settings = parse("agent.json", &bytes, report)
        .and_then(|value| Fields::new("agent.json", "", value))
        .ok_or(LoadError::NotAnAgent)?;
    let settings = Settings::read(settings, report);
    files.remove("package.json");

    let folder = |prefix: &str, files: &mut Files| -> Files {
        let names: Vec<String> = files.keys().filter(|n| n.starts_with(prefix)).cloned().collect();
        names.into_iter().filter_map(|n| files.remove_entry(&n)).collect()
    };
    let entity_files = folder("entities/", &mut files);
    let intent_files = folder("intents/", &mut files);
    other_files(&files, report);

    let mut entities = load_entities::entities(entity_files, &settings.language, report);
    let (mut intents, mut phrases) =
        load_intents::intents(intent_files, &settings.language, report);
    limit(&mut intents, &mut phrases, &mut entities, report);
    check(&intents, &entities, &phrases, report);

    let brains = brains(&settings, &intents, &entities, phrases, report);
    report.agent = if settings.name.is_empty() { name } else { settings.name };
    report.intents = intents.len();
    report.entities = entities.len();
    Ok(Agent {
        name: report.agent.clone(),
        language: settings.language,
        zone: settings.zone,
        confidence_min: settings.confidence_min,
        intents,
        brains,
    })
}

/// The parts of `agent.json` that matter here.
struct Settings {
    name: String,
    language: String,
    languages: Vec<String>,
    zone: String,
    confidence_min: f32,
}

impl Settings {
    fn read(mut from: Fields<'_>, report: &mut Report) -> Self {
        let file = "agent.json";
        let language = Some(from.string("language").to_lowercase());
        let language = language.filter(|l| !l.is_empty()).unwrap_or_else(|| "en".to_owned());
        let languages = from.strings("supportedLanguages");
        let zone = from.string("defaultTimezone");
        let settings = Self {
            name: from.string("displayName"),
            languages: languages.iter().map(|l| l.to_lowercase()).collect(),
            zone: if zone.is_empty() { "UTC".to_owned() } else { zone },
            confidence_min: from.number("mlMinConfidence").unwrap_or(0.3).clamp(0.0, 0.99) as f32,
            language,
        };
        let webhook = from.raw("webhook").unwrap_or_default();
        if webhook.get("available") == Some(&Value::Bool(true)) {
            report.note(file, NoticeKind::Webhook, "switched on for the agent");
        }
        for key in ["enabledDomainFeatures", "activeAssistantAgents"] {
            if from.is_filled(key) {
                report.note(file, NoticeKind::DomainFeatures, key);
            }
        }
        for key in
            ["enabledKnowledgeBaseNames", "enableSpellCorrection", "analyzeQueryTextSentiment"]
        {
            if from.is_filled(key) {
                report.note(file, NoticeKind::Settings, key);
            }
        }
        if from.string("customClassifierMode") == "use.instead" {
            report.note(
                file,
                NoticeKind::Settings,
                "customClassifierMode: exact phrases still win",
            );
        }
        from.ignore(&[
            "description",
            "shortDescription",
            "examples",
            "linkToDocs",
            "disableInteractionLogs",
            "disableStackdriverLogs",
            "isPrivate",
            "dialogBuilderMode",
            "knowledgeServiceConfidenceAdjustment",
            "secondaryKey",
            "baseActionPackagesUrl",
            "googleAssistant",
            "onePlatformApiVersion",
            "enableOnePlatformApi",
            "avatarUri",
        ]);
        from.finish(report);
        settings
    }
}

fn other_files(files: &Files, report: &mut Report) {
    for (name, bytes) in files {
        if name.starts_with("customSmalltalkResponses") || name == "customDomainsResponses.json" {
            // Exports with nothing in it are common.
            let empty = parse(name, bytes, &mut Report::default()).is_some_and(|value| {
                let texts = value.get("customResponses").unwrap_or(&value);
                texts.as_array().is_some_and(Vec::is_empty)
            });
            if !empty {
                report.note(name, NoticeKind::SmallTalk, "");
            }
        } else {
            report.note(name, NoticeKind::UnknownFile, "");
        }
    }
}

fn limit(
    intents: &mut Vec<Intent>,
    phrases: &mut BTreeMap<String, Vec<Phrase>>,
    entities: &mut [EntityType],
    report: &mut Report,
) {
    if intents.len() > INTENTS_MAX {
        intents.truncate(INTENTS_MAX);
        report.note("intents/", NoticeKind::Limit, format!("{INTENTS_MAX} intents"));
    }
    for list in phrases.values_mut() {
        list.retain(|phrase| phrase.intent < intents.len());
        if list.len() > PHRASES_MAX {
            list.truncate(PHRASES_MAX);
            report.note("intents/", NoticeKind::Limit, format!("{PHRASES_MAX} phrases"));
        }
    }
    let mut left = VALUES_MAX;
    for entries in entities.iter_mut().flat_map(|entity| entity.entries.values_mut()) {
        if entries.len() > left {
            entries.truncate(left);
            report.note("entities/", NoticeKind::Limit, format!("{VALUES_MAX} entity values"));
        }
        left -= entries.len();
    }
}

/// Notices that need the whole agent: entities that do not exist, intents that cannot match.
fn check(
    intents: &[Intent],
    entities: &[EntityType],
    phrases: &BTreeMap<String, Vec<Phrase>>,
    report: &mut Report,
) {
    let mut note_entity = |file: &str, entity: &Arc<str>| {
        let known = entities.iter().any(|e| e.name.eq_ignore_ascii_case(entity));
        if entity.starts_with("@sys.") {
            if !system::recognises(entity) {
                report.note(file, NoticeKind::SystemEntity, &**entity);
            }
        } else if !known {
            report.note(file, NoticeKind::UnknownEntity, &**entity);
        }
    };
    for intent in intents {
        for entity in intent.parameters.iter().filter_map(|p| p.entity.as_ref()) {
            note_entity(&intent.file, entity);
        }
    }
    for phrase in phrases.values().flatten() {
        for entity in phrase.parts.iter().filter_map(|p| p.entity.as_ref()) {
            note_entity(&intents[phrase.intent].file, entity);
        }
    }
    for intent in intents.iter().filter(|i| i.priority < 0) {
        report.note(&intent.file, NoticeKind::NeverMatched, "its priority is negative");
    }
}

fn brains(
    settings: &Settings,
    intents: &[Intent],
    entities: &[EntityType],
    mut phrases: BTreeMap<String, Vec<Phrase>>,
    report: &mut Report,
) -> BTreeMap<String, Brain> {
    let mut languages = vec![settings.language.clone()];
    for language in settings.languages.iter().chain(phrases.keys()) {
        if !languages.contains(language) {
            languages.push(language.clone());
        }
    }
    let mut brains = BTreeMap::new();
    for language in languages {
        let own = phrases.remove(&language).unwrap_or_default();
        let values = |e: &EntityType| e.entries.get(&language).map_or(0, Vec::len);
        report.languages.push(LanguageCount {
            language: language.clone(),
            phrases: own.len(),
            values: entities.iter().map(values).sum(),
        });
        let brain = Brain::build(&language, &settings.language, intents, entities, own, report);
        brains.insert(language, brain);
    }
    brains
}
