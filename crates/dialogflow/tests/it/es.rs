//! The ES bot with the emulator of real agents, and with a server that records requests.

use std::time::Duration;

use dialogflow::{
    Bot, BotError, Context, Edition, GoogleError, Input, Query, SESSION_CHARS_MAX,
    google::{Access, Credentials, EsBot, EsConfig},
};
use serde_json::{Map, Value, json};

use crate::{
    script::{self, NOON},
    server::{Scripted, emulate},
};

pub(crate) fn access(endpoint: &str) -> Access {
    Access {
        credentials: Credentials::Anonymous,
        endpoint: Some(endpoint.to_owned()),
        timeout: Duration::from_secs(5),
    }
}

fn config(endpoint: &str) -> EsConfig {
    EsConfig {
        project: "demo".to_owned(),
        location: None,
        environment: None,
        user: None,
        access: access(endpoint),
    }
}

async fn bot(endpoint: &str) -> EsBot {
    EsBot::new(config(endpoint)).await.unwrap()
}

fn query(bot: &EsBot, input: Input, language: &str) -> Query {
    Query { session: bot.session_path("s-1"), ..script::query(input, language) }
}

fn text(text: &str) -> Input {
    Input::Text(text.to_owned())
}

async fn failure(bot: &EsBot, query: Query) -> GoogleError {
    match bot.detect_intent(query).await {
        Err(BotError::Google(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("answered"),
    }
}

/// An answer through Google's client and HTTP is the same as the local bot's.
#[tokio::test]
async fn whole_conversations_come_through_unchanged() {
    let event = |name: &str, parameters: Value| Input::Event {
        name: name.to_owned(),
        parameters: parameters.as_object().cloned().unwrap_or_default(),
    };
    let conversations: [(&str, &str, Vec<Input>); 6] = [
        ("handoff-demo", "en", vec![text("what's your purpose?"), text("talk to a person")]),
        ("room-reservation", "en", ["I need a room", "Berlin", "tomorrow"].map(text).to_vec()),
        ("number-genie", "fr", ["Je pense au 12", "42"].map(text).to_vec()),
        ("mystery-animal", "en", vec![event("WELCOME", json!({})), text("do you have wings")]),
        ("covid19-pathfinder", "en", vec![event("welcome", json!({ "a": [1, null, "x"] }))]),
        ("corona-wuerzburg-de", "de", ["Hallo", "Bahnhofsmission"].map(text).to_vec()),
    ];
    for (agent, language, inputs) in conversations {
        let (address, _) = emulate(agent).await;
        let remote = bot(&address).await;
        let mut memory = None;
        for input in inputs {
            let asked = query(&remote, input, language);
            let direct = Query { memory: memory.take(), ..asked.clone() };
            let direct = script::bot(agent).answer(&direct).unwrap();
            let answer = remote.detect_intent(asked).await.unwrap();
            assert_eq!(numbers(answer.response), numbers(direct.response), "{agent}");
            memory = direct.memory;
        }
    }
}

/// 1.0 and 1 are the same number.
fn numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.into_iter().map(numbers).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, numbers(value))).collect(),
        other => other,
    }
}

#[tokio::test]
async fn contexts_are_set_and_removed_by_their_bare_names() {
    let (address, _) = emulate("handoff-demo").await;
    let bot = bot(&address).await;
    let context =
        |name: &str, lifespan| Context { name: name.to_owned(), lifespan, parameters: Map::new() };
    let listed =
        |answer: dialogflow::Answer| dialogflow::response::output_context_names(&answer.response);
    let mut asked = query(&bot, text("asdf"), "en");
    asked.contexts = vec![context("first", 5), context("second", 5)];
    let names = listed(bot.detect_intent(asked.clone()).await.unwrap());
    assert!(names.contains(&"first".to_owned()) && names.contains(&"second".to_owned()));
    asked.contexts = vec![context("first", 0)];
    let names = listed(bot.detect_intent(asked).await.unwrap());
    assert!(!names.contains(&"first".to_owned()) && names.contains(&"second".to_owned()));
}

