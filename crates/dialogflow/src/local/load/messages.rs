//! Messages of an export, of the old numbered kinds and the newer named ones, as canonical messages
//! of API version 2.

use serde_json::{Map, Value, json};

use super::fields::Fields;
use crate::local::{
    model::{Content, Message},
    report::{NoticeKind, Report},
};

/// Reads one element of `messages`. A kind that cannot be shown is reported, and so is a message
/// without content.
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
    let Some(content) = content(&kind, &mut from) else {
        report.note(file, NoticeKind::UnsupportedMessage, format!("type {kind}"));
        return None;
    };
    // Newer exports have these keys in every message, empty where the kind has no use for them.
    from.ignore(&["name", "customizeAudio"]);
    from.ignore_empty(&["title", "textToSpeech", "speech", "items", "subtitle"]);
    from.finish(report);
    if let Content::Rich(_, value) = &content
        && is_empty(value)
    {
        report.note(file, NoticeKind::UnsupportedMessage, format!("type {kind} without content"));
        return None;
    }
    // Some kinds exist for the Assistant only; some exports leave its name out.
    let assistant = matches!(&content, Content::Rich(key, _)
        if !matches!(*key, "card" | "quickReplies" | "image" | "payload"));
    let platform = platform.or(assistant.then_some("ACTIONS_ON_GOOGLE"));
    Some(Message { language, platform, content })
}

/// The content of a message of a known kind. The older kinds have numbers; the names of the newer
/// ones are those of the export, and of the service's messages.
fn content(kind: &str, from: &mut Fields<'_>) -> Option<Content> {
    let plain: String = kind.chars().filter(char::is_ascii_alphanumeric).collect();
    Some(match plain.to_lowercase().as_str() {
        "0" | "text" => Content::Text(texts(from)),
        "1" | "card" => Content::Rich("card", card(from)),
        "2" | "quickreplies" => Content::Rich("quickReplies", quick_replies(from)),
        "3" | "image" => Content::Rich("image", image(from)),
        "4" | "custompayload" | "payload" => {
            Content::Rich("payload", from.raw("payload").unwrap_or(Value::Null))
        }
        "simpleresponse" | "simpleresponses" => {
            Content::Rich("simpleResponses", simple_responses(from))
        }
        "suggestionchips" | "suggestions" => Content::Rich("suggestions", suggestions(from)),
        "linkoutchip" | "linkoutsuggestion" => Content::Rich("linkOutSuggestion", link_out(from)),
        "basiccard" => Content::Rich("basicCard", basic_card(from)),
        "listcard" | "listselect" => {
            Content::Rich("listSelect", list(from, &["title", "subtitle"]))
        }
        "carouselcard" | "carouselselect" => Content::Rich("carouselSelect", list(from, &[])),
        "browsecarouselcard" | "browsecarousel" => {
            Content::Rich("browseCarouselCard", browse_carousel(from))
        }
        "mediacontent" | "mediaresponse" => Content::Rich("mediaContent", media(from)),
        "tablecard" => Content::Rich("tableCard", table(from)),
        _ => return None,
    })
}

/// Whether there is nothing in a message that could be shown.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.iter().all(is_empty),
        Value::Object(map) => map.values().all(is_empty),
        _ => false,
    }
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

fn texts(from: &mut Fields<'_>) -> Vec<String> {
    let texts = from.strings("speech");
    if texts.is_empty() { from.strings("text") } else { texts }
}

/// One response in the message itself, or several as its items.
fn simple_responses(from: &mut Fields<'_>) -> Value {
    let one = |from: &mut Fields<'_>| {
        object(vec![
            ("textToSpeech", text(from, "textToSpeech")),
            ("ssml", text(from, "ssml")),
            ("displayText", text(from, "displayText")),
        ])
    };
    let mut all = vec![one(from)];
    for key in ["items", "simpleResponses"] {
        let place = "responses[].messages[].items[].";
        for mut item in from.objects(key, place) {
            item.ignore(&["customizeAudio"]);
            all.push(one(&mut item));
        }
    }
    all.retain(|response| !is_empty(response));
    json!({ "simpleResponses": all })
}

fn suggestions(from: &mut Fields<'_>) -> Value {
    let chips = from.list("suggestions").into_iter().map(|chip| match chip {
        Value::String(title) => json!({ "title": title }),
        other => object(vec![("title", other.get("title").cloned().unwrap_or_default())]),
    });
    let chips: Vec<Value> = chips.filter(|chip| !is_empty(chip)).collect();
    json!({ "suggestions": chips })
}

fn link_out(from: &mut Fields<'_>) -> Value {
    object(vec![
        ("destinationName", text(from, "destinationName")),
        ("uri", first_text(from, &["url", "uri"])),
    ])
}

