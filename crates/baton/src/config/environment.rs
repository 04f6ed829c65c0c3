//! Settings of the process from variables of the environment.
//!
//! `BATON_` and the name of the setting in capitals, with `__` for each dot: `limits.messages` is
//! `BATON_LIMITS__MESSAGES`. A secret may also be in a file, which `…_FILE` names. An empty
//! variable says nothing. A variable that is nearly the name of a setting is an error, because it
//! would be left out in silence.

use std::{collections::BTreeMap, path::absolute};

use anyhow::{Context as _, anyhow, bail, ensure};
use toml::{Table, Value};

use super::{
    documents::TABLES,
    layers::Layers,
    schema::{Form, Setting, settings},
};

#[cfg(test)]
mod tests;

const PREFIX: &str = "BATON_";
const FILE: &str = "_FILE";
/// Variables of the command itself.
const OTHERS: [&str; 3] = ["BATON_CONFIG", "BATON_LOG", "BATON_LOG_FORMAT"];

/// The variables of this process that may be settings.
///
/// # Errors
/// When one is not UTF-8.
pub(super) fn variables() -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let value = value.into_string().map_err(|_| anyhow!("{name} is not UTF-8"))?;
        if !value.is_empty() && !OTHERS.contains(&name) {
            found.insert(name.to_owned(), value);
        }
    }
    Ok(found)
}

/// Replaces the settings that `variables` name.
///
/// # Errors
/// Names the variable, and what to do.
pub(super) fn apply(
    layers: &mut Layers,
    variables: &BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let settings: BTreeMap<String, Setting> =
        settings().into_iter().map(|setting| (setting.variable(), setting)).collect();
    for (name, text) in variables {
        if let Some(setting) = settings.get(name) {
            let file = format!("{name}{FILE}");
            ensure!(
                setting.form != Form::Secret || !variables.contains_key(&file),
                "{name} and {file} are both set: remove one"
            );
            let value = value(setting.form, text).with_context(|| name.clone())?;
            layers.set(&setting.name, value, name)?;
        } else if let Some(setting) = name.strip_suffix(FILE).and_then(|name| settings.get(name)) {
            ensure!(
                setting.form == Form::Secret,
                "{name}: `{}` is no secret: set {} itself",
                setting.name,
                setting.variable()
            );
            let file = Table::from_iter([("file".to_owned(), path(text)?)]);
            layers.set(&setting.name, file.into(), name)?;
        } else if !layers.named.contains(name) {
            check_unknown(name, &settings)?;
        }
    }
    Ok(())
}

fn value(form: Form, text: &str) -> anyhow::Result<Value> {
    Ok(match form {
        Form::Text | Form::Secret => Value::String(text.to_owned()),
        Form::Path => path(text)?,
        Form::Bool => match text {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => bail!("{text:?} is neither true nor false"),
        },
        Form::Number => {
            Value::Integer(text.parse().with_context(|| format!("{text:?} is no whole number"))?)
        }
        Form::List => {
            let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
            Value::Array(entries.map(|entry| Value::String(entry.to_owned())).collect())
        }
    })
}

/// Paths in variables are relative to the folder in which the command runs.
fn path(text: &str) -> anyhow::Result<Value> {
    let whole = absolute(text).with_context(|| format!("the path {text:?}"))?;
    Ok(Value::String(whole.to_str().context("the path is not UTF-8")?.to_owned()))
}

/// Refuses a variable that looks like a setting and is none.
fn check_unknown(name: &str, settings: &BTreeMap<String, Setting>) -> anyhow::Result<()> {
    let outer = name[PREFIX.len()..].split_once("__").map(|(outer, _)| outer.to_lowercase());
    if let Some(table) = outer.filter(|outer| TABLES.iter().any(|(table, _)| outer == table)) {
        bail!("{name}: `{table}` is set in the configuration file, and not by variables");
    }
    let table = name.split_once("__").map(|(table, _)| format!("{table}__"));
    let is_of_table = table.is_some_and(|table| settings.keys().any(|of| of.starts_with(&table)));
    let files = settings.iter().filter(|(_, setting)| setting.form == Form::Secret);
    let files = files.map(|(name, _)| format!("{name}{FILE}"));
    let known = settings.keys().cloned().chain(files).chain(OTHERS.map(str::to_owned));
    let nearest = known
        .map(|known| (strsim::damerau_levenshtein(name, &known), known))
        .min()
        .filter(|(distance, _)| is_of_table || *distance <= (name.len() - PREFIX.len()) / 3);
    if let Some((_, nearest)) = nearest {
        bail!(
            "{name} is no setting: did you mean {nearest}? `baton config show --defaults` lists \
               them"
        );
    }
    Ok(())
}
