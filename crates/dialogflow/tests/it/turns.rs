//! Turns that the bundled exports do not have: replies during slot filling, events without an
//! intent, values that refer to themselves.

use dialogflow::{Input, local::LocalBot};
use serde_json::{Value, json};

use crate::{
    entities::{bot, check},
    script::query,
};

/// An intent with two cities, both required, and phrases with both, or with one.
fn trip() -> LocalBot {
    bot(&[trip_intent()], &[cities()])
}

fn cities() -> Value {
    let cities = ["Berlin", "Hamburg", "Munich", "Rome"].map(|name| json!({ "value": name }));
    json!({ "name": "city", "entries": cities })
}

fn trip_intent() -> Value {
    let city = |text: &str, alias: &str| json!({ "text": text, "meta": "@city", "alias": alias });
    let parameter = |name: &str| {
        json!({ "name": name, "dataType": "@city", "value": format!("${name}"), "required": true,
                "prompts": [format!("{name}?")] })
    };
    json!({
        "id": "trip", "name": "trip",
        "userSays": [
            { "data": [{ "text": "I will go from " }, city("Berlin", "from"), { "text": " to " },
                       city("Hamburg", "to")] },
            { "data": [{ "text": "trip from " }, city("Munich", "from"), { "text": " to " },
                       city("Rome", "to")] },
            { "data": [{ "text": "I need a trip from " }, city("Berlin", "from")] },
        ],
        "responses": [{
            "parameters": [parameter("from"), parameter("to")],
            "messages": [{ "type": 0, "speech": "from $from to $to" }]
        }]
    })
}

/// F9.
#[test]
fn a_reply_to_a_prompt_does_not_replace_what_is_filled() {
    for reply in ["Hamburg", "to Hamburg", "Hamburg please", "I think to Hamburg"] {
        let script = format!(
            r#"
            > trip from Munich
            = trip 1.00
            : to?
            # trip_id_dialog_context 2
            # trip_dialog_context 2
            # trip_dialog_params_to 1
            $ from "Munich"
            $ to ""
            ?
            > {reply}
            = trip 1.00
            : from Munich to Hamburg
            $ from "Munich"
            $ to "Hamburg"
        "#
        );
        let confident = script.replacen("= trip 1.00", "= trip 0.90", 1);
        let bot = trip();
        // The first match is a similar one; how similar does not matter here.
        let first = bot.answer(&query(Input::Text("trip from Munich".to_owned()), "en")).unwrap();
        let value = first.response["queryResult"]["intentDetectionConfidence"].as_f64().unwrap();
        check(&bot, &confident.replacen("0.90", &format!("{value:.2}"), 1));
    }
}

/// F9: nor does a reply that answers nothing.
#[test]
fn a_reply_to_another_prompt_does_not_replace_what_is_filled() {
    let mut trip = trip_intent();
    let day = json!({ "name": "day", "dataType": "@sys.date", "value": "$day", "required": true,
                      "prompts": ["When?"] });
    trip["responses"][0]["parameters"].as_array_mut().unwrap().push(day);
    let bot = bot(&[trip], &[cities()]);
    let mut next = query(Input::Text("trip from Munich to Rome".into()), "en");
    next.memory = bot.answer(&next).unwrap().memory;
    next.input = Input::Text("Hamburg".into());
    let answer = bot.answer(&next).unwrap().response;
    let parameters = &answer["queryResult"]["parameters"];
    assert_eq!((&parameters["from"], &parameters["to"]), (&json!("Munich"), &json!("Rome")));
    assert_eq!(answer["queryResult"]["fulfillmentText"], "When?");
}

/// F9: a clear sentence of the same intent does correct it.
#[test]
fn a_whole_sentence_corrects_what_is_filled() {
    let bot = trip();
    let first = bot.answer(&query(Input::Text("I need a trip from Berlin".into()), "en")).unwrap();
    let mut next = query(Input::Text("I will go from Munich to Rome".into()), "en");
    next.memory = first.memory;
    let answer = bot.answer(&next).unwrap().response;
    assert_eq!(answer["queryResult"]["fulfillmentText"], "from Munich to Rome");
}

fn fallback() -> Value {
    json!({
        "id": "f", "name": "sorry", "fallbackIntent": true,
        "responses": [{ "messages": [{ "type": 0, "speech": "Sorry?" }] }]
    })
}

/// F11.
#[test]
fn an_event_without_an_intent_goes_to_the_fallback() {
    let unreachable = json!({
        "id": "u", "name": "buy", "contexts": ["shop"], "events": [{ "name": "BUY" }],
        "responses": [{ "messages": [{ "type": 0, "speech": "Bought." }] }]
    });
    let never = json!({
        "id": "n", "name": "never", "priority": -1, "events": [{ "name": "NEVER" }],
        "responses": [{ "messages": [{ "type": 0, "speech": "Never." }] }]
    });
    check(
        &bot(&[unreachable, never, fallback()], &[]),
        "
        ! PRESSED
        = sorry 1.00
        : Sorry?
        # pressed 0
        ! BUY
        = sorry 1.00
        : Sorry?
        # buy 0
        @ shop 2
        ! buy
        = buy 1.00
        : Bought.
        # shop 1
        # buy 0
        ! never
        = sorry 1.00
        : Sorry?
        # shop 0
        # never 0
        ! WELCOME
        = -
        # welcome 0
    ",
    );
    check(
        &bot(&[], &[]),
        "
        ! PRESSED
        = -
        # pressed 0
    ",
    );
}

/// A parameter that refers twice to itself does not grow without end, in a turn or over turns.
#[test]
fn values_that_refer_to_themselves_stay_small() {
    let twice = |name: &str, of: &str| json!({ "name": name, "value": format!("{of} {of}") });
    let mut parameters = vec![twice("x", "#c.x")];
    parameters.extend((0..40).map(|n| match n {
        0 => twice("y0", "$x"),
        n => twice(&format!("y{n}"), &format!("$y{}", n - 1)),
    }));
    let grow = json!({
        "id": "g", "name": "grow", "userSays": [{ "data": [{ "text": "grow" }] }],
        "responses": [{
            "affectedContexts": [{ "name": "c", "lifespan": 5 }],
            "parameters": parameters,
            "messages": [{ "type": 0, "speech": "$x" }]
        }]
    });
    let bot = bot(&[grow], &[]);
    let mut next = query(Input::Text("grow".to_owned()), "en");
    let parameters = json!({ "x": "seed" }).as_object().unwrap().clone();
    next.contexts.push(dialogflow::Context { name: "c".to_owned(), lifespan: 5, parameters });
    for _ in 0..60 {
        let answer = bot.answer(&next).unwrap();
        next.contexts.clear();
        next.memory = answer.memory;
        assert!(next.memory.as_ref().unwrap().len() < 100_000);
        assert!(answer.response.to_string().len() < 2_000_000);
    }
}
