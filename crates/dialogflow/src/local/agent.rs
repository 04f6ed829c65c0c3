//! A loaded agent: what its export says, and a matcher for each of its languages.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::{locale, matching::Matcher, model::Intent};
use crate::fulfilment::WebhookSettings;

/// A Dialogflow agent loaded from an export. [`super::LocalBot`] answers with it.
pub struct LocalAgent {
    pub(crate) name: String,
    /// The root language, lower case.
    pub(crate) language: String,
    /// IANA name of the time zone.
    pub(crate) zone: String,
    /// `mlMinConfidence`: the confidence of a match is never reported below it.
    pub(crate) confidence_min: f32,
    pub(crate) webhook: WebhookSettings,
    /// Names of the entity types, with the at sign.
    pub(crate) entities: Vec<Arc<str>>,
    pub(crate) intents: Vec<Intent>,
    /// By language, lower case.
    pub(crate) matchers: BTreeMap<String, Matcher>,
}

impl LocalAgent {
    /// `displayName`, or the name of the file or folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The root language, lower case.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// The agent's own webhook, as the export sets it.
    pub fn webhook(&self) -> &WebhookSettings {
        &self.webhook
    }

    /// The agent's languages, lower case.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.matchers.keys().map(String::as_str)
    }

    /// The language that answers a query in `wanted`: the nearest one, else the agent's root
    /// language.
    pub(crate) fn language_for(&self, wanted: &str) -> &str {
        locale::nearest(wanted, self.languages()).unwrap_or(self.language.as_str())
    }
}

impl fmt::Debug for LocalAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAgent").field("name", &self.name).finish_non_exhaustive()
    }
}
