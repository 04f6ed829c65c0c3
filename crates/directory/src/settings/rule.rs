//! The rule of a kind of document whose settings have a type.

use std::{fmt::Write as _, marker::PhantomData};

use serde_json::Value;

use super::{Settings, suggestion};
use crate::{
    document::Body,
    rules::{Rule, Wrong},
};

/// The rule of the settings `S`. Their `id` is that of the document and not part of its settings.
pub struct SettingsRule<S> {
    schema: Value,
    settings: PhantomData<fn() -> S>,
}

impl<S: Settings> SettingsRule<S> {
    #[must_use]
    pub fn new() -> Self {
        let mut schema = schemars::schema_for!(S).to_value();
        if let Some(properties) = schema["properties"].as_object_mut() {
            properties.remove("id");
        }
        if let Some(required) = schema["required"].as_array_mut() {
            required.retain(|name| name != "id");
        }
        Self { schema, settings: PhantomData }
    }

    /// Reads the settings of a document. Secrets are given as text, or as their hash.
    ///
    /// # Errors
    /// Names the setting and what to do.
    pub fn read(id: &str, settings: &Body) -> Result<S, Wrong> {
        let mut settings = settings.clone();
        if has_id::<S>() {
            if settings.contains_key("id") {
                let detail = "`id`: the id of a document is not one of its settings: remove it";
                return Err(Wrong { field: Some("id".to_owned()), detail: detail.to_owned() });
            }
            settings.insert("id".to_owned(), id.into());
        }
        let read: S = serde_path_to_error::deserialize(Value::Object(settings)).map_err(named)?;
        read.validate()?;
        Ok(read)
    }
}

impl<S: Settings> Default for SettingsRule<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Settings> Rule for SettingsRule<S> {
    fn schema(&self, _settings: &Body) -> Result<&Value, Wrong> {
        Ok(&self.schema)
    }

    fn check(&self, id: &str, settings: &Body) -> Result<(), Wrong> {
        Self::read(id, settings).map(drop)
    }
}

fn has_id<S: Settings>() -> bool {
    matches!(S::KIND, crate::kind::Kind::Bot | crate::kind::Kind::Route)
}

/// The field, the message, and the nearest known word for an unknown one.
pub(super) fn named(error: serde_path_to_error::Error<serde_json::Error>) -> Wrong {
    let field = error.path().to_string();
    let message = error.into_inner().to_string();
    let mut detail = if field == "." { message.clone() } else { format!("`{field}`: {message}") };
    if let Some(known) = suggestion(&message) {
        // Writing to a text never fails.
        let _ = write!(detail, "; did you mean `{known}`?");
    }
    Wrong { field: (field != ".").then_some(field), detail }
}
