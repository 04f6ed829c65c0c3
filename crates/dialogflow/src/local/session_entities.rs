//! Entity values that a webhook or a client gives to one session: they replace or extend those of
//! the agent.

use std::{iter, sync::Arc};

use serde::{Deserialize, Serialize};

use super::matching::{span::Span, text::Text};
use crate::fulfilment::{SessionEntity, SessionEntityType};

/// The values of one entity type in one session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SessionEntities {
    /// As the agent spells it, with the at sign.
    pub(crate) entity: String,
    /// The agent's own values do not count.
    replaces: bool,
    values: Vec<SessionEntity>,
}

impl SessionEntities {
    /// Reads what was given; `known` are the entity types of the agent. The error says what is
    /// wrong.
    pub(crate) fn read(given: &SessionEntityType, known: &[Arc<str>]) -> Result<Self, String> {
        let name = given.name.rsplit('/').next().unwrap_or_default();
        let named = |entity: &&Arc<str>| entity[1..].eq_ignore_ascii_case(name);
        let entity = known.iter().find(named).ok_or_else(|| {
            format!("Session entity type '{name}' is not an entity type of the agent")
        })?;
        let replaces = match given.entity_override_mode.as_str() {
            "ENTITY_OVERRIDE_MODE_OVERRIDE" => true,
            "ENTITY_OVERRIDE_MODE_SUPPLEMENT" => false,
            _ => return Err(format!("Session entity type '{name}' has no entity override mode")),
        };
        Ok(Self { entity: entity.to_string(), replaces, values: given.entities.clone() })
    }

    /// Changes the entities that were found in a text.
    pub(crate) fn apply(&self, text: &Text, spans: &mut Vec<Span>) {
        if self.replaces {
            spans.retain(|span| *span.entity != *self.entity);
        }
        let entity: Arc<str> = Arc::from(self.entity.as_str());
        for listed in &self.values {
            for name in iter::once(&listed.value).chain(&listed.synonyms) {
                let name = Text::new(name);
                if name.len() == 0 {
                    continue;
                }
                for words in (0..text.len()).map(|start| start..start + name.len()) {
                    let value = listed.value.clone().into();
                    let span = Span { entity: Arc::clone(&entity), words, value };
                    if text.run(span.words.clone()) == name.normal && !spans.contains(&span) {
                        spans.push(span);
                    }
                }
            }
        }
        spans.sort_by_key(|span| (span.words.start, usize::MAX - span.words.end));
    }
}
