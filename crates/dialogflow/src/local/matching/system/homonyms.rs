//! Words for numbers that are more often something else: Italian `sei` is "you are" as well, French
//! `neuf` is "new". The words beside it decide which of both is meant.

use std::ops::Range;

use super::months::month;
use crate::local::matching::text::Text;

struct Homonym {
    language: &'static str,
    word: &'static str,
    /// After these it is a number: `alle sei`, `nous sommes neuf`.
    number_after: &'static [&'static str],
    /// After these it is none: `chi sei`, `quoi de neuf`.
    none_after: &'static [&'static str],
    /// Whether what comes next can be counted.
    counted: fn(&str) -> bool,
}

const HOMONYMS: [Homonym; 2] = [
    Homonym {
        language: "it",
        word: "sei",
        number_after: &[
            "a", "ai", "alle", "dalle", "delle", "le", "i", "gli", "in", "per", "da", "di", "con",
            "su", "entro", "circa", "fino", "verso", "numero", "tavolo", "pagina", "siamo",
            "saremo", "sono", "altri", "altre", "solo", "almeno", "voglio", "vorrei", "ho",
        ],
        none_after: &[
            "chi", "tu", "che", "cosa", "cos", "dove", "come", "quando", "perché", "non", "ci",
            "mi", "ti", "se", "ma", "quanto",
        ],
        counted: is_italian_plural,
    },
    Homonym {
        language: "fr",
        word: "neuf",
        number_after: &[
            "numéro", "table", "chapitre", "page", "chambre", "ligne", "quai", "voie", "porte",
            "vers", "pour", "les", "sommes", "serons", "êtes", "serez", "sont", "seront",
            "environ",
        ],
        none_after: &["tout", "flambant", "comme", "du"],
        counted: |word| is_french_plural(word) || month(word).is_some(),
    },
];

/// Whether the word of these words is meant as something else than a number.
pub(super) fn is_other_word(text: &Text, language: &str, words: &Range<usize>) -> bool {
    let run = text.run(words.clone());
    let Some(homonym) = HOMONYMS.iter().find(|h| h.language == language && h.word == run) else {
        return false;
    };
    let before = words.start.checked_sub(1).map_or("", |at| text.word(at));
    if homonym.none_after.contains(&before) {
        return true;
    }
    !homonym.number_after.contains(&before) && !(homonym.counted)(text.word(words.end))
}

/// Plurals end with `i` or `e`. So do many adjectives: `sei gentile`.
fn is_italian_plural(word: &str) -> bool {
    const ADJECTIVES: [&str; 12] = [
        "ale", "ile", "nte", "ace", "oce", "ore", "felice", "triste", "grande", "forte", "dolce",
        "online",
    ];
    const UNITS: [&str; 9] = ["euro", "ore", "kg", "km", "cm", "m", "mila", "foto", "€"];
    if UNITS.contains(&word) || month(word).is_some() {
        return true;
    }
    let adjective = ADJECTIVES.iter().any(|ending| word.ends_with(ending));
    word.chars().count() >= 4 && word.ends_with(['i', 'e']) && !adjective
}

/// Plurals end with `s` or `x`.
fn is_french_plural(word: &str) -> bool {
    const OTHERS: [&str; 6] = ["dans", "mais", "sans", "plus", "pas", "vous"];
    const UNITS: [&str; 9] = ["h", "kg", "km", "cm", "m", "g", "l", "mille", "cent"];
    let plural = word.chars().count() >= 3 && word.ends_with(['s', 'x']);
    UNITS.contains(&word) || (plural && !OTHERS.contains(&word))
}
