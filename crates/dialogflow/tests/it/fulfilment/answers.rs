//! What the webhook is asked, and what its answer changes.

use dialogflow::{
    Edition,
    signal::{Signal, signals},
};
use serde_json::json;

use super::*;

#[tokio::test]
async fn the_request_is_the_answer_without_webhook_and_where_it_came_from() {
    let mut visitor = Visitor::new();
    visitor.next.payload = json!({ "page": "/menu" }).as_object().unwrap().clone();
    visitor.next.webhook_headers = vec![
        ("X-Shop".to_owned(), "graz".into()),
        ("authorization".to_owned(), "Bearer visitor".into()),
        ("Host".to_owned(), "evil.example".into()),
    ];
    let without = visitor.without_webhook("show me the menu");
    visitor.say("show me the menu", text("hi")).await;
    let [heard] = <[Heard; 1]>::try_from(visitor.heard()).ok().unwrap();
    assert_eq!(
        heard.body,
        json!({
            "responseId": without.response["responseId"],
            "queryResult": without.response["queryResult"],
            "originalDetectIntentRequest": { "payload": { "page": "/menu" } },
            "session": SESSION,
        })
    );
    let result = &heard.body["queryResult"];
    assert_eq!(result["intent"]["displayName"], "menu.show");
    assert_eq!(result["fulfillmentText"], "Margherita, salami and spinach.");
    assert_eq!(result["allRequiredParamsPresent"], true);
    let headers: Vec<(&str, &str)> =
        heard.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(headers, [("X-Shop", "graz"), ("authorization", "Bearer visitor")]);
    assert_eq!(heard.deadline, Duration::from_secs(5));
}

#[tokio::test]
async fn user_password_and_headers_of_the_export_go_along() {
    let mut visitor = Visitor::new();
    visitor.say("hello", text("hi")).await;
    let headers = visitor.heard().remove(0).headers;
    let login = ("authorization".to_owned(), "Basic a2l0Y2hlbjpkb3VnaA==".to_owned());
    assert_eq!(headers, [("x-shop".to_owned(), "vienna".to_owned()), login]);
}

#[tokio::test]
async fn a_text_takes_the_place_of_text_and_messages() {
    let response = Visitor::new().say("hello", text("Buona sera!")).await;
    let result = &response["queryResult"];
    assert_eq!(result["fulfillmentText"], "Buona sera!");
    assert_eq!(result["fulfillmentMessages"], json!([{ "text": { "text": ["Buona sera!"] } }]));
    assert_eq!(status(&response), SUCCESS);
    assert!(response["webhookStatus"].get("code").is_none());
    assert!(result["diagnosticInfo"]["webhook_latency_ms"].is_u64());
}

#[tokio::test]
async fn messages_of_every_kind_arrive_canonical() {
    let messages = json!([
        { "card": { "title": "Menu", "image_uri": "https://example.com/m.png",
                    "buttons": [{ "text": "Order", "postback": "order pizza" }] } },
        { "quickReplies": { "quickReplies": ["salami", "spinach"] }, "platform": 0 },
        { "payload": { "richContent": [[{ "type": "info" }]] }, "platform": "FACEBOOK" },
        { "text": { "text": ["Choose!"] } },
    ]);
    let reply = json!({
        "fulfillmentMessages": messages, "source": "kitchen",
        "payload": { "google": { "expectUserResponse": true } },
    });
    let response = Visitor::new().say("show me the menu", answer(reply)).await;
    let result = &response["queryResult"];
    assert_eq!(result["fulfillmentText"], "Choose!");
    assert_eq!(result["webhookSource"], "kitchen");
    assert_eq!(result["webhookPayload"]["google"]["expectUserResponse"], true);
    let said = &result["fulfillmentMessages"];
    assert_eq!(said[0]["card"]["imageUri"], "https://example.com/m.png");
    assert_eq!(said[1]["platform"], "PLATFORM_UNSPECIFIED");
    assert_eq!(said[2], messages[2]);
}

#[tokio::test]
async fn messages_without_text_leave_no_text_of_the_agent() {
    let reply = json!({ "fulfillmentMessages": [{ "image": { "imageUri": "https://x/y.png" } }] });
    let response = Visitor::new().say("hello", answer(reply)).await;
    assert!(response["queryResult"].get("fulfillmentText").is_none(), "{response}");
}

#[tokio::test]
async fn an_answer_without_messages_keeps_those_of_the_agent() {
    for reply in [json!({}), json!({ "fulfillmentText": "", "fulfillmentMessages": null })] {
        let response = Visitor::new().say("hello", answer(reply)).await;
        assert_eq!(said(&response), "Hello! The kitchen does not answer right now.");
        assert_eq!(status(&response), SUCCESS);
    }
}

#[tokio::test]
async fn an_intent_without_webhook_does_not_call_it() {
    let response = Visitor::new().say("asdf qwer", []).await;
    assert_eq!(said(&response), "Sorry, I only know about pizza.");
    assert!(response.get("webhookStatus").is_none());
}

#[tokio::test]
async fn contexts_are_set_overwritten_and_deleted() {
    let mut visitor = Visitor::new();
    let set = json!({ "outputContexts": [context("Order", 3, &json!({ "id": 7, "old": 1 }))] });
    let response = visitor.say("hello", answer(set)).await;
    assert_eq!(contexts(&response), [("order".to_owned(), 3)]);
    // `pizza.status` needs the context, so it is active in the next turn.
    let again = json!({ "outputContexts": [context("order", 9, &json!({ "id": 8 }))] });
    let response = visitor.say("where is my pizza", answer(again)).await;
    assert_eq!(response["queryResult"]["intent"]["displayName"], "pizza.status");
    let order = &response["queryResult"]["outputContexts"][0];
    assert_eq!((&order["lifespanCount"], &order["parameters"]), (&json!(9), &json!({ "id": 8 })));
    let gone = json!({ "outputContexts": [context("order", 0, &json!({}))] });
    let response = visitor.say("cancel my order", answer(gone)).await;
    assert_eq!(contexts(&response), []);
    let response = visitor.say("where is my pizza", []).await;
    assert_eq!(said(&response), "Sorry, I only know about pizza.");
}

#[tokio::test]
async fn only_the_service_sets_its_own_contexts() {
    let names = ["__system_counters__", "x_id_dialog_context", "x_dialog_params_size"];
    let own = names.map(|name| context(name, 5, &json!({})));
    let response = Visitor::new().say("hello", answer(json!({ "outputContexts": own }))).await;
    assert_eq!((contexts(&response), status(&response)), (vec![], SUCCESS));
}

#[tokio::test]
async fn a_webhook_can_hand_over_and_end() {
    let reply = json!({ "fulfillmentText": "One moment", "liveAgentHandoff": true });
    let response = Visitor::new().say("hello", answer(reply)).await;
    assert!(signals(&response, Edition::Es).contains(&Signal::Handoff), "{response}");
    for ending in ["endInteraction", "triggerEndOfConversation"] {
        let reply = json!({ "fulfillmentText": "Bye", ending: true });
        let response = Visitor::new().say("hello", answer(reply)).await;
        assert!(signals(&response, Edition::Es).contains(&Signal::End), "{response}");
    }
}
