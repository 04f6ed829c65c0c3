//! Similarity of phrases: TF-IDF cosine over an inverted index.

use std::collections::HashMap;

use crate::local::hash::hash;

/// The hash of a word, of a pair of words or of some letters. Collisions are rare enough to ignore,
/// and a look-up allocates nothing.
pub(crate) type Feature = u64;

/// Features of one text and how often each occurs.
pub(crate) type Counts = Vec<(Feature, f32)>;

/// The phrases in one view: words or letters.
#[derive(Debug, Default)]
pub(crate) struct Space {
    ids: HashMap<Feature, u32>,
    weights: Vec<f32>,
    /// For each feature, the phrases with it and its share in their direction.
    postings: Vec<Vec<(u32, f32)>>,
    /// Weight of a feature that is in no phrase.
    weight_unknown: f32,
}

/// A query as a direction in a space. It has the known features only, but the unknown ones count in
/// its length; otherwise a text of unknown words would score high.
pub(crate) type Direction = Vec<(u32, f32)>;

impl Space {
    pub(crate) fn build(phrases: &[Counts]) -> Self {
        let mut space = Self::default();
        let mut occurs: Vec<u32> = Vec::new();
        for (feature, _) in phrases.iter().flatten() {
            let next = space.ids.len() as u32;
            let id = *space.ids.entry(*feature).or_insert(next);
            if id == next {
                occurs.push(0);
            }
            occurs[id as usize] += 1;
        }
        let rarity = |n: u32| ((1.0 + phrases.len() as f32) / (1.0 + n as f32)).ln() + 1.0;
        space.weights = occurs.iter().map(|n| rarity(*n)).collect();
        space.weight_unknown = rarity(0);
        space.postings = vec![Vec::new(); space.ids.len()];
        for (at, counts) in phrases.iter().enumerate() {
            for (id, share) in space.direction(counts) {
                space.postings[id as usize].push((at as u32, share));
            }
        }
        space
    }

    /// Number of features.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn direction(&self, counts: &Counts) -> Direction {
        let mut length = 0.0;
        let mut known = Vec::with_capacity(counts.len());
        for (feature, count) in counts {
            let id = self.ids.get(feature);
            let rarity = id.map_or(self.weight_unknown, |id| self.weights[*id as usize]);
            let weight = count * rarity;
            length += weight * weight;
            known.extend(id.map(|id| (*id, weight)));
        }
        let length = f32::sqrt(length).max(f32::MIN_POSITIVE);
        for (_, weight) in &mut known {
            *weight /= length;
        }
        known
    }

    /// Cosine of the query with every phrase, by position of the phrase.
    pub(crate) fn cosines(&self, query: &Direction, phrases: usize) -> Vec<f32> {
        let mut cosines = vec![0.0; phrases];
        for (id, share) in query {
            for (phrase, weight) in &self.postings[*id as usize] {
                cosines[*phrase as usize] += share * weight;
            }
        }
        cosines
    }
}

/// Words and pairs of neighbouring words. A position may have several words (the entities that the
/// words there may mean); each then counts less.
pub(crate) fn words_and_pairs(places: &[Vec<&str>]) -> Counts {
    let mut counts: HashMap<Feature, f32> = HashMap::new();
    let share = |place: &Vec<&str>| 1.0 / (place.len().max(1) as f32).sqrt();
    for (at, place) in places.iter().enumerate() {
        for word in place {
            *counts.entry(hash(1, word.as_bytes())).or_default() += share(place);
            let Some(next) = places.get(at + 1) else {
                continue;
            };
            for other in next {
                let pair = hash(hash(2, word.as_bytes()), other.as_bytes());
                *counts.entry(pair).or_default() += share(place) * share(next);
            }
        }
    }
    sorted(counts)
}

/// Three to five neighbouring letters of each word, its borders included.
pub(crate) fn letters<'a>(words: impl Iterator<Item = &'a str>) -> Counts {
    let mut counts: HashMap<Feature, f32> = HashMap::new();
    for word in words {
        let bordered: Vec<char> =
            std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
        for size in 3..=5 {
            for window in bordered.windows(size) {
                let feature = window.iter().fold(3, |h, c| hash(h, &u32::from(*c).to_le_bytes()));
                *counts.entry(feature).or_default() += 1.0;
            }
        }
    }
    sorted(counts)
}

/// Dampens repetition and sorts: sums must not depend on the iteration order of a map.
fn sorted(counts: HashMap<Feature, f32>) -> Counts {
    let mut counts: Counts = counts
        .into_iter()
        .map(|(feature, n)| (feature, if n > 1.0 { 1.0 + n.ln() } else { n }))
        .collect();
    counts.sort_unstable_by_key(|(feature, _)| *feature);
    counts
}
