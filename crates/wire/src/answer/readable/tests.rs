use serde_json::json;

use super::*;

/// The public shapes of other integrations: what is said first, then what may be pressed.
fn check(cases: impl IntoIterator<Item = (Value, &'static [&'static str])>) {
    for (payload, expected) in cases {
        assert_eq!(lines(&payload), expected, "{payload}");
        // The same as a client without an order of names writes it.
        let sorted: std::collections::BTreeMap<String, Value> =
            serde_json::from_value(payload.clone()).unwrap();
        let sorted = lines(&serde_json::to_value(sorted).unwrap());
        assert_eq!(sorted.len(), expected.len(), "{payload}");
    }
}

#[test]
fn slack_kommunicate_and_facebook() {
    check([
        (
            json!({ "platform": "kommunicate", "message": "Kom text", "metadata": { "payload": [
                { "title": "Yes", "message": "yes" }] } }),
            &["Kom text", "Yes"][..],
        ),
        (
            json!({ "metadata": { "contentType": "300", "templateId": "6", "payload": [
                { "title": "Yes", "message": "Cool! send me more." },
                { "title": "No", "message": "Not at all" }] },
                "platform": "kommunicate", "message": "Do you want more updates?" }),
            &["Do you want more updates?", "Yes", "No"],
        ),
        (
            json!({ "message": "Rooms", "metadata": { "templateId": "10", "payload": [{
                "title": "OYO", "subtitle": "Kundalahalli", "description": "Bangalore",
                "header": { "overlayText": "$80", "imgSrc": "https://i.example/1.png" },
                "buttons": [{ "name": "Link", "action": { "type": "link",
                    "payload": { "url": "https://www.example.com" } } }] }] } }),
            &["Rooms", "OYO", "Kundalahalli", "Bangalore", "Link: https://www.example.com"],
        ),
        (
            json!({ "message": "List", "metadata": { "payload": { "headerText": "Header",
                "elements": [{ "title": "One", "description": "first", "imgSrc": "https://i/1" }],
                "buttons": [{ "name": "More", "action": { "type": "quick_reply" } }] } } }),
            &["List", "Header", "One", "first", "More"],
        ),
        (
            json!({ "slack": { "blocks": [
                { "type": "section", "text": { "type": "mrkdwn", "text": "Slack text" } }] } }),
            &["Slack text"],
        ),
        (
            json!({ "slack": { "blocks": [
                { "type": "header", "text": { "type": "plain_text", "text": "Head" } },
                { "type": "section", "text": { "type": "mrkdwn", "text": "Well?" },
                  "accessory": { "type": "button", "value": "v", "action_id": "a",
                    "text": { "type": "plain_text", "text": "Go" } } },
                { "type": "image", "image_url": "https://i.example/c.png", "alt_text": "a cat" },
                { "type": "rich_text", "elements": [{ "type": "rich_text_section", "elements": [
                    { "type": "text", "text": "rich" }] }] },
                { "type": "actions", "elements": [
                    { "type": "button", "text": { "type": "plain_text", "text": "Yes" } }] }] } }),
            &["Head", "Well?", "Go", "a cat", "rich", "Yes"],
        ),
        (
            json!({ "slack": { "text": "Main", "attachments": [{ "fallback": "no buttons",
                "text": "Choose", "callback_id": "c", "actions": [
                    { "name": "game", "text": "Chess", "type": "button", "value": "chess" }],
                "fields": [{ "title": "Priority", "value": "High", "short": false }] }] } }),
            &["Main", "Choose", "Priority: High", "Chess"],
        ),
        (
            json!({ "facebook": { "text": "Color?", "quick_replies": [
                { "content_type": "text", "title": "Red", "payload": "PICK_RED" }] } }),
            &["Color?", "Red"],
        ),
        (
            json!({ "facebook": { "attachment": { "type": "template", "payload": {
                "template_type": "generic", "elements": [{ "title": "Welcome", "subtitle": "Hats",
                    "image_url": "https://i.example/hat.png", "buttons": [
                        { "type": "web_url", "url": "https://s.example/", "title": "View" },
                        { "type": "postback", "title": "Chat", "payload": "START" }] }] } } } }),
            &["Welcome", "Hats", "View: https://s.example/", "Chat"],
        ),
        (
            json!({ "facebook": { "attachment": { "type": "image",
                "payload": { "url": "https://i.example/only.png" } } } }),
            &["https://i.example/only.png"],
        ),
    ]);
}

