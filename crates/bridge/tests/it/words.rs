//! What platforms send is read as it was meant: the words of every kind of message of a bot, and
//! bodies that were written carelessly.

use reqwest::Method;
use serde_json::{Value, json};

use super::world::{TOKEN, World, step_one};

const SECRET: (&str, &str) = ("authorization", TOKEN);

/// The bot's lines in the transcript after a step one with this response and history.
async fn bot_lines(world: &World, user: &str, response: Value, history: Value) -> Vec<String> {
    let jane = world.sign_in("jane").await;
    let mut body = step_one(user);
    body["dialogflowResponse"] = response;
    body["messageHistory"] = history;
    assert_eq!(world.call(&[SECRET], &body).await.1["paused"], true);
    let chat = jane.chat(&jane.open_chat_of(user).await).await;
    let lines = chat["transcript"].as_array().unwrap().iter();
    let bot = lines.filter(|line| line["from"] == "bot");
    bot.map(|line| line["text"].as_str().unwrap().to_owned()).collect()
}

fn answer(messages: &Value) -> Value {
    json!({ "responseId": "r", "queryResult": {
        "fulfillmentText": "", "fulfillmentMessages": messages } })
}

#[tokio::test]
async fn every_kind_of_a_bots_message_has_words_in_the_transcript() {
    let world = World::start().await;
    for (n, (message, expected)) in [
        (
            json!({ "quickReplies": { "title": "Pick one", "quickReplies": ["Alpha", "Beta"] } }),
            "Pick one\nAlpha\nBeta",
        ),
        (
            json!({ "card": { "title": "Room", "subtitle": "big", "buttons": [
                { "text": "Plan", "postback": "https://example.org/plan" }] } }),
            "Room\nbig\nPlan: https://example.org/plan",
        ),
        (
            json!({ "listSelect": { "title": "List", "items": [
                { "title": "One", "description": "first" }] } }),
            "List\nOne\nfirst",
        ),
        (
            json!({ "image": { "imageUri": "https://h.example/i", "accessibilityText": "a cat" } }),
            "a cat",
        ),
        (json!({ "payload": { "richContent": [[{ "type": "info", "title": "Info" }]] } }), "Info"),
        (json!({ "payload": { "botcopy": [{ "suggestions": [{ "title": "Chip" }] }] } }), "Chip"),
        (
            json!({ "payload": { "platform": "kommunicate", "message": "Kom text", "metadata": {
                "payload": [{ "title": "Yes", "message": "yes" }] } } }),
            "Kom text\nYes",
        ),
        (
            json!({ "platform": "TELEGRAM", "payload": { "telegram": { "text": "Hi there",
                "reply_markup": { "keyboard": [["A"], ["B"]] } } } }),
            "Hi there\nA\nB",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let response = answer(&json!([message]));
        let lines = bot_lines(&world, &format!("a{n}"), response.clone(), json!([])).await;
        assert_eq!(lines, [expected], "{message} in the response");
        let history = json!([{ "_id": "1", "payload": response }]);
        let lines = bot_lines(&world, &format!("b{n}"), json!({}), history).await;
        assert_eq!(lines, [expected], "{message} in the history");
    }
}

#[tokio::test]
async fn a_careless_body_costs_no_message_and_is_told_apart_from_a_wrong_secret() {
    let world = World::start().await;
    let jane = world.sign_in("jane").await;
    let mut body = step_one("u1");
    body["queryInput"]["text"]["text"] = json!("HALF");
    let half = body.to_string().replace("HALF", "a \\ud83d person");
    let (status, answer) = world.call_raw("desk", &[SECRET], format!("\u{feff}{half}")).await;
    assert_eq!((status, &answer["paused"]), (200, &json!(true)));
    let id = jane.open_chat_of("u1").await;
    let transcript = jane.chat(&id).await["transcript"].to_string();
    assert!(transcript.contains("a \u{fffd} person"), "{transcript}");
    // The secret in the body is found there too.
    body["accessToken"] = json!(TOKEN);
    let half = body.to_string().replace("HALF", "\\ude00");
    assert_eq!(world.call_raw("desk", &[], format!("\u{feff}{half}")).await.0, 200);

    let broken = format!("{{\"accessToken\":\"{TOKEN}\",\"userId\":");
    let (status, answer) = world.call_raw("desk", &[SECRET], broken.clone()).await;
    assert_eq!((status, &answer["id"]), (400, &json!("invalid_body")));
    assert!(answer["detail"].as_str().unwrap().contains("line 1 column"), "{answer}");
    let (status, answer) = world.call_raw("desk", &[], broken).await;
    assert_eq!((status, &answer["id"]), (401, &json!("unauthorized")));
    let detail = answer["detail"].as_str().unwrap();
    assert!(detail.contains("could not be read") && detail.contains("line 1 column"), "{detail}");
}

#[tokio::test]
async fn ids_and_paths_that_no_store_can_hold_are_refused_with_a_reason() {
    let world = World::start().await;
    for user in ["u".repeat(3_000), "u\0".to_owned(), "u\u{fffd}".to_owned()] {
        let mut body = step_one("u1");
        body["userId"] = json!(user);
        let (status, answer) = world.call(&[SECRET], &body).await;
        assert_eq!((status, &answer["field"]), (400, &json!("userId")), "{answer}");
    }
    for path in ["handover/%ff", "connectors/%ff/events", "desk/api/chats/%00", "connectors/a/%ff"]
    {
        let url = format!("{}/{path}", world.url);
        for method in [Method::GET, Method::POST] {
            let answer = world.http.request(method, &url).send().await.unwrap();
            assert_eq!(answer.status(), 400, "{path}");
            let problem: Value = answer.json().await.unwrap();
            assert_eq!(problem["field"], "path", "{path}");
        }
    }
}
