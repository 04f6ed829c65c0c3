//! Actions of the payload `botcopy`: what pressing a button, a card or an item does.

use crate::rich::{Action, Location, TITLE_CHARS_MAX, Target};
use serde_json::Value;

use crate::answer::elements::read::{self, cut, first, link_to, parameters, text};

/// The action of an object; when it names several, message before link before location.
pub(super) fn action_of(value: &Value, label: &str) -> Option<Action> {
    message(value, label)
        .or_else(|| link(value.get("link")?, label))
        .or_else(|| location(value.get("location")?, label).map(Action::Location))
}

/// Sends a text or an event for the visitor: the command, or the label when there is none.
pub(super) fn message(value: &Value, label: &str) -> Option<Action> {
    let message = value.get("message").filter(|message| message.is_object())?;
    let command = first(&[text(message, "command"), label]);
    match text(message, "type") {
        "event" => read::event(command, parameters(message)),
        _ => read::message(command, parameters(message)),
    }
}

/// Opens an address. A link without a usable address may contain a message instead.
fn link(link: &Value, label: &str) -> Option<Action> {
    let url = first(&[link.as_str().unwrap_or_default(), text(link, "url")]);
    let opens = link_to(url, read::target(text(link, "target"), Target::Chat));
    opens.or_else(|| message(link, label))
}

fn location(value: &Value, label: &str) -> Option<Location> {
    let named = |key: &str| {
        let own = value.get(key).map_or("", |part| text(part, "parameter"));
        cut(first(&[own, key]), TITLE_CHARS_MAX)
    };
    let then = |key: &str| {
        let action = value.get(key).and_then(|part| message(part.get("action")?, label));
        action.or_else(|| read::say(label)).map(Box::new)
    };
    Some(Location {
        parameter: cut(first(&[text(value, "parameter"), "location"]), TITLE_CHARS_MAX),
        latitude: named("latitude"),
        longitude: named("longitude"),
        error_code: named("errorCode"),
        success: then("success")?,
        failure: then("error")?,
    })
}
