//! Adds the nearest known key to errors of the TOML reader.

use anyhow::anyhow;
use directory::settings::suggestion;

/// The reader's message with its line and column, and a suggestion for an unknown key or value. The
/// text of the line is not shown, because it may hold a secret.
pub(super) fn explain(error: &toml::de::Error, text: &str) -> anyhow::Error {
    let message = error.message().trim_end();
    let place = error.span().map_or_else(String::new, |span| {
        let key = key(text, span.start).map(|key| format!("`{key}`: ")).unwrap_or_default();
        place(text, span.start) + &key
    });
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

/// The key of the value that begins at `offset`.
fn key(text: &str, offset: usize) -> Option<&str> {
    let before = text.get(..offset)?.trim_end_matches(' ').strip_suffix('=')?.trim_end_matches(' ');
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let key = before.rsplit(|c| !is_of_key(c)).next()?;
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn the_key_of_a_value_is_named() {
        let text = "[a]\nlisten = 1\nagent = { export = 2, url=3 }\nlist = [4]";
        let of = |value: &str| key(text, text.find(value).unwrap());
        assert_eq!(of("1"), Some("listen"));
        assert_eq!(of("2"), Some("export"));
        assert_eq!(of("3"), Some("url"));
        assert_eq!(of("4"), None);
        assert_eq!(of("listen"), None);
    }
}
