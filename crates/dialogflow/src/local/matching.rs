//! Matches a text with the training phrases of an agent in one language.
//!
//! Exact phrases and templates come first. Then counts the similarity to the nearest phrase of each
//! intent, together with a linear classifier. It knows similar phrases; it does not understand
//! language.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

mod classifier;
mod cuts;
pub(crate) mod fold;
mod index;
pub(crate) mod lexicon;
mod misspelt;
pub(crate) mod session_entities;
mod signs;
pub(crate) mod span;
pub(crate) mod system;
mod templates;
pub(crate) mod text;

use self::{
    classifier::{Classifier, Sample, softmax},
    index::{Counts, Space, letters, words_and_pairs},
    lexicon::Lexicon,
    span::{Capture, Span},
    templates::Templates,
    text::Text,
};
use super::{
    model::{EntityType, Intent, Part, Phrase},
    report::{NoticeKind, Report},
};

/// Similarity of a text that fits a template where words were taken for an entity by position only.
const BY_POSITION: f32 = 0.9;
/// The same, for a template with only one word besides entities.
const BY_POSITION_ONE_WORD: f32 = 0.7;
/// Between intents whose scores differ by less than this, priority decides.
const CLOSE: f32 = 0.03;
/// Similarities that differ by less than this belong to the same phrase.
const SAME: f32 = 1e-5;
/// Bonus of an intent whose input contexts are active.
const IN_CONTEXT: f32 = 0.05;

/// The phrases and entities of an agent in one language, ready to be searched.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    pub(crate) lexicon: Lexicon,
    pub(crate) phrases: Vec<Phrase>,
    /// Number of phrases that the language has itself; they come first.
    own: usize,
    /// For each phrase, the number of words that are not entities.
    plain: Vec<usize>,
    /// Phrases by their normalized text.
    exact: HashMap<String, Vec<u32>>,
    templates: Templates,
    words: Space,
    /// Words, with entities in place of what phrases annotate.
    replaced: Space,
    letters: Space,
    /// Entities that phrases annotate.
    annotated: Vec<Arc<str>>,
    classifier: Option<Classifier>,
    /// Class in the classifier by intent.
    classes: HashMap<usize, usize>,
}

/// The phrases of one language: its own first, then those of the languages that it adds to.
#[derive(Debug, Default)]
pub(crate) struct Phrases {
    pub(crate) all: Vec<Phrase>,
    pub(crate) own: usize,
}

/// A training phrase that a text may mean.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// Position of the intent in the agent.
    pub(crate) intent: usize,
    /// Position in [`Matcher::phrases`].
    pub(crate) phrase: u32,
    /// From 0 to 1; 1 for exact phrases and templates.
    pub(crate) similarity: f32,
    /// The words for the entities of the phrase, in order; empty for a similar phrase.
    pub(crate) captures: Vec<Capture>,
    /// The text has the same words as the phrase.
    pub(crate) literal: bool,
}

impl Matcher {
    pub(crate) fn build(
        language: &str,
        root: &str,
        intents: &[Intent],
        entities: &[EntityType],
        phrases: Phrases,
        report: &mut Report,
    ) -> Self {
        let Phrases { all: phrases, own } = phrases;
        let lexicon = Lexicon::build(language, root, intents, entities, &phrases, report);
        let templates = Templates::build(&phrases, &lexicon);
        let mut matcher = Self { lexicon, own, templates, ..Self::default() };
        let mut words = Vec::new();
        let mut replaced = Vec::new();
        let mut chars = Vec::new();
        for (at, phrase) in phrases.iter().enumerate() {
            let full = matcher.lexicon.read(&phrase.text());
            let places = places_of(phrase, &full);
            let entity = |p: &String| p.starts_with('@');
            matcher.plain.push(places.iter().filter(|p| !entity(p)).count());
            if !phrase.parts.iter().any(|part| part.is_reference) {
                matcher.exact.entry(full.key().to_owned()).or_default().push(at as u32);
            }
            words.push(words_and_pairs(&full.whole_words().map(|w| vec![w]).collect::<Vec<_>>()));
            chars.push(letters(full.whole_words()));
            replaced.push(words_and_pairs(
                &places.iter().map(|p| vec![p.as_str()]).collect::<Vec<_>>(),
            ));
            for entity in phrase.parts.iter().filter_map(Part::slot) {
                if !matcher.annotated.contains(entity) {
                    matcher.annotated.push(Arc::clone(entity));
                }
            }
        }
        matcher.words = Space::build(&words);
        matcher.replaced = Space::build(&replaced);
        matcher.letters = Space::build(&chars);
        matcher.phrases = phrases;
        matcher.note_shared(intents, report);
        matcher.train(&words, &replaced, &chars, language, report);
        matcher
    }

