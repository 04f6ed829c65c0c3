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
use crate::{entities::bot as bot_of, script::NOON};

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

/// Values of the session in an entity that is composed of others, and in one that may be misspelt.
#[tokio::test]
async fn values_of_the_session_are_composed_and_may_be_misspelt() {
    let mut order =
        json!({ "name": "order", "entries": [{ "value": "@sys.number:count @dish:dish" }] });
    order["isEnum"] = json!(true);
    let mut dish = json!({ "name": "dish", "entries": [{ "value": "lasagne" }] });
    dish["allowFuzzyExtraction"] = json!(true);
    let take = json!({
        "id": "take", "name": "take",
        "userSays": [{ "isTemplate": true, "data": [{ "text": "i take @order:x" }] },
                     { "isTemplate": true, "data": [{ "text": "bring @dish:y" }] }],
        "responses": [{
            "parameters": [{ "name": "x", "dataType": "@order", "value": "$x" },
                           { "name": "y", "dataType": "@dish", "value": "$y" }],
            "messages": [{ "type": 0, "speech": "got it" }]
        }]
    });
    let router = emulator::router(bot_of(&[take], &[order, dish]), Arc::new(|| NOON), None);
    let typed = |name: &str, mode: &str, value: &str| {
        json!({
            "name": format!("{SESSION}/entityTypes/{name}"),
            "entityOverrideMode": format!("ENTITY_OVERRIDE_MODE_{mode}"),
            "entities": [{ "value": value, "synonyms": [value] }],
        })
    };
    let more = |value| json!([typed("dish", "SUPPLEMENT", value)]);
    let other = json!([typed("dish", "OVERRIDE", "parmigiana")]);
    let pair = json!([typed("order", "SUPPLEMENT", "@dish:dish for @sys.duration:after")]);
    let own = json!([typed("order", "OVERRIDE", "the usual")]);
    for (text, types, x, y) in [
        (
            "i take two parmigiana",
            more("parmigiana"),
            json!({ "count": 2, "dish": "parmigiana" }),
            json!(""),
        ),
        (
            "i take two parmigana",
            more("parmigiana"),
            json!({ "count": 2, "dish": "parmigiana" }),
            json!(""),
        ),
        ("bring parmigania", more("parmigiana"), json!(""), json!("parmigiana")),
        ("bring lasagna", more("parmigiana"), json!(""), json!("lasagne")),
        ("bring parm", more("parmigiana"), json!(""), json!("")),
        ("i take two lasagne", other, json!(""), json!("")),
        (
            "i take lasagne for 2 hours",
            pair,
            json!({ "dish": "lasagne", "after": { "amount": 2, "unit": "h" } }),
            json!(""),
        ),
        ("i take two lasagne", own, json!(""), json!("")),
    ] {
        let body = json!({
            "queryInput": { "text": { "text": text, "languageCode": "en" } },
            "queryParams": { "sessionEntityTypes": types, "resetContexts": false },
        });
        let session = format!("{SESSION}-{}", text.len() * 31 + types.to_string().len());
        let request = Request::post(format!("/v2/{session}:detectIntent"));
        let request = request.body(Body::from(body.to_string())).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        let result = &answer["queryResult"]["parameters"];
        let value = |name: &str| result.get(name).cloned().unwrap_or(json!(""));
        assert_eq!((value("x"), value("y")), (x, y), "{text}: {types} {answer}");
    }
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
