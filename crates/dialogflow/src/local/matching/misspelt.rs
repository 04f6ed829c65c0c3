//! When a word counts as the misspelt name of a value.

/// Shorter words must be spelt as they are listed.
pub(super) const LETTERS_MIN: usize = 5;

/// Whether a run of words is this name with a misspelling or two.
pub(super) fn is_misspelt(run: &str, name: &str) -> bool {
    let letters = run.chars().count();
    letters >= LETTERS_MIN
        && run.chars().next() == name.chars().next()
        && strsim::osa_distance(run, name) <= misspellings(letters)
}

/// How many misspelt letters a word of this length may have.
pub(super) fn misspellings(letters: usize) -> usize {
    if letters >= 9 { 2 } else { 1 }
}