#[test]
fn telegram_line_viber_kik_and_twilio() {
    check([
        (
            json!({ "telegram": { "text": "Pick", "parse_mode": "Markdown", "reply_markup": {
                "keyboard": [["Red"], ["Blue", { "text": "Green" }]] } } }),
            &["Pick", "Red", "Blue", "Green"][..],
        ),
        (
            json!({ "telegram": { "photo": "https://i.example/p.png", "caption": "A photo",
                "reply_markup": { "inline_keyboard": [[
                    { "text": "Buy", "callback_data": "buy" }]] } } }),
            &["A photo", "Buy"],
        ),
        (
            json!({ "line": { "type": "template", "altText": "a menu", "template": {
                "type": "buttons", "title": "Menu", "text": "Please select", "actions": [
                    { "type": "message", "label": "Yes", "text": "yes" },
                    { "type": "uri", "label": "View", "uri": "https://l.example/" }] } } }),
            &["Menu", "Please select", "Yes", "View: https://l.example/"],
        ),
        (
            json!({ "line": { "type": "text", "text": "Hi", "quickReply": { "items": [
                { "type": "action", "action": {
                    "type": "message", "label": "A", "text": "a" } }] } } }),
            &["Hi", "A"],
        ),
        (
            json!({ "line": { "type": "flex", "altText": "flex", "contents": { "type": "bubble",
                "footer": { "type": "box", "contents": [{ "type": "button", "action": {
                    "type": "uri", "label": "Go", "uri": "https://l.example/go" } }] },
                "body": { "type": "box", "contents": [{ "type": "text", "text": "Body" }] } } } }),
            &["Body", "Go: https://l.example/go"],
        ),
        (
            json!({ "viber": { "type": "text", "text": "Viber", "keyboard": { "Type": "keyboard",
                "Buttons": [{ "ActionType": "reply", "ActionBody": "r", "Text": "Key" }] } } }),
            &["Viber", "Key"],
        ),
        (
            json!({ "kik": { "type": "text", "body": "Kik", "keyboards": [{ "type": "suggested",
                "responses": [{ "type": "text", "body": "OK" }] }] } }),
            &["Kik", "OK"],
        ),
        (json!({ "twilio": { "body": "SMS", "mediaUrl": ["https://i/1"] } }), &["SMS"]),
        (
            json!({ "types": { "twilio/quick-reply": { "body": "Sure?", "actions": [
                { "title": "Yes", "id": "yes_id" }] } } }),
            &["Sure?", "Yes"],
        ),
    ]);
}

#[test]
fn whatsapp_google_and_microsoft() {
    check([
        (
            json!({ "whatsapp": { "type": "interactive", "interactive": { "type": "button",
                "header": { "type": "text", "text": "H" }, "body": { "text": "B" },
                "footer": { "text": "F" }, "action": { "buttons": [
                    { "type": "reply", "reply": { "id": "1", "title": "Yes" } }] } } } }),
            &["H", "B", "F", "Yes"][..],
        ),
        (
            json!({ "interactive": { "type": "list", "body": { "text": "Menu?" }, "action": {
                "button": "Open", "sections": [{ "title": "Food", "rows": [
                    { "id": "1", "title": "Pizza", "description": "hot" }] }] } } }),
            &["Menu?", "Open", "Food", "Pizza", "hot"],
        ),
        (json!({ "type": "text", "text": { "body": "hello", "preview_url": false } }), &["hello"]),
        (
            json!({ "hangouts": { "header": { "title": "Card", "subtitle": "sub" }, "sections": [
                { "widgets": [{ "textParagraph": { "text": "para" } },
                    { "keyValue": { "topLabel": "Order", "content": "12345" } },
                    { "buttons": [{ "textButton": { "text": "OPEN", "onClick": {
                        "openLink": { "url": "https://g.example/" } } } }] }] }] } }),
            &["Card", "sub", "para", "Order", "12345", "OPEN: https://g.example/"],
        ),
        (
            json!({ "cardsV2": [{ "cardId": "c", "card": { "sections": [{
                "header": "S", "widgets": [
                { "decoratedText": { "text": "deco" } },
                { "buttonList": { "buttons": [{ "text": "Press" }] } }] }] } }] }),
            &["S", "deco", "Press"],
        ),
        (
            json!({ "google": { "expectUserResponse": true, "richResponse": { "items": [
                { "simpleResponse": { "textToSpeech": "said", "displayText": "shown" } },
                { "simpleResponse": { "textToSpeech": "only said" } }],
                "suggestions": [{ "title": "Chip" }] } } }),
            &["shown", "only said", "Chip"],
        ),
        (
            json!({ "skype": { "type": "message", "attachments": [{
                "contentType": "application/vnd.microsoft.card.hero", "content": {
                    "title": "Hero", "text": "card", "images": [{ "url": "https://i/1" }],
                    "buttons": [{ "type": "imBack", "title": "Yes", "value": "yes" }] } }],
                "suggestedActions": { "to": ["u1"], "actions": [
                    { "type": "imBack", "title": "Blue", "value": "blue" }] } } }),
            &["Hero", "card", "Yes", "Blue"],
        ),
        (
            json!({ "type": "AdaptiveCard", "actions": [
                { "type": "Action.Submit", "title": "Send", "data": { "x": "y" } },
                { "type": "Action.OpenUrl", "title": "Open", "url": "https://m.example/" }],
                "body": [{ "type": "TextBlock", "text": "Adaptive" },
                    { "type": "FactSet", "facts": [{ "title": "Total:", "value": "5 €" }] },
                    { "type": "ColumnSet", "columns": [{ "items": [
                        { "type": "TextBlock", "text": "Column" }] }] },
                    { "type": "Input.ChoiceSet", "id": "c", "choices": [
                        { "title": "Red", "value": "1" }] }], "fallbackText": "no cards" }),
            &["Adaptive", "Total: 5 €", "Column", "Red", "Send", "Open: https://m.example/"],
        ),
        (
            json!({ "contentMessage": { "text": "RCS", "suggestions": [
                { "reply": { "text": "Reply", "postbackData": "p" } },
                { "action": { "text": "Web", "openUrlAction": {
                    "url": "https://r.example/" } } }] } }),
            &["RCS", "Reply", "Web: https://r.example/"],
        ),
    ]);
}

