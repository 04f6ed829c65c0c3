//! The nearest known word to an unknown one, from an error of a reader.

/// From "unknown field `lisen`, expected one of `listen`, `data`": `listen`.
pub fn suggestion(message: &str) -> Option<&str> {
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
