//! HTML as safe Markdown.

use std::{borrow::Cow, panic::AssertUnwindSafe, sync::LazyLock};

use ammonia::{Builder, UrlRelative};
use htmd::{
    Element, HtmlToMarkdown,
    element_handler::{HandlerResult, Handlers},
};

use super::marks::{encoded, from_plain, relaxed};

/// Elements whose content is not text for the visitor.
const CONTENT_DROPPED: [&str; 9] =
    ["script", "style", "title", "iframe", "object", "template", "noscript", "svg", "math"];

/// Elements that the sanitizer does not know as safe. Without blocks their paragraphs would run
/// together, and any of them may be hidden.
const MORE_ELEMENTS: [&str; 15] = [
    "address", "button", "center", "dialog", "fieldset", "font", "form", "label", "legend", "main",
    "o:p", "output", "section", "select", "textarea",
];

/// Nesting that the parser is given, as if no element ended by itself: its time grows with it.
const OPEN_MAX: usize = 2_000;
/// Nesting that the translator is given: it goes down into every element.
const DEPTH_MAX: usize = 200;
/// More elements than any message has.
const ELEMENTS_MAX: usize = 20_000;
/// Elements that have no end.
const VOID: [&str; 5] = ["br", "hr", "img", "wbr", "col"];

/// Keeps text, links, images and structure. Links lead to the web, to mail or to a telephone. Of
/// what is hidden only the attribute `hidden` is left.
static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut sanitizer = Builder::default();
    sanitizer
        .add_tags(MORE_ELEMENTS)
        .clean_content_tags(CONTENT_DROPPED.into())
        .url_schemes(["https", "http", "mailto", "tel"].into())
        .url_relative(UrlRelative::Deny)
        .link_rel(None)
        // An anchor that is only a target; see `anchor`.
        .add_tag_attributes("a", ["name", "id"])
        .add_generic_attributes(["hidden", "style"])
        .attribute_filter(|_, name, value| match name {
            "style" => hides(value).then_some(Cow::Borrowed(HIDES)),
            _ => Some(value.into()),
        });
    sanitizer
});

/// What the sanitizer leaves of a style that hides.
const HIDES: &str = "display:none";

/// HTML as safe Markdown: links and emphasis stay, what is hidden and what runs is removed.
pub fn from_html(html: &str) -> String {
    let html = with_whole_tags(html);
    if !html.contains(['<', '&']) {
        return from_plain(html.trim());
    }
    let text = if is_shallow(&html, OPEN_MAX) {
        let safe = SANITIZER.clean(&html).to_string();
        translated(&safe).unwrap_or_else(|| without_tags(&safe))
    } else {
        without_tags(&html)
    };
    relaxed(&text).replace('\u{a0}', " ").trim().to_owned()
}

/// A `<` that begins no tag is a sign: the parser would take all that follows for a tag.
fn with_whole_tags(html: &str) -> Cow<'_, str> {
    let mut whole = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        let end = if tag.starts_with("<!--") {
            tag.find("-->").map_or(tag.len(), |end| end + 3)
        } else {
            end_of_tag(tag).unwrap_or_default()
        };
        whole.push_str(before);
        if end == 0 {
            whole.push_str("&lt;");
            rest = &tag[1..];
        } else {
            whole.push_str(&tag[..end]);
            rest = &tag[end..];
        }
    }
    if whole.is_empty() {
        return Cow::Borrowed(html);
    }
    whole.push_str(rest);
    Cow::Owned(whole)
}

/// Where a tag ends that begins here, if one does. A quoted value may hold any sign.
fn end_of_tag(tag: &str) -> Option<usize> {
    let name = tag[1..].trim_start_matches('/');
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!' || c == '?') {
        return None;
    }
    let mut quote = None;
    for (at, c) in tag.char_indices().skip(1) {
        match (c, quote) {
            ('"' | '\'', None) if tag[..at].ends_with('=') => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('>', None) => return Some(at + 1),
            ('<', None) => return None,
            _ => {}
        }
    }
    None
}

/// `None` for what the translator cannot take.
fn translated(safe: &str) -> Option<String> {
    if !is_shallow(safe, DEPTH_MAX) {
        return None;
    }
    let translate = || {
        let elements = SANITIZER.clone_tags().into_iter().collect();
        let converter = HtmlToMarkdown::builder()
            .add_handler(vec!["a", "img"], anchor)
            .add_handler(elements, shown);
        converter.build().convert(safe).ok()
    };
    std::panic::catch_unwind(AssertUnwindSafe(translate)).ok().flatten()
}

fn is_shallow(html: &str, depth_max: usize) -> bool {
    let (mut depth, mut deepest, mut elements) = (0_usize, 0_usize, 0_usize);
    for tag in html.split('<').skip(1) {
        let name = tag.split([' ', '>', '/']).next().unwrap_or_default();
        if tag.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if !VOID.contains(&name) {
            depth += 1;
        }
        deepest = deepest.max(depth);
        elements += 1;
    }
    deepest <= depth_max && elements <= ELEMENTS_MAX
}

/// Nothing of a hidden element is shown.
fn shown(handlers: &dyn Handlers, element: Element<'_>) -> Option<HandlerResult> {
    let is_hidden = |name: &str| matches!(name, "hidden" | "style");
    if element.attrs.iter().any(|attribute| is_hidden(&attribute.name.local)) {
        return Some(String::new().into());
    }
    handlers.fallback(element)
}

