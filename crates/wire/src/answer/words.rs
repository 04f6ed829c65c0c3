//! Elements as lines of text, for transcripts and tools that do not draw them.

use crate::rich::{Action, Button, Card, Element, Media};

use super::readable::push;

/// Every readable text, each once.
pub(crate) fn lines(elements: &[Element]) -> Vec<String> {
    let mut lines = Vec::new();
    for element in elements {
        read(element, &mut lines);
    }
    lines
}

fn read(element: &Element, lines: &mut Vec<String>) {
    match element {
        Element::Text { text } => push(text, lines),
        Element::Suggestions { buttons } => read_buttons(buttons, lines),
        Element::Card(card) => read_card(card, lines),
        Element::Carousel { cards } => cards.iter().for_each(|card| read_card(card, lines)),
        Element::List(list) => {
            push_all(&[&list.title, &list.subtitle], lines);
            list.items.iter().for_each(|item| read_card(item, lines));
        }
        Element::Media(media) => read_media(media, lines),
        Element::Table(table) => {
            push_all(&[&table.title, &table.subtitle], lines);
            let heads: Vec<&str> = table.columns.iter().map(|c| c.title.as_str()).collect();
            push(&heads.join(" | "), lines);
            table.rows.iter().for_each(|row| push(&row.cells.join(" | "), lines));
            read_buttons(&table.buttons, lines);
        }
        Element::Form(form) => {
            push_all(&[&form.title, &form.subtitle], lines);
            form.fields.iter().for_each(|field| push(&field.label, lines));
        }
        Element::BotCard(card) => push(&card.title, lines),
        Element::BotList(list) => push(&list.title, lines),
    }
}

fn push_all(texts: &[&str], lines: &mut Vec<String>) {
    for text in texts {
        push(text, lines);
    }
}

fn read_card(card: &Card, lines: &mut Vec<String>) {
    let before = lines.len();
    match &card.action {
        Some(Action::Link { url, .. }) if !card.title.is_empty() => {
            push(&format!("{}: {}", card.title, url.as_str()), lines);
        }
        _ => push(&card.title, lines),
    }
    push_all(&[&card.subtitle, &card.body], lines);
    if let Some(media) = &card.media {
        push_all(&[&media.alt], lines);
    }
    read_buttons(&card.buttons, lines);
    if let (Some(media), true) = (&card.media, lines.len() == before) {
        read_media(media, lines);
    }
}

/// Buttons as lines; a button that opens a page keeps its address.
fn read_buttons(buttons: &[Button], lines: &mut Vec<String>) {
    for button in buttons {
        match &button.action {
            Action::Link { url, .. } if url.as_str() != button.title => {
                push(&format!("{}: {}", button.title, url.as_str()), lines);
            }
            _ => push(&button.title, lines),
        }
    }
}

fn read_media(media: &Media, lines: &mut Vec<String>) {
    let before = lines.len();
    push_all(&[&media.title, &media.body, &media.alt], lines);
    if lines.len() == before {
        push(media.url.as_str(), lines);
    }
}
