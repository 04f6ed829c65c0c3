//! Phrases with entities in place of words, as a tree that is walked along a text: `book a room in
//! @sys.location` matches `book a room in Vienna`, word for word.

use std::{collections::HashMap, sync::Arc};

use super::{
    lexicon::Lexicon,
    span::{Capture, Span},
    system,
    text::Text,
};
use crate::local::model::Phrase;

/// Steps of one walk. A text that needs more has too many readings to choose from.
const STEPS_MAX: usize = 5_000;
/// Longest value of an open built-in entity, in words.
const OPEN_WORDS_MAX: usize = 8;
/// Longest unlisted value of one of the agent's own entities, in words.
const EXPANDED_WORDS_MAX: usize = 2;

#[derive(Debug, Default)]
pub(crate) struct Templates {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    words: HashMap<String, usize>,
    entities: Vec<(Arc<str>, usize)>,
    /// Phrases that end here.
    phrases: Vec<u32>,
}

/// A phrase that fits the text from the first to the last word.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) phrase: u32,
    /// The words for the phrase's entities, in order.
    pub(crate) captures: Vec<Capture>,
    /// True when words were taken for an entity only because of their position.
    pub(crate) by_position: bool,
}

impl Templates {
    pub(crate) fn build(phrases: &[Phrase], lexicon: &Lexicon) -> Self {
        let mut tree = Self { nodes: vec![Node::default()] };
        for (at, phrase) in phrases.iter().enumerate() {
            if phrase.parts.iter().any(|part| part.slot().is_some()) {
                tree.insert(at as u32, phrase, lexicon);
            }
        }
        tree
    }

    fn insert(&mut self, at: u32, phrase: &Phrase, lexicon: &Lexicon) {
        let mut node = 0;
        let text = lexicon.read(&phrase.text());
        for (part, range) in phrase.parts.iter().zip(phrase.ranges()) {
            if let Some(entity) = part.slot() {
                let known = self.nodes[node].entities.iter().find(|(e, _)| e == entity);
                node = if let Some((_, next)) = known {
                    *next
                } else {
                    let next = self.grow();
                    self.nodes[node].entities.push((Arc::clone(entity), next));
                    next
                };
            } else {
                for word in text.inside(range).map(|at| text.word(at)) {
                    node = if let Some(next) = self.nodes[node].words.get(word) {
                        *next
                    } else {
                        let next = self.grow();
                        self.nodes[node].words.insert(word.to_owned(), next);
                        next
                    };
                }
            }
        }
        self.nodes[node].phrases.push(at);
    }

    fn grow(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// Every phrase that fits the whole text.
    pub(crate) fn find(&self, text: &Text, spans: &[Span], lexicon: &Lexicon) -> Vec<Hit> {
        let mut walk = Walk { tree: self, text, spans, lexicon, steps: 0, hits: Vec::new() };
        if text.len() > 0 && !self.nodes.is_empty() {
            walk.step(0, 0, &mut Vec::new(), false);
        }
        walk.hits
    }
}

struct Walk<'a> {
    tree: &'a Templates,
    text: &'a Text,
    spans: &'a [Span],
    lexicon: &'a Lexicon,
    steps: usize,
    hits: Vec<Hit>,
}

impl Walk<'_> {
    fn step(&mut self, node: usize, at: usize, captures: &mut Vec<Capture>, by_position: bool) {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return;
        }
        let tree = self.tree;
        let node = &tree.nodes[node];
        if at == self.text.len() {
            let hit = |phrase| Hit { phrase, captures: captures.clone(), by_position };
            self.hits.extend(node.phrases.iter().copied().map(hit));
            return;
        }
        if let Some(next) = node.words.get(self.text.word(at)) {
            self.step(*next, at + 1, captures, by_position);
        }
        for (entity, next) in &node.entities {
            let mut known = false;
            let spans = self.spans;
            for span in spans.iter().filter(|s| s.words.start == at && s.entity == *entity) {
                known = true;
                let words = span.words.clone();
                captures.push(Capture { words, value: span.value.clone() });
                self.step(*next, span.words.end, captures, by_position);
                captures.pop();
            }
            if !known && self.lexicon.is_open(entity) {
                self.take(entity, *next, at, captures);
            }
        }
    }

    /// Takes words for an open entity because a phrase has the entity in this position.
    fn take(&mut self, entity: &Arc<str>, next: usize, at: usize, captures: &mut Vec<Capture>) {
        let anything = system::takes_anything(entity);
        let own = !entity.starts_with("@sys.");
        let longest = match (anything, own) {
            (true, _) => self.text.len() - at,
            (false, true) => EXPANDED_WORDS_MAX,
            (false, false) => OPEN_WORDS_MAX,
        };
        for end in at + 1..=self.text.len().min(at + longest) {
            // Words that are known as another entity are not taken.
            let other = |s: &Span| system::is_measure(&s.entity) || (own && s.entity != *entity);
            let taken = |s: &Span| s.words.contains(&(end - 1)) && other(s);
            if !anything && self.spans.iter().any(taken) {
                return;
            }
            let value = system::open_value(entity, self.text.written(at..end));
            captures.push(Capture { words: at..end, value });
            self.step(next, end, captures, true);
            captures.pop();
        }
    }
}