    fn note_shared(&self, intents: &[Intent], report: &mut Report) {
        let mut shared: Vec<(&Intent, &Intent)> = Vec::new();
        for owners in self.exact.values() {
            let mut of: Vec<usize> =
                owners.iter().map(|p| self.phrases[*p as usize].intent).collect();
            of.sort_unstable();
            of.dedup();
            for pair in of.windows(2) {
                let (one, other) = (&intents[pair[0]], &intents[pair[1]]);
                if one.inputs == other.inputs && one.fallback == other.fallback {
                    shared.push((one, other));
                }
            }
        }
        shared.sort_by(|a, b| (&a.0.name, &a.1.name).cmp(&(&b.0.name, &b.1.name)));
        for (one, other) in shared {
            report.note(&one.file, NoticeKind::SharedPhrase, format!("with {}", other.name));
        }
    }

    fn train(
        &mut self,
        words: &[Counts],
        replaced: &[Counts],
        letters: &[Counts],
        language: &str,
        report: &mut Report,
    ) {
        let mut of = Vec::new();
        for phrase in &self.phrases {
            let next = self.classes.len();
            of.push(*self.classes.entry(phrase.intent).or_insert(next));
        }
        if self.classes.len() < 2 {
            return;
        }
        let samples: Vec<Sample> =
            (0..of.len()).map(|at| self.sample(&words[at], &replaced[at], &letters[at])).collect();
        let features = self.words.len() + self.replaced.len() + self.letters.len();
        self.classifier = Classifier::train(&samples, &of, self.classes.len(), features);
        if self.classifier.is_none() {
            let detail = format!("too many phrases to train in {language}: only near phrases");
            report.note("intents/", NoticeKind::Limit, detail);
        }
    }

    /// The features of the three views of a text in one list.
    fn sample(&self, words: &Counts, replaced: &Counts, letters: &Counts) -> Sample {
        let mut sample = self.words.direction(words);
        let (mut base, mut shifted) = (self.words.len() as u32, Vec::new());
        for (space, counts) in [(&self.replaced, replaced), (&self.letters, letters)] {
            shifted.extend(space.direction(counts).into_iter().map(|(id, w)| (id + base, w)));
            base += space.len() as u32;
        }
        sample.append(&mut shifted);
        sample
    }

    /// The best phrase that says exactly this, among the allowed intents.
    pub(crate) fn exact(
        &self,
        text: &Text,
        spans: &[Span],
        intents: &[Intent],
        allowed: impl Fn(usize) -> bool,
    ) -> Option<Candidate> {
        let mut hits: Vec<Candidate> = Vec::new();
        let same = self.exact.get(text.key()).map_or(&[][..], Vec::as_slice);
        for at in same {
            let intent = self.phrases[*at as usize].intent;
            if allowed(intent) {
                let captures = self.captures_of(*at, text, spans);
                hits.push(Candidate {
                    intent,
                    phrase: *at,
                    similarity: 1.0,
                    captures,
                    literal: true,
                });
            }
        }
        for hit in self.templates.find(text, spans, &self.lexicon) {
            let intent = self.phrases[hit.phrase as usize].intent;
            if allowed(intent) && !hit.by_position {
                hits.push(Candidate {
                    intent,
                    phrase: hit.phrase,
                    similarity: 1.0,
                    captures: hit.captures,
                    literal: false,
                });
            }
        }
        // Phrases with the same words may be told apart by their signs: `C`, `C++`.
        let written = (same.len() > 1).then(|| self.lexicon.written(&text.raw));
        hits.into_iter().min_by_key(|hit| {
            let intent = &intents[hit.intent];
            let plain = self.plain[hit.phrase as usize];
            let other_signs = written.as_ref().filter(|_| hit.literal).is_some_and(|written| {
                self.lexicon.written(&self.phrases[hit.phrase as usize].text()) != *written
            });
            (
                other_signs,
                Reverse(intent.inputs.len()),
                Reverse(intent.priority),
                Reverse((hit.phrase as usize) < self.own),
                Reverse(plain + usize::from(hit.literal)),
                intent.name.clone(),
                hit.phrase,
            )
        })
    }

