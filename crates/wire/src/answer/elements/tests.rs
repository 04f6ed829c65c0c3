use crate::rich::{
    ADDRESS_BYTES_MAX, COUNT_MAX, EVENT_CHARS_MAX, PARAMETERS_BYTES_MAX, ROWS_MAX, SAY_CHARS_MAX,
    TEXT_CHARS_MAX, TITLE_CHARS_MAX,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::answer::visible_messages;

macro_rules! examples {
    ($($kind:literal)*) => {
        [$(include_str!(concat!("../../../examples/rich.", $kind, ".json"))),*]
    };
}

fn json_of(canonical: &Value) -> Value {
    serde_json::to_value(elements(canonical)).unwrap()
}

fn botcopy(element: Value) -> Value {
    json_of(&json!({ "payload": { "botcopy": Value::Array(vec![element]) } }))
}

fn messenger(parts: Value) -> Value {
    json_of(&json!({ "payload": { "richContent": Value::Array(vec![parts]) } }))
}

#[test]
fn the_examples_are_what_is_made_of_their_messages() {
    for example in examples!(
        "suggestions" "card" "carousel" "list" "media" "table" "form" "bot_card" "bot_list"
    ) {
        let event: Value = serde_json::from_str(example).unwrap();
        let response = json!({ "queryResult": { "fulfillmentMessages": [event["message"]] } });
        let shown = visible_messages(&response, "en");
        assert_eq!(event["text"], shown[0].text);
        assert_eq!(shown[0].rich.as_ref(), Some(&event["message"]));
        let content = content(&shown[0].text, shown[0].rich.as_ref());
        assert_eq!(serde_json::to_value(content).unwrap(), event["content"]);
    }
}

#[test]
fn a_message_without_elements_is_shown_by_its_text() {
    let text = |text: &str| vec![Element::Text { text: text.to_owned() }];
    assert_eq!(content("hello", None), text("hello"));
    assert_eq!(content("readable", Some(&json!({ "payload": { "other": 1 } }))), text("readable"));
    assert_eq!(content(" ", None), []);
}

#[test]
fn messages_of_the_assistant_and_of_flows_have_elements() {
    let link = json!({ "type": "link", "url": "https://example.com/", "target": "tab" });
    let cases = [
        (
            json!({ "simpleResponses": { "simpleResponses": [
                { "displayText": "shown", "textToSpeech": "said" },
                { "ssml": "<speak>a</speak>" } ] } }),
            json!([{ "type": "text", "text": "shown" }, { "type": "text", "text": "a" }]),
        ),
        (
            json!({ "quickReplies": { "title": "Which?", "quickReplies": ["A", ""] } }),
            json!([{ "type": "text", "text": "Which?" }, { "type": "suggestions", "buttons":
                [{ "title": "A", "action": { "type": "message", "text": "A" } }] }]),
        ),
        (
            json!({ "linkOutSuggestion": {
                "destinationName": "Out", "uri": "https://example.com/" } }),
            json!([{ "type": "suggestions", "buttons": [{ "title": "Out", "action": link }] }]),
        ),
        (json!({ "linkOutSuggestion": { "uri": "javascript:alert(1)" } }), json!([])),
        (
            json!({ "basicCard": { "title": "T", "formattedText": "F", "image": {
                "imageUri": "https://example.com/i", "accessibilityText": "I" }, "buttons": [
                { "title": "B", "openUriAction": { "uri": "https://example.com/" } },
                { "title": "X", "openUriAction": { "uri": "data:x" } } ] } }),
            json!([{ "type": "card", "title": "T", "body": "F", "media": {
                "kind": "image", "url": "https://example.com/i", "alt": "I" },
                "buttons": [{ "title": "B", "action": link }] }]),
        ),
        (
            json!({ "browseCarouselCard": { "items": [{ "title": "T", "description": "D",
                "footer": "F", "openUriAction": { "url": "https://example.com/" } }] } }),
            json!([{ "type": "carousel", "cards": [
                { "title": "T", "body": "D\nF", "action": link }] }]),
        ),
        (
            json!({ "playAudio": { "audioUri": "https://example.com/a.wav" } }),
            json!([{ "type": "media", "kind": "audio", "url": "https://example.com/a.wav" }]),
        ),
        (json!({ "playAudio": { "audioUri": "gs://bucket/a.wav" } }), json!([])),
        (
            json!({ "telephonyTransferCall": { "phoneNumber": "+43 1" } }),
            json!([{ "type": "card", "buttons": [{ "title": "+43 1", "action":
                { "type": "link", "url": "tel:+431", "target": "tab" } }] }]),
        ),
        (json!({ "liveAgentHandoff": { "metadata": { "text": "x" } } }), json!([])),
    ];
    for (message, expected) in cases {
        assert_eq!(json_of(&message), expected, "{message}");
    }
}

#[test]
fn samples_that_disagree_mean_the_same() {
    let said = |text: &str| json!({ "type": "message", "text": text });
    let action = |action: Value| {
        let made = botcopy(json!({ "suggestions": [{ "title": "T", "action": action }] }));
        made[0]["buttons"][0]["action"].clone()
    };
    assert_eq!(action(json!({ "message": {} })), said("T"));
    assert_eq!(action(json!({ "message": { "type": "training", "command": "c" } })), said("c"));
    assert_eq!(action(json!(null)), said("T"));
    assert_eq!(action(json!({ "link": { "message": { "command": "c" } } })), said("c"));
    let both = json!({ "link": { "url": "https://example.com" }, "message": { "command": "c" } });
    assert_eq!(action(both), said("c"));
    let opens =
        |target: &str| json!({ "type": "link", "url": "https://example.com", "target": target });
    let url = "https://example.com";
    let link = |target: Option<&str>| json!({ "link": { "url": url, "target": target } });
    assert_eq!(action(link(None)), opens("tab"));
    let card = |action: Value| {
        botcopy(json!({ "card": { "title": "T", "action": action } }))[0]["action"].clone()
    };
    assert_eq!(card(link(None)), opens("chat"));
    assert_eq!(card(link(Some("_blank"))), opens("tab"));
    assert_eq!(card(link(Some("_top"))), opens("page"));
    let three = json!([{ "title": "T", "body": "B", "image": { "url": "https://example.com/i" } }]);
    let two = json!({ "card": [{ "title": "T", "description": "B",
        "imageUri": "https://example.com/i" }] });
    let carousel = |value: Value| botcopy(json!({ "carousel": value }));
    assert_eq!(carousel(three.clone()), carousel(two));
    assert_eq!(carousel(three)[0]["cards"][0]["body"], "B");
    let item = botcopy(json!({ "list": { "title": "L", "items": [{ "title": "I",
        "description": "D", "action": { "buttons": [{ "title": "no" }] } }] } }));
    let expected = json!({ "title": "I", "body": "D", "action": said("I") });
    assert_eq!(item[0]["items"], json!([expected]));
    let image = |url: &str| {
        botcopy(json!({ "card": { "image": { "url": url } } }))[0]["media"]["kind"].clone()
    };
    assert_eq!(image("https://www.youtube.com/embed/x"), "embed");
    assert_eq!(image("https://www.google.com/maps/embed/v1/place?key=k"), "embed");
    assert_eq!(image("https://dl.dropboxusercontent.com/s/a.MP4?dl=1"), "video");
    assert_eq!(image("https://youtube.com.example/embed/x"), "image");
    assert_eq!(image("tel:1"), Value::Null);
    let unknown = json!({ "sources": [{ "title": "Handbook", "link": "https://example.com/h" }] });
    assert_eq!(
        botcopy(unknown),
        json!([{ "type": "text", "text": "Handbook: https://example.com/h" }])
    );
}

#[test]
fn forms_of_every_writing_are_read() {
    let field = |field: Value| {
        let made = botcopy(json!({ "form": { "title": "F", "fields": [field] } }));
        made[0]["fields"][0].clone()
    };
    let single = field(json!({ "fieldType": "checkbox", "parameter": "ok", "label": "Yes" }));
    assert_eq!((&single["type"], &single["checked"]), (&json!("checkbox"), &json!(false)));
    let typed = field(json!({ "fieldType": "text", "type": "checkbox", "label": "ok" }));
    assert_eq!((&typed["type"], &typed["parameter"]), (&json!("checkbox"), &json!("ok")));
    let group = field(json!({ "fieldType": "radio", "groupLabel": "size",
        "radio": [{ "radioLabel": "Big", "selected": "true" }] }));
    assert_eq!((&group["parameter"], &group["label"]), (&json!("size"), &json!("size")));
    assert_eq!(group["options"], json!([{ "value": "Big", "label": "Big", "chosen": true }]));
    let area = field(json!({ "fieldType": "text", "parameter": "p", "multiline": "true",
        "rows": "5" }));
    assert_eq!((&area["rows"], &area["label"]), (&json!(5), &json!("p")));
    assert_eq!(field(json!({ "fieldType": "radio", "parameter": "p", "radio": [] })), Value::Null);
    let form = |more: Value| {
        let mut form = json!({ "title": "F", "fields": [{ "parameter": "p" }] });
        form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        botcopy(json!({ "form": form }))[0].clone()
    };
    let wall = form(json!({ "style": "wall", "force": true }));
    assert_eq!((&wall["style"], &wall["force"]), (&json!("wall"), &json!(true)));
    assert_eq!(form(json!({ "force": true })).get("force"), None);
    assert_eq!(form(json!({}))["action"], json!({ "type": "message", "text": "F" }));
    assert_eq!(botcopy(json!({ "form": { "title": "F", "fields": [] } })), json!([]));
}

#[test]
fn parts_of_a_group_belong_together() {
    let link = |url: &str| json!({ "type": "link", "url": url, "target": "tab" });
    let made = messenger(json!([
        { "type": "info", "title": "T", "subtitle": "S", "actionLink": "https://a.example/",
          "image": { "src": { "rawUrl": "https://a.example/i.png" } } },
        { "type": "button", "text": "Go", "event": { "name": "GO", "parameters": { "a": 1 } } },
        { "type": "divider" },
        { "type": "list", "title": "One", "subtitle": "s", "event": { "event": "ONE" } },
        { "type": "divider" },
        { "type": "list", "title": "Two" },
        { "type": "description", "title": "D", "text": ["a", "b"] },
        { "type": "accordion", "title": "A", "text": "body" },
        { "type": "chips", "options": [
            { "text": "C", "anchor": { "href": "https://c.example/" } }, { "text": "" } ] },
        { "type": "video", "title": "V", "source": { "rawUrl": "https://v.example/v.mp4" } },
        { "type": "match_citations", "citations": [
            { "title": "H", "subtitle": "Handbook", "actionLink": "https://h.example/" } ] },
        { "type": "unheard of", "title": "words", "html": "<b>" },
    ]));
    assert_eq!(
        made,
        json!([
            { "type": "card", "title": "T", "subtitle": "S", "action": link("https://a.example/"),
              "media": { "kind": "image", "url": "https://a.example/i.png" }, "buttons": [
                { "title": "Go", "action":
                    { "type": "event", "name": "GO", "parameters": { "a": 1 } } }] },
            { "type": "list", "items": [
                { "title": "One", "body": "s", "action": { "type": "event", "name": "ONE" } },
                { "title": "Two", "action": { "type": "message", "text": "Two" } }] },
            { "type": "text", "text": "D\na\nb" },
            { "type": "card", "title": "A", "body": "body" },
            { "type": "suggestions", "buttons":
                [{ "title": "C", "action": link("https://c.example/") }] },
            { "type": "media", "kind": "video", "url": "https://v.example/v.mp4", "title": "V" },
            { "type": "list", "items": [
                { "title": "H", "body": "Handbook", "action": link("https://h.example/") }] },
            { "type": "text", "text": "words" },
        ])
    );
}

#[test]
fn what_is_too_long_to_be_meant_is_left_out() {
    let long = "x".repeat(SAY_CHARS_MAX + 1);
    let replies = json!({ "quickReplies": { "quickReplies": [long, "A"] } });
    assert_eq!(json_of(&replies)[0]["buttons"].as_array().unwrap().len(), 1);
    let big = json!({ "message": { "type": "event", "command": "E",
        "parameters": { "p": "x".repeat(PARAMETERS_BYTES_MAX) } } });
    let card = botcopy(json!({ "card": { "title": "T", "action": big } }));
    assert_eq!(card, json!([{ "type": "card", "title": "T" }]));
}

const KEYS: [&str; 58] = [
    "text",
    "displayText",
    "ssml",
    "textToSpeech",
    "quickReplies",
    "suggestions",
    "card",
    "title",
    "subtitle",
    "body",
    "description",
    "image",
    "imageUri",
    "url",
    "alt",
    "action",
    "buttons",
    "message",
    "link",
    "location",
    "type",
    "command",
    "parameters",
    "target",
    "success",
    "error",
    "carousel",
    "list",
    "items",
    "form",
    "fields",
    "fieldType",
    "checkboxes",
    "radio",
    "select",
    "parameter",
    "label",
    "style",
    "rows",
    "multiline",
    "botCard",
    "botList",
    "bots",
    "id",
    "botcopy",
    "richContent",
    "payload",
    "options",
    "event",
    "tableCard",
    "columnProperties",
    "cells",
    "mediaContent",
    "mediaObjects",
    "contentUrl",
    "openUriAction",
    "uri",
    "postback",
];
const WORDS: [&str; 18] = [
    "",
    " ",
    "x",
    "wall",
    "event",
    "training",
    "checkbox",
    "radio",
    "chips",
    "info",
    "list",
    "button",
    "https://example.com/a.mp4",
    "javascript:alert(1)",
    "tel:1",
    "_self",
    "<speak>a",
    "ü",
];

/// Any JSON, mostly of the words that mean something here.
fn arbitrary() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => prop::sample::select(WORDS.to_vec()).prop_map(Value::from),
        1 => "\\PC{0,20}".prop_map(Value::from),
        1 => (1_000..9_000_usize).prop_map(|n| Value::from("é".repeat(n))),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(7, 400, 12, |inner| {
        let key = prop::sample::select(KEYS.to_vec());
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            // More of one thing than is ever shown.
            1 => (inner.clone(), 30..250_usize).prop_map(|(one, n)| Value::from(vec![one; n])),
            4 => prop::collection::vec((key, inner), 0..12).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

/// Walks what is written: every text, list and address within its limit.
fn assert_within(key: &str, value: &Value) {
    match value {
        Value::String(text) => {
            let max = match key {
                "url" | "poster" => ADDRESS_BYTES_MAX,
                "text" | "body" => TEXT_CHARS_MAX,
                "name" => EVENT_CHARS_MAX,
                _ => TITLE_CHARS_MAX,
            };
            assert!(text.chars().count() <= max, "{key} has {}", text.chars().count());
            if key == "url" || key == "poster" {
                let schemes = ["http://", "https://", "tel:", "mailto:"];
                assert!(schemes.iter().any(|scheme| text.starts_with(scheme)), "{text}");
            }
        }
        Value::Array(items) => {
            assert!(items.len() <= if key == "rows" { ROWS_MAX } else { COUNT_MAX }, "{key}");
            for item in items {
                assert_within(key, item);
            }
        }
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| *key != "parameters") {
                assert_within(key, value);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn whatever_a_bot_sends_becomes_the_form_within_its_limits(
        value in arbitrary(),
        kind in prop::sample::select(KEYS.to_vec()),
        payload in any::<bool>(),
    ) {
        let inner = json!({ kind: value });
        let message = if payload {
            json!({ "payload": { "botcopy": [inner], "richContent": [value] } })
        } else {
            inner
        };
        let made = elements(&message);
        let written = serde_json::to_value(&made).unwrap();
        assert_within("content", &written);
        let read: Vec<Element> = serde_json::from_value(written).unwrap();
        prop_assert_eq!(read, made);
        let response = json!({ "queryResult": { "responseMessages": [message] } });
        for shown in visible_messages(&response, "en") {
            prop_assert!(!shown.text.is_empty());
            prop_assert!(!content(&shown.text, shown.rich.as_ref()).is_empty());
        }
    }
}
