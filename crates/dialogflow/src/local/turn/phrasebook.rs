//! Our own sentences, for what an agent export does not say.

/// The answer when the visitor leaves slot filling.
pub(crate) fn cancelled(language: &str) -> &'static str {
    match root(language) {
        "de" => "In Ordnung, abgebrochen.",
        "fr" => "D'accord, c'est annulé.",
        "es" => "De acuerdo, cancelado.",
        "it" => "Va bene, annullato.",
        "pt" => "Certo, cancelado.",
        _ => "Okay, cancelled.",
    }
}

/// The prompt for a parameter that has none.
pub(crate) fn question(language: &str, parameter: &str) -> String {
    match root(language) {
        "de" => format!("Wie lautet {parameter}?"),
        "fr" => format!("Quelle valeur pour {parameter} ?"),
        "es" => format!("¿Cuál es el valor de {parameter}?"),
        "it" => format!("Qual è il valore di {parameter}?"),
        "pt" => format!("Qual é o valor de {parameter}?"),
        _ => format!("What is the {parameter}?"),
    }
}

fn root(language: &str) -> &str {
    language.split('-').next().unwrap_or_default()
}
