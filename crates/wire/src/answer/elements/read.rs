//! Reads JSON of any form into parts of elements, within the limits of `crate::rich`. Texts that
//! are too long to show are cut; an action that is too long is left out.

use crate::rich::{
    Action, Address, Button, COUNT_MAX, Card, EVENT_CHARS_MAX, Media, MediaKind,
    PARAMETERS_BYTES_MAX, SAY_CHARS_MAX, Source, TEXT_CHARS_MAX, TITLE_CHARS_MAX, Target,
};
use serde_json::{Map, Value};

pub(super) const COUNT: usize = COUNT_MAX;

/// A trimmed text; empty when there is none.
pub(super) fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of.get(key).and_then(Value::as_str).unwrap_or_default().trim()
}

pub(super) fn title(of: &Value, key: &str) -> String {
    cut(text(of, key), TITLE_CHARS_MAX)
}

pub(super) fn body(of: &Value, key: &str) -> String {
    cut(text(of, key), TEXT_CHARS_MAX)
}

/// The first that is not empty.
pub(super) fn first<'a>(texts: &[&'a str]) -> &'a str {
    texts.iter().find(|text| !text.is_empty()).copied().unwrap_or_default()
}

pub(super) fn cut(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// The members of a list, at most twice the largest limit; none when it is not a list.
pub(super) fn items<'a>(of: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    list(of.get(key)).take(2 * crate::rich::ROWS_MAX)
}

pub(super) fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// The texts of a list, or the one text in its place.
pub(super) fn texts(of: &Value, key: &str) -> Vec<String> {
    let one = of.get(key).filter(|value| value.is_string());
    let all = list(of.get(key)).chain(one).filter_map(Value::as_str).map(str::trim);
    all.filter(|text| !text.is_empty()).take(COUNT).map(|t| cut(t, TEXT_CHARS_MAX)).collect()
}

pub(super) fn flag(of: &Value, key: &str) -> bool {
    match of.get(key) {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

pub(super) fn button(label: &str, action: Action) -> Option<Button> {
    let title = cut(label, TITLE_CHARS_MAX);
    (!title.is_empty()).then_some(Button { title, action })
}

/// A button that sends its own label as text.
pub(super) fn saying(label: &str) -> Option<Button> {
    button(label, say(label)?)
}

pub(super) fn say(words: &str) -> Option<Action> {
    message(words, Map::new())
}

/// Sends a text. None when it or its parameters are too long: cutting would change what is said.
pub(super) fn message(words: &str, parameters: Map<String, Value>) -> Option<Action> {
    let fits = !words.is_empty() && words.chars().count() <= SAY_CHARS_MAX;
    let text = words.to_owned();
    (fits && is_small(&parameters)).then_some(Action::Message { text, parameters })
}

pub(super) fn event(name: &str, parameters: Map<String, Value>) -> Option<Action> {
    let printable = !name.is_empty() && !name.chars().any(char::is_control);
    let fits = printable && name.chars().count() <= EVENT_CHARS_MAX;
    let name = name.to_owned();
    (fits && is_small(&parameters)).then_some(Action::Event { name, parameters })
}

pub(super) fn parameters(of: &Value) -> Map<String, Value> {
    of.get("parameters").and_then(Value::as_object).cloned().unwrap_or_default()
}

fn is_small(parameters: &Map<String, Value>) -> bool {
    serde_json::to_string(parameters).is_ok_and(|json| json.len() <= PARAMETERS_BYTES_MAX)
}

pub(super) fn link(url: &str) -> Option<Action> {
    link_to(url, Target::Tab)
}

pub(super) fn link_to(url: &str, target: Target) -> Option<Action> {
    Some(Action::Link { url: Address::parse(url)?, target })
}

/// The target by its name in HTML; `missing` is for a link without one.
pub(super) fn target(name: &str, missing: Target) -> Target {
    match name {
        "" => missing,
        "_self" | "_top" | "_parent" => Target::Page,
        _ => Target::Tab,
    }
}

pub(super) fn source(url: &str) -> Option<Source> {
    Source::parse(url)
}

/// Media by its address: bots put players, maps and files where a picture is expected.
pub(super) fn media(url: &str, alt: &str) -> Option<Media> {
    let source = source(url)?;
    Some(plain_media(kind_of(source.as_str()), source, alt))
}

pub(super) fn plain_media(kind: MediaKind, url: Source, alt: &str) -> Media {
    let alt = cut(alt, TITLE_CHARS_MAX);
    Media { kind, url, alt, title: String::new(), body: String::new(), poster: None }
}

fn kind_of(url: &str) -> MediaKind {
    const PLAYERS: [(&str, &str); 5] = [
        ("youtube.com", "/embed/"),
        ("youtube-nocookie.com", "/embed/"),
        ("player.vimeo.com", "/video/"),
        ("google.com", "/maps/embed"),
        ("google.com", "/maps/d/embed"),
    ];
    let rest = url.split_once("//").map_or("", |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let host_end = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    let host = host.strip_prefix("www.").unwrap_or(host);
    if PLAYERS.iter().any(|(site, start)| host == *site && path.starts_with(start)) {
        return MediaKind::Embed;
    }
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "mp4" | "m4v" | "webm" | "mov" | "ogv" => MediaKind::Video,
        "mp3" | "m4a" | "wav" | "ogg" | "oga" => MediaKind::Audio,
        _ => MediaKind::Image,
    }
}

/// A card, if it has something to show: a text, media or a button.
pub(super) fn card(card: Card) -> Option<Card> {
    let shown = [&card.title, &card.subtitle, &card.body].iter().any(|text| !text.is_empty());
    (shown || card.media.is_some() || !card.buttons.is_empty()).then_some(card)
}
