//! Visitors and what they send: once is enough, bad bodies are told what is wrong, and nobody
//! reads another's conversation.

use serde_json::{Value, json};

use crate::world::{World, says};

#[tokio::test]
async fn the_same_client_id_is_the_same_message() {
    let world = World::new().await;
    let mut visitor = world.visitor().await;
    let message = json!({ "clientId": "c1", "text": " hello " });
    let first = visitor.post(message.clone()).await;
    assert_eq!(first.0, 202);
    visitor.until(says("echo: hello")).await;
    assert_eq!(visitor.post(message).await, first);
    assert_eq!(visitor.post(json!({ "clientId": "c1", "text": "hello" })).await, first);
    let (status, problem) = visitor.post(json!({ "clientId": "c1", "text": "bye" })).await;
    assert_eq!(
        (status, &problem["id"], &problem["field"]),
        (422, &json!("id_reused"), &json!("clientId"))
    );
    assert_eq!(visitor.story().await, ["visitor: hello", "bot: echo: hello"]);
    assert_eq!(world.bot.asked(&visitor.conversation), ["hello"]);
}

#[tokio::test]
async fn events_of_the_page_are_sent_to_the_bot_under_their_name() {
    let world = World::new().await;
    let mut visitor = world.visitor().await;
    let event = json!({ "name": "WELCOME", "parameters": { "page": "/" } });
    visitor.post(json!({ "clientId": "w", "event": event })).await;
    visitor.until(says("echo: !WELCOME")).await;
    let click = json!({ "clientId": "x", "event": { "name": "ORDER" }, "label": "My order" });
    visitor.post(click).await;
    visitor.until(says("echo: !ORDER")).await;
    visitor.post(json!({ "clientId": "y", "text": "chips" })).await;
    let chips = visitor.until(|event| event.get("message").is_some()).await;
    assert_eq!(chips["message"]["quickReplies"]["quickReplies"], json!(["a", "b"]));
    assert!(chips["text"].as_str().unwrap().contains("Pick"));
    assert_eq!(chips["content"][0], json!({ "type": "text", "text": "Pick" }));
    let b = json!({ "title": "b", "action": { "type": "message", "text": "b" } });
    assert_eq!(chips["content"][1]["buttons"][1], b);
    visitor.story().await;
    let said: Vec<_> = visitor.events.iter().filter(|e| e["type"] == "visitor_message").collect();
    assert_eq!((&said[0]["event"], &said[0]["text"]), (&json!("WELCOME"), &json!("")));
    assert_eq!((&said[1]["event"], &said[1]["text"]), (&json!("ORDER"), &json!("My order")));
    assert_eq!((said[2].get("event"), &said[2]["clientId"]), (None, &json!("y")));
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_told_by_its_field() {
    let world = World::new().await;
    let mut visitor = world.visitor().await;
    let long = "x".repeat(4001);
    let cases = [
        (json!([]), "invalid_body", Value::Null),
        (json!({ "text": "hi" }), "missing_field", json!("clientId")),
        (json!({ "clientId": "", "text": "hi" }), "invalid_field", json!("clientId")),
        (json!({ "clientId": "x".repeat(129), "text": "hi" }), "invalid_field", json!("clientId")),
        (json!({ "clientId": "c" }), "missing_field", json!("text")),
        (json!({ "clientId": "c", "text": " \n" }), "invalid_field", json!("text")),
        (json!({ "clientId": "c", "text": long }), "invalid_field", json!("text")),
        (json!({ "clientId": "c", "event": 1 }), "invalid_field", json!("event")),
        (json!({ "clientId": "c", "event": {} }), "missing_field", json!("event.name")),
    ];
    for (body, id, field) in cases {
        let (status, problem) = visitor.post(body.clone()).await;
        assert_eq!(
            (status, &problem["id"], problem.get("field").unwrap_or(&Value::Null)),
            (400, &json!(id), &field)
        );
    }
    let (status, problem) = visitor.post(json!({ "clientId": "c", "x": "x".repeat(70_000) })).await;
    assert_eq!((status, &problem["id"]), (413, &json!("too_large")));
    assert!(visitor.story().await.is_empty());

    let url = format!("{}/v1/conversation/events", world.base);
    for (query, field) in [("after=x", "after"), ("wait=-1", "wait")] {
        let answer = world.http.get(format!("{url}?{query}")).bearer_auth(&visitor.token).send();
        let problem: Value = answer.await.unwrap().json().await.unwrap();
        assert_eq!((&problem["status"], &problem["field"]), (&json!(400), &json!(field)));
    }
}

#[tokio::test]
async fn no_hint_of_a_browser_stops_a_chat() {
    let world = World::new().await;
    let bots = format!("{}/v1/bots/support/visitors", world.base);
    let long = "x".repeat(10_000);
    for (hints, language, zone) in [
        (json!({ "language": "en-US@posix" }), json!("en-US"), Value::Null),
        (json!({ "language": "en-US,en", "timeZone": "+05:30" }), json!("en-US"), Value::Null),
        (json!({ "language": "de_AT.UTF-8", "timeZone": "UTC" }), json!("de-AT"), json!("UTC")),
        (json!({ "language": "*", "timeZone": "Nowhere/Else" }), Value::Null, Value::Null),
        (json!({ "language": "", "timeZone": "" }), Value::Null, Value::Null),
        (json!({ "language": null, "timeZone": null }), Value::Null, Value::Null),
        (json!({ "language": 7, "timeZone": { "a": [] } }), Value::Null, Value::Null),
        (json!({ "language": long, "timeZone": long }), Value::Null, Value::Null),
        (json!(null), Value::Null, Value::Null),
    ] {
        let created = world.http.post(&bots).json(&hints).send().await.unwrap();
        assert_eq!(created.status(), 201, "{hints}");
        let user = created.json::<Value>().await.unwrap()["userId"].as_str().unwrap().to_owned();
        let record = world.store.record("visitor", &user, 0).await.unwrap().unwrap();
        let record: Value = serde_json::from_str(&record).unwrap();
        assert_eq!((&record["language"], &record["timeZone"]), (&language, &zone), "{hints}");
    }
    for body in ["", "\u{feff}", "\u{feff}{\"language\":\"de\"}", "{\"language\":\"\\ud83d\"}"] {
        let created = world.http.post(&bots).body(body).send().await.unwrap();
        assert_eq!(created.status(), 201, "{body:?}");
    }
    let broken = world.http.post(&bots).body("{\"language\":").send().await.unwrap();
    assert_eq!(broken.status(), 400);
    let visitor = world.visitor().await;
    for (n, page) in [
        json!(7),
        json!({ "url": 7, "ref": [], "snippet": {}, "mobile": "perhaps" }),
        json!({ "url": format!("https://shop.example/?q={long}"), "ref": long }),
    ]
    .into_iter()
    .enumerate()
    {
        let message = json!({ "clientId": n.to_string(), "text": "hi", "page": page });
        assert_eq!(visitor.post(message).await.0, 202, "{page}");
    }
}

#[tokio::test]
async fn a_path_that_cannot_be_read_is_a_problem_with_a_reason() {
    let world = World::new().await;
    for path in ["/v1/bots/%ff/visitors", "/v1/bots/a%00b/visitors", "/v1/%c3%28", "/%e2%82"] {
        let answer = world.http.post(format!("{}{path}", world.base)).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!((&problem["id"], &problem["field"]), (&json!("invalid_field"), &json!("path")));
        assert!(problem["detail"].as_str().unwrap().contains("UTF-8"), "{problem}");
    }
    let good = world.http.post(format!("{}/v1/bots/%C3%BC/visitors", world.base)).send().await;
    assert_eq!(good.unwrap().status(), 404);
}

#[tokio::test]
async fn tokens_open_their_own_conversation_and_nothing_else() {
    let world = World::new().await;
    let visitor = world.visitor().await;
    let other = world.visitor().await;
    visitor.say("private").await;
    assert!(other.poll(0, 0).await.0.is_empty());
    // The id of one with the secret of the other.
    let (own, foreign) = (&visitor.token, &other.token);
    let crossed = format!("{}{}", &own[..own.len() - 52], &foreign[foreign.len() - 52..]);
    let never = format!("vst_{}_{}", "0".repeat(26), "0".repeat(52));
    let url = format!("{}/v1/conversation/events", world.base);
    let mut answers = Vec::new();
    for token in [crossed.as_str(), &never, "", "vst_", "x", PUSH] {
        let answer = world.http.get(&url).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{token}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let mut problem: Value = answer.json().await.unwrap();
        // Each request has its own.
        assert!(problem.as_object_mut().unwrap().remove("requestId").is_some());
        answers.push(problem);
    }
    assert!(answers.iter().all(|answer| answer == &answers[0]));
    let in_url = world.http.get(format!("{url}?token={}", visitor.token)).send().await.unwrap();
    assert_eq!(in_url.status(), 401);
    // Only the hash of a token is kept.
    let record = world.store.record("visitor", &visitor.user, 0).await.unwrap().unwrap();
    assert!(!record.contains(own.rsplit('_').next().unwrap()));
}

const PUSH: &str = crate::world::PUSH_KEY;

#[tokio::test]
async fn strangers_get_problems_and_other_pages_may_call() {
    let world = World::new().await;
    let cases = [
        (reqwest::Method::POST, "/v1/bots/nobody/visitors", 404, "not_found"),
        (reqwest::Method::GET, "/v1/nothing", 404, "not_found"),
        (reqwest::Method::DELETE, "/v1/conversation/messages", 405, "method_not_allowed"),
        (reqwest::Method::POST, "/v1/conversation/messages", 401, "unauthorized"),
        (reqwest::Method::POST, "/v1/conversation/typing", 401, "unauthorized"),
    ];
    for (method, path, status, id) in cases {
        let request = world.http.request(method, format!("{}{path}", world.base));
        let answer = request.header("origin", "https://shop.example").send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let headers = answer.headers().clone();
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(headers["access-control-allow-origin"], "https://shop.example");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!((&problem["id"], &problem["status"]), (&json!(id), &json!(status)));
    }
    let url = format!("{}/v1/conversation/messages", world.base);
    let asked = world.http.request(reqwest::Method::OPTIONS, &url);
    let asked = asked
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    let headers = asked.send().await.unwrap().headers().clone();
    assert_eq!(headers["access-control-allow-origin"], "https://shop.example");
    let allowed = headers["access-control-allow-headers"].to_str().unwrap().to_lowercase();
    assert!(allowed.contains("authorization") && allowed.contains("content-type"));
    assert_eq!(headers["access-control-max-age"], "3600");
    assert!(headers.get("access-control-allow-credentials").is_none());
    let text = world.http.post(&url).header("content-type", "text/plain").body("{}");
    assert_eq!(text.send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn too_many_waiting_messages_are_refused_until_one_is_answered() {
    let world = World::new().await;
    let mut visitor = world.visitor().await;
    for n in 0..machine::limits::WAITING_TURNS_MAX {
        visitor.say(&format!("slow {n}")).await;
    }
    let extra = json!({ "clientId": "extra", "text": "extra" });
    let (status, problem) = visitor.post(extra.clone()).await;
    assert_eq!((status, &problem["id"]), (429, &json!("too_many_waiting")));
    world.bot.gate.add_permits(1);
    visitor.until(says("echo: slow 0")).await;
    // A refusal is not remembered: the same id may try again.
    assert_eq!(visitor.post(extra).await.0, 202);
}
