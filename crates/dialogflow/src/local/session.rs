//! What a session remembers between turns: contexts, an open slot-filling dialog, counters. The
//! caller of the bot stores it as text; a text that cannot be read starts a new session.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::matching::session_entities::SessionEntities;
use crate::Context;

/// Longest memory of one session, in bytes.
pub(crate) const MEMORY_BYTES_MAX: usize = 64 * 1024;

/// Contexts end this long after the last query, in milliseconds.
const IDLE_MS_MAX: i64 = 20 * 60 * 1000;
const CONTEXTS_MAX: usize = 100;
const LIFESPAN_MAX: u32 = 1_000_000;
/// Names and values of the parameters of one context.
const PARAMETERS_BYTES_MAX: usize = 32 << 10;
const VERSION: u32 = 1;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    version: u32,
    /// Number of the current turn, from 1.
    pub(crate) turn: u64,
    last_ms: i64,
    pub(crate) contexts: Vec<Active>,
    /// Texts in a row that matched no intent.
    pub(crate) no_match: u32,
    pub(crate) dialog: Option<Dialog>,
    /// One for each entity type that has values of this session.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entities: Vec<SessionEntities>,
}

/// An active context.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Active {
    /// Bare name, lower case.
    pub(crate) name: String,
    /// Turns left after this one.
    pub(crate) lifespan: u32,
    pub(crate) parameters: Map<String, Value>,
}

/// An intent that is still asking for its required parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dialog {
    /// Id of the intent.
    pub(crate) intent: String,
    pub(crate) captured: Captured,
    /// The parameter that the last prompt asked for.
    pub(crate) awaited: String,
    /// How many times in a row it was asked for again.
    pub(crate) asked: u32,
}

/// Parameter values taken from what the visitor said, and the visitor's words for them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Captured {
    pub(crate) values: Map<String, Value>,
    pub(crate) originals: Map<String, Value>,
}

impl Session {
    /// Reads a memory at the time `now`, in milliseconds since 1970-01-01 UTC. A damaged memory
    /// gives a new session.
    pub(crate) fn resume(memory: Option<&str>, now: i64) -> Self {
        let mut session: Self = memory
            .and_then(|text| serde_json::from_str(text).ok())
            .filter(|session: &Self| session.version == VERSION)
            .unwrap_or_default();
        session.version = VERSION;
        if now.saturating_sub(session.last_ms) > IDLE_MS_MAX {
            session.forget();
            session.entities.clear();
            session.no_match = 0;
        }
        session.last_ms = now;
        session
    }

    /// Reads a memory and begins the next turn: the query's contexts are set, then every context
    /// has one turn less.
    pub(crate) fn begin(memory: Option<&str>, now: i64, contexts: &[Context]) -> Self {
        let mut session = Self::resume(memory, now);
        session.turn = session.turn.saturating_add(1);
        for context in contexts {
            session.set(&context.name, context.lifespan, &context.parameters);
        }
        // A context with lifespan 1 is active in the next turn, with 0 turns left.
        session.contexts.retain(|context| context.lifespan > 0);
        for context in &mut session.contexts {
            context.lifespan -= 1;
        }
        session
    }

    pub(crate) fn to_memory(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    /// Deletes all contexts and the open dialog.
    pub(crate) fn forget(&mut self) {
        self.contexts.clear();
        self.dialog = None;
    }

    pub(crate) fn is_active(&self, name: &str) -> bool {
        self.contexts.iter().any(|context| context.name == name)
    }

    pub(crate) fn context(&self, name: &str) -> Option<&Active> {
        self.contexts.iter().find(|context| context.name.eq_ignore_ascii_case(name))
    }

    /// Sets a context, or deletes it when the lifespan is 0. `name` may be a full path.
    pub(crate) fn set(&mut self, name: &str, lifespan: u32, parameters: &Map<String, Value>) {
        let name = bare(name);
        let lifespan = lifespan.min(LIFESPAN_MAX);
        if lifespan == 0 {
            self.contexts.retain(|context| context.name != name);
            if self.dialog.is_some() && name.ends_with("_dialog_context") {
                self.dialog = None;
            }
            return;
        }
        if let Some(known) = self.contexts.iter_mut().find(|context| context.name == name) {
            known.lifespan = lifespan;
            known.put(parameters.clone());
        } else if self.contexts.len() < CONTEXTS_MAX && !is_reserved(&name) {
            let mut context = Active { name, lifespan, parameters: Map::new() };
            context.put(parameters.clone());
            self.contexts.push(context);
        }
    }

    /// Sets a context as a webhook does: its parameters replace those that it had.
    pub(crate) fn overwrite(&mut self, name: &str, lifespan: u32, parameters: &Map<String, Value>) {
        let own = bare(name);
        if let Some(known) = self.contexts.iter_mut().find(|context| context.name == own) {
            known.parameters.clear();
        }
        self.set(name, lifespan, parameters);
    }

    /// Sets the session's values of an entity type, in place of those that it had.
    pub(crate) fn set_entities(&mut self, entities: SessionEntities) {
        self.entities.retain(|other| other.entity != entities.entity);
        self.entities.push(entities);
    }

    /// Makes the parameters of an event readable in this turn as a context of the same name.
    pub(crate) fn set_event(&mut self, name: &str, parameters: &Map<String, Value>) {
        let name = bare(name);
        self.contexts.retain(|context| context.name != name);
        self.contexts.push(Active { name, lifespan: 0, parameters: parameters.clone() });
    }
}

impl Active {
    /// Sets parameters. A value for which there is no room is left out; the one before it goes, so
    /// that no old value is taken for the new one.
    pub(crate) fn put(&mut self, parameters: impl IntoIterator<Item = (String, Value)>) {
        let mut size: usize = self.parameters.iter().map(|(name, value)| bytes(name, value)).sum();
        for (name, value) in parameters {
            if let Some(old) = self.parameters.get(&name) {
                size -= bytes(&name, old);
            }
            let own = bytes(&name, &value);
            if size + own <= PARAMETERS_BYTES_MAX {
                size += own;
                self.parameters.insert(name, value);
            } else {
                self.parameters.shift_remove(&name);
            }
        }
    }
}

/// How much a parameter takes of [`PARAMETERS_BYTES_MAX`].
fn bytes(name: &str, value: &Value) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(|item| 1 + of(item)).sum(),
            Value::Object(map) => map.iter().map(|(key, item)| key.len() + of(item)).sum(),
            _ => 8,
        }
    }
    name.len() + of(value)
}

/// Last segment of a context's name, lower case: contexts are compared by it.
pub(crate) fn bare(name: &str) -> String {
    name.rsplit('/').next().unwrap_or_default().to_lowercase()
}

/// Contexts that only Dialogflow itself creates.
pub(crate) fn is_reserved(name: &str) -> bool {
    name == "__system_counters__"
        || name.ends_with("_dialog_context")
        || name.contains("_dialog_params_")
}
