//! How a text that was written for the visitor is to be shown.

use serde::{Deserialize, Serialize};

/// The format of a text. It is kept beside the text, so that every page shows the same words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextFormat {
    /// What bots and tools write, and what pushes without a format are taken for (contract 13.27).
    #[default]
    Markdown,
    /// As typed: every sign stays.
    Plain,
}

impl TextFormat {
    #[must_use]
    pub fn is_markdown(&self) -> bool {
        *self == Self::Markdown
    }
}
