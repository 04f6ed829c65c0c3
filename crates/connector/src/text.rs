//! Texts of agents and visitors on their way between two kinds of markup.
//!
//! Towards the visitor everything is Markdown, which the widget shows without ever trusting it, so
//! HTML is translated. Towards a tool, texts are split where its limit asks for it.

use std::panic::AssertUnwindSafe;

use htmd::HtmlToMarkdown;

/// What no visitor should see of a page.
const DROPPED: [&str; 8] =
    ["script", "style", "head", "iframe", "object", "template", "noscript", "svg"];

/// More elements than any message has; each may lie within the one before.
const ELEMENTS_MAX: usize = 500;

/// HTML as safe Markdown: links and emphasis stay, scripts and styles do not.
pub fn from_html(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return html.trim().to_owned();
    }
    let text = translated(html).unwrap_or_else(|| without_tags(html));
    without_bad_links(text.replace('\u{a0}', " ").trim())
}

/// `None` for what the translator cannot take: it goes down into every element, so the depth of
/// what strangers send has a limit.
fn translated(html: &str) -> Option<String> {
    if html.matches('<').count() > ELEMENTS_MAX {
        return None;
    }
    let converter = HtmlToMarkdown::builder().skip_tags(DROPPED.to_vec()).build();
    std::panic::catch_unwind(AssertUnwindSafe(|| converter.convert(html).ok())).ok().flatten()
}

/// Links that lead anywhere else than to the web, to mail or to a telephone lose their address.
fn without_bad_links(text: &str) -> String {
    const GOOD: [&str; 4] = ["https:", "http:", "mailto:", "tel:"];
    let mut parts = text.split("](");
    let mut safe = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let address = part.trim_start_matches(['<', ' ']).to_ascii_lowercase();
        if GOOD.iter().any(|scheme| address.starts_with(scheme)) {
            safe.push_str("](");
            safe.push_str(part);
        } else {
            safe.push(']');
            safe.push_str(after_address(part));
        }
    }
    safe
}

/// What follows the bracket that ends an address, which may have pairs of its own.
fn after_address(part: &str) -> &str {
    let mut open = 1_u32;
    for (at, c) in part.char_indices() {
        match c {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return &part[at + 1..];
        }
    }
    ""
}

/// A link in Markdown; only http and https lead anywhere.
pub fn link(label: &str, url: &str) -> String {
    let label: String = label.chars().filter(|c| !matches!(c, '[' | ']' | '\n' | '\r')).collect();
    let label = if label.trim().is_empty() { url } else { label.trim() };
    let safe = url.starts_with("https://") || url.starts_with("http://");
    let plain = !url.contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>'));
    if safe && plain { format!("[{label}]({url})") } else { format!("{label}: {url}") }
}

/// The parts of `text`, none longer than `chars_max` characters, split between paragraphs, lines
/// or words where there is any such place in the second half of a part.
pub fn split(text: &str, chars_max: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(chars_max.max(1)) {
        let part = &rest[..end];
        let cut = boundary(part, rest[end..].chars().next());
        let (part, left) = rest.split_at(cut);
        if !part.trim().is_empty() {
            parts.push(part.trim_end().to_owned());
        }
        rest = left.trim_start_matches(['\n', ' ']);
    }
    if !rest.trim().is_empty() || parts.is_empty() {
        parts.push(rest.to_owned());
    }
    parts
}

/// Where a part ends, in bytes.
fn boundary(part: &str, next: Option<char>) -> usize {
    if next.is_some_and(char::is_whitespace) {
        return part.len();
    }
    let half = part.len() / 2;
    let at = |mark: &str| part.rfind(mark).filter(|place| *place >= half).map(|at| at + mark.len());
    let word = || part.rfind(char::is_whitespace).filter(|place| *place >= half);
    at("\n\n").or_else(|| at("\n")).or_else(word).unwrap_or_else(|| unbroken(part, next))
}

