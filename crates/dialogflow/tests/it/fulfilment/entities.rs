//! Entity values of one session.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use dialogflow::emulator;
use serde_json::json;
use tower::ServiceExt as _;

use super::*;
use crate::script::NOON;

fn entities(mode: &str, values: &[&str]) -> Value {
    let listed = |value: &&str| json!({ "value": value, "synonyms": [format!("{value} pie")] });
    json!({
        "name": format!("{SESSION}/entityTypes/topping"),
        "entityOverrideMode": format!("ENTITY_OVERRIDE_MODE_{mode}"),
        "entities": values.iter().map(listed).collect::<Vec<_>>(),
    })
}

/// The topping that was understood.
async fn ordered(visitor: &mut Visitor, text: &str) -> Value {
    let response = visitor.say(text, super::text("ok")).await;
    visitor.say("never mind", []).await;
    response["queryResult"]["parameters"]["topping"].clone()
}

#[tokio::test]
async fn values_are_added_for_the_session_and_replaced_in_it() {
    let mut visitor = Visitor::new();
    let special =
        |mode, values: &[&str]| answer(json!({ "sessionEntityTypes": [entities(mode, values)] }));
    visitor.say("what is today's special", special("SUPPLEMENT", &["white truffle"])).await;
    assert_eq!(ordered(&mut visitor, "one white truffle pie pizza please").await, "white truffle");
    assert_eq!(ordered(&mut visitor, "one salami pizza please").await, "salami");

    visitor.say("what is today's special", special("OVERRIDE", &["anchovy"])).await;
    assert_eq!(ordered(&mut visitor, "one anchovy pizza please").await, "anchovy");
    assert_eq!(ordered(&mut visitor, "order pizza with spinach").await, "");

    // Like contexts, they end after twenty minutes without a query.
    visitor.next.now += 21 * 60_000;
    assert_eq!(ordered(&mut visitor, "order pizza with spinach").await, "spinach");
}

#[tokio::test]
async fn a_client_sets_them_with_its_query() {
    let router = emulator::router(bot("pizza-orders"), Arc::new(|| NOON), None);
    let ask = async |text: &str, types: Value| {
        let body = json!({
            "queryInput": { "text": { "text": text, "languageCode": "en" } },
            "queryParams": { "sessionEntityTypes": types, "webhookHeaders": { "x": "y" } },
        });
        let request = Request::post(format!("/v2/{SESSION}:detectIntent"));
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice::<Value>(&body).unwrap())
    };
    let mut numbered = entities("SUPPLEMENT", &["anchovy"]);
    numbered["entityOverrideMode"] = json!(2);
    for (types, topping) in [(json!([numbered]), "anchovy"), (json!([]), "anchovy")] {
        let (status, answer) = ask("one anchovy pizza please", types).await;
        assert_eq!(
            (status, &answer["queryResult"]["parameters"]["topping"]),
            (200, &json!(topping))
        );
    }
    let mut unknown = entities("OVERRIDE", &[]);
    unknown["name"] = json!("x/entityTypes/drink");
    let (status, answer) = ask("hello", json!([unknown])).await;
    assert_eq!((status, &answer["error"]["status"]), (400, &json!("INVALID_ARGUMENT")));
    let (status, _) = ask("hello", json!([{ "name": 5 }])).await;
    assert_eq!(status, 400);
}
