//! Texts of human agents and visitors on their way between two kinds of markup.
//!
//! Towards the visitor everything is Markdown, which the widget treats as untrusted, so HTML is
//! sanitized and translated. Towards a tool, texts are split where the tool limits their length.

use std::{panic::AssertUnwindSafe, sync::LazyLock};

use ammonia::{Builder, UrlRelative};
use htmd::{
    Element, HtmlToMarkdown,
    element_handler::{HandlerResult, Handlers},
};
use unicode_segmentation::UnicodeSegmentation as _;

/// Elements whose content is not text for the visitor.
const CONTENT_DROPPED: [&str; 9] =
    ["script", "style", "title", "iframe", "object", "template", "noscript", "svg", "math"];

/// Blocks that the sanitizer does not know as safe: without them their paragraphs would run
/// together.
const MORE_BLOCKS: [&str; 7] =
    ["address", "dialog", "fieldset", "form", "legend", "main", "section"];

/// More elements than any message has; each may be nested in the one before.
const ELEMENTS_MAX: usize = 500;

/// Keeps text, links, images and structure. Links lead to the web, to mail or to a telephone.
static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut sanitizer = Builder::default();
    sanitizer
        .add_tags(MORE_BLOCKS)
        .clean_content_tags(CONTENT_DROPPED.into())
        .url_schemes(["https", "http", "mailto", "tel"].into())
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        // An anchor that is only a target; see `without_address`.
        .add_tag_attributes("a", ["name", "id"]);
    sanitizer
});

/// HTML as safe Markdown: links and emphasis stay, scripts and styles are removed.
pub fn from_html(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return html.trim().to_owned();
    }
    let text = translated(html).unwrap_or_else(|| without_tags(html));
    text.replace('\u{a0}', " ").trim().to_owned()
}

/// `None` for what the translator cannot take: it goes down into every element, so the number of
/// elements has a limit.
fn translated(html: &str) -> Option<String> {
    if html.matches('<').count() > ELEMENTS_MAX {
        return None;
    }
    let translate = || {
        let safe = SANITIZER.clean(html).to_string();
        let converter = HtmlToMarkdown::builder().add_handler(vec!["a", "img"], without_address);
        converter.build().convert(&safe).ok()
    };
    std::panic::catch_unwind(AssertUnwindSafe(translate)).ok().flatten()
}

/// A link or image whose address the sanitizer has removed: its words in brackets.
fn without_address(handlers: &dyn Handlers, element: Element<'_>) -> Option<HandlerResult> {
    let attribute = |name: &str| {
        let found = element.attrs.iter().find(|attribute| &*attribute.name.local == name);
        found.map(|attribute| attribute.value.to_string())
    };
    if ["href", "src", "name", "id"].iter().any(|name| attribute(name).is_some()) {
        return handlers.fallback(element);
    }
    let words = match element.tag {
        "img" => attribute("alt").unwrap_or_default(),
        _ => handlers.walk_children(element.node).content,
    };
    if words.trim().is_empty() { None } else { Some(format!("[{words}]").into()) }
}

/// A link in Markdown. Only `http` and `https` addresses become links.
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
        let (part, left) = rest.split_at(border(rest, end));
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

/// The beginning of `text`, at most `chars_max` characters; it ends between two words where there
/// is such a place in its second half.
pub fn head(text: &str, chars_max: usize) -> &str {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => &text[..border(text, end)],
        None => text,
    }
}

/// The end of `text`, at most `chars_max` characters; it begins between two words where there is
/// such a place in its first half.
pub fn tail(text: &str, chars_max: usize) -> &str {
    let Some(skipped) = text.chars().count().checked_sub(chars_max) else { return text };
    let start = text.char_indices().nth(skipped).map_or(text.len(), |(start, _)| start);
    let half = text.len() - (text.len() - start) / 2;
    let first = |mut borders: Borders<'_>| borders.find(|at| (start..=half).contains(at));
    let words = first(Box::new(text.split_word_bound_indices().map(|(at, _)| at)));
    let border = words.or_else(|| first(Box::new(text.grapheme_indices(true).map(|(at, _)| at))));
    text[border.unwrap_or(start)..].trim_start()
}

type Borders<'a> = Box<dyn Iterator<Item = usize> + 'a>;

/// Where the first part of `text` ends, at most at `end`, in bytes. What a reader takes for one
/// character stays together: a letter and its accent, a family of emoji.
fn border(text: &str, end: usize) -> usize {
    let part = &text[..end];
    let next = text[end..].chars().next();
    if next.is_none_or(char::is_whitespace) {
        return end;
    }
    let half = end / 2;
    let after = |mark: &str| part.rfind(mark).filter(|at| *at >= half).map(|at| at + mark.len());
    let blank = || part.rfind(char::is_whitespace).filter(|at| *at >= half);
    // One character more, so that a border at `end` can be told.
    let window = &text[..end + next.map_or(0, char::len_utf8)];
    let is_inside = |at: &usize| (1..=end).contains(at);
    let word = || {
        let borders = window.split_word_bound_indices().rev().map(|(at, _)| at);
        borders.take_while(|at| *at >= half).find(is_inside)
    };
    let character = || window.grapheme_indices(true).rev().map(|(at, _)| at).find(is_inside);
    after("\n\n")
        .or_else(|| after("\n"))
        .or_else(blank)
        .or_else(word)
        .or_else(character)
        .unwrap_or(end)
}

/// The text between the tags, if the translator fails.
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
        let flags = "🇩🇪🇫🇷".repeat(10);
        let parts = split(&flags, 5);
        assert!(parts.concat() == flags && parts.iter().all(|part| part.chars().count() % 2 == 0));
        let hebrew = "שלום עולם ".repeat(30);
        let parts = split(&hebrew, 64);
        assert_eq!(parts.join(" "), hebrew.trim_end().to_owned() + " ");
    }

    #[test]
    fn heads_and_tails_are_cut_between_words() {
        assert_eq!(head("one two three", 9), "one two");
        assert_eq!(head("one two", 7), "one two");
        assert_eq!(head("一二三四五六七", 3), "一二三");
        assert_eq!(head(&"👍🏽".repeat(3), 3), "👍🏽");
        assert_eq!(tail("one two three", 8), "three");
        assert_eq!(tail("one two", 7), "one two");
        assert_eq!(tail("one, two", 0), "");
        assert_eq!(tail(&"👍🏽".repeat(3), 3), "👍🏽");
        assert_eq!(tail("abcdefgh", 4), "efgh");
    }

    #[test]
    fn a_link_without_an_address_keeps_its_words() {
        for (html, expected) in [
            ("<a href=\"/relative\">x</a>", "[x]"),
            ("<a name=\"_MailOriginal\">x</a>", "x"),
            ("<a href=\"vbscript:x\"></a>y", "y"),
            ("<img src=\"cid:1\" alt=\"a plan\">", "[a plan]"),
            ("<section>one</section><section>two</section>", "one\n\ntwo"),
            ("<html><head><title>T</title></head><body>hi</body></html>", "hi"),
        ] {
            assert_eq!(from_html(html), expected, "{html}");
        }
    }
}
