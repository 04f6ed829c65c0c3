//! Names with `*` for any characters and `?` for one.

/// True when all of `name` fits `pattern`.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let mut pattern_chars = pattern.chars();
    match pattern_chars.next() {
        None => name.is_empty(),
        Some('*') => {
            let rest = pattern_chars.as_str();
            let starts = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            starts.into_iter().any(|at| matches(rest, &name[at..]))
        }
        Some(wanted) => {
            let mut name_chars = name.chars();
            let fits = name_chars.next().is_some_and(|c| wanted == '?' || wanted == c);
            fits && matches(pattern_chars.as_str(), name_chars.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, fits) in [
            ("*", "platform/late", true),
            ("platform/*", "platform/late", true),
            ("*/r2*", "middleware/r2.3-step-one", true),
            ("*r?-step*", "middleware/r3-step-one", true),
            ("late", "platform/late", false),
            ("*late", "platform/later", false),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
