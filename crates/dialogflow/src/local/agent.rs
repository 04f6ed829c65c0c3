//! An agent as it was exported, in our own terms; what is needed to answer is in `Brain`, one per
//! language, built when the agent is loaded.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use serde_json::{Map, Value};

use super::{LoadError, Report, brain::Brain, files, load};

/// A loaded agent. Cheap to share: put it into an [`Arc`] or a [`super::LocalBot`].
pub struct Agent {
    pub(crate) name: String,
    /// The root language.
    pub(crate) language: String,
    pub(crate) zone: String,
    /// `mlMinConfidence`: reported confidences of matches are never below it.
    pub(crate) confidence_min: f32,
    pub(crate) intents: Vec<Intent>,
    pub(crate) brains: BTreeMap<String, Brain>,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the export's own flags")]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Path of its file, for notices.
    pub(crate) file: String,
    /// False: only exact and template phrases match.
    pub(crate) learned: bool,
    pub(crate) fallback: bool,
    pub(crate) priority: i64,
    /// Input contexts, lower case.
    pub(crate) inputs: Vec<String>,
    /// Events, lower case.
    pub(crate) events: Vec<String>,
    pub(crate) action: String,
    pub(crate) resets_contexts: bool,
    pub(crate) outputs: Vec<Output>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) messages: Vec<Message>,
    pub(crate) ends_interaction: bool,
    pub(crate) hands_over: bool,
}

/// A context that an intent sets, or deletes when the lifespan is 0.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) lifespan: u32,
    pub(crate) parameters: Map<String, Value>,
}

#[derive(Debug, Default)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// `@room`, `@sys.date`; none for constants and values read from contexts.
    pub(crate) entity: Option<Arc<str>>,
    pub(crate) value: String,
    pub(crate) default: String,
    pub(crate) required: bool,
    pub(crate) list: bool,
    pub(crate) prompts: Vec<(Option<String>, String)>,
}

#[derive(Debug)]
pub(crate) struct Message {
    /// None counts for every language.
    pub(crate) language: Option<String>,
    /// Name of the v2 platform; none is the default platform.
    pub(crate) platform: Option<&'static str>,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// Variants of one text.
    Text(Vec<String>),
    /// Key of the canonical message and what stands under it.
    Rich(&'static str, Value),
}

/// A training phrase.
#[derive(Debug, Clone)]
pub(crate) struct Phrase {
    /// Position in [`Agent::intents`].
    pub(crate) intent: usize,
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    pub(crate) text: String,
    /// Entity of this part; `@sys.ignore` counts as plain words.
    pub(crate) entity: Option<Arc<str>>,
    /// Parameter that this part fills.
    pub(crate) alias: Option<String>,
    /// The text is only a stand-in for the entity (phrases in template form).
    pub(crate) is_reference: bool,
}

/// An entity of the export.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the export's own flags")]
pub(crate) struct EntityType {
    /// With the at sign: `@room`.
    pub(crate) name: Arc<str>,
    pub(crate) file: String,
    pub(crate) regexp: bool,
    /// Values without synonyms; they may refer to other entities.
    pub(crate) composite: bool,
    pub(crate) fuzzy: bool,
    /// Values that are not listed are accepted where a phrase or a prompt expects this entity.
    pub(crate) expands: bool,
    pub(crate) entries: BTreeMap<String, Vec<Entry>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) value: String,
    pub(crate) synonyms: Vec<String>,
}

impl Agent {
    /// Loads an export from a folder (with `agent.json`, or with `agent/` or `agent.zip` in it) or
    /// a zip file. A bad file inside is reported, never an error.
    pub fn load(path: impl AsRef<Path>) -> Result<(Self, Report), LoadError> {
        let path = path.as_ref();
        let mut report = Report::default();
        let files = files::read(path, &mut report)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok((load::agent(files, name, &mut report)?, report))
    }

    /// Loads an export from the bytes of a zip file.
    pub fn from_zip_bytes(bytes: &[u8]) -> Result<(Self, Report), LoadError> {
        let mut report = Report::default();
        let files = files::unzip(bytes, &mut report)?;
        Ok((load::agent(files, "agent".to_owned(), &mut report)?, report))
    }

    /// Loads an export from files that are already in memory, for example embedded in a program.
    /// Names are relative to the folder with `agent.json`, with `/` between the parts.
    pub fn from_files<N, B>(
        name: &str,
        files: impl IntoIterator<Item = (N, B)>,
    ) -> Result<(Self, Report), LoadError>
    where
        N: Into<String>,
        B: Into<Vec<u8>>,
    {
        let mut report = Report::default();
        let files = files.into_iter().map(|(name, bytes)| (name.into(), bytes.into())).collect();
        Ok((load::agent(files, name.to_owned(), &mut report)?, report))
    }

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
        self.brains.keys().map(String::as_str)
    }

    /// The language that answers a query in `wanted`: itself, else its root, else the agent's own.
    pub(crate) fn language_for(&self, wanted: &str) -> &str {
        let wanted = wanted.to_lowercase().replace('_', "-");
        let root = wanted.split('-').next().unwrap_or_default();
        [wanted.as_str(), root]
            .iter()
            .find_map(|l| self.brains.get_key_value(*l))
            .map_or(self.language.as_str(), |(language, _)| language)
    }
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("name", &self.name).finish_non_exhaustive()
    }
}
