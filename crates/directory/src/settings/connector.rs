//! The rule of connectors: each kind of connector has settings of its own.

use std::{collections::BTreeMap, fmt::Write as _};

use connector::settings::AnyKind;
use serde_json::Value;

use crate::{
    document::Body,
    rules::{Rule, Wrong},
};

/// The rule of the connectors of a list.
pub struct ConnectorRule {
    kinds: &'static [&'static dyn AnyKind],
    schemas: BTreeMap<&'static str, Value>,
}

impl ConnectorRule {
    #[must_use]
    pub fn new(kinds: &'static [&'static dyn AnyKind]) -> Self {
        let schema = |kind: &&dyn AnyKind| (kind.key(), kind.schema().to_value());
        Self { kinds, schemas: kinds.iter().map(schema).collect() }
    }

    /// The schema of each kind of connector, without `kind`.
    #[must_use]
    pub fn schemas(&self) -> &BTreeMap<&'static str, Value> {
        &self.schemas
    }

    fn kind(&self, settings: &Body) -> Result<&'static dyn AnyKind, Wrong> {
        let given = settings.get("kind").and_then(Value::as_str);
        let wrong = |detail| Wrong { field: Some("kind".to_owned()), detail };
        let Some(given) = given else {
            return Err(wrong(format!("`kind` is missing: give one of {}", self.known())));
        };
        let found = self.kinds.iter().find(|kind| kind.key() == given).copied();
        found.ok_or_else(|| wrong(format!("`kind` is {given:?}: give one of {}", self.known())))
    }

    fn known(&self) -> String {
        let mut known = String::new();
        for kind in self.kinds {
            let comma = if known.is_empty() { "" } else { ", " };
            // Writing to a text never fails.
            let _ = write!(known, "{comma}`{}`", kind.key());
        }
        known
    }
}

impl Rule for ConnectorRule {
    fn schema(&self, settings: &Body) -> Result<&Value, Wrong> {
        let kind = self.kind(settings)?;
        self.schemas.get(kind.key()).ok_or_else(|| Wrong::of("`kind` is not known"))
    }

    fn check(&self, _id: &str, settings: &Body) -> Result<(), Wrong> {
        let kind = self.kind(settings)?;
        let mut settings = settings.clone();
        settings.remove("kind");
        kind.read(settings).map(drop).map_err(|error| Wrong::of(error.to_string()))
    }
}
