//! A webhook during slot filling.

use serde_json::json;

use super::*;

fn asked(response: &Value) -> bool {
    response["queryResult"].get("allRequiredParamsPresent").is_none()
}

#[tokio::test]
async fn every_prompt_goes_through_the_webhook() {
    let mut visitor = Visitor::new();
    let response = visitor.say("I want to order a pizza", text("Topping, please?")).await;
    assert_eq!((said(&response), asked(&response)), ("Topping, please?", true));
    let heard = visitor.heard().remove(0).body;
    let result = &heard["queryResult"];
    assert!(result.get("allRequiredParamsPresent").is_none(), "{result}");
    assert_eq!(result["fulfillmentText"], "Which topping?");
    assert_eq!(result["parameters"], json!({ "topping": "", "size": "" }));
    let names: Vec<String> = contexts(&heard).into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"pizza_order_dialog_params_topping".to_owned()), "{names:?}");

    // Without a text of the webhook, the agent's own prompt is asked.
    let response = visitor.say("salami", answer(json!({}))).await;
    assert_eq!((said(&response), asked(&response)), ("Small or large?", true));
    let response = visitor.say("large", text("Done.")).await;
    assert_eq!((said(&response), asked(&response)), ("Done.", false));
    assert_eq!(
        response["queryResult"]["parameters"],
        json!({ "topping": "salami", "size": "large" })
    );
}

#[tokio::test]
async fn a_failed_call_asks_the_agents_prompt() {
    let mut visitor = Visitor::new();
    let response = visitor.say("I want to order a pizza", [Act::Raw(500, vec![])]).await;
    assert_eq!((said(&response), status(&response).0), ("Which topping?", 14));
    let response = visitor.say("salami", [Act::Raw(500, vec![])]).await;
    assert_eq!(said(&response), "Small or large?");
}

/// The contexts of the dialog as the webhook got them, with other values.
fn changed(visitor: &Visitor, lifespan: i64, parameters: &Value) -> Value {
    let heard = visitor.heard().remove(0).body;
    let names = contexts(&heard).into_iter().map(|(name, _)| name);
    let all: Vec<Value> = names.map(|name| context(&name, lifespan, parameters)).collect();
    json!({ "outputContexts": all })
}

#[tokio::test]
async fn a_webhook_can_take_back_a_value() {
    let mut visitor = Visitor::new();
    visitor.say("one salami pizza please", text("Small or large?")).await;
    let reply = changed(&visitor, 2, &json!({ "topping": "", "size": "large" }));
    let response = visitor.say("well", answer(reply)).await;
    assert_eq!(response["queryResult"]["parameters"], json!({ "topping": "", "size": "large" }));
    let response = visitor.say("spinach", text("Done.")).await;
    assert_eq!((said(&response), asked(&response)), ("Done.", false));
    assert_eq!(response["queryResult"]["parameters"]["topping"], "spinach");
    assert_eq!(contexts(&response), [("order".to_owned(), 5)]);
}

#[tokio::test]
async fn a_webhook_can_end_slot_filling() {
    let mut visitor = Visitor::new();
    visitor.say("I want to order a pizza", text("Topping?")).await;
    let reply = changed(&visitor, 0, &json!({}));
    let response = visitor.say("well", answer(reply)).await;
    assert_eq!(response["queryResult"]["cancelsSlotFilling"], true);
    assert_eq!(contexts(&response), []);
    let response = visitor.say("asdf", []).await;
    assert_eq!(said(&response), "Sorry, I only know about pizza.");
}

#[tokio::test]
async fn a_visitor_who_cancels_is_not_sent_to_the_webhook() {
    let mut visitor = Visitor::new();
    visitor.say("I want to order a pizza", text("Topping?")).await;
    let response = visitor.say("never mind", []).await;
    assert_eq!(response["queryResult"]["cancelsSlotFilling"], true);
}
