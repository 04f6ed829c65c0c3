//! The settings of the process as they are written, and which variable replaced which of them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde::Deserialize as _;
use serde_json::Value;
use toml::Table;

use super::{Config, documents::TABLES, nearest};

pub(super) struct Layers {
    /// Without bots, routes, agents and connectors.
    table: Table,
    /// The names of variables that the file refers to as `{ env = "NAME" }`.
    pub(super) named: BTreeSet<String>,
    /// By setting.
    variables: BTreeMap<String, String>,
}

/// Where a setting comes from.
pub(super) enum Source<'a> {
    File,
    Variable(&'a str),
    Default,
}

impl Layers {
    /// The layer of a file.
    pub(super) fn of(text: &str) -> anyhow::Result<Self> {
        let mut table: Table =
            toml::from_str(text).map_err(|error| nearest::explain(&error, text))?;
        let mut named = BTreeSet::new();
        table.values().for_each(|value| name_variables(value, &mut named));
        for (name, _) in TABLES {
            table.remove(name);
        }
        Ok(Self { table, named, variables: BTreeMap::new() })
    }

    /// Replaces `setting`, a name with dots, by what `variable` says.
    ///
    /// # Errors
    /// When the setting cannot have this value.
    pub(super) fn set(
        &mut self,
        setting: &str,
        value: toml::Value,
        variable: &str,
    ) -> anyhow::Result<()> {
        let (mut table, mut name) = (&mut self.table, setting);
        while let Some((outer, rest)) = name.split_once('.') {
            let inner = table.entry(outer).or_insert_with(|| Table::new().into());
            table = inner.as_table_mut().with_context(|| format!("`{outer}` is no table"))?;
            name = rest;
        }
        table.insert(name.to_owned(), value);
        self.variables.insert(setting.to_owned(), variable.to_owned());
        self.read().map(drop).with_context(|| variable.to_owned())
    }

    /// The settings of the process.
    pub(super) fn read(&self) -> anyhow::Result<Config> {
        let config = Config::deserialize(self.table.clone());
        let config = config.map_err(|error| anyhow::anyhow!("{}", error.message().trim_end()))?;
        config.validate_process()?;
        Ok(config)
    }

    /// What a setting is, and which layer says so; `None` when it is not set and has no default.
    pub(super) fn get(
        &self,
        setting: &str,
        default: Option<&Value>,
    ) -> Option<(toml::Value, Source<'_>)> {
        let mut table = Some(&self.table);
        let mut name = setting;
        while let Some((outer, rest)) = name.split_once('.') {
            table = table.and_then(|table| table.get(outer)?.as_table());
            name = rest;
        }
        if let Some(value) = table.and_then(|table| table.get(name)) {
            let variable = self.variables.get(setting);
            let source = variable.map_or(Source::File, |name| Source::Variable(name));
            return Some((value.clone(), source));
        }
        Some((toml::Value::try_from(default?).ok()?, Source::Default))
    }
}

fn name_variables(value: &toml::Value, named: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            if let (1, Some(toml::Value::String(name))) = (table.len(), table.get("env")) {
                named.insert(name.clone());
            }
            table.values().for_each(|value| name_variables(value, named));
        }
        toml::Value::Array(items) => items.iter().for_each(|value| name_variables(value, named)),
        _ => {}
    }
}