/// Whether a style hides its element.
fn hides(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    let mut declarations = style.split(';').filter_map(|one| one.split_once(':'));
    declarations.any(|(property, value)| {
        let value = value.split('!').next().unwrap_or_default().trim();
        match property.trim() {
            "display" => value == "none",
            "visibility" => matches!(value, "hidden" | "collapse"),
            "mso-hide" => value == "all",
            "opacity" => value.parse() == Ok(0.0),
            "font-size" => value.trim_end_matches(char::is_alphabetic).parse() == Ok(0.0),
            _ => false,
        }
    })
}

/// A link or an image, with an address that can stand in Markdown. Where the sanitizer has removed
/// the address, the words in brackets.
#[expect(clippy::needless_pass_by_value, reason = "the signature of the translator's handlers")]
fn anchor(handlers: &dyn Handlers, element: Element<'_>) -> Option<HandlerResult> {
    let attribute = |name: &str| {
        let found = element.attrs.iter().find(|attribute| &*attribute.name.local == name);
        found.map(|attribute| attribute.value.to_string())
    };
    let is_image = element.tag == "img";
    let words = if is_image {
        attribute("alt").map(|alt| from_plain(&alt)).unwrap_or_default()
    } else {
        handlers.walk_children(element.node).content
    };
    let words = words.trim();
    let written = match attribute(if is_image { "src" } else { "href" }) {
        Some(url) if is_image => format!("![{words}]({})", encoded(&url)),
        Some(url) if words.is_empty() => format!("[{0}]({0})", encoded(&url)),
        Some(url) => format!("[{words}]({})", encoded(&url)),
        None if words.is_empty() => return None,
        None if ["name", "id"].iter().any(|name| attribute(name).is_some()) => words.to_owned(),
        None => format!("[{words}]"),
    };
    Some(written.into())
}

/// The text between the tags, if the translator cannot take it.
fn without_tags(safe: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in safe.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", " "), ("&amp;", "&")]
        .iter()
        .fold(text, |text, (entity, sign)| text.replace(entity, sign));
    from_plain(&text)
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

    #[test]
    fn what_is_hidden_is_not_shown() {
        for (html, expected) in [
            ("a<span style=\"display:none\">secret</span>b", "ab"),
            ("a<div style='color:red; DISPLAY : None !important'>secret</div>b", "ab"),
            ("a<span style=\"visibility: hidden\">secret</span>b", "ab"),
            ("a<p hidden>secret <b>more</b></p>b", "ab"),
            ("a<div hidden=\"until-found\"><p>secret</p></div>b", "ab"),
            ("a<a style=\"display:none\" href=\"https://h/\">secret</a>b", "ab"),
            ("a<font style=\"font-size:0px\">secret</font>b", "ab"),
            ("a<!-- secret -->b<script>if (1<2) secret()</script>", "ab"),
            ("a<style>p{}</style><template>secret</template>b", "ab"),
            ("a<span style=\"display:inline\">b</span>", "ab"),
            ("<table style=\"display:none\"><tr><td>secret</td></tr></table>b", "b"),
        ] {
            let text = from_html(html).replace(['\n', ' '], "");
            assert_eq!(text, expected, "{html}");
        }
        // As long as the mail of an office.
        let long = format!("<p hidden>secret</p>{}", "<p>line</p>".repeat(2_000));
        let text = from_html(&long);
        assert!(text.starts_with("line\n\nline") && !text.contains("secret"));
    }

    #[test]
    fn signs_are_kept_with_and_without_tags() {
        for (html, expected) in [
            ("2*3*4", r"2\*3\*4"),
            ("2*3*4 <b>bold</b>", r"2\*3\*4 **bold**"),
            ("snake_case_name <i>x</i>", "snake_case_name *x*"),
            ("<p># not heading</p><p>1. list</p>", "\\# not heading\n\n1\\. list"),
            ("a <b and c", r"a \<b and c"),
            ("1 < 2 & <b>3</b> <4", "1 < 2 & **3** <4"),
            ("x <y and <b>z</b>", r"x \<y and **z**"),
            ("&lt;b&gt; &amp; c", r"\<b> & c"),
            ("<br>https://h/a_b_c and _d_", r"https://h/a_b_c and \_d\_"),
            ("<a title=\"a > b\" href=\"https://h/\">x</a>", "[x](https://h/)"),
        ] {
            assert_eq!(from_html(html), expected, "{html}");
        }
    }

    #[test]
    fn addresses_of_links_work_in_markdown() {
        for (html, expected) in [
            ("<a href=\"https://h/a b (1).pdf\">x</a>", "[x](https://h/a%20b%20%281%29.pdf)"),
            ("<a href=\"https://h/a*b\">p (1) [2]</a>", r"[p (1) \[2\]](https://h/a%2Ab)"),
            ("<a href=\"https://h/\"></a>", "[https://h/](https://h/)"),
            ("<img src=\"https://h/a b.png\" alt=\"a_b_\">", r"![a_b\_](https://h/a%20b.png)"),
        ] {
            assert_eq!(from_html(html), expected, "{html}");
        }
    }
}
