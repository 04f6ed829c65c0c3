//! What an agent export says: intents with their parameters and messages, training phrases,
//! entities. Plain data: `load` writes it, `matching` and `turn` read it.

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, LazyLock},
};

use regex::Regex;
use serde_json::{Map, Value};

// The pattern is a constant and used by every test of templates: it compiles.
#[expect(clippy::expect_used, reason = "a constant pattern")]
static REFERENCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"@([\w.\-]*\w)(?::([\w\-]+))?").expect("pattern"));

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the export's own flags")]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Path of its file, for notices.
    pub(crate) file: String,
    /// False: only exact and template phrases match, no similar ones.
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
    pub(crate) webhook: WebhookUse,
}

/// When an intent calls the agent's webhook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum WebhookUse {
    #[default]
    Never,
    /// Once every required parameter has a value.
    Answers,
    /// Also before each prompt for a parameter.
    AnswersAndPrompts,
}

/// A context that an intent sets; a lifespan of 0 deletes it.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) lifespan: u32,
    pub(crate) parameters: Map<String, Value>,
}

#[derive(Debug, Default)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// For example `@room` or `@sys.date`; absent for constants and values read from contexts.
    pub(crate) entity: Option<Arc<str>>,
    pub(crate) value: String,
    pub(crate) default: String,
    pub(crate) required: bool,
    pub(crate) list: bool,
    /// Language, if any, and text.
    pub(crate) prompts: Vec<(Option<String>, String)>,
}

#[derive(Debug)]
pub(crate) struct Message {
    /// Absent: for every language.
    pub(crate) language: Option<String>,
    /// Name of the platform in API version 2; absent: the default platform.
    pub(crate) platform: Option<&'static str>,
    pub(crate) content: Content,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// Variants of one text, of which one is said.
    Text(Vec<String>),
    /// Key and value of the canonical message.
    Rich(&'static str, Value),
}

/// A training phrase.
#[derive(Debug, Clone)]
pub(crate) struct Phrase {
    /// Position in the list of intents of the agent.
    pub(crate) intent: usize,
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    pub(crate) text: String,
    /// Entity of this part.
    pub(crate) entity: Option<Arc<str>>,
    /// Parameter that this part fills.
    pub(crate) alias: Option<String>,
    /// The text is only the name of the entity (phrases in template form).
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
    /// Values have no synonyms and may refer to other entities.
    pub(crate) composite: bool,
    pub(crate) fuzzy: bool,
    /// Unlisted values are accepted where a phrase or a prompt expects this entity.
    pub(crate) expands: bool,
    /// By language, lower case.
    pub(crate) entries: BTreeMap<String, Vec<Entry>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) value: String,
    pub(crate) synonyms: Vec<String>,
}

impl Intent {
    pub(crate) fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}

impl Phrase {
    pub(crate) fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect()
    }

    /// The byte range of each part in the text.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.parts.iter().scan(0, |end, part| {
            let start = *end;
            *end += part.text.len();
            Some(start..*end)
        })
    }
}

impl Part {
    /// The entity that this part stands for; `@sys.ignore` counts as plain words.
    pub(crate) fn slot(&self) -> Option<&Arc<str>> {
        self.entity.as_ref().filter(|entity| &***entity != "@sys.ignore")
    }

    /// Splits a template such as `reserve @room:room now` into words and references to entities.
    pub(crate) fn from_template(text: &str) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut end = 0;
        for found in REFERENCE.captures_iter(text) {
            let Some(whole) = found.get(0) else { continue };
            if whole.start() > end {
                parts.push(Self { text: text[end..whole.start()].to_owned(), ..Self::default() });
            }
            parts.push(Self {
                text: whole.as_str().to_owned(),
                entity: found.get(1).map(|name| entity_name(name.as_str())),
                alias: found.get(2).map(|alias| alias.as_str().to_owned()),
                is_reference: true,
            });
            end = whole.end();
        }
        if end < text.len() {
            parts.push(Self { text: text[end..].to_owned(), ..Self::default() });
        }
        parts
    }
}

/// The name of an entity with the at sign.
pub(crate) fn entity_name(name: &str) -> Arc<str> {
    if name.starts_with('@') { Arc::from(name) } else { Arc::from(format!("@{name}")) }
}
