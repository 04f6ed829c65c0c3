//! The emulator with requests that Google's clients never send.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use dialogflow::emulator;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::script::{NOON, bot};

const SESSION: &str = "/v2/projects/demo/agent/sessions/s-1";

fn emulate(agent: &str, key: Option<&str>) -> Router {
    emulator::router(bot(agent), Arc::new(|| NOON), key.map(Into::into))
}

async fn send(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn call(router: &Router, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(path);
    send(router, request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn detect(router: &Router, body: &Value) -> (StatusCode, Value) {
    call(router, "POST", &format!("{SESSION}:detectIntent"), &body.to_string()).await
}

fn hello() -> Value {
    json!({ "queryInput": { "text": { "text": "talk to a person", "languageCode": "en" } } })
}

#[tokio::test]
async fn errors_have_googles_shape() {
    let router = emulate("handoff-demo", None);
    let detect = |id: &str| format!("/v2/projects/demo/agent/sessions/{id}:detectIntent");
    let text = |text: &str| json!({ "text": text, "languageCode": "en" });
    let long = json!({ "queryInput": { "text": text(&"x".repeat(257)) } }).to_string();
    let two = json!({ "queryInput": { "text": text("a"), "event": { "name": "E" } } }).to_string();
    let no_language = json!({ "queryInput": { "text": { "text": "a" } } }).to_string();
    let number = json!({ "queryInput": { "text": { "text": 7, "languageCode": "en" } } });
    let unknown = json!({ "queryInput": { "text": text("a") }, "colour": 1 }).to_string();
    let list = json!({ "queryInput": ["a"] }).to_string();
    let speech = json!({ "queryInput": { "audioConfig": {} } }).to_string();
    let context = json!({ "queryInput": { "text": text("a") },
        "queryParams": { "contexts": [{ "name": "bare", "lifespanCount": 1 }] } });
    let huge = json!({ "queryInput": { "text": text(&"x".repeat(2 << 20)) } }).to_string();
    let good = hello().to_string();
    let cases: Vec<(&str, String, String, u16, &str, &str)> = vec![
        ("POST", detect("s"), long, 400, "INVALID_ARGUMENT", "256"),
        ("POST", detect("s"), two, 400, "INVALID_ARGUMENT", "already set"),
        ("POST", detect("s"), no_language, 400, "INVALID_ARGUMENT", "language"),
        ("POST", detect("s"), number.to_string(), 400, "INVALID_ARGUMENT", "query_input.text.text"),
        ("POST", detect("s"), unknown, 400, "INVALID_ARGUMENT", "colour"),
        ("POST", detect("s"), list, 400, "INVALID_ARGUMENT", "query_input"),
        ("POST", detect("s"), "{}".to_owned(), 400, "INVALID_ARGUMENT", "not set"),
        ("POST", detect("s"), String::new(), 400, "INVALID_ARGUMENT", "not set"),
        ("POST", detect("s"), "hello".to_owned(), 400, "INVALID_ARGUMENT", "JSON"),
        ("POST", detect("s"), context.to_string(), 400, "INVALID_ARGUMENT", "Resource name"),
        ("POST", detect("s"), speech, 501, "UNIMPLEMENTED", "speech"),
        ("POST", detect("s"), huge, 413, "INVALID_ARGUMENT", "limit"),
        ("POST", detect(&"s".repeat(37)), good.clone(), 400, "INVALID_ARGUMENT", "36"),
        (
            "POST",
            "/v2/projects/demo/sessions/s:detectIntent".to_owned(),
            good.clone(),
            400,
            "INVALID_ARGUMENT",
            "Resource name",
        ),
        ("GET", detect("s"), String::new(), 405, "UNIMPLEMENTED", "method"),
        ("GET", format!("{SESSION}/contexts/none"), String::new(), 404, "NOT_FOUND", "none"),
        ("DELETE", format!("{SESSION}/contexts/none"), String::new(), 404, "NOT_FOUND", "none"),
        ("POST", "/v2/projects/demo/agent:train".to_owned(), good, 404, "NOT_FOUND", "train"),
    ];
    for (method, path, body, http, status, words) in cases {
        let (answered, answer) = call(&router, method, &path, &body).await;
        assert_eq!(answered.as_u16(), http, "{method} {path}: {answer}");
        assert_eq!(answer["error"]["code"], http, "{answer}");
        assert_eq!(answer["error"]["status"], status, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
    let (_, answer) = call(&router, "POST", &detect("s"), &number.to_string()).await;
    let details = &answer["error"]["details"][0];
    assert_eq!(details["@type"], "type.googleapis.com/google.rpc.BadRequest");
    assert_eq!(details["fieldViolations"][0]["field"], "query_input.text.text");
}

#[tokio::test]
async fn both_spellings_nulls_and_numbers_as_text_are_read() {
    let router = emulate("handoff-demo", None);
    let name = "projects/demo/agent/sessions/s-1/contexts/Mine";
    let (status, answer) = detect(
        &router,
        &json!({
            "query_input": { "text": { "text": "asdf", "language_code": "en" }, "event": null },
            "query_params": {
                "time_zone": "Europe/Vienna",
                "contexts": [{ "name": name, "lifespan_count": "3", "parameters": { "a": 1 } }],
                "geoLocation": { "latitude": 1, "longitude": 2 },
                "sessionEntityTypes": []
            },
            "output_audio_config_mask": null
        }),
    )
    .await;
    assert_eq!(status, 200, "{answer}");
    let contexts = answer["queryResult"]["outputContexts"].as_array().unwrap();
    let mine = contexts.iter().find(|c| c["name"].as_str().unwrap().ends_with("/mine")).unwrap();
    assert_eq!((&mine["lifespanCount"], &mine["parameters"]["a"]), (&json!(2), &json!(1)));
}

#[tokio::test]
async fn resetting_forgets_what_was_there_and_keeps_what_comes() {
    let router = emulate("room-reservation", None);
    let ask =
        |text: &str| json!({ "queryInput": { "text": { "text": text, "languageCode": "en" } } });
    let (_, answer) = detect(&router, &ask("I need a room")).await;
    assert!(answer["queryResult"].get("allRequiredParamsPresent").is_none(), "{answer}");
    let mut body = ask("zzz");
    body["queryParams"] = json!({ "resetContexts": true, "contexts": [
        { "name": "projects/demo/agent/sessions/s-1/contexts/fresh", "lifespanCount": 2 }] });
    let (_, answer) = detect(&router, &body).await;
    let text = answer.to_string();
    assert!(text.contains("/contexts/fresh") && !text.contains("_dialog_context"), "{answer}");
}

#[tokio::test]
async fn only_the_messages_of_the_platform_are_returned() {
    let router = emulate("corona-wuerzburg-de", None);
    let mut body = json!({ "queryInput": { "text": { "text": "Hallo", "languageCode": "de" } } });
    let platforms = |answer: &Value| -> Vec<String> {
        let messages = answer["queryResult"].get("fulfillmentMessages");
        let messages = messages.and_then(Value::as_array).into_iter().flatten();
        messages.map(|m| m["platform"].as_str().unwrap_or("none").to_owned()).collect()
    };
    let (_, answer) = detect(&router, &body).await;
    assert!(platforms(&answer).contains(&"FACEBOOK".to_owned()), "{answer}");
    body["queryParams"] = json!({ "platform": "SLACK" });
    let (_, answer) = detect(&router, &body).await;
    assert_eq!(platforms(&answer), [""; 0]);
    assert!(answer["queryResult"].get("fulfillmentMessages").is_none(), "{answer}");
}

#[tokio::test]
async fn contexts_are_kept_between_turns() {
    let router = emulate("handoff-demo", None);
    let contexts = format!("{SESSION}/contexts");
    let name = "projects/demo/agent/sessions/s-1/contexts/Mine";
    let body = json!({ "name": name, "lifespanCount": 2, "parameters": { "a": 1 } }).to_string();
    let (status, created) = call(&router, "POST", &contexts, &body).await;
    assert_eq!(status, 200, "{created}");
    assert_eq!(created["name"], name.replace("Mine", "mine"));
    let (_, got) = call(&router, "GET", &format!("{contexts}/mine"), "").await;
    assert_eq!(got, created);
    detect(&router, &hello()).await;
    let (_, listed) = call(&router, "GET", &contexts, "").await;
    let listed = listed["contexts"].to_string();
    assert!(listed.contains("/mine") && listed.contains("/operator_request"), "{listed}");
    assert_eq!(call(&router, "DELETE", &format!("{contexts}/mine"), "").await.1, json!({}));
    assert_eq!(call(&router, "GET", &format!("{contexts}/mine"), "").await.0, 404);
    assert_eq!(call(&router, "DELETE", &contexts, "").await.1, json!({}));
    assert_eq!(call(&router, "GET", &contexts, "").await.1, json!({ "contexts": [] }));
    let reserved = body.replace("Mine", "__system_counters__");
    assert_eq!(call(&router, "POST", &contexts, &reserved).await.0, 400);
    // Another session does not have the context.
    detect(&router, &hello()).await;
    let other = contexts.replace("s-1", "s-2");
    assert_eq!(call(&router, "GET", &other, "").await.1, json!({ "contexts": [] }));
}

#[tokio::test]
async fn a_key_is_asked_for_when_there_is_one() {
    let router = emulate("handoff-demo", Some("k-123"));
    let path = format!("{SESSION}:detectIntent");
    let request = |query: &str, header: Option<(&str, &str)>| {
        let mut request = Request::builder().method("POST").uri(format!("{path}{query}"));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        request.body(Body::from(hello().to_string())).unwrap()
    };
    for (query, header, expected) in [
        ("", None, 401),
        ("?key=k-124", None, 401),
        ("?key=", Some(("authorization", "Bearer k-1234")), 401),
        ("", Some(("authorization", "k-123")), 401),
        ("?%24alt=json%3Benum-encoding%3Dint&key=k-123", None, 200),
        ("", Some(("x-goog-api-key", "k-123")), 200),
        ("", Some(("authorization", "Bearer k-123")), 200),
    ] {
        let (status, answer) = send(&router, request(query, header)).await;
        assert_eq!(status.as_u16(), expected, "{query} {header:?}: {answer}");
        if expected == 401 {
            assert_eq!(answer["error"]["status"], "UNAUTHENTICATED");
        }
    }
}
