//! `entities/NAME.json` and `entities/NAME_entries_LANG.json`, of both generations.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    fields::{Fields, parse},
    files::Files,
};
use crate::local::{
    model::{EntityType, Entry},
    report::{NoticeKind, Report},
};

pub(crate) fn entities(files: Files, root: &str, report: &mut Report) -> Vec<EntityType> {
    let mut entities: Vec<EntityType> = Vec::new();
    let mut stems: BTreeMap<String, usize> = BTreeMap::new();
    let (later, first): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(name, _)| entries_of(name).is_some());
    for (name, bytes) in first {
        let value = parse(&name, &bytes, report);
        let Some(mut from) = value.and_then(|v| Fields::new(&name, "", v)) else {
            continue;
        };
        let stem = name.trim_end_matches(".json");
        let own = Some(from.string("name")).filter(|n| !n.is_empty());
        let own = own.unwrap_or_else(|| stem.trim_start_matches("entities/").to_owned());
        let entries = from.list("entries");
        let mut entity = EntityType {
            name: Arc::from(format!("@{own}")),
            file: name.clone(),
            regexp: from.flag("isRegexp"),
            composite: from.flag("isEnum"),
            fuzzy: from.flag("allowFuzzyExtraction"),
            expands: from.flag("automatedExpansion"),
            entries: BTreeMap::new(),
        };
        if !entries.is_empty() {
            entity.entries.insert(root.to_owned(), read_entries(&name, entries, report));
        }
        from.ignore(&["id", "isOverridable"]);
        from.finish(report);
        stems.insert(stem.to_owned(), entities.len());
        entities.push(entity);
    }
    for (name, bytes) in later {
        let Some((stem, language)) = entries_of(&name) else {
            continue;
        };
        let Some(entity) = stems.get(stem).and_then(|at| entities.get_mut(*at)) else {
            report.note(&name, NoticeKind::OrphanFile, "");
            continue;
        };
        let Some(Value::Array(items)) = parse(&name, &bytes, report) else {
            continue;
        };
        let entries = read_entries(&name, items, report);
        entity.entries.entry(language.to_lowercase()).or_default().extend(entries);
    }
    entities
}

fn entries_of(name: &str) -> Option<(&str, &str)> {
    name.strip_suffix(".json")?.rsplit_once("_entries_")
}

fn read_entries(file: &str, items: Vec<Value>, report: &mut Report) -> Vec<Entry> {
    let mut entries = Vec::new();
    for item in items {
        let Some(mut from) = Fields::new(file, "[].", item) else {
            continue;
        };
        let entry = Entry { value: from.string("value"), synonyms: from.strings("synonyms") };
        from.ignore(&["languageCode"]);
        from.finish(report);
        if entry.value.is_empty() {
            report.note(file, NoticeKind::Unreadable, "a value without text");
        } else {
            entries.push(entry);
        }
    }
    entries
}
