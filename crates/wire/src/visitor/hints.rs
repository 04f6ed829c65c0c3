//! What a browser says about itself. Nobody typed it, so none of it is ever refused: what can be
//! used is used, and the rest counts as not said.

use serde_json::{Map, Value};

use super::Page;
use crate::reading;

/// Longest tag and longest name of a time zone, in bytes.
const TAG_BYTES_MAX: usize = 64;
/// Longest address and longest reference, in characters.
const PAGE_CHARS_MAX: usize = 2_048;
/// Most entries of a list of languages that are looked at.
const LANGUAGES_MAX: usize = 16;

/// The first language that is a tag (BCP 47), of a list such as `navigator.languages` or
/// `Accept-Language`. Names of POSIX locales are read as tags: `de_AT.UTF-8@euro` is `de-AT`.
pub(super) fn language(hint: Option<&Value>) -> Option<String> {
    match hint? {
        Value::String(list) => list.split([',', ';', ' ']).take(LANGUAGES_MAX).find_map(tag),
        Value::Array(list) => {
            list.iter().take(LANGUAGES_MAX).find_map(|one| one.as_str().and_then(tag))
        }
        _ => None,
    }
}

fn tag(locale: &str) -> Option<String> {
    let locale = locale.trim_start_matches(|c: char| c.is_whitespace() || "\u{feff}\"".contains(c));
    let is_other = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let locale = locale.split(is_other).next().unwrap_or_default();
    let mut subtags = locale.split(['-', '_']);
    let language = subtags.next().filter(|language| {
        (2..=8).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic())
    })?;
    // Names of locales that are no language.
    if ["posix", "null", "undefined", "default"].iter().any(|no| language.eq_ignore_ascii_case(no))
    {
        return None;
    }
    let mut tag = language.to_owned();
    for subtag in subtags {
        let fits = (1..=8).contains(&subtag.len()) && tag.len() + subtag.len() < TAG_BYTES_MAX;
        if !fits || !subtag.bytes().all(|b| b.is_ascii_alphanumeric()) {
            break;
        }
        tag.push('-');
        tag.push_str(subtag);
    }
    Some(tag)
}

/// What may be the name of a time zone, such as `Europe/Vienna`. An offset is none.
pub(super) fn time_zone(hint: Option<&Value>) -> Option<String> {
    let zone = hint?.as_str()?.trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_/+".contains(c);
    let is_name = zone.len() <= TAG_BYTES_MAX
        && zone.starts_with(|c: char| c.is_ascii_alphabetic())
        && zone.chars().all(is_plain);
    is_name.then(|| zone.to_owned())
}

/// Where the visitor is; `None` when nothing of it can be used.
pub(super) fn page(message: &Map<String, Value>) -> Option<Page> {
    let page = message.get("page")?.as_object()?;
    let reference = |name: &str| {
        let text = page.get(name)?.as_str().filter(|text| !text.is_empty() && fits(text))?;
        Some(text.to_owned())
    };
    let read = Page {
        url: page.get("url").and_then(Value::as_str).and_then(address),
        reference: reference("ref"),
        snippet: reference("snippet"),
        mobile: page.get("mobile").and_then(reading::boolean),
    };
    (read != Page::default()).then_some(read)
}

/// Of an address that is too long, the part without its query may still fit.
fn address(url: &str) -> Option<String> {
    let short = || url.split(['?', '#']).next().unwrap_or_default();
    let url = if fits(url) { url } else { short() };
    (!url.is_empty() && fits(url)).then(|| url.to_owned())
}

fn fits(text: &str) -> bool {
    text.chars().count() <= PAGE_CHARS_MAX
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_language_what_can_be_used_is_used() {
        for (hint, expected) in [
            (json!("en"), Some("en")),
            (json!("de-AT"), Some("de-AT")),
            (json!("zh-Hant-TW"), Some("zh-Hant-TW")),
            (json!("en-US@posix"), Some("en-US")),
            (json!("en_US.UTF-8"), Some("en-US")),
            (json!("en-US.UTF-8"), Some("en-US")),
            (json!("de_AT.UTF-8@euro"), Some("de-AT")),
            (json!("en-US,en"), Some("en-US")),
            (json!("*, de;q=0.8"), Some("de")),
            (json!("fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5"), Some("fr-CH")),
            (json!(["", 7, "pt-BR", "pt"]), Some("pt-BR")),
            (json!("en-"), Some("en")),
            (json!("en-US-<script>"), Some("en-US")),
            (json!(" en "), Some("en")),
            (json!("sr_RS@latin"), Some("sr-RS")),
            (json!("zh_CN.GB18030"), Some("zh-CN")),
            (json!("ca_ES@valencia"), Some("ca-ES")),
            (json!("\u{feff}fr-FR"), Some("fr-FR")),
            (json!("\"it-IT\""), Some("it-IT")),
            (json!("en–GB"), Some("en")),
            (json!("de|en"), Some("de")),
            (json!(["x-klingon", "nl"]), Some("nl")),
            (json!({ "lang": "en" }), None),
            (json!(""), None),
            (json!("*"), None),
            (json!("C"), None),
            (json!("POSIX"), None),
            (json!("C.UTF-8"), None),
            (json!("undefined"), None),
            (json!("<b>"), None),
            (json!("日本語"), None),
            (json!(7), None),
            (json!(null), None),
            (json!({}), None),
            (json!([[]]), None),
            (json!("x".repeat(10_000)), None),
            (json!("en,".repeat(10_000)), Some("en")),
        ] {
            assert_eq!(language(Some(&hint)).as_deref(), expected, "{hint}");
        }
        let long = language(Some(&json!("en-aa".to_owned() + &"-aa".repeat(5_000)))).unwrap();
        assert!(long.starts_with("en-aa-aa") && long.len() <= TAG_BYTES_MAX, "{long}");
        assert_eq!(language(None), None);
    }

    #[test]
    fn a_time_zone_has_a_name() {
        for good in ["Europe/Vienna", "UTC", "Etc/GMT+5", "America/Port-au-Prince"] {
            assert_eq!(time_zone(Some(&json!(good))).as_deref(), Some(good));
        }
        assert_eq!(time_zone(Some(&json!(" UTC "))).as_deref(), Some("UTC"));
        let long = "x".repeat(10_000);
        for bad in [
            json!("+05:30"),
            json!("-3"),
            json!("<b>"),
            json!(330),
            json!(null),
            json!(""),
            json!(long),
        ] {
            assert_eq!(time_zone(Some(&bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_page_is_taken_as_far_as_it_can_be_read() {
        let read = |page: Value| page_of(&page);
        assert_eq!(read(json!(7)), None);
        assert_eq!(read(json!({ "url": 7, "ref": [], "snippet": null, "mobile": "maybe" })), None);
        let long = "x".repeat(10_000);
        let url = "https://shop.example/cart";
        let url_with_query = format!("{url}?q={long}");
        let some = json!({ "url": url_with_query, "ref": long, "snippet": "s", "mobile": "true" });
        let page = read(some).unwrap();
        assert_eq!((page.url.as_deref(), page.reference), (Some(url), None));
        assert_eq!((page.snippet.as_deref(), page.mobile), (Some("s"), Some(true)));
        assert_eq!(read(json!({ "url": format!("https://shop.example/{long}") })), None);
    }

    fn page_of(value: &Value) -> Option<Page> {
        let message = json!({ "page": value });
        page(message.as_object().unwrap())
    }
}
