//! Follow-up events: a webhook names an event, and its intent is matched in the same turn.

use serde_json::json;

use super::*;

fn event(name: &str) -> Act {
    Act::Answer(json!({
        "fulfillmentText": "never said",
        "followupEventInput": {
            "name": name, "languageCode": "en", "parameters": { "opens": "five" },
        },
    }))
}

#[tokio::test]
async fn the_intent_of_the_event_answers() {
    let mut visitor = Visitor::new();
    let response = visitor.say("do you deliver tonight", [event("SHOP_CLOSED")]).await;
    let result = &response["queryResult"];
    assert_eq!(said(&response), "We are closed and open again at five.");
    assert_eq!(result["intent"]["displayName"], "delivery.closed");
    assert_eq!(result["action"], "delivery.closed");
    assert_eq!(result["parameters"], json!({ "opens": "five" }));
    assert_eq!(result["queryText"], "SHOP_CLOSED");
    assert_eq!(status(&response), SUCCESS);
}

#[tokio::test]
async fn contexts_beside_an_event_are_set_before_it() {
    let reply = json!({
        "outputContexts": [context("order", 4, &json!({}))],
        "followupEventInput": { "name": "shop_closed" },
    });
    let response = Visitor::new().say("can you deliver now", answer(reply)).await;
    assert!(contexts(&response).contains(&("order".to_owned(), 4)), "{response}");
}

#[tokio::test]
async fn a_turn_matches_three_intents_at_most() {
    let mut visitor = Visitor::new();
    let again = || event("OVEN_AGAIN");
    let acts = [again(), again(), text("Hot!").into_iter().next().unwrap()];
    let response = visitor.say("check the oven", acts).await;
    assert_eq!((said(&response), status(&response)), ("Hot!", SUCCESS));
    assert_eq!(visitor.heard().len(), 3);

    let response = visitor.say("check the oven", [again(), again(), again()]).await;
    assert_eq!(said(&response), "The oven is being checked.");
    let (code, why) = status(&response);
    assert!(code == 3 && why.contains("More than 2 follow-up events"), "{why}");
    let names: Vec<Value> = visitor
        .heard()
        .iter()
        .map(|heard| heard.body["queryResult"]["queryText"].clone())
        .collect();
    assert_eq!(names, ["check the oven", "OVEN_AGAIN", "OVEN_AGAIN"]);
}

#[tokio::test]
async fn the_calls_of_a_turn_share_its_time() {
    let patience = Patience { call: Duration::from_millis(60), turn: Duration::from_millis(90) };
    let mut visitor = Visitor::with(patience);
    let response = visitor.say("check the oven", [event("OVEN_AGAIN"), Act::Hang]).await;
    assert_eq!(status(&response).0, 4);
    let slow = visitor.heard();
    assert_eq!(slow[0].deadline, patience.call);
    // The first call took nearly no time.
    assert!(slow[1].deadline <= patience.call);

    let patience = Patience { call: Duration::from_secs(5), turn: Duration::ZERO };
    let mut visitor = Visitor::with(patience);
    let response = visitor.say("check the oven", [Act::Hang]).await;
    assert_eq!(status(&response).0, 4);
    assert_eq!(visitor.heard()[0].deadline, Duration::ZERO);
}
