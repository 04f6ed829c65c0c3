//! The format of a text, kept beside it so that every page shows the same words.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// How a text is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageFormat {
    /// The safe part of Markdown.
    #[default]
    Markdown,
    /// As typed: every sign stays.
    Plain,
}

impl MessageFormat {
    /// Of the field `format`, our extension of the contract. Everything but `plain` is Markdown,
    /// as texts without a format are (contract 13.27).
    pub(crate) fn beside(object: &Map<String, Value>) -> Self {
        match object.get("format").and_then(Value::as_str) {
            Some("plain") => Self::Plain,
            _ => Self::Markdown,
        }
    }
}
