//! What owners set up, from the tables of a file: the settings of documents, with their secrets.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use connectors::KINDS;
pub(super) use directory::apply::TABLES;
use directory::{
    New, apply,
    document::Body,
    kind::Kind,
    rules::{Rules, Wrong},
    secrets,
    settings::{
        ApiKey, Bot, ConnectorRule, HumanAgent, Membership, Organization, Route, SettingsRule, User,
    },
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::Secret;

/// What the settings of every kind must be like.
pub(crate) fn rules() -> Rules {
    Rules::default()
        .with(Kind::Bot, SettingsRule::<Bot>::new())
        .with(Kind::Route, SettingsRule::<Route>::new())
        .with(Kind::Agent, SettingsRule::<HumanAgent>::new())
        .with(Kind::Connector, ConnectorRule::new(KINDS))
        .with(Kind::Organization, SettingsRule::<Organization>::new())
        .with(Kind::User, SettingsRule::<User>::new())
        .with(Kind::Membership, SettingsRule::<Membership>::new())
        .with(Kind::ApiKey, SettingsRule::<ApiKey>::new())
}

/// The documents of a file that was read without an error.
pub(super) fn of(text: &str) -> anyhow::Result<Vec<New>> {
    let file: toml::Table = toml::from_str(text)?;
    let Value::Object(mut file) = serde_json::to_value(file)? else { return Ok(Vec::new()) };
    let mut documents = Vec::new();
    for (table, kind) in TABLES {
        match file.remove(table) {
            Some(Value::Array(entries)) => {
                documents.extend(entries.into_iter().filter_map(|entry| named(kind, entry)));
            }
            Some(Value::Object(entries)) => {
                documents.extend(entries.into_iter().filter_map(|(name, entry)| match entry {
                    Value::Object(settings) => Some(new(kind, &name, settings)),
                    _ => None,
                }));
            }
            _ => {}
        }
    }
    Ok(documents)
}

/// A document whose name is one of its settings.
fn named(kind: Kind, entry: Value) -> Option<New> {
    let Value::Object(mut settings) = entry else { return None };
    let name = match kind {
        Kind::Agent => settings.get("email").cloned(),
        _ => settings.shift_remove("id"),
    };
    Some(new(kind, name?.as_str()?, settings))
}

/// A document of a file, whose id is its name too.
pub(crate) fn new(kind: Kind, name: &str, settings: Body) -> New {
    New { kind, id: Some(name.to_owned()), slug: name.to_owned(), settings }
}

/// Reads the secrets that are elsewhere, makes paths relative to `base`, and checks everything.
pub(super) fn resolve(documents: &mut [New], base: &Path) -> anyhow::Result<()> {
    let rules = rules();
    for new in documents {
        let table = table(new.kind, &new.slug);
        read_secrets(&rules, new, &table, base)?;
        if let Some(Value::String(path)) =
            new.settings.get_mut("agent").and_then(|agent| agent.get_mut("export"))
        {
            let whole = base.join(&*path);
            whole.to_str().context("a path is not UTF-8")?.clone_into(path);
        }
        let checked = rules.check(new.kind, &new.slug, &new.settings);
        checked.map_err(|wrong| in_table(&table, &wrong))?;
    }
    Ok(())
}

fn read_secrets(rules: &Rules, new: &mut New, table: &str, base: &Path) -> anyhow::Result<()> {
    let schema = rules.of(new.kind).and_then(|rule| rule.schema(&new.settings));
    let schema = schema.map_err(|wrong| in_table(table, &wrong))?;
    let mut settings = Value::Object(std::mem::take(&mut new.settings));
    secrets::visit(schema, &mut settings, &mut |field, _, value| {
        let elsewhere = value.get("file").is_some() || value.get("env").is_some();
        if elsewhere {
            let mut secret: Secret = serde_json::from_value(value.clone())?;
            secret.rebase(base);
            let key = format!("{table}.{}", field.trim_end_matches("[]"));
            *value = Value::String(secret.read(&key)?.expose_secret().to_owned());
        }
        anyhow::Ok(())
    })?;
    if let Value::Object(settings) = settings {
        new.settings = settings;
    }
    Ok(())
}

fn table(kind: Kind, name: &str) -> String {
    let table = apply::table(kind);
    match kind {
        Kind::Connector => format!("{table}.{name}"),
        _ => table.to_owned(),
    }
}

/// Names the setting as the file does.
fn in_table(table: &str, wrong: &Wrong) -> anyhow::Error {
    let detail = &wrong.detail;
    match detail.strip_prefix('`') {
        Some(rest) if !rest.starts_with(table) => anyhow!("`{table}.{rest}"),
        _ => anyhow!("{detail}"),
    }
}
