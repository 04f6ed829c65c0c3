//! Statements and their answers, the same for both engines.
//!
//! Reads and small writes are a [`Query`]: one SQL text with `$n` placeholders. Its answer is read
//! row by row through [`Columns`].

use crate::error::StoreError;

/// An argument of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Int(i64),
    MaybeInt(Option<i64>),
    MaybeText(Option<String>),
    Bool(bool),
}

impl Value {
    /// False for what neither a row nor a question can hold.
    pub(crate) fn is_storable(&self) -> bool {
        !matches!(self, Self::Text(text) | Self::MaybeText(Some(text)) if has_nul(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

/// One statement with its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) sql: &'static str,
    pub(crate) args: Vec<Value>,
}

/// True for a text that is stored nowhere: PostgreSQL knows no NUL, and to SQLite's own functions
/// the text ends there.
pub(crate) fn has_nul(text: &str) -> bool {
    text.contains('\0')
}

/// Refuses a text with a NUL before it meets the database, where it would fail a whole batch.
pub(crate) fn check_storable(what: &str, text: &str) -> Result<(), StoreError> {
    if has_nul(text) {
        return Err(StoreError::Unstorable(format!("{what} has a NUL character in it")));
    }
    Ok(())
}

/// One row of an answer, borrowed from the driver.
pub(crate) trait Columns {
    fn text(&self, column: usize) -> Result<&str, StoreError>;
    fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError>;
    fn int(&self, column: usize) -> Result<i64, StoreError>;
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError>;
}

/// A limit as an argument.
pub(crate) fn count(limit: usize) -> Value {
    Value::Int(i64::try_from(limit).unwrap_or(i64::MAX))
}
