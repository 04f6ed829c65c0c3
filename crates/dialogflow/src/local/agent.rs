//! A loaded agent: what its export says, and a matcher for each of its languages.

use std::{collections::BTreeMap, fmt};

use super::{matching::Matcher, model::Intent};

/// A loaded agent. Cheap to share: put it into an [`Arc`] or a [`super::LocalBot`].
pub struct LocalAgent {
    pub(crate) name: String,
    /// The root language.
    pub(crate) language: String,
    pub(crate) zone: String,
    /// `mlMinConfidence`: reported confidences of matches are never below it.
    pub(crate) confidence_min: f32,
    pub(crate) intents: Vec<Intent>,
    pub(crate) matchers: BTreeMap<String, Matcher>,
}

impl LocalAgent {
    /// `displayName`, or the name the export came with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The root language, lower case.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Every language the agent has phrases for, lower case.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.matchers.keys().map(String::as_str)
    }

    /// The language that answers a query in `wanted`: itself, else its root, else the agent's own.
    pub(crate) fn language_for(&self, wanted: &str) -> &str {
        let wanted = wanted.to_lowercase().replace('_', "-");
        let root = wanted.split('-').next().unwrap_or_default();
        [wanted.as_str(), root]
            .iter()
            .find_map(|l| self.matchers.get_key_value(*l))
            .map_or(self.language.as_str(), |(language, _)| language)
    }
}

impl fmt::Debug for LocalAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalAgent").field("name", &self.name).finish_non_exhaustive()
    }
}
