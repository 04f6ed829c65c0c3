//! Which names hold texts for people, and which texts are for people.

use serde_json::{Map, Value};

/// Names of what is said, in the order in which it is shown.
const TEXTS: [&str; 33] = [
    "header",
    "headertext",
    "pretext",
    "title",
    "activitytitle",
    "name",
    "toplabel",
    "label",
    "subtitle",
    "activitysubtitle",
    "message",
    "botmessage",
    "messages",
    "text",
    "speech",
    "displaytext",
    "body",
    "textparagraph",
    "markdown",
    "formattedtext",
    "content",
    "contents",
    "description",
    "activitytext",
    "question",
    "prompt",
    "caption",
    "quote",
    "address",
    "bottomlabel",
    "titleext",
    "overlaytext",
    "footer",
];

/// Names of what may be pressed, likewise.
pub(super) const BUTTONS: [&str; 24] = [
    "accessory",
    "buttonlist",
    "buttons",
    "button",
    "actions",
    "action",
    "suggestions",
    "suggestedactions",
    "suggestedreplies",
    "linkoutsuggestion",
    "quickreplies",
    "quickreply",
    "chips",
    "replies",
    "responses",
    "options",
    "choices",
    "keyboards",
    "keyboard",
    "inlinekeyboard",
    "replymarkup",
    "potentialaction",
    "callstoaction",
    "payload",
];

/// Said only where there is nothing else: for speech, for screens without the real content.
const SUBSTITUTES: [&str; 10] = [
    "texttospeech",
    "ssml",
    "speak",
    "fallbacktext",
    "fallback",
    "summary",
    "alttext",
    "accessibilitytext",
    "tooltip",
    "placeholder",
];

/// Lists whose bare texts are words.
pub(super) const LISTS: [&str; 8] =
    ["items", "elements", "texts", "lines", "paragraphs", "list", "cells", "inlines"];

/// Where a text leads.
const LINKS: [&str; 10] = [
    "link",
    "titlelink",
    "actionlink",
    "href",
    "url",
    "uri",
    "weburl",
    "linkurl",
    "postback",
    "value",
];
/// Objects that say where a text leads.
const ACTIONS: [&str; 9] = [
    "openuriaction",
    "openurlaction",
    "defaultaction",
    "action",
    "anchor",
    "onclick",
    "openlink",
    "click",
    "payload",
];

/// Addresses of pictures and files.
pub(super) const MEDIA: [&str; 17] = [
    "url",
    "uri",
    "link",
    "href",
    "src",
    "imageurl",
    "imageuri",
    "imgsrc",
    "mediaurl",
    "rawurl",
    "contenturl",
    "originalcontenturl",
    "photo",
    "image",
    "video",
    "audio",
    "document",
];

/// Values under these names are for programs, whatever they look like.
const TECHNICAL: [&str; 22] = [
    "type", "kind", "class", "id", "key", "event", "intent", "action", "state", "status", "mode",
    "style", "color", "size", "platform", "channel", "format", "method", "layout", "category",
    "code", "pattern",
];

/// The fields of an object by their plain names, in their order.
pub(super) struct Named<'a>(Vec<(String, &'a Value)>);

impl<'a> Named<'a> {
    pub(super) fn of(map: &'a Map<String, Value>) -> Self {
        Self(map.iter().map(|(name, value)| (plain(name), value)).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| *value)
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &'a Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &'a Value)> {
        TEXTS.iter().filter_map(|name| Some((*name, self.get(name)?)))
    }

    pub(super) fn substitutes(&self) -> impl Iterator<Item = (&'static str, &'a Value)> {
        SUBSTITUTES.iter().filter_map(|name| Some((*name, self.get(name)?)))
    }

    /// A payload is something to press where it is a list. A bare text is often the name of an
    /// action.
    pub(super) fn buttons(&self) -> impl Iterator<Item = &'a Value> {
        BUTTONS.iter().filter_map(|name| {
            let value = self.get(name)?;
            let fits = match *name {
                "payload" => value.is_array(),
                "action" | "accessory" => !value.is_string(),
                _ => true,
            };
            fits.then_some(value)
        })
    }

    /// Every object and list under another name.
    pub(super) fn others(&self) -> impl Iterator<Item = (&str, &'a Value)> {
        self.all().filter(|(name, value)| {
            let is_known = TEXTS.contains(name)
                || SUBSTITUTES.contains(name)
                || BUTTONS.contains(name) && (*name != "payload" || value.is_array());
            !is_known && (value.is_array() || value.is_object())
        })
    }

    /// Whether a name is one for programs: an identifier, or beside a text for people.
    pub(super) fn is_technical(&self, name: &str) -> bool {
        const BESIDE: [&str; 6] = ["title", "label", "text", "header", "caption", "message"];
        is_identifier(name) || BESIDE.iter().any(|other| self.get(other).is_some())
    }

    /// Where pressing this leads.
    pub(super) fn link(&self) -> Option<&'a str> {
        LINKS.iter().filter_map(|name| self.text(name)).find(|text| is_page(text)).or_else(|| {
            let action = ACTIONS.iter().find_map(|name| self.get(name)?.as_object());
            Named::of(action?).link()
        })
    }

    /// Where a text leads. A plain `url` beside a text is that of a picture as often as not.
    pub(super) fn link_of_text(&self) -> Option<&'a str> {
        let own = ["link", "titlelink", "actionlink", "href", "postback"];
        own.iter().filter_map(|name| self.text(name)).find(|text| is_page(text)).or_else(|| {
            let opens = ["openuriaction", "openurlaction", "defaultaction"];
            let action = opens.iter().find_map(|name| self.get(name)?.as_object());
            Named::of(action?).link()
        })
    }
}

/// A name in one form: `quick_replies`, `QuickReplies` and `quickReplies` are the same.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

pub(super) fn is_page(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// A word that only a program reads, such as `open_ticket`.
pub(super) fn is_identifier(text: &str) -> bool {
    text.contains('_') && !text.contains(char::is_whitespace)
}

/// Whether a text under an unknown name can only be for people: words with a blank between them,
/// one capitalized word, or a script that writes no blanks.
pub(super) fn is_sentence(name: &str, text: &str) -> bool {
    let text = text.trim();
    if TECHNICAL.contains(&name) || is_page(text) || text.starts_with(['{', '[', '<']) {
        return false;
    }
    let words = text.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).count();
    let is_capitalized = || {
        let mut letters = text.trim_end_matches(['.', '!', '?']).chars();
        letters.next().is_some_and(char::is_uppercase) && letters.all(char::is_lowercase)
    };
    let writes_no_blanks = || text.chars().any(|c| c >= '\u{e00}' && c.is_alphabetic());
    words > 1 || words == 1 && (is_capitalized() || writes_no_blanks())
}