/// `{"url": …}` of the export becomes `{"imageUri": …}`.
fn picture(from: &mut Fields<'_>, key: &str) -> Value {
    let Some(image) = from.raw(key) else {
        return Value::Null;
    };
    let field = |key: &str| image.get(key).filter(|value| !is_empty(value)).cloned();
    let uri = field("url").or_else(|| field("imageUri")).or_else(|| field("imageUrl"));
    let alternative = field("accessibilityText").unwrap_or_default();
    match object(vec![("imageUri", uri.unwrap_or_default()), ("accessibilityText", alternative)]) {
        Value::Object(map) if map.is_empty() => Value::Null,
        picture => picture,
    }
}

/// The address that a button or an item opens.
fn opens(from: &mut Fields<'_>) -> Option<Value> {
    let action = from.raw("openUrlAction").or_else(|| from.raw("openUriAction"))?;
    action.get("url").or_else(|| action.get("uri")).filter(|uri| !is_empty(uri)).cloned()
}

fn uri_buttons(from: &mut Fields<'_>) -> Value {
    let mut buttons = Vec::new();
    for mut button in from.objects("buttons", "messages[].buttons[].") {
        let uri = opens(&mut button);
        buttons.push(object(vec![
            ("title", text(&mut button, "title")),
            ("openUriAction", uri.map_or(Value::Null, |uri| json!({ "uri": uri }))),
        ]));
    }
    Value::Array(buttons)
}

fn basic_card(from: &mut Fields<'_>) -> Value {
    object(vec![
        ("title", text(from, "title")),
        ("subtitle", text(from, "subtitle")),
        ("formattedText", text(from, "formattedText")),
        ("image", picture(from, "image")),
        ("buttons", uri_buttons(from)),
    ])
}

fn list(from: &mut Fields<'_>, own: &[&'static str]) -> Value {
    let mut items = Vec::new();
    for mut item in from.objects("items", "messages[].items[].") {
        let info = item.raw("optionInfo").or_else(|| item.raw("info"));
        items.push(object(vec![
            ("info", info.unwrap_or(Value::Null)),
            ("title", text(&mut item, "title")),
            ("description", text(&mut item, "description")),
            ("image", picture(&mut item, "image")),
        ]));
    }
    let mut pairs: Vec<(&str, Value)> = own.iter().map(|key| (*key, text(from, key))).collect();
    pairs.push(("items", Value::Array(items)));
    object(pairs)
}

fn browse_carousel(from: &mut Fields<'_>) -> Value {
    let mut items = Vec::new();
    for mut item in from.objects("items", "messages[].items[].") {
        let url = opens(&mut item);
        items.push(object(vec![
            ("openUriAction", url.map_or(Value::Null, |url| json!({ "url": url }))),
            ("title", text(&mut item, "title")),
            ("description", text(&mut item, "description")),
            ("image", picture(&mut item, "image")),
            ("footer", text(&mut item, "footer")),
        ]));
    }
    object(vec![
        ("items", Value::Array(items)),
        ("imageDisplayOptions", text(from, "imageDisplayOptions")),
    ])
}

fn media(from: &mut Fields<'_>) -> Value {
    let mut objects = Vec::new();
    for mut item in from.objects("mediaObjects", "messages[].mediaObjects[].") {
        objects.push(object(vec![
            ("name", text(&mut item, "name")),
            ("description", text(&mut item, "description")),
            ("contentUrl", first_text(&mut item, &["contentUrl", "url"])),
            ("largeImage", picture(&mut item, "largeImage")),
            ("icon", picture(&mut item, "icon")),
        ]));
    }
    let kind = from.string("mediaType").to_uppercase();
    let objects = Value::Array(objects);
    if is_empty(&objects) {
        return Value::Null;
    }
    object(vec![("mediaType", Value::String(kind)), ("mediaObjects", objects)])
}

fn table(from: &mut Fields<'_>) -> Value {
    let mut columns = Vec::new();
    for key in ["columnProperties", "columns"] {
        for mut column in from.objects(key, "messages[].columnProperties[].") {
            columns.push(object(vec![
                ("header", text(&mut column, "header")),
                ("horizontalAlignment", text(&mut column, "horizontalAlignment")),
            ]));
        }
    }
    let mut rows = Vec::new();
    for mut row in from.objects("rows", "messages[].rows[].") {
        let cells = row.list("cells").into_iter().map(|cell| match cell {
            Value::String(text) => json!({ "text": text }),
            other => object(vec![("text", other.get("text").cloned().unwrap_or_default())]),
        });
        let cells = cells.collect();
        let divider = row.flag("dividerAfter").then_some(Value::Bool(true));
        rows.push(object(vec![
            ("cells", Value::Array(cells)),
            ("dividerAfter", divider.unwrap_or_default()),
        ]));
    }
    object(vec![
        ("title", text(from, "title")),
        ("subtitle", text(from, "subtitle")),
        ("image", picture(from, "image")),
        ("columnProperties", Value::Array(columns)),
        ("rows", Value::Array(rows)),
        ("buttons", uri_buttons(from)),
    ])
}
