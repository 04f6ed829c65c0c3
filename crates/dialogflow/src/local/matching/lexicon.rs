//! Finds the agent's entities in a text: listed values and synonyms, misspelt ones where the
//! entity allows it, regular expressions, and values composed of other entities.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::{
    cuts::Cuts,
    fold::Letters,
    misspelt::{LETTERS_MIN, misspellings},
    session_entities::{SessionEntities, Template},
    signs::Written,
    span::Span,
    system::{self, Moment},
    text::{Text, normal},
};
use crate::local::{
    locale,
    model::{EntityType, Entry, Intent, Part, Phrase},
    report::{NoticeKind, Report},
};

const SYNONYM_WORDS_MAX: usize = 12;
/// Parts into which the words of a name may be cut besides.
const PARTS_MAX: usize = 2;
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Comparisons for misspelt words in one text.
const COMPARISONS_MAX: usize = 20_000;
/// Parts of composed values that are followed in one text. Without a limit, an export can make the
/// number of readings of a text grow exponentially.
const COMPOSED_PARTS_MAX: usize = 20_000;
const SPANS_MAX: usize = 1_000;

/// Every entity of an agent in one language.
#[derive(Debug, Default)]
pub(crate) struct Lexicon {
    language: String,
    letters: Letters,
    cuts: Cuts,
    listed: HashMap<String, Vec<Listed>>,
    words_max: usize,
    /// Synonyms of fuzzy entities by first letter and number of letters.
    fuzzy: HashMap<(char, usize), Vec<(String, Listed)>>,
    patterns: Vec<(Arc<str>, Regex)>,
    composed: Vec<Template>,
    /// Entities whose misspelt values count, and those whose values may be templates.
    forgiving: HashSet<Arc<str>>,
    composite: HashSet<Arc<str>>,
    system: HashSet<Arc<str>>,
    /// Entities that accept any text where a phrase or a prompt expects them.
    open: HashSet<Arc<str>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Listed {
    entity: Arc<str>,
    value: Value,
    name: String,
    /// How the name is written; known where another name of the entity has the same words.
    written: Option<Written>,
}

impl Lexicon {
    pub(crate) fn build(
        language: &str,
        root: &str,
        intents: &[Intent],
        entities: &[EntityType],
        phrases: &[Phrase],
        report: &mut Report,
    ) -> Self {
        let mut lexicon = Self {
            language: language.to_owned(),
            letters: Letters::of(language),
            ..Self::default()
        };
        let of_parameters =
            intents.iter().flat_map(|i| &i.parameters).filter_map(|p| p.entity.as_ref());
        let of_phrases = phrases.iter().flat_map(|p| &p.parts).filter_map(|p| p.entity.as_ref());
        for entity in of_parameters.chain(of_phrases) {
            if entity.starts_with("@sys.") {
                lexicon.system.insert(Arc::clone(entity));
            }
            let known = entities.iter().any(|e| e.name == *entity);
            if system::is_open(entity) || (!known && !entity.starts_with("@sys.")) {
                lexicon.open.insert(Arc::clone(entity));
            }
        }
        let expanding = entities.iter().filter(|entity| entity.expands);
        lexicon.open.extend(expanding.map(|entity| Arc::clone(&entity.name)));
        let open = &lexicon.open;
        lexicon.cuts = Cuts::learn(language, phrases, |entity| open.contains(entity));
        lexicon.list_values(entities, root, report);
        lexicon.learn_examples(phrases);
        lexicon
    }

    fn list_values(&mut self, entities: &[EntityType], root: &str, report: &mut Report) {
        let lineage = locale::lineage(&self.language);
        for entity in entities {
            if entity.fuzzy {
                self.forgiving.insert(Arc::clone(&entity.name));
            }
            if entity.composite {
                self.composite.insert(Arc::clone(&entity.name));
            }
            // A locale adds to its root language; another language of the agent only stands in.
            let mut entries: Vec<&Vec<Entry>> =
                lineage.iter().filter_map(|l| entity.entries.get(l)).collect();
            if entries.is_empty() {
                entries.extend(entity.entries.get(root));
            }
            for (at, entries) in entries.into_iter().enumerate() {
                // That a locale has other values than its root is no fault of the export.
                let mut silent = Report::default();
                let report = if at == 0 { &mut *report } else { &mut silent };
                for entry in entries {
                    self.add(entity, entry, report);
                }
            }
        }
    }

    /// Lists what phrases annotate as an open entity (`Moscow` as a location).
    fn learn_examples(&mut self, phrases: &[Phrase]) {
        for part in phrases.iter().flat_map(|phrase| &phrase.parts) {
            let Some(entity) = &part.entity else { continue };
            let learns = self.open.contains(entity) && !system::takes_anything(entity);
            if learns && !part.is_reference {
                let value = system::open_value(entity, part.text.trim());
                self.list(&part.text, Listed::new(entity, &part.text, value));
            }
        }
    }

