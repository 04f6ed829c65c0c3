//! Runs of words of a text that have a value.

use std::{ops::Range, sync::Arc};

use serde_json::Value;

/// An entity found in a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Span {
    /// With the at sign: `@room`.
    pub(crate) entity: Arc<str>,
    /// Word positions.
    pub(crate) words: Range<usize>,
    pub(crate) value: Value,
}

/// The words that stand for one entity of a phrase.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    /// Word positions.
    pub(crate) words: Range<usize>,
    pub(crate) value: Value,
}
