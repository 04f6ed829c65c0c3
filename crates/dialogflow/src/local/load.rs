//! From the files of an export to a [`LocalAgent`], with a notice for everything that is left out.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

mod entities;
mod fields;
mod files;
mod intents;
mod messages;
mod webhook;

use self::{
    fields::{Fields, parse},
    files::Files,
};
use super::{
    agent::LocalAgent,
    locale,
    matching::{Matcher, Phrases, system},
    model::{EntityType, Intent, Phrase},
    report::{LanguageCount, NoticeKind, Report},
};
use crate::fulfilment::WebhookSettings;

/// Limits of one agent, above those of Dialogflow itself.
const INTENTS_MAX: usize = 4_000;
/// For each language.
const PHRASES_MAX: usize = 100_000;
const VALUES_MAX: usize = 200_000;

/// Why an export cannot be loaded at all. Smaller problems are notices of the [`Report`].
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("this is not a zip archive: give the exported zip file or its unpacked folder")]
    NotAZip,
    #[error("there is no readable agent.json: this is not an agent export")]
    NotAnAgent,
    #[error("the export is too large: {0}")]
    TooLarge(&'static str),
    #[error("the archive has an entry that points outside of it")]
    UnsafePath,
}

impl LocalAgent {
    /// Loads an export from a folder (with `agent.json`, or with `agent/` or `agent.zip` in it) or
    /// a zip file. A file inside that cannot be read is a notice in the report, not an error.
    pub fn load(path: impl AsRef<Path>) -> Result<(Self, Report), LoadError> {
        let path = path.as_ref();
        let mut report = Report::default();
        let files = files::read(path, &mut report)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok((agent(files, name, &mut report)?, report))
    }

    /// Loads an export from the bytes of a zip file.
    pub fn from_zip_bytes(bytes: &[u8]) -> Result<(Self, Report), LoadError> {
        let mut report = Report::default();
        let files = files::unzip(bytes, &mut report)?;
        Ok((agent(files, "agent".to_owned(), &mut report)?, report))
    }

    /// Loads an export from files in memory, for example embedded in a program.
    /// Names are relative to the folder with `agent.json`, with `/` between the parts.
    pub fn from_files<N, B>(
        name: &str,
        files: impl IntoIterator<Item = (N, B)>,
    ) -> Result<(Self, Report), LoadError>
    where
        N: Into<String>,
        B: Into<Vec<u8>>,
    {
        let mut report = Report::default();
        let files = files.into_iter().map(|(name, bytes)| (name.into(), bytes.into())).collect();
        Ok((agent(files, name.to_owned(), &mut report)?, report))
    }
}

fn agent(mut files: Files, name: String, report: &mut Report) -> Result<LocalAgent, LoadError> {
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

    let mut entities = entities::entities(entity_files, &settings.language, report);
    let (mut intents, mut phrases) = intents::intents(intent_files, &settings.language, report);
    limit(&mut intents, &mut phrases, &mut entities, report);
    check(&intents, &entities, &phrases, report);

    let matchers = matchers(&settings, &intents, &entities, &phrases, report);
    report.agent = if settings.name.is_empty() { name } else { settings.name };
    report.intents = intents.len();
    report.entities = entities.len();
    Ok(LocalAgent {
        name: report.agent.clone(),
        language: settings.language,
        zone: settings.zone,
        confidence_min: settings.confidence_min,
        webhook: settings.webhook,
        entities: entities.into_iter().map(|entity| entity.name).collect(),
        intents,
        matchers,
    })
}

/// The fields of `agent.json` that are used.
struct Settings {
    name: String,
    language: String,
    languages: Vec<String>,
    zone: String,
    confidence_min: f32,
    webhook: WebhookSettings,
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
            webhook: webhook::read(from.raw("webhook"), report),
        };
        if settings.webhook.is_on {
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
            // Many exports have this file without content.
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

/// Notices about the whole agent: entities that do not exist, intents that cannot match.
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

fn matchers(
    settings: &Settings,
    intents: &[Intent],
    entities: &[EntityType],
    phrases: &BTreeMap<String, Vec<Phrase>>,
    report: &mut Report,
) -> BTreeMap<String, Matcher> {
    let mut languages = vec![settings.language.clone()];
    for language in settings.languages.iter().chain(phrases.keys()) {
        if !languages.contains(language) {
            languages.push(language.clone());
        }
    }
    let mut matchers = BTreeMap::new();
    for language in languages {
        let own = phrases.get(&language).map_or(0, Vec::len);
        let values = |e: &EntityType| e.entries.get(&language).map_or(0, Vec::len);
        report.languages.push(LanguageCount {
            language: language.clone(),
            phrases: own,
            values: entities.iter().map(values).sum(),
        });
        // A locale adds to the languages that it inherits from.
        let lineage = locale::lineage(&language);
        let mut all: Vec<Phrase> =
            lineage.iter().filter_map(|l| phrases.get(l)).flatten().cloned().collect();
        if all.len() > PHRASES_MAX.max(own) {
            all.truncate(PHRASES_MAX.max(own));
            report.note("intents/", NoticeKind::Limit, format!("{PHRASES_MAX} phrases"));
        }
        let all = Phrases { all, own };
        let matcher = Matcher::build(&language, &settings.language, intents, entities, all, report);
        matchers.insert(language, matcher);
    }
    matchers
}