#[test]
fn shapes_that_no_vendor_has() {
    check([
        (json!({ "content": "Main", "buttons": ["A", "B"] }), &["Main", "A", "B"][..]),
        (json!({ "buttons": [{ "value": "Red" }], "text": "Pick" }), &["Pick", "Red"]),
        (json!({ "custom": { "headline": "Big news today" } }), &["Big news today"]),
        (json!({ "say": "Hello!" }), &["Hello!"]),
        (json!({ "say": "สวัสดี" }), &["สวัสดี"]),
        (json!({ "text": "a", "message": "a", "body": " a " }), &["a"]),
        (json!({ "doSomething": true, "n": 7 }), &[]),
        (json!({ "command": "open_ticket", "type": "Container", "id": "Abc" }), &[]),
        (json!({ "actions": ["open_ticket"], "action": "transfer" }), &[]),
    ]);
    let deep = |n: usize| (0..n).fold(json!("words"), |inner, _| json!({ "text": inner }));
    assert_eq!(lines(&deep(5)), ["words"]);
    assert_eq!(lines(&deep(100)), Vec::<String>::new());
    let file = json!({ "content": "A".repeat(10_000), "title": "A file" });
    assert_eq!(lines(&file), ["A file"]);
    let many: Vec<Value> = (0..1_000).map(|n| json!({ "text": n.to_string() })).collect();
    assert_eq!(lines(&json!(many)).len(), LINES_MAX);
}

/// Channels whose payloads were not looked at before.
#[test]
fn viber_line_telegram_whatsapp_rcs_and_google_chat() {
    check([
        (
            json!({ "viber": { "type": "rich_media", "rich_media": { "Type": "rich_media",
                "Buttons": [{ "Columns": 6, "Text": "Buy now", "ActionType": "reply",
                    "ActionBody": "buy" }] } } }),
            &["Buy now"][..],
        ),
        (
            json!({ "line": { "type": "flex", "altText": "Receipt", "contents": { "type": "bubble",
                "body": { "type": "box", "layout": "vertical", "contents": [
                    { "type": "text", "text": "Total 5 €", "weight": "bold" }] } } } }),
            &["Total 5 €"],
        ),
        (
            json!({ "telegram": { "text": "Pick one", "parse_mode": "HTML", "reply_markup": {
                "inline_keyboard": [[{ "text": "A", "callback_data": "a" }]] } } }),
            &["Pick one", "A"],
        ),
        (
            json!({ "interactive": { "type": "list", "header": { "type": "text", "text": "H" },
                "body": { "text": "B" }, "footer": { "text": "F" }, "action": { "button": "Open",
                    "sections": [{ "title": "S", "rows": [
                        { "id": "1", "title": "R1", "description": "D1" }] }] } } }),
            &["H", "B", "F", "Open", "S", "R1", "D1"],
        ),
        (
            json!({ "rcs": { "contentMessage": { "richCard": { "standaloneCard": { "cardContent": {
                "title": "T", "description": "D", "suggestions": [
                    { "reply": { "text": "Yes", "postbackData": "y" } }] } } } } } }),
            &["T", "D", "Yes"],
        ),
        (
            json!({ "cardsV2": [{ "cardId": "c", "card": { "header": { "title": "T" },
                "sections": [{ "widgets": [
                    { "decoratedText": { "topLabel": "L", "text": "V" } },
                    { "buttonList": { "buttons": [{ "text": "Go", "onClick": { "openLink": {
                        "url": "https://a.example/" } } }] } }] }] } }] }),
            &["T", "L", "V", "Go: https://a.example/"],
        ),
        (
            json!({ "type": "carousel", "items": [{ "title": "T", "description": "D",
                "actions": [{ "type": "link", "text": "Open", "uri": "https://a.example/" }] }] }),
            &["T", "D", "Open: https://a.example/"],
        ),
    ]);
}