    /// Number of words of the candidate phrase that are not entities.
    pub(crate) fn plain_words(&self, candidate: &Candidate) -> usize {
        self.plain[candidate.phrase as usize]
    }

    /// Whether a text has at least half of the words of the candidate phrase, apart from entities.
    pub(crate) fn has_most_words(&self, candidate: &Candidate, text: &Text) -> bool {
        let phrase = &self.phrases[candidate.phrase as usize];
        let places = places_of(phrase, &self.lexicon.read(&phrase.text()));
        let words = places.iter().filter(|place| !place.starts_with('@'));
        let shared = words.filter(|word| text.words().any(|other| other == *word)).count();
        2 * shared >= self.plain_words(candidate)
    }

    /// Captures of a phrase that the text repeats word for word.
    fn captures_of(&self, phrase: u32, text: &Text, spans: &[Span]) -> Vec<Capture> {
        let mut captures = Vec::new();
        let phrase = &self.phrases[phrase as usize];
        // The same words are cut in the same places.
        let own = self.lexicon.read(&phrase.text());
        for (part, range) in phrase.parts.iter().zip(phrase.ranges()) {
            let words = own.inside(range);
            let Some(entity) = part.slot() else { continue };
            let known = spans.iter().find(|s| s.entity == *entity && s.words == words);
            let value = known.map_or_else(
                || system::open_value(entity, text.written(words.clone())),
                |span| span.value.clone(),
            );
            captures.push(Capture { words, value });
        }
        captures
    }

    /// The most likely intent among the allowed ones, if its similarity is at least `threshold`.
    /// The phrases of fallback intents are examples of what is *not* meant; they compete, and a
    /// fallback intent can be returned.
    pub(crate) fn nearest(
        &self,
        text: &Text,
        spans: &[Span],
        intents: &[Intent],
        threshold: f32,
        allowed: impl Fn(usize) -> bool,
    ) -> Option<Candidate> {
        let views = self.views(text, spans);
        let mut best = self.nearest_phrases(&views, |intent| {
            allowed(intent) && (intents[intent].learned || intents[intent].fallback)
        });
        for hit in self.templates.find(text, spans, &self.lexicon) {
            let intent = self.phrases[hit.phrase as usize].intent;
            let similarity = match self.plain[hit.phrase as usize] {
                _ if !hit.by_position || !allowed(intent) => continue,
                0 if intents[intent].inputs.is_empty() => continue,
                0 => threshold,
                1 => BY_POSITION_ONE_WORD,
                _ => BY_POSITION,
            };
            let candidate = Candidate {
                intent,
                phrase: hit.phrase,
                similarity,
                captures: hit.captures,
                literal: false,
            };
            let known = best.entry(intent).or_insert_with(|| candidate.clone());
            if similarity > known.similarity {
                *known = candidate;
            }
        }
        self.judge(best, &views, intents, threshold)
    }

    fn judge(
        &self,
        best: HashMap<usize, Candidate>,
        views: &[Counts; 3],
        intents: &[Intent],
        threshold: f32,
    ) -> Option<Candidate> {
        let mut likely = self.likely(&best, views);
        share(&best, &mut likely);
        let mut ranked: Vec<(f32, Candidate)> = Vec::new();
        for mut candidate in best.into_values() {
            let context =
                if intents[candidate.intent].inputs.is_empty() { 0.0 } else { IN_CONTEXT };
            let mut score = candidate.similarity + context;
            if let Some(probability) = likely.get(&candidate.intent) {
                score = f32::midpoint(candidate.similarity, *probability) + context;
                candidate.similarity = weighed(candidate.similarity, *probability, likely.len());
            }
            if candidate.similarity >= threshold {
                ranked.push((score, candidate));
            }
        }
        ranked.sort_by(|(a, one), (b, other)| {
            b.total_cmp(a).then_with(|| intents[one.intent].name.cmp(&intents[other.intent].name))
        });
        let highest = ranked.first()?.0;
        let close = ranked.into_iter().take_while(|(score, _)| highest - score <= CLOSE);
        close
            .min_by_key(|(_, candidate)| Reverse(intents[candidate.intent].priority))
            .map(|(_, g)| g)
    }

