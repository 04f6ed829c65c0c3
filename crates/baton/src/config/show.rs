//! The settings of the process for people: what is in effect and from where, what there is, and the
//! schema of the file for editors.

use std::{fmt::Write as _, path::Path};

use super::{
    Config, environment,
    layers::{Layers, Source},
    read,
    schema::{self, Form, Setting, settings},
};

/// A file that sets what is set already, with the sources as comments.
pub(crate) fn in_effect(path: &Path) -> anyhow::Result<String> {
    // For its errors.
    Config::load(path)?;
    let mut layers = Layers::of(&read(path)?)?;
    environment::apply(&mut layers, &environment::variables()?)?;
    written(|text, setting, name| match layers.get(&setting.name, setting.default.as_ref()) {
        Some((value, source)) => {
            let value = if setting.form == Form::Secret { masked(value) } else { value };
            let source = match source {
                Source::File => "file",
                Source::Variable(name) => name,
                Source::Default => "default",
            };
            writeln!(text, "{name} = {value}  # {source}")
        }
        None => writeln!(text, "# {name} is not set"),
    })
}

/// Every setting with its meaning, its variable and its default.
pub(crate) fn defaults() -> anyhow::Result<String> {
    written(|text, setting, name| {
        for line in setting.description.lines() {
            writeln!(text, "# {line}")?;
        }
        writeln!(text, "# Variable: {}", setting.variable())?;
        match setting.default.as_ref().and_then(|value| toml::Value::try_from(value).ok()) {
            Some(value) => writeln!(text, "{name} = {value}\n"),
            None => writeln!(text, "# {name} has no default\n"),
        }
    })
}

/// The JSON schema of the whole file.
pub(crate) fn schema() -> String {
    format!("{:#}\n", schema::document())
}

/// All settings, each below the name of its table.
fn written(
    mut write: impl FnMut(&mut String, &Setting, &str) -> std::fmt::Result,
) -> anyhow::Result<String> {
    let (mut text, mut above) = (String::new(), "");
    let settings = settings();
    for setting in &settings {
        let (table, name) = setting.name.rsplit_once('.').unwrap_or(("", &setting.name));
        if table != above {
            writeln!(text, "\n[{table}]")?;
            above = table;
        }
        write(&mut text, setting, name)?;
    }
    Ok(text)
}

/// Of a secret only where it is.
fn masked(value: toml::Value) -> toml::Value {
    if value.is_str() { "(secret)".into() } else { value }
}