    fn add(&mut self, entity: &EntityType, entry: &Entry, report: &mut Report) {
        let names = std::iter::once(&entry.value).chain(&entry.synonyms);
        if entity.regexp {
            let patterns: HashSet<&String> = names.collect();
            for pattern in patterns {
                match RegexBuilder::new(pattern)
                    .case_insensitive(true)
                    .size_limit(PATTERN_BYTES_MAX)
                    .build()
                {
                    Ok(regex) => self.patterns.push((Arc::clone(&entity.name), regex)),
                    Err(_) => report.note(&entity.file, NoticeKind::BadPattern, ""),
                }
            }
            return;
        }
        for name in names {
            if entity.composite && name.contains('@') {
                let parts = Part::from_template(name);
                let used = parts.iter().filter_map(|part| part.entity.clone());
                self.system.extend(used.filter(|name| name.starts_with("@sys.")));
                self.composed.push((Arc::clone(&entity.name), parts));
                continue;
            }
            let value = Value::String(entry.value.clone());
            let listed = Listed::new(&entity.name, name, value);
            if entity.fuzzy {
                let key = normal(name);
                let letters = key.chars().count();
                if let Some(first) = key.chars().next().filter(|_| letters >= LETTERS_MIN) {
                    let shelf = self.fuzzy.entry((first, letters)).or_default();
                    shelf.push((key, listed.clone()));
                }
            }
            if let Some(other) = self.list(name, listed) {
                let detail = format!("{other} and {}", Value::String(entry.value.clone()));
                report.note(&entity.file, NoticeKind::CollidingValues, detail);
            }
        }
    }

    /// Lists a name of a value. Returns the value of the same entity that already has this name, if
    /// it is another one.
    fn list(&mut self, name: &str, mut listed: Listed) -> Option<Value> {
        let text = Text::new(name);
        if text.len() == 0 || text.len() > SYNONYM_WORDS_MAX {
            return None;
        }
        self.words_max = self.words_max.max(text.len());
        self.cuts.add_value(&text);
        let known = self.listed.entry(text.normal).or_default();
        for rival in known.iter_mut().filter(|other| other.entity == listed.entity) {
            if rival.name != listed.name {
                let own = listed.written.get_or_insert_with(|| Written::of(name, self.letters));
                let other = Written::of(&rival.name, self.letters);
                if rival.written.get_or_insert(other) != own {
                    continue;
                }
            }
            return Some(rival.value.clone()).filter(|value| *value != listed.value);
        }
        known.push(listed);
        None
    }

    /// Reads a text with its words cut as the phrases and values of the agent ask for it.
    pub(crate) fn read(&self, raw: &str) -> Text {
        Text::cut(raw, |word, apostrophe| self.cuts.of(word, apostrophe))
    }

    /// How a whole text is written: what tells it from another text with the same words.
    pub(crate) fn written(&self, raw: &str) -> Written {
        Written::of(raw, self.letters)
    }

    /// Whether the entity accepts any text where a phrase or a prompt expects it.
    pub(crate) fn is_open(&self, entity: &str) -> bool {
        self.open.contains(entity)
    }

    /// Every entity in the text, including overlapping ones, by first word. The values of the
    /// session count like the agent's own: in templates, and misspelt where the entity allows it.
    pub(crate) fn find(
        &self,
        text: &Text,
        moment: &Moment,
        session: &[SessionEntities],
    ) -> Vec<Span> {
        let of_session = |given: &SessionEntities| given.templates(&self.composite);
        let own: Vec<Template> = session.iter().flat_map(of_session).collect();
        let mut system = Cow::Borrowed(&self.system);
        for entity in own.iter().flat_map(|(_, parts)| parts).filter_map(|p| p.entity.as_ref()) {
            if entity.starts_with("@sys.") && !system.contains(entity) {
                system.to_mut().insert(Arc::clone(entity));
            }
        }
        let mut spans = system::find(text, &system, &self.language, moment);
        for start in 0..text.len() {
            for end in start + 1..=text.len().min(start + self.words_max + PARTS_MAX) {
                if let Some(listed) = self.listed.get(text.run(start..end)) {
                    let meant = self.meant(listed, text, start..end);
                    spans.extend(meant.map(|listed| listed.span(start..end)));
                }
            }
        }
        self.find_misspelt(text, &mut spans);
        for (entity, regex) in &self.patterns {
            for found in regex.find_iter(&text.raw) {
                if let Some(words) = text.covering(found.range()) {
                    let value = Value::String(found.as_str().to_owned());
                    spans.push(Span { entity: Arc::clone(entity), words, value });
                }
            }
        }
        for given in session {
            given.apply(text, &self.forgiving, &mut spans);
        }
        let kept = |template: &&Template| !session.iter().any(|given| given.hides(&template.0));
        let templates: Vec<&Template> = self.composed.iter().filter(kept).chain(&own).collect();
        // Twice, for values composed of composed values.
        for _ in 0..2 {
            compose(&templates, text, &mut spans);
        }
        spans.truncate(SPANS_MAX);
        spans.sort_by_key(|span| (span.words.start, usize::MAX - span.words.end));
        spans
    }

