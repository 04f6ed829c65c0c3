//! Texts that are written into a ticket, and texts that are read from it.

use connector::text as words;

/// Replaces the beginning of a transcript that is too long.
const CUT: &str = "(the beginning is left out)\n";

/// A value in an encoded query, where a caret would end it.
pub(super) fn condition(text: &str) -> String {
    text.replace('^', "^^")
}

/// An entry for human agents. Markup of the journal in it is shown and not interpreted.
pub(super) fn plain(entry: &str) -> String {
    entry.replace("[code]", "[\u{200b}code]").replace("[/code]", "[\u{200b}/code]")
}

/// A human agent's entry for the visitor: the text between `[code]` and `[/code]` is HTML.
pub(super) fn markdown(entry: &str) -> String {
    let mut markdown = String::new();
    let mut rest = entry;
    while let Some((before, after)) = rest.split_once("[code]") {
        let (html, left) = after.split_once("[/code]").unwrap_or((after, ""));
        markdown.push_str(&words::from_plain(before));
        markdown.push_str(&words::from_html(html));
        rest = left;
    }
    markdown.push_str(&words::from_plain(rest));
    markdown.trim().to_owned()
}

/// Of a text that is too long its end, which a human agent needs first.
pub(super) fn tail(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let room = chars_max.saturating_sub(CUT.chars().count());
    format!("{CUT}{}", words::tail(text, room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_html_and_only_from_agents() {
        for (entry, expected) in [
            ("plain <b>", "plain <b>"),
            ("a [code]<b>b</b>[/code] c", "a **b** c"),
            ("[code]<script>x</script><i>i</i>", "*i*"),
            ("one[code]<p>two</p>[/code][code]three[/code]", "onetwothree"),
        ] {
            assert_eq!(markdown(entry), expected, "{entry}");
        }
        let written = plain("[code]<b>x</b>[/code]");
        assert!(!written.contains("[code]") && !written.contains("[/code]"), "{written}");
        assert_eq!(markdown(&written), written, "and nothing is made of it on the way back");
    }

    #[test]
    fn of_a_long_transcript_the_end_is_kept() {
        assert_eq!(tail("short", 10), "short");
        let long = tail(&format!("{}end", "ä".repeat(5_000)), 4_000);
        assert_eq!(long.chars().count(), 4_000);
        assert!(long.starts_with('(') && long.ends_with("ääend"));
    }
}
