//! What the settings of each kind of document must be like.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    document::Body,
    kind::Kind,
    seal::Keyring,
    secrets::{SecretError, Secrets},
};

/// Checks the settings of one kind.
pub trait Rule: Send + Sync {
    /// The JSON schema of these settings. It marks the secrets.
    ///
    /// # Errors
    /// When the settings do not say which schema they follow.
    fn schema(&self, settings: &Body) -> Result<&Value, Wrong>;

    /// Whether the settings can be used. Secrets are given as text, or as their hash.
    ///
    /// # Errors
    /// Names the setting and what to do.
    fn check(&self, id: &str, settings: &Body) -> Result<(), Wrong>;
}

/// What is wrong with some settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Wrong {
    /// The full name of the setting, as far as it is known.
    pub field: Option<String>,
    /// For people: names the setting and what to do.
    pub detail: String,
}

impl Wrong {
    /// From a message that names the setting.
    pub fn of(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let named = detail.strip_prefix('`').and_then(|rest| rest.split('`').next());
        Self { field: named.map(str::to_owned), detail }
    }
}

impl From<SecretError> for Wrong {
    fn from(error: SecretError) -> Self {
        Self { detail: error.to_string(), field: Some(error.field) }
    }
}

/// The rules by kind.
#[derive(Default)]
pub struct Rules(HashMap<Kind, Box<dyn Rule>>);

impl Rules {
    #[must_use]
    pub fn with(mut self, kind: Kind, rule: impl Rule + 'static) -> Self {
        self.0.insert(kind, Box::new(rule));
        self
    }

    /// Checks settings as they are given, as setting them would.
    ///
    /// # Errors
    /// Names the setting and what to do.
    pub fn check(&self, kind: Kind, id: &str, given: &Body) -> Result<(), Wrong> {
        let rule = self.of(kind)?;
        let (schema, keyring) = (rule.schema(given)?, Keyring::generate());
        let secrets = Secrets { document: id, schema, keyring: &keyring };
        let stored = secrets.store(given.clone(), None, 0)?;
        rule.check(id, &secrets.open(&stored)?)
    }

    /// # Errors
    /// When documents of this kind are not kept here.
    pub fn of(&self, kind: Kind) -> Result<&dyn Rule, Wrong> {
        self.0.get(&kind).map(|rule| &**rule).ok_or_else(|| Wrong {
            field: None,
            detail: format!("documents of the kind {kind} cannot be set here"),
        })
    }
}
