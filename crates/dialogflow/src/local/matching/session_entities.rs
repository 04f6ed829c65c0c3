//! Entity values that a webhook or a client gives to one session: they replace or extend those of
//! the agent.

use std::{collections::HashSet, iter, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{misspelt::is_misspelt, span::Span, text::Text};
use crate::{
    fulfilment::{SessionEntity, SessionEntityType},
    local::model::Part,
};

/// An entity, and the parts that make up a value of it.
pub(crate) type Template = (Arc<str>, Vec<Part>);

/// Comparisons for misspelt words with the values of one entity type.
const COMPARISONS_MAX: usize = 20_000;

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

    /// Whether the agent's own values of the entity do not count.
    pub(crate) fn hides(&self, entity: &str) -> bool {
        self.replaces && *entity == *self.entity
    }

    /// The values that are composed of other entities, where the entity may have such.
    pub(crate) fn templates(&self, composite: &HashSet<Arc<str>>) -> Vec<Template> {
        let Some(entity) = composite.get(self.entity.as_str()) else { return Vec::new() };
        let composed = self.names().filter(|(_, name)| name.contains('@'));
        composed.map(|(_, name)| (Arc::clone(entity), Part::from_template(name))).collect()
    }

    /// Changes the entities that were found in a text. The `forgiving` ones may be misspelt.
    pub(crate) fn apply(&self, text: &Text, forgiving: &HashSet<Arc<str>>, spans: &mut Vec<Span>) {
        if self.replaces {
            spans.retain(|span| *span.entity != *self.entity);
        }
        let entity: Arc<str> = Arc::from(self.entity.as_str());
        let forgives = forgiving.contains(&entity);
        let mut comparisons = 0;
        for (value, name) in self.names() {
            let name = Text::new(name);
            if name.len() == 0 {
                continue;
            }
            for words in (0..text.len()).map(|start| start..start + name.len()) {
                let run = text.run(words.clone());
                let mut is_meant = run == name.normal;
                if !is_meant && forgives && comparisons < COMPARISONS_MAX {
                    comparisons += 1;
                    let is_listed = |span: &Span| span.entity == entity && span.words == words;
                    is_meant = is_misspelt(run, &name.normal) && !spans.iter().any(is_listed);
                }
                let value = value.clone().into();
                let span = Span { entity: Arc::clone(&entity), words, value };
                if is_meant && !spans.contains(&span) {
                    spans.push(span);
                }
            }
        }
    }

    /// Each name of a value, with the value.
    fn names(&self) -> impl Iterator<Item = (&String, &String)> {
        self.values.iter().flat_map(|listed| {
            let names = iter::once(&listed.value).chain(&listed.synonyms);
            names.map(|name| (&listed.value, name))
        })
    }
}