    /// The values that a run of words means, one for each entity. Where several have these words,
    /// the signs beside the words decide.
    fn meant<'a>(
        &self,
        listed: &'a [Listed],
        text: &Text,
        run: Range<usize>,
    ) -> impl Iterator<Item = &'a Listed> {
        let rivals = listed.iter().any(|l| l.written.is_some());
        let here = rivals.then(|| Written::read(text, run, self.letters));
        let fits = move |one: &Listed| -> Option<usize> {
            let (Some(written), Some(here)) = (&one.written, &here) else { return Some(1) };
            // Without its signs a value is only meant if it has none.
            let loosely = (written.signs() == 0).then_some(0);
            written.stands_in(here).then(|| 1 + written.signs()).or(loosely)
        };
        let ranks: Vec<Option<usize>> = listed.iter().map(fits).collect();
        let mut meant: Vec<usize> = Vec::new();
        for (at, rank) in ranks.iter().enumerate().filter(|(_, rank)| rank.is_some()) {
            match meant.iter_mut().find(|m| listed[**m].entity == listed[at].entity) {
                Some(best) if *rank > ranks[*best] => *best = at,
                Some(_) => {}
                None => meant.push(at),
            }
        }
        meant.into_iter().map(|at| &listed[at])
    }

    fn find_misspelt(&self, text: &Text, spans: &mut Vec<Span>) {
        if self.fuzzy.is_empty() {
            return;
        }
        let mut left = COMPARISONS_MAX;
        for start in 0..text.len() {
            for end in start + 1..=text.len().min(start + 3) {
                let run = text.run(start..end);
                let letters = run.chars().count();
                let Some(first) = run.chars().next().filter(|_| letters >= LETTERS_MIN) else {
                    continue;
                };
                if self.listed.contains_key(run) {
                    continue;
                }
                let allowed = misspellings(letters);
                let mut best: Option<(usize, &Listed)> = None;
                for length in letters - allowed..=letters + allowed {
                    for (known, listed) in self.fuzzy.get(&(first, length)).into_iter().flatten() {
                        left = left.saturating_sub(1);
                        let distance = strsim::osa_distance(run, known);
                        let nearer = best.is_none_or(|(other, _)| distance < other);
                        if left > 0 && distance <= allowed && nearer {
                            best = Some((distance, listed));
                        }
                    }
                }
                spans.extend(best.map(|(_, listed)| listed.span(start..end)));
            }
        }
    }
}

/// Adds the values that the templates compose of what was found.
fn compose(templates: &[&Template], text: &Text, spans: &mut Vec<Span>) {
    let mut found = Vec::new();
    let mut walk = Walk { text, spans, followed: 0, fields: Map::new() };
    for (entity, parts) in templates {
        for start in 0..text.len() {
            walk.fields.clear();
            if let Some(end) = walk.follow(parts, start) {
                let value = Value::Object(std::mem::take(&mut walk.fields));
                found.push(Span { entity: Arc::clone(entity), words: start..end, value });
            }
        }
    }
    found.retain(|span| !spans.contains(span));
    spans.extend(found);
}

impl Listed {
    fn new(entity: &Arc<str>, name: &str, value: Value) -> Self {
        Self { entity: Arc::clone(entity), value, name: name.to_owned(), written: None }
    }

    fn span(&self, words: Range<usize>) -> Span {
        Span { entity: Arc::clone(&self.entity), words, value: self.value.clone() }
    }
}

/// A search for composed values in one text.
struct Walk<'a> {
    text: &'a Text,
    spans: &'a [Span],
    /// Parts followed so far.
    followed: usize,
    /// Values of the parts of the value that was found, the last part first.
    fields: Map<String, Value>,
}

impl Walk<'_> {
    /// Follows the parts of a composed value from a word on; returns the position after the value.
    fn follow(&mut self, parts: &[Part], start: usize) -> Option<usize> {
        if self.followed > COMPOSED_PARTS_MAX {
            return None;
        }
        let Some((part, rest)) = parts.split_first() else {
            return Some(start);
        };
        let Some(entity) = &part.entity else {
            let words = Text::new(&part.text);
            let ends = start + words.len()..=self.text.len().min(start + words.len() + PARTS_MAX);
            let end = ends.into_iter().find(|end| self.text.run(start..*end) == words.normal)?;
            self.followed += 1;
            return self.follow(rest, end);
        };
        let here = |span: &&Span| span.words.start == start && span.entity == *entity;
        let mut here: Vec<&Span> = self.spans.iter().filter(here).collect();
        here.sort_by_key(|span| usize::MAX - span.words.end);
        for span in here {
            self.followed += 1;
            if let Some(end) = self.follow(rest, span.words.end) {
                let name = part.alias.clone().unwrap_or_else(|| entity[1..].to_owned());
                self.fields.insert(name, span.value.clone());
                return Some(end);
            }
        }
        None
    }
}