    /// Probability of each intent in `best` by the classifier.
    fn likely(&self, best: &HashMap<usize, Candidate>, views: &[Counts; 3]) -> HashMap<usize, f32> {
        let Some(classifier) = &self.classifier else { return HashMap::new() };
        let scores = classifier.scores(&self.sample(&views[0], &views[1], &views[2]));
        let mut taking_part: Vec<usize> =
            best.keys().copied().filter(|i| self.classes.contains_key(i)).collect();
        taking_part.sort_unstable();
        let mut own: Vec<f32> = taking_part.iter().map(|i| scores[self.classes[i]]).collect();
        softmax(&mut own);
        taking_part.into_iter().zip(own).collect()
    }

    /// The nearest phrase of each intent.
    fn nearest_phrases(
        &self,
        views: &[Counts; 3],
        allowed: impl Fn(usize) -> bool,
    ) -> HashMap<usize, Candidate> {
        let count = self.phrases.len();
        let by = |space: &Space, view: &Counts| space.cosines(&space.direction(view), count);
        let words = by(&self.words, &views[0]);
        let replaced = by(&self.replaced, &views[1]);
        let letters = by(&self.letters, &views[2]);
        let mut best: HashMap<usize, Candidate> = HashMap::new();
        for (at, phrase) in self.phrases.iter().enumerate() {
            let similarity = f32::midpoint(words[at].max(replaced[at]), letters[at]).min(1.0);
            let known = best.get(&phrase.intent).map_or(0.0, |candidate| candidate.similarity);
            if similarity > known && allowed(phrase.intent) {
                let candidate = Candidate {
                    intent: phrase.intent,
                    phrase: at as u32,
                    similarity,
                    captures: Vec::new(),
                    literal: false,
                };
                best.insert(phrase.intent, candidate);
            }
        }
        best
    }

    /// A text in three views: its words; its words with entities in place of their values; its
    /// letters.
    fn views(&self, text: &Text, spans: &[Span]) -> [Counts; 3] {
        let plain: Vec<Vec<&str>> = text.whole_words().map(|word| vec![word]).collect();
        let mut places: Vec<Vec<&str>> = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let here: Vec<&Span> = spans
                .iter()
                .filter(|s| s.words.start == at && self.annotated.contains(&s.entity))
                .collect();
            let Some(end) = here.iter().map(|span| span.words.end).max() else {
                places.push(vec![text.word(at)]);
                at += 1;
                continue;
            };
            let mut names: Vec<&str> =
                here.iter().filter(|s| s.words.end == end).map(|s| &*s.entity).collect();
            names.dedup();
            places.push(names);
            at = end;
        }
        [words_and_pairs(&plain), words_and_pairs(&places), letters(text.whole_words())]
    }
}

/// A phrase that several intents have cannot tell them apart: each gets the sum of their
/// probabilities, so that priority decides.
fn share(best: &HashMap<usize, Candidate>, likely: &mut HashMap<usize, f32>) {
    let mut nearest: Vec<(f32, usize)> =
        likely.keys().filter_map(|intent| Some((best.get(intent)?.similarity, *intent))).collect();
    nearest.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    for group in nearest.chunk_by(|a, b| b.0 - a.0 < SAME) {
        let together: f32 = group.iter().map(|(_, intent)| likely[intent]).sum();
        likely.extend(group.iter().map(|(_, intent)| (*intent, together.min(1.0))));
    }
}

/// Similarity corrected by the classifier: up to a quarter higher when it agrees, lower when it
/// does not. Measured (`examples/evaluate.rs`), this finds more and confuses less than similarity
/// alone. Probability alone is not enough: it is high for nonsense, too. Among few intents it says
/// little.
fn weighed(similarity: f32, probability: f32, intents: usize) -> f32 {
    let by_chance = 1.0 / intents.max(2) as f32;
    let agreement = ((probability - by_chance) / (1.0 - by_chance)).max(0.0);
    (similarity * (0.75 + 0.5 * agreement)).min(0.99)
}

/// The words of a phrase, with entities in place of annotated words.
fn places_of(phrase: &Phrase, full: &Text) -> Vec<String> {
    let mut places = Vec::new();
    for (part, range) in phrase.parts.iter().zip(phrase.ranges()) {
        match part.slot() {
            Some(entity) => places.push(entity.to_string()),
            None => places.extend(full.inside(range).map(|at| full.word(at).to_owned())),
        }
    }
    places
}
