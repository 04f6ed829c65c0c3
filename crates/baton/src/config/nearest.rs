//! Adds the nearest known key to errors of the TOML reader.

use anyhow::anyhow;

/// The reader's message with its line and column, and a suggestion for an unknown key or value. The
/// text of the line is not shown, because it may hold a secret.
pub(super) fn explain(error: &toml::de::Error, text: &str) -> anyhow::Error {
    let message = error.message().trim_end();
    let place = error.span().map_or_else(String::new, |span| place(text, span.start));
    match suggestion(message) {
        Some(known) => anyhow!("{place}{message}; did you mean `{known}`?"),
        None => anyhow!("{place}{message}"),
    }
}

fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    format!("line {line}, column {column}: ")
}

/// From "unknown field `lisen`, expected one of `listen`, `data`": `listen`.
fn suggestion(message: &str) -> Option<&str> {
    let message = message.strip_prefix("unknown ")?;
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    quoted
        .map(|known| (strsim::damerau_levenshtein(unknown, known), known))
        .filter(|(distance, known)| *distance <= known.len().max(unknown.len()) / 2)
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::suggestion;

    #[test]
    fn the_nearest_key_is_named_and_a_far_one_is_not() {
        let message = "unknown field `lisen`, expected one of `listen`, `data`, `bots`";
        assert_eq!(suggestion(message), Some("listen"));
        assert_eq!(suggestion("unknown variant `dsk`, expected `desk`"), Some("desk"));
        assert_eq!(suggestion("unknown field `zzzzzz`, expected `id`"), None);
        assert_eq!(suggestion("invalid type: integer"), None);
    }
}
