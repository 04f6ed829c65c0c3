//! Texts on their way into a ticket and out of it.

use connector::text as words;

/// Stands for what a long transcript begins with.
const CUT: &str = "(the beginning is left out)\n";

/// A value in an encoded query, which a caret would end.
pub(super) fn condition(text: &str) -> String {
    text.replace('^', "^^")
}

/// An entry for agents: what looks like markup of the journal is none.
pub(super) fn plain(entry: &str) -> String {
    entry.replace("[code]", "[\u{200b}code]").replace("[/code]", "[\u{200b}/code]")
}

/// An agent's entry for the visitor: between `[code]` and `[/code]` stands HTML.
pub(super) fn markdown(entry: &str) -> String {
    let mut markdown = String::new();
    let mut rest = entry;
    while let Some((before, after)) = rest.split_once("[code]") {
        let (html, left) = after.split_once("[/code]").unwrap_or((after, ""));
        markdown.push_str(before);
        markdown.push_str(&words::from_html(html));
        rest = left;
    }
    markdown.push_str(rest);
    markdown.trim().to_owned()
}

/// The end of a text that is too long, which is what the agent needs first.
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
