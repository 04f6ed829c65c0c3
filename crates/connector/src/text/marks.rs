//! Plain text and links as Markdown. Only what would be read as a mark is escaped: `snake_case` and
//! `2 * 3` stay as they are, for platforms that draw no Markdown. The one mark that stays one is
//! `**words**`.

use std::fmt::Write as _;

/// What begins an address. Clients make links of addresses, so they are not escaped.
const ADDRESSES: [&str; 4] = ["https://", "http://", "mailto:", "tel:"];

/// Plain text as Markdown that shows the same signs.
pub fn from_plain(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(line).collect();
    lines.join("\n")
}

/// A link in Markdown. Only `http` and `https` addresses become links; what cannot be in one is
/// encoded.
pub fn link(label: &str, url: &str) -> String {
    let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
    match (target(url), label.as_str()) {
        (Some(target), "") => format!("[{target}]({target})"),
        (Some(target), label) => format!("[{}]({target})", in_brackets(label)),
        (None, label) => from_plain(format!("{label}: {url}").trim_start_matches(": ")),
    }
}

/// An address of the web as it can stand in a link of Markdown.
pub(super) fn target(url: &str) -> Option<String> {
    let url = url.trim();
    let (scheme, rest) = url.split_once("://")?;
    if !["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let (host, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    let is_host = !host.is_empty() && !host.contains(|c: char| is_encoded(c) && !"[]".contains(c));
    is_host.then(|| format!("{scheme}://{host}{}", encoded(path)))
}

/// Percent-encodes what would end a link or be read as a mark. What is encoded already stays.
pub(super) fn encoded(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for (at, c) in path.char_indices() {
        let is_code = || {
            let code = path.as_bytes().get(at + 1..at + 3);
            code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
        };
        match c {
            '%' if !is_code() => encoded.push_str("%25"),
            c if is_encoded(c) => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(encoded, "%{byte:02X}");
                }
            }
            c => encoded.push(c),
        }
    }
    encoded
}

fn is_encoded(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "()[]{}<>\"'`\\^|*".contains(c)
}

/// A text as the label of a link.
fn in_brackets(label: &str) -> String {
    let mut escaped = String::with_capacity(label.len());
    let mut chars = line(label).chars().collect::<Vec<_>>().into_iter();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                escaped.push(c);
                escaped.extend(chars.next());
            }
            '[' | ']' => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    escaped
}

/// One line: a mark at its beginning, and then the marks in its words.
fn line(line: &str) -> String {
    let body = line.trim_start();
    let mut escaped = line[..line.len() - body.len()].to_owned();
    let Some(at) = mark_of_block(body) else {
        words(body, &mut escaped);
        return escaped;
    };
    escaped.push_str(&body[..at]);
    escaped.push('\\');
    let (sign, rest) = body[at..].split_at(1);
    escaped.push_str(sign);
    words(rest, &mut escaped);
    escaped
}

fn words(text: &str, escaped: &mut String) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let before = escaped.chars().next_back();
        let begins_word = !before.is_some_and(char::is_alphanumeric);
        if let Some(address) = address(rest).filter(|_| begins_word) {
            escaped.push_str(address);
            rest = &rest[address.len()..];
        } else if let Some(emphasized) = emphasized(rest).filter(|_| begins_word) {
            escaped.push_str("**");
            words(emphasized, escaped);
            escaped.push_str("**");
            rest = &rest[emphasized.len() + 4..];
        } else {
            rest = &rest[c.len_utf8()..];
            if is_mark(c, before, rest.chars().next()) {
                escaped.push('\\');
            }
            escaped.push(c);
        }
    }
}

/// The words between two pairs of stars. Agents type them for emphasis and for nothing else.
fn emphasized(text: &str) -> Option<&str> {
    let (inner, after) = text.strip_prefix("**")?.split_once("**")?;
    let is_tight = !inner.is_empty() && inner.trim() == inner && !inner.contains('*');
    let ends_word = !after.starts_with(|c: char| c.is_alphanumeric() || c == '*');
    (is_tight && ends_word).then_some(inner)
}

/// Where a line has the sign that makes it a heading, a quotation, a rule or an item of a list.
fn mark_of_block(line: &str) -> Option<usize> {
    let ends_word = |rest: &str| rest.is_empty() || rest.starts_with(char::is_whitespace);
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let first = line.chars().next()?;
    let is_rule = matches!(first, '-' | '=') && line.trim_end().chars().all(|c| c == first);
    match first {
        '>' => Some(0),
        '#' if ends_word(line.trim_start_matches('#')) => Some(0),
        '-' | '+' | '*' if ends_word(&line[1..]) => Some(0),
        '-' | '=' if is_rule => Some(0),
        '0'..='9' if digits <= 9 => {
            let rest = line[digits..].strip_prefix(['.', ')'])?;
            ends_word(rest).then_some(digits)
        }
        _ => None,
    }
}

/// Whether a sign between these two would be read as a mark.
fn is_mark(sign: char, before: Option<char>, after: Option<char>) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let is_blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
    match sign {
        '`' => true,
        '*' => !(is_blank(before) && is_blank(after)),
        '_' => !(is_word(before) && is_word(after) || is_blank(before) && is_blank(after)),
        '~' => before == Some('~') || after == Some('~'),
        ']' => after == Some('('),
        '\\' => after.is_some_and(|c| c.is_ascii_punctuation()),
        _ => false,
    }
}

