//! Messages of an export, of the old numbered kinds and the newer named ones, as canonical messages
//! of API version 2.

use serde_json::{Map, Value, json};

use super::fields::Fields;
use crate::local::{
    model::{Content, Message},
    report::{NoticeKind, Report},
};

/// Reads one element of `messages`. A kind that cannot be shown is reported.
pub(crate) fn read(file: &str, mut from: Fields<'_>, report: &mut Report) -> Option<Message> {
    let kind = from.string("type");
    let language = Some(from.string("lang").to_lowercase()).filter(|l| !l.is_empty());
    let platform_name = from.string("platform").to_lowercase();
    if from.is_filled("condition") {
        report.note(file, NoticeKind::Condition, "message");
    }
    let Ok(platform) = platform(&platform_name) else {
        report.note(file, NoticeKind::UnsupportedMessage, format!("for {platform_name}"));
        return None;
    };
    let content = match kind.as_str() {
        "0" => Content::Text(from.strings("speech")),
        "1" => Content::Rich("card", card(&mut from)),
        "2" => Content::Rich("quickReplies", quick_replies(&mut from)),
        "3" => Content::Rich("image", image(&mut from)),
        "4" | "custom_payload" => {
            Content::Rich("payload", from.raw("payload").unwrap_or_else(|| json!({})))
        }
        "simple_response" => Content::Rich("simpleResponses", simple_response(&mut from)),
        "suggestion_chips" => Content::Rich("suggestions", suggestions(&mut from)),
        "link_out_chip" => Content::Rich("linkOutSuggestion", link_out(&mut from)),
        "basic_card" => Content::Rich("basicCard", basic_card(&mut from)),
        "list_card" => Content::Rich("listSelect", items(&mut from, &["title", "subtitle"])),
        "carousel_card" => Content::Rich("carouselSelect", items(&mut from, &[])),
        other => {
            report.note(file, NoticeKind::UnsupportedMessage, format!("type {other}"));
            return None;
        }
    };
    // Newer exports have these keys in every message, mostly empty.
    from.ignore(&["title", "textToSpeech", "speech", "name", "customizeAudio", "items"]);
    from.finish(report);
    // Named kinds exist for the Assistant only; some exports leave the platform out.
    let named = kind.parse::<u32>().is_err() && kind != "custom_payload";
    let platform = platform.or(named.then_some("ACTIONS_ON_GOOGLE"));
    Some(Message { language, platform, content })
}

fn platform(name: &str) -> Result<Option<&'static str>, ()> {
    Ok(Some(match name {
        "" => return Ok(None),
        "facebook" => "FACEBOOK",
        "slack" => "SLACK",
        "telegram" => "TELEGRAM",
        "kik" => "KIK",
        "skype" => "SKYPE",
        "line" => "LINE",
        "viber" => "VIBER",
        "google" => "ACTIONS_ON_GOOGLE",
        "google_hangouts" | "hangouts" => "GOOGLE_HANGOUTS",
        _ => return Err(()),
    }))
}

/// An object of the pairs that are not empty, as in canonical JSON.
fn object(pairs: Vec<(&str, Value)>) -> Value {
    let filled = pairs.into_iter().filter(|(_, value)| match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Null => false,
        _ => true,
    });
    Value::Object(filled.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}

fn text(from: &mut Fields<'_>, key: &str) -> Value {
    Value::String(from.string(key))
}

fn first_text(from: &mut Fields<'_>, keys: &[&str]) -> Value {
    let texts: Vec<String> = keys.iter().map(|key| from.string(key)).collect();
    Value::String(texts.into_iter().find(|t| !t.is_empty()).unwrap_or_default())
}

fn card(from: &mut Fields<'_>) -> Value {
    let buttons = from
        .objects("buttons", "messages[].buttons[].")
        .into_iter()
        .map(|mut b| {
            object(vec![("text", text(&mut b, "text")), ("postback", text(&mut b, "postback"))])
        })
        .collect();
    object(vec![
        ("title", text(from, "title")),
        ("subtitle", text(from, "subtitle")),
        ("imageUri", first_text(from, &["imageUrl", "imageUri"])),
        ("buttons", Value::Array(buttons)),
    ])
}

fn quick_replies(from: &mut Fields<'_>) -> Value {
    let replies = from.strings("replies").into_iter().map(Value::String).collect();
    object(vec![("title", text(from, "title")), ("quickReplies", Value::Array(replies))])
}

fn image(from: &mut Fields<'_>) -> Value {
    object(vec![
        ("imageUri", first_text(from, &["imageUrl", "imageUri"])),
        ("accessibilityText", text(from, "accessibilityText")),
    ])
}

fn simple_response(from: &mut Fields<'_>) -> Value {
    let one = object(vec![
        ("textToSpeech", text(from, "textToSpeech")),
        ("ssml", text(from, "ssml")),
        ("displayText", text(from, "displayText")),
    ]);
    json!({ "simpleResponses": [one] })
}

fn suggestions(from: &mut Fields<'_>) -> Value {
    let chips: Vec<Value> = from
        .objects("suggestions", "messages[].suggestions[].")
        .into_iter()
        .map(|mut chip| object(vec![("title", text(&mut chip, "title"))]))
        .collect();
    json!({ "suggestions": chips })
}

fn link_out(from: &mut Fields<'_>) -> Value {
    object(vec![
        ("destinationName", text(from, "destinationName")),
        ("uri", first_text(from, &["url", "uri"])),
    ])
}

/// `{"url": …}` of the export becomes `{"imageUri": …}`.
fn picture(from: &mut Fields<'_>) -> Value {
    let Some(image) = from.raw("image") else {
        return Value::Null;
    };
    let field = |key: &str| image.get(key).cloned().unwrap_or(Value::Null);
    let uri = if image.get("url").is_some() { field("url") } else { field("imageUri") };
    let alternative = field("accessibilityText");
    match object(vec![("imageUri", uri), ("accessibilityText", alternative)]) {
        Value::Object(map) if map.is_empty() => Value::Null,
        picture => picture,
    }
}

fn basic_card(from: &mut Fields<'_>) -> Value {
    let mut buttons = Vec::new();
    for mut button in from.objects("buttons", "messages[].buttons[].") {
        let action = button.raw("openUrlAction").or_else(|| button.raw("openUriAction"));
        let uri = action.and_then(|a| a.get("url").or_else(|| a.get("uri")).cloned());
        buttons.push(object(vec![
            ("title", text(&mut button, "title")),
            ("openUriAction", uri.map_or(Value::Null, |uri| json!({ "uri": uri }))),
        ]));
    }
    object(vec![
        ("title", text(from, "title")),
        ("subtitle", text(from, "subtitle")),
        ("formattedText", text(from, "formattedText")),
        ("image", picture(from)),
        ("buttons", Value::Array(buttons)),
    ])
}

fn items(from: &mut Fields<'_>, own: &[&'static str]) -> Value {
    let mut list = Vec::new();
    for mut item in from.objects("items", "messages[].items[].") {
        let info = item.raw("optionInfo").or_else(|| item.raw("info"));
        list.push(object(vec![
            ("info", info.unwrap_or(Value::Null)),
            ("title", text(&mut item, "title")),
            ("description", text(&mut item, "description")),
            ("image", picture(&mut item)),
        ]));
    }
    let mut pairs: Vec<(&str, Value)> = own.iter().map(|key| (*key, text(from, key))).collect();
    pairs.push(("items", Value::Array(list)));
    object(pairs)
}
