//! A bot's message as the elements that a client draws ([`crate::rich`]).
//!
//! Pure: the journal stores the canonical message, and the elements are made when it is shown. The
//! input may be any JSON; the output always keeps the limits of [`crate::rich`]. A message without
//! elements is shown as its text.

use serde_json::Value;

use super::readable::without_tags;
use crate::rich::{
    Align, Button, Card, Column, Element, List, Media, MediaKind, ROWS_MAX, Row, TEXT_CHARS_MAX,
    Table,
};
use read::{COUNT, body, button, cut, first, items, link, media, say, source, text, texts, title};

mod botcopy;
mod messenger;
mod read;

#[cfg(test)]
mod tests;

/// What to show for a message: its elements, or its text where it has none.
#[must_use]
pub fn content(plain: &str, canonical: Option<&Value>) -> Vec<Element> {
    let elements = canonical.map(elements).unwrap_or_default();
    if !elements.is_empty() || plain.trim().is_empty() {
        return elements;
    }
    vec![Element::Text { text: cut(plain, TEXT_CHARS_MAX) }]
}

/// The elements of a canonical message of either edition; none for an unknown kind.
#[must_use]
pub(super) fn elements(canonical: &Value) -> Vec<Element> {
    let kinds = canonical.as_object().into_iter().flatten();
    let found = kinds.flat_map(|(kind, message)| match kind.as_str() {
        "text" => words(&texts(message, "text")),
        "simpleResponses" => items(message, "simpleResponses").flat_map(simple).collect(),
        "outputAudioText" => spoken(message),
        "quickReplies" => quick_replies(message),
        "suggestions" => suggestions(message),
        "linkOutSuggestion" => link_out(message),
        "card" => card(message),
        "basicCard" => basic_card(message),
        "listSelect" => list(message),
        "carouselSelect" | "browseCarouselCard" => carousel(message),
        "tableCard" => table(message),
        "image" => picture(message).map(Element::Media).into_iter().collect(),
        "mediaContent" => items(message, "mediaObjects").filter_map(audio).collect(),
        "playAudio" => sound(text(message, "audioUri")).into_iter().collect(),
        "mixedAudio" => {
            items(message, "segments").filter_map(|segment| sound(text(segment, "uri"))).collect()
        }
        "telephonyTransferCall" => call(text(message, "phoneNumber")),
        "payload" => payload(message),
        _ => Vec::new(),
    });
    joined(found)
}

fn payload(payload: &Value) -> Vec<Element> {
    let mut elements = botcopy::elements(payload.get("botcopy").unwrap_or(&Value::Null));
    elements.extend(messenger::elements(payload.get("richContent").unwrap_or(&Value::Null)));
    elements
}

/// Joins neighbouring suggestions into one row.
fn joined(found: impl Iterator<Item = Element>) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    for element in found {
        if let Element::Suggestions { buttons } = &element
            && let Some(Element::Suggestions { buttons: row }) = elements.last_mut()
        {
            let room = COUNT.saturating_sub(row.len());
            row.extend(buttons.iter().take(room).cloned());
        } else if elements.len() < COUNT {
            elements.push(element);
        }
    }
    elements
}

fn words(lines: &[String]) -> Vec<Element> {
    let text = cut(lines.join("\n").trim(), TEXT_CHARS_MAX);
    if text.is_empty() { Vec::new() } else { vec![Element::Text { text }] }
}

fn row(buttons: Vec<Button>) -> Vec<Element> {
    if buttons.is_empty() { Vec::new() } else { vec![Element::Suggestions { buttons }] }
}

fn simple(response: &Value) -> Vec<Element> {
    match body(response, "displayText") {
        shown if shown.is_empty() => spoken_as(response, "textToSpeech"),
        shown => words(&[shown]),
    }
}

fn spoken(message: &Value) -> Vec<Element> {
    spoken_as(message, "text")
}

fn spoken_as(message: &Value, plain: &str) -> Vec<Element> {
    match body(message, plain) {
        said if said.is_empty() => words(&[without_tags(text(message, "ssml"))]),
        said => words(&[said]),
    }
}

fn quick_replies(message: &Value) -> Vec<Element> {
    let replies = texts(message, "quickReplies");
    let mut elements = words(&[body(message, "title")]);
    elements.extend(row(replies.iter().filter_map(|reply| read::saying(reply)).collect()));
    elements
}

fn suggestions(message: &Value) -> Vec<Element> {
    let chips = items(message, "suggestions").filter_map(|chip| read::saying(text(chip, "title")));
    row(chips.collect())
}

