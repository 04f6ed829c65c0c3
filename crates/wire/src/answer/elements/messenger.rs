//! The payload `richContent` of Dialogflow Messenger: groups of parts, each with a `type`.

use crate::rich::{Action, Button, COUNT_MAX, Card, Element, List, Media, MediaKind, Target};
use serde_json::Value;

use super::{
    super::readable,
    read::{
        self, COUNT, body, cut, first, link_to, list, media, parameters, source, text, texts, title,
    },
    row, words,
};

pub(super) fn elements(payload: &Value) -> Vec<Element> {
    list(Some(payload)).take(COUNT).flat_map(group).collect()
}

/// The parts of a group belong together: a button to the card above it, items to one list.
fn group(group: &Value) -> Vec<Element> {
    let one = Some(group).filter(|group| group.is_object());
    let mut elements: Vec<Element> = Vec::new();
    for part in list(Some(group)).chain(one).take(2 * COUNT) {
        match (text(part, "type"), elements.last_mut()) {
            ("divider", _) => {}
            ("button", Some(Element::Card(card))) => {
                let room = COUNT_MAX.saturating_sub(card.buttons.len());
                card.buttons.extend(labelled_button(part, "text").into_iter().take(room));
            }
            ("list", Some(Element::List(list))) => {
                let room = COUNT_MAX.saturating_sub(list.items.len());
                list.items.extend(item(part).into_iter().take(room));
            }
            (kind, _) => elements.extend(element(kind, part)),
        }
    }
    elements
}

fn element(kind: &str, part: &Value) -> Vec<Element> {
    match kind {
        "chips" => {
            let chips = list(part.get("options")).filter_map(|chip| labelled_button(chip, "text"));
            row(chips.take(COUNT).collect())
        }
        "button" => {
            let buttons = labelled_button(part, "text").into_iter().collect();
            card(Card { buttons, ..Card::default() })
        }
        "list" => {
            let items: Vec<Card> = item(part).into_iter().collect();
            if items.is_empty() { Vec::new() } else { vec![Element::List(list_of(items))] }
        }
        "description" => {
            let mut lines = vec![title(part, "title")];
            lines.extend(texts(part, "text"));
            lines.retain(|line| !line.is_empty());
            words(&lines)
        }
        "image" => picture(part, text(part, "accessibilityText")).map_or_else(Vec::new, shown),
        "video" => video(part).map_or_else(Vec::new, shown),
        "info" | "accordion" | "card" => info(part),
        "match_citations" | "citations" => citations(part),
        _ => words(&readable::lines(part)),
    }
}

fn shown(media: Media) -> Vec<Element> {
    vec![Element::Media(media)]
}

fn card(card: Card) -> Vec<Element> {
    read::card(card).map(Element::Card).into_iter().collect()
}

fn list_of(items: Vec<Card>) -> List {
    List { items, ..List::default() }
}

/// A button that opens an address, sends an event, or sends its label as text.
fn labelled_button(value: &Value, label: &str) -> Option<Button> {
    let label = text(value, label);
    let action = opens(value).or_else(|| sends(value)).or_else(|| read::say(label));
    read::button(label, action?)
}

fn opens(value: &Value) -> Option<Action> {
    let anchor = value.get("anchor").unwrap_or(&Value::Null);
    let address = [text(value, "link"), text(value, "actionLink"), text(anchor, "href")];
    link_to(first(&address), read::target(text(anchor, "target"), Target::Tab))
}

fn sends(value: &Value) -> Option<Action> {
    let event = value.get("event")?;
    let name = first(&[text(event, "event"), text(event, "name")]);
    read::event(name, parameters(event))
}

fn item(part: &Value) -> Option<Card> {
    let label = text(part, "title");
    read::card(Card {
        title: title(part, "title"),
        body: body(part, "subtitle"),
        action: opens(part).or_else(|| sends(part)).or_else(|| read::say(label)),
        ..Card::default()
    })
}

fn info(part: &Value) -> Vec<Element> {
    let image = part.get("image").unwrap_or(&Value::Null);
    card(Card {
        title: title(part, "title"),
        subtitle: title(part, "subtitle"),
        body: cut(&texts(part, "text").join("\n"), crate::rich::TEXT_CHARS_MAX),
        media: picture(image, text(image, "accessibilityText")),
        action: opens(part).or_else(|| sends(part)),
        buttons: list(part.get("buttons"))
            .filter_map(|one| labelled_button(one, "text"))
            .take(COUNT)
            .collect(),
    })
}

fn picture(image: &Value, alt: &str) -> Option<Media> {
    let nested = image.get("src").map_or("", |src| text(src, "rawUrl"));
    media(first(&[text(image, "rawUrl"), nested]), alt)
}

fn video(part: &Value) -> Option<Media> {
    let from = part.get("source").unwrap_or(part);
    let url = first(&[text(from, "embeddedPlayer"), text(from, "rawUrl"), text(from, "anchor")]);
    let mut video = read::plain_media(MediaKind::Embed, source(url)?, "");
    if let Some(file) = media(url, "").filter(|media| media.kind == MediaKind::Video) {
        video.kind = file.kind;
    }
    video.title = title(part, "title");
    Some(video)
}

/// The sources of an answer.
fn citations(part: &Value) -> Vec<Element> {
    let sources = list(part.get("citations")).filter_map(|one| {
        read::card(Card {
            title: title(one, "title"),
            body: body(one, "subtitle"),
            action: opens(one),
            ..Card::default()
        })
    });
    let items: Vec<Card> = sources.take(COUNT).collect();
    if items.is_empty() { Vec::new() } else { vec![Element::List(list_of(items))] }
}