#[tokio::test]
async fn everything_a_query_has_is_sent_and_nothing_else() {
    let (server, address) = Scripted::start(200, r#"{"queryResult":{}}"#).await;
    let bot = bot(&address).await;
    let mut asked = query(&bot, text(&"ä".repeat(300)), "de-AT");
    asked.contexts = vec![Context {
        name: "zone".to_owned(),
        lifespan: 9,
        parameters: json!({ "tz": "Europe/Vienna" }).as_object().cloned().unwrap(),
    }];
    asked.parameters = json!({ "only": "CX" }).as_object().cloned().unwrap();
    asked.payload = json!({ "from": "web", "no": null }).as_object().cloned().unwrap();
    asked.webhook_headers = vec![("X-Visitor".to_owned(), "token".into())];
    asked.memory = Some("ours".to_owned());
    bot.detect_intent(asked).await.unwrap();
    let heard = server.only();
    assert_eq!(heard.path, "/v2/projects/demo/agent/sessions/s-1:detectIntent");
    assert!(!heard.headers.contains_key("authorization"));
    assert_eq!(
        heard.body,
        json!({
            "queryParams": {
                "timeZone": "Europe/Vienna",
                "contexts": [{
                    "name": "projects/demo/agent/sessions/s-1/contexts/zone",
                    "lifespanCount": 9,
                    "parameters": { "tz": "Europe/Vienna" }
                }],
                "payload": { "from": "web", "no": null },
                "webhookHeaders": { "X-Visitor": "token" }
            },
            "queryInput": { "text": { "text": "ä".repeat(256), "languageCode": "de-AT" } }
        })
    );
}

#[tokio::test]
async fn events_carry_their_parameters() {
    let (server, address) = Scripted::start(200, "{}").await;
    let bot = bot(&address).await;
    let parameters = json!({ "room": 7, "gone": null }).as_object().cloned().unwrap();
    let event = Input::Event { name: "OPEN".to_owned(), parameters };
    bot.detect_intent(query(&bot, event, "en")).await.unwrap();
    assert_eq!(
        server.only().body["queryInput"],
        json!({ "event": {
            "name": "OPEN", "parameters": { "room": 7, "gone": null }, "languageCode": "en"
        } })
    );
}

#[tokio::test]
async fn sessions_have_the_path_of_their_agent() {
    let id = "s".repeat(SESSION_CHARS_MAX);
    let (address, _) = emulate("handoff-demo").await;
    for (location, environment, user, path) in [
        (None, None, None, "projects/demo/agent"),
        (None, Some("live"), None, "projects/demo/agent/environments/live/users/-"),
        (Some("europe-west1"), None, None, "projects/demo/locations/europe-west1/agent"),
        (
            Some("europe-west1"),
            Some("live"),
            Some("u-7"),
            "projects/demo/locations/europe-west1/agent/environments/live/users/u-7",
        ),
    ] {
        let own = |text: Option<&str>| text.map(str::to_owned);
        let (location, environment, user) = (own(location), own(environment), own(user));
        let config = EsConfig { location, environment, user, ..config(&address) };
        let bot = EsBot::new(config).await.unwrap();
        assert_eq!(bot.edition(), Edition::Es);
        assert_eq!(bot.session_path(&id), format!("{path}/sessions/{id}"));
        let session = bot.session_path(&id);
        let asked = Query { session: session.clone(), ..query(&bot, text("hi"), "en") };
        let answer = bot.detect_intent(asked).await.unwrap();
        let context = &answer.response["queryResult"]["outputContexts"][0]["name"];
        assert!(context.as_str().unwrap().starts_with(&session), "{context}");
    }
}

/// The emulator forgets after twenty minutes, as the service does.
#[tokio::test]
async fn a_silent_session_starts_afresh() {
    let (address, clock) = emulate("room-reservation").await;
    let bot = bot(&address).await;
    let slots = |answer: dialogflow::Answer| answer.response["queryResult"]["parameters"].clone();
    let asked = query(&bot, text("I need a room"), "en");
    bot.detect_intent(asked.clone()).await.unwrap();
    clock.store(NOON + 21 * 60_000, std::sync::atomic::Ordering::SeqCst);
    let answer = bot.detect_intent(Query { input: text("Berlin"), ..asked }).await.unwrap();
    assert_ne!(slots(answer)["location"], json!({ "city": "Berlin" }));
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let google = |code: u16, status: &str, message: &str| {
        json!({ "error": { "code": code, "status": status, "message": message } }).to_string()
    };
    let denied =
        "IAM permission 'dialogflow.sessions.detectIntent' on 'projects/demo/agent' denied.";
    let disabled = "Dialogflow API has not been used in project demo before or it is disabled.";
    let cases = [
        (403, google(403, "PERMISSION_DENIED", denied), "PERMISSION_DENIED", "roles/dialogflow"),
        (403, google(403, "PERMISSION_DENIED", disabled), "PERMISSION_DENIED", "enable the"),
        (404, google(404, "NOT_FOUND", "No DesignTimeAgent found."), "NOT_FOUND", "project demo"),
        (401, google(401, "UNAUTHENTICATED", "Bad token."), "UNAUTHENTICATED", "the key"),
        (429, google(429, "RESOURCE_EXHAUSTED", "Quota."), "RESOURCE_EXHAUSTED", "quota"),
        (400, google(400, "INVALID_ARGUMENT", "Bad."), "INVALID_ARGUMENT", "language"),
        (503, google(503, "UNAVAILABLE", "Later."), "UNAVAILABLE", "passes"),
        (502, "<html>bad gateway</html>".to_owned(), "UNAVAILABLE", "passes"),
        (200, "<html>welcome</html>".to_owned(), "UNKNOWN", "something else"),
        (200, r#"{"queryResult":7}"#.to_owned(), "UNKNOWN", "something else"),
    ];
    for (http, body, status, hint) in cases {
        let (server, address) = Scripted::start(http, body.clone()).await;
        let bot = bot(&address).await;
        let error = failure(&bot, query(&bot, text("what the visitor said"), "en")).await;
        assert_eq!(error.status, status, "{error}");
        assert!(error.hint.contains(hint), "{error}");
        assert!(!error.to_string().contains("html"), "{error}");
        // Google's message is kept, and a query is never sent twice.
        let words = serde_json::from_str::<Value>(&body).unwrap_or_default();
        let words = words["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(error.message.contains(&words), "{error}");
        assert_eq!(error.http, (http != 200).then_some(http), "{error}");
        server.only();
    }
}

#[tokio::test]
async fn the_emulator_refuses_what_the_service_refuses() {
    let (address, _) = emulate("handoff-demo").await;
    let bot = bot(&address).await;
    let error = failure(&bot, query(&bot, text(""), "en")).await;
    assert_eq!((error.http, error.status.as_str()), (Some(400), "INVALID_ARGUMENT"));
    let session = bot.session_path(&"s".repeat(SESSION_CHARS_MAX + 1));
    let error = failure(&bot, Query { session, ..query(&bot, text("hi"), "en") }).await;
    assert!(error.message.contains("36"), "{error}");
    let session = "projects/demo/sessions/s-1".to_owned();
    let refused = bot.detect_intent(Query { session, ..query(&bot, text("hi"), "en") }).await;
    assert!(matches!(refused, Err(BotError::Refused(_))));
}

#[tokio::test]
async fn what_the_visitor_said_is_not_repeated() {
    let secrets = ["my code is 4711", "from the event", "from the payload", "from the header"];
    let message = format!("Invalid: {secrets:?}, and \"hi\".");
    let body =
        json!({ "error": { "code": 400, "status": "INVALID_ARGUMENT", "message": message } });
    let (_server, address) = Scripted::start(400, body.to_string()).await;
    let bot = bot(&address).await;
    let parameters = |value: &str| json!({ "a": [{ "b": value }] }).as_object().cloned().unwrap();
    let event = Input::Event { name: "E".to_owned(), parameters: parameters(secrets[1]) };
    for input in [text(secrets[0]), event, text("hi")] {
        let own = input == text("hi");
        let mut asked = query(&bot, input, "en");
        asked.payload = parameters(secrets[2]);
        asked.webhook_headers = vec![("X".to_owned(), secrets[3].into())];
        asked.parameters = parameters(secrets[0]);
        asked.contexts =
            vec![Context { name: "c".to_owned(), lifespan: 1, parameters: parameters(secrets[1]) }];
        let error = failure(&bot, asked).await;
        assert!(secrets.iter().all(|secret| !error.to_string().contains(secret)), "{error}");
        assert_eq!(error.message.contains("hi"), !own, "{error}");
    }
}

#[tokio::test]
async fn silence_and_a_closed_door_are_told_apart() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let mut config = config(&address);
    config.access.timeout = Duration::from_millis(200);
    let bot = EsBot::new(config).await.unwrap();
    let error = failure(&bot, query(&bot, text("hi"), "en")).await;
    assert_eq!((error.http, error.status.as_str()), (None, "DEADLINE_EXCEEDED"), "{error}");
    drop(silent);
    let error = failure(&bot, query(&bot, text("hi"), "en")).await;
    assert_eq!((error.http, error.status.as_str()), (None, "UNAVAILABLE"), "{error}");
    assert!(error.message.contains("cannot be reached"), "{error}");
}
