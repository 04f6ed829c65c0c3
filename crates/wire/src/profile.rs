//! Who speaks to the visitor. Names and pictures come from tools and platforms, are shown in a web
//! page, and must not be able to change how its other texts read.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::rich::Source;

/// Longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;

/// A name in one line: without control characters, without marks that turn the direction of the
/// text around it, and cut to [`NAME_CHARS_MAX`]. Empty when nothing is left.
#[must_use]
pub fn name(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| is_shown(*c))
        .collect();
    let mut name = String::new();
    let mut room = NAME_CHARS_MAX;
    for letter in visible.split_whitespace().collect::<Vec<_>>().join(" ").graphemes(true) {
        let chars = letter.chars().count();
        if chars > room {
            break;
        }
        room -= chars;
        name.push_str(letter);
    }
    if is_blank(&name) { String::new() } else { name.trim_end().to_owned() }
}

/// The address of a picture: `http` or `https`. Any other is left out, because a page would run or
/// embed it.
#[must_use]
pub fn avatar_url(url: &str) -> String {
    Source::parse(url).map(|source| source.as_str().to_owned()).unwrap_or_default()
}

/// Whether a text shows nothing.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    !text.chars().any(|c| !c.is_whitespace() && is_shown(c) && !is_filler(c))
}

/// False for control characters, for marks of direction, and for what is never seen. The two
/// joiners stay: scripts and emoji are written with them.
fn is_shown(c: char) -> bool {
    let is_hidden = matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    !c.is_control() && !is_hidden
}

/// Joiners and fillers, which show nothing by themselves.
fn is_filler(c: char) -> bool {
    matches!(
        c,
        '\u{34f}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{200c}'
            | '\u{200d}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_that_turns_nothing_around() {
        for (text, expected) in [
            (" Jane  Doe ", "Jane Doe"),
            ("Ja\0ne", "Jane"),
            ("\u{202e}enaJ", "enaJ"),
            ("\u{2066}Jane\u{2069}\u{200f}", "Jane"),
            ("Jane\r\n<b>Doe</b>", "Jane <b>Doe</b>"),
            ("\u{1b}[31mJane", "[31mJane"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("👩\u{200d}🔧 Jo", "👩\u{200d}🔧 Jo"),
            ("\u{202e}\0 \u{feff}", ""),
            ("\u{200d}\u{3164}", ""),
            ("", ""),
        ] {
            assert_eq!(name(text), expected, "{text:?}");
        }
        assert_eq!(name(&"x".repeat(200_000)).chars().count(), NAME_CHARS_MAX);
        let family = "👩\u{200d}👩\u{200d}👧\u{200d}👦";
        assert_eq!(name(&family.repeat(50)), family.repeat(14));
    }

    #[test]
    fn a_picture_comes_from_the_web() {
        assert_eq!(avatar_url("https://example.org/jane.png"), "https://example.org/jane.png");
        for bad in [
            "javascript:alert(1)",
            " JavaScript:alert(1)",
            "data:image/svg+xml,<svg onload=alert(1)>",
            "vbscript:x",
            "blob:https://example.org/1",
            "file:///etc/passwd",
            "//example.org/jane.png",
            "/jane.png",
            "https://example.org/a b",
            "",
        ] {
            assert_eq!(avatar_url(bad), "", "{bad}");
        }
        assert_eq!(avatar_url(&format!("https://example.org/{}", "x".repeat(200_000))), "");
    }

    #[test]
    fn what_shows_nothing_is_blank() {
        for blank in ["", " ", "\t\r\n", "\u{a0}\u{3000}", "\0", "\u{200b}\u{200d}\u{feff}\u{202e}"]
        {
            assert!(is_blank(blank), "{blank:?}");
        }
        assert!(!is_blank(" . ") && !is_blank("👍") && !is_blank("\u{fffd}"));
    }
}