/// Accents, the joiner of emoji, their variants and skin tones: nothing without what is before.
fn joins(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036f | 0x200d | 0xfe00..=0xfe0f | 0x1f3fb..=0x1f3ff)
}

/// One long word: not between a letter and what belongs to it, such as an accent, a skin tone or
/// the joiner of an emoji.
fn unbroken(part: &str, next: Option<char>) -> usize {
    let mut next = next;
    for (at, c) in part.char_indices().rev().take(16) {
        if !next.is_some_and(joins) && c as u32 != 0x200d {
            return at + c.len_utf8();
        }
        next = Some(c);
    }
    part.len()
}

/// Should the translator fail: the text between the tags.
fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_markdown_without_anything_that_runs() {
        for (html, expected) in [
            ("plain", "plain"),
            ("a &amp; b", "a & b"),
            ("<b>bold</b> and <i>it</i>", "**bold** and *it*"),
            ("<p>one</p><p>two</p>", "one\n\ntwo"),
            ("<a href=\"https://example.org/x\">here</a>", "[here](https://example.org/x)"),
            ("<script>alert(1)</script>hi<style>p{}</style>", "hi"),
            ("line<br>next", "line  \nnext"),
        ] {
            assert_eq!(from_html(html), expected, "{html}");
        }
        for bad in ["<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<<b>a</b"] {
            let text = from_html(bad);
            assert!(!text.contains("onerror") && !text.contains("onload"), "{bad}: {text}");
        }
    }

    #[test]
    fn nothing_a_stranger_sends_is_too_deep() {
        let deep = format!("{}words", "<div>".repeat(100_000));
        assert_eq!(from_html(&deep), "words");
        let wide = format!("{}end", "<b>a</b> ".repeat(200));
        assert!(from_html(&wide).starts_with("**a** **a**"));
    }

    #[test]
    fn links_of_html_lead_only_to_the_web() {
        for (html, expected) in [
            ("<a href=\"javascript:alert(1)\">x</a> y", "[x] y"),
            ("<a href=\" JAVASCRIPT:alert(1)\">x</a>", "[x]"),
            ("<a href=\"data:text/html,x\">x</a>", "[x]"),
            ("<a href=\"mailto:a@example.org\">x</a>", "[x](mailto:a@example.org)"),
        ] {
            assert_eq!(from_html(html), expected, "{html}");
        }
    }

    #[test]
    fn links_lead_only_to_the_web() {
        assert_eq!(
            link("a.pdf", "https://example.org/a.pdf"),
            "[a.pdf](https://example.org/a.pdf)"
        );
        assert_eq!(
            link("x](javascript:y", "javascript:alert(1)"),
            "x(javascript:y: javascript:alert(1)"
        );
        assert_eq!(
            link("", "https://example.org/"),
            "[https://example.org/](https://example.org/)"
        );
    }

    #[test]
    fn long_texts_are_split_between_words_and_nothing_is_lost() {
        let words: Vec<String> = (0..900).map(|n| format!("word{n}")).collect();
        let text = words.join(" ");
        let parts = split(&text, 1_000);
        assert!(parts.iter().all(|part| part.chars().count() <= 1_000));
        assert_eq!(parts.join(" "), text);
        assert_eq!(split("short", 1_000), ["short"]);
        assert_eq!(split("one two", 3), ["one", "two"]);
        assert_eq!(split("", 10), [""]);
    }

    #[test]
    fn what_belongs_together_stays_together() {
        let family = "👩‍👩‍👧‍👦";
        let parts = split(&family.repeat(10), 9);
        assert_eq!(parts.concat(), family.repeat(10));
        assert!(parts.iter().all(|part| !part.starts_with('\u{200d}')), "{parts:?}");
        let hebrew = "שלום עולם ".repeat(30);
        let parts = split(&hebrew, 64);
        assert_eq!(parts.join(" "), hebrew.trim_end().to_owned() + " ");
    }
}