/// The address at the beginning of a text.
fn address(text: &str) -> Option<&str> {
    let scheme = ADDRESSES.iter().find(|scheme| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })?;
    let ends = |c: char| c.is_whitespace() || "<>\"'`*[]".contains(c);
    let end = text[scheme.len()..].find(ends).map_or(text.len(), |at| scheme.len() + at);
    Some(text[..end].trim_end_matches(['_', '\\']))
}

/// Markdown of another writer, who escapes more than is needed.
pub(super) fn relaxed(markdown: &str) -> String {
    let mut relaxed = String::with_capacity(markdown.len());
    let mut rest = markdown;
    let mut before = None;
    while let Some(c) = rest.chars().next() {
        let after = rest[c.len_utf8()..].chars().next();
        if !before.is_some_and(char::is_alphanumeric)
            && let Some(address) = address(rest)
        {
            relaxed.extend(address.chars().filter(|c| *c != '\\'));
            before = address.chars().next_back();
            rest = &rest[address.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if c == '\\' && after == Some('_') {
            let next = rest[1..].chars().next();
            if !is_mark('_', before, next) {
                before = None;
                continue;
            }
        }
        if c == '\\'
            && let Some(sign) = after
        {
            relaxed.extend([c, sign]);
            rest = &rest[sign.len_utf8()..];
            before = Some(sign);
            continue;
        }
        relaxed.push(c);
        before = Some(c);
    }
    relaxed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_plain_text_are_kept() {
        for (text, expected) in [
            ("2*3*4", r"2\*3\*4"),
            ("2 * 3 * 4", "2 * 3 * 4"),
            ("2**3**4", r"2\*\*3\*\*4"),
            ("Which **client_a** or **b*c**?", r"Which **client_a** or \*\*b\*c\*\*?"),
            ("**kwargs", r"\*\*kwargs"),
            ("snake_case_name", "snake_case_name"),
            ("_private and __init__", r"\_private and \_\_init\_\_"),
            ("# not heading", r"\# not heading"),
            ("#1 and #2", "#1 and #2"),
            ("1. list", r"1\. list"),
            ("  12) list", r"  12\) list"),
            ("  * item", r"  \* item"),
            ("1.5 is no list", "1.5 is no list"),
            ("- item\n+ item\n* item", "\\- item\n\\+ item\n\\* item"),
            ("-5 degrees", "-5 degrees"),
            ("> quote\n---\n===", "\\> quote\n\\---\n\\==="),
            ("<b> <b", "<b> <b"),
            ("a < b > c", "a < b > c"),
            ("`code`", r"\`code\`"),
            ("~~no~~ ~5", r"\~\~no\~\~ ~5"),
            ("[x](https://example.org)", r"[x\](https://example.org)"),
            ("[1] and a[0]", "[1] and a[0]"),
            (r"C:\path \*", r"C:\path \\\*"),
            (r"\\server\share", r"\\\server\share"),
            ("https://example.org/a_b_/c*d", r"https://example.org/a_b_/c\*d"),
            ("see https://example.org/x_y or **", r"see https://example.org/x_y or \*\*"),
            ("a@b.example, ok & <3", "a@b.example, ok & <3"),
            ("", ""),
        ] {
            assert_eq!(from_plain(text), expected, "{text}");
        }
    }

    #[test]
    fn links_lead_only_to_the_web() {
        for (label, url, expected) in [
            ("a.pdf", "https://example.org/a.pdf", "[a.pdf](https://example.org/a.pdf)"),
            ("a b.pdf", "https://h/a b.pdf", "[a b.pdf](https://h/a%20b.pdf)"),
            ("p (1).pdf", "https://h/p (1).pdf", "[p (1).pdf](https://h/p%20%281%29.pdf)"),
            ("[x].pdf", "https://h/[x].pdf?q=a|b", r"[\[x\].pdf](https://h/%5Bx%5D.pdf?q=a%7Cb)"),
            ("100%.pdf", "https://h/100%.pdf", "[100%.pdf](https://h/100%25.pdf)"),
            ("done", "https://h/a%20b", "[done](https://h/a%20b)"),
            ("Prüfung", "https://h/Prüfung.pdf", "[Prüfung](https://h/Prüfung.pdf)"),
            ("two\nlines", "HTTPS://h/x\n", "[two lines](HTTPS://h/x)"),
            ("a*b*c", "https://h/a*b*c", r"[a\*b\*c](https://h/a%2Ab%2Ac)"),
            ("", "https://h/a b", "[https://h/a%20b](https://h/a%20b)"),
            ("v6", "http://[::1]:80/x", "[v6](http://[::1]:80/x)"),
            ("x", "javascript:alert(1)", "x: javascript:alert(1)"),
            ("x](javascript:y", "data:text/html,x", r"x\](javascript:y: data:text/html,x"),
            ("x", "https://a b/c", "x: https://a b/c"),
            ("", "ftp://h/x", "ftp://h/x"),
        ] {
            assert_eq!(link(label, url), expected, "{label} {url}");
        }
    }
}