fn link_out(message: &Value) -> Vec<Element> {
    let uri = text(message, "uri");
    let label = first(&[text(message, "destinationName"), uri]);
    row(link(uri).and_then(|action| button(label, action)).into_iter().collect())
}

/// A card. A button whose postback is an address opens it; any other postback is sent as text.
fn card(message: &Value) -> Vec<Element> {
    let buttons = items(message, "buttons").filter_map(|one| {
        let (label, postback) = (text(one, "text"), text(one, "postback"));
        let action = link(postback).or_else(|| say(first(&[postback, label])));
        button(label, action?)
    });
    let card = Card {
        title: title(message, "title"),
        subtitle: title(message, "subtitle"),
        media: media(text(message, "imageUri"), ""),
        buttons: buttons.take(COUNT).collect(),
        ..Card::default()
    };
    read::card(card).map(Element::Card).into_iter().collect()
}

fn basic_card(message: &Value) -> Vec<Element> {
    let card = Card {
        title: title(message, "title"),
        subtitle: title(message, "subtitle"),
        body: body(message, "formattedText"),
        media: message.get("image").and_then(picture),
        action: None,
        buttons: uri_buttons(message),
    };
    read::card(card).map(Element::Card).into_iter().collect()
}

fn uri_buttons(message: &Value) -> Vec<Button> {
    let buttons = items(message, "buttons").filter_map(|one| {
        let uri = one.get("openUriAction").map(|action| text(action, "uri"))?;
        button(text(one, "title"), link(uri)?)
    });
    buttons.take(COUNT).collect()
}

fn list(message: &Value) -> Vec<Element> {
    let list = List {
        title: title(message, "title"),
        subtitle: title(message, "subtitle"),
        items: items(message, "items").filter_map(item).take(COUNT).collect(),
    };
    if list.items.is_empty() { words(&[list.title]) } else { vec![Element::List(list)] }
}

fn carousel(message: &Value) -> Vec<Element> {
    let cards: Vec<Card> = items(message, "items").filter_map(item).take(COUNT).collect();
    if cards.is_empty() { Vec::new() } else { vec![Element::Carousel { cards }] }
}

fn item(item: &Value) -> Option<Card> {
    let url = item.get("openUriAction").map_or("", |action| text(action, "url"));
    let lines = [text(item, "description"), text(item, "footer")];
    let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    read::card(Card {
        title: title(item, "title"),
        body: cut(&lines.join("\n"), TEXT_CHARS_MAX),
        media: item.get("image").and_then(picture),
        action: link(url).or_else(|| say(text(item, "title"))),
        ..Card::default()
    })
}

fn table(message: &Value) -> Vec<Element> {
    let columns = items(message, "columnProperties").map(|column| Column {
        title: title(column, "header"),
        align: match text(column, "horizontalAlignment") {
            "CENTER" => Align::Center,
            "TRAILING" => Align::End,
            _ => Align::Start,
        },
    });
    let rows = items(message, "rows").map(|row| Row {
        cells: items(row, "cells").map(|cell| title(cell, "text")).take(COUNT).collect(),
        divider: row.get("dividerAfter") == Some(&Value::Bool(true)),
    });
    let table = Table {
        title: title(message, "title"),
        subtitle: title(message, "subtitle"),
        media: message.get("image").and_then(picture),
        columns: columns.take(COUNT).collect(),
        rows: rows.filter(|row| !row.cells.is_empty()).take(ROWS_MAX).collect(),
        buttons: uri_buttons(message),
    };
    if table.rows.is_empty() && table.title.is_empty() {
        Vec::new()
    } else {
        vec![Element::Table(table)]
    }
}

fn picture(image: &Value) -> Option<Media> {
    media(text(image, "imageUri"), text(image, "accessibilityText"))
}

fn audio(object: &Value) -> Option<Element> {
    let picture = object.get("largeImage").or_else(|| object.get("icon"));
    Some(Element::Media(Media {
        kind: MediaKind::Audio,
        url: source(text(object, "contentUrl"))?,
        alt: String::new(),
        title: title(object, "name"),
        body: body(object, "description"),
        poster: picture.and_then(|picture| source(text(picture, "imageUri"))),
    }))
}

fn sound(uri: &str) -> Option<Element> {
    Some(Element::Media(read::plain_media(MediaKind::Audio, source(uri)?, "")))
}

fn call(number: &str) -> Vec<Element> {
    let digits: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    let action = link(&format!("tel:{digits}"));
    let buttons = action.and_then(|action| button(number, action)).into_iter().collect();
    read::card(Card { buttons, ..Card::default() }).map(Element::Card).into_iter().collect()
}
