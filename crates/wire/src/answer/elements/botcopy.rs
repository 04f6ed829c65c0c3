//! The payload `botcopy`: a list of objects, each with one or more elements under their names. Bot
//! designers write it by hand from samples that differ, so every form that occurs is read.

use crate::rich::{
    Action, BotCard, BotList, Button, Card, Element, List, Media, TITLE_CHARS_MAX, Target,
};
use serde_json::Value;

mod action;
mod form;

use self::action::action_of;
use super::{
    super::readable,
    read::{self, COUNT, body, cut, first, flag, items, list, media, text, title},
    row, words,
};

pub(super) fn elements(payload: &Value) -> Vec<Element> {
    let one = Some(payload).filter(|payload| payload.is_object());
    list(Some(payload)).chain(one).take(COUNT).flat_map(element).collect()
}

fn element(object: &Value) -> Vec<Element> {
    let kinds = object.as_object().into_iter().flatten();
    kinds
        .flat_map(|(kind, value)| match kind.as_str() {
            "text" => many(value).flat_map(spoken).collect(),
            "suggestions" => row(many(value).filter_map(chip).take(COUNT).collect()),
            "card" => card(value).map(Element::Card).into_iter().collect(),
            "carousel" => carousel(value),
            "list" => listed(value),
            "form" => form::form(value).map(Element::Form).into_iter().collect(),
            "botCard" => bot_card(value).into_iter().collect(),
            "botList" => bot_list(value).into_iter().collect(),
            _ => words(&readable::lines(value)),
        })
        .collect()
}

/// The members of a list, or the one value in its place.
fn many(value: &Value) -> impl Iterator<Item = &Value> {
    list(Some(value)).chain(Some(value).filter(|value| !value.is_array()))
}

fn spoken(value: &Value) -> Vec<Element> {
    match value {
        Value::String(text) => words(std::slice::from_ref(text)),
        _ => match body(value, "displayText") {
            shown if shown.is_empty() => super::spoken_as(value, "textToSpeech"),
            shown => words(&[shown]),
        },
    }
}

/// A suggestion; without an action it sends its title as text.
fn chip(value: &Value) -> Option<Button> {
    let label = text(value, "title");
    let action = value.get("action").and_then(|action| action_of(action, label));
    // Links of suggestions without a target open a new tab; all other links do not.
    let action = match action.or_else(|| read::say(label))? {
        Action::Link { url, target: Target::Chat } => Action::Link { url, target: Target::Tab },
        action => action,
    };
    read::button(label, action)
}

fn card(value: &Value) -> Option<Card> {
    let label = text(value, "title");
    let action = value.get("action").unwrap_or(&Value::Null);
    let buttons = items(action, "buttons").filter_map(chip_of_card).take(COUNT).collect();
    read::card(Card {
        title: title(value, "title"),
        subtitle: title(value, "subtitle"),
        body: cut(
            first(&[text(value, "body"), text(value, "description")]),
            crate::rich::TEXT_CHARS_MAX,
        ),
        media: picture(value),
        action: action_of(action, label),
        buttons,
    })
}

fn chip_of_card(value: &Value) -> Option<Button> {
    let label = text(value, "title");
    let action = value.get("action").and_then(|action| action_of(action, label));
    read::button(label, action.or_else(|| read::say(label))?)
}

fn picture(value: &Value) -> Option<Media> {
    let image = value.get("image").unwrap_or(&Value::Null);
    let url = first(&[
        image.as_str().unwrap_or_default(),
        text(image, "url"),
        text(image, "imageUri"),
        text(value, "imageUri"),
    ]);
    media(url, first(&[text(image, "alt"), text(image, "accessibilityText")]))
}

fn carousel(value: &Value) -> Vec<Element> {
    let cards = value.get("card").or_else(|| value.get("cards")).unwrap_or(value);
    let cards: Vec<Card> = many(cards).filter_map(card).take(COUNT).collect();
    if cards.is_empty() { Vec::new() } else { vec![Element::Carousel { cards }] }
}

/// A list. An item without an action sends its title as text; items have no buttons.
fn listed(value: &Value) -> Vec<Element> {
    let items = items(value, "items").filter_map(|item| {
        let mut card = card(item)?;
        card.buttons.clear();
        card.action = card.action.or_else(|| read::say(text(item, "title")));
        Some(card)
    });
    let list = List {
        title: title(value, "title"),
        subtitle: title(value, "subtitle"),
        items: items.take(COUNT).collect(),
    };
    if list.items.is_empty() { words(&[list.title]) } else { vec![Element::List(list)] }
}

fn bot_card(value: &Value) -> Option<Element> {
    let label = first(&[text(value, "buttonText"), text(value, "title")]);
    let bot = Some(title(value, "botId")).filter(|id| !id.is_empty());
    let action = value.get("action").and_then(|action| action_of(action, label));
    let title = cut(label, TITLE_CHARS_MAX);
    (!title.is_empty()).then_some(Element::BotCard(BotCard { title, bot, action }))
}

fn bot_list(value: &Value) -> Option<Element> {
    let bots = items(value, "bots").map(|bot| title(bot, "id")).filter(|id| !id.is_empty());
    let list = BotList {
        title: title(value, "title"),
        list: Some(title(value, "botListId")).filter(|id| !id.is_empty()),
        bots: bots.take(COUNT).collect(),
        preview: flag(value, "queryPreview"),
    };
    let shown = !list.title.is_empty() || list.list.is_some() || !list.bots.is_empty();
    shown.then_some(Element::BotList(list))
}
