//! The CX bot with a server that answers as real Dialogflow agents do.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use dialogflow::{
    Bot, BotError, Edition, Input, Query,
    google::{Access, Credentials, CxBot, CxConfig},
    signal::{Signal, signals},
};
use ring::{
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey},
};
use serde_json::{Value, json};

use crate::{es::access, script, server::Scripted};

/// An RSA key of 2048 bits in PKCS #8, made for this test and used nowhere else.
const ACCOUNT_KEY: &[u8] = include_bytes!("account-key.der");
const AGENT: &str = "projects/demo/locations/europe-west1/agents/a-1";

fn config(endpoint: &str) -> CxConfig {
    CxConfig {
        project: "demo".to_owned(),
        location: "europe-west1".to_owned(),
        agent: "a-1".to_owned(),
        environment: None,
        access: access(endpoint),
    }
}

fn query(bot: &CxBot, input: Input) -> Query {
    Query { session: bot.session_path("s-1"), ..script::query(input, "en") }
}

/// The last answer of a conversation: the agent hands over and ends the session.
fn handover() -> Value {
    json!({
        "responseId": "r-1",
        "queryResult": {
            "text": "a human please",
            "languageCode": "en",
            "parameters": { "bcHumanHandover": true, "matchType": 1, "count": 2 },
            "responseMessages": [
                { "responseType": "HANDLER_PROMPT", "source": "VIRTUAL_AGENT",
                  "text": { "text": ["One moment."] } },
                { "liveAgentHandoff": { "metadata": { "queue": "sales", "platform": 1 } } },
                { "payload": { "platform": 1, "confidence": 1.0 } },
                { "hologram": { "of": "the future" } },
                { "endInteraction": {} }
            ],
            "currentPage": { "name": format!("{AGENT}/flows/f/pages/END_SESSION"),
                             "displayName": "End Session" },
            "match": {
                "intent": { "name": format!("{AGENT}/intents/i"), "displayName": "help.human" },
                "resolvedInput": "a human please", "matchType": "INTENT", "confidence": 0.7
            },
            "intentDetectionConfidence": 0.7,
            "diagnosticInfo": { "Session Id": "s-1", "score": 1.0 },
            "sentimentAnalysisResult": { "score": 0.3, "magnitude": 0.1 }
        },
        "responseType": "FINAL",
        "newer": { "field": [1, 2] }
    })
}

#[tokio::test]
async fn a_response_comes_through_as_the_service_wrote_it() {
    let (_server, address) = Scripted::start(200, handover().to_string()).await;
    let bot = CxBot::new(config(&address)).await.unwrap();
    let asked = query(&bot, Input::Text("a human please".to_owned()));
    let answer = bot.detect_intent(asked).await.unwrap();
    assert_eq!(answer.response, handover());
    assert_eq!(answer.memory, None);
    let found = signals(&answer.response, Edition::Cx);
    let trigger = Signal::Parameter("bcHumanHandover".to_owned());
    for expected in [trigger, Signal::Handoff, Signal::End] {
        assert!(found.contains(&expected), "{found:?}");
    }
}

/// Clients of other languages ask for numbers; the names are the same.
#[tokio::test]
async fn enums_come_by_name_however_they_were_sent() {
    let mut numbered = handover();
    numbered["responseType"] = json!(2);
    numbered["queryResult"]["match"]["matchType"] = json!(1);
    numbered["queryResult"]["responseMessages"][0]["responseType"] = json!(3);
    let (_server, address) = Scripted::start(200, numbered.to_string()).await;
    let bot = CxBot::new(config(&address)).await.unwrap();
    let answer = bot.detect_intent(query(&bot, Input::Text("x".to_owned()))).await.unwrap();
    assert_eq!(answer.response, handover());
}

#[tokio::test]
async fn session_parameters_are_sent_with_their_nulls() {
    let (server, address) = Scripted::start(200, "{}").await;
    let bot = CxBot::new(config(&address)).await.unwrap();
    // CX has no limit of 256 characters.
    let long = "x".repeat(300);
    let mut asked = query(&bot, Input::Text(long.clone()));
    asked.parameters =
        json!({ "bcHumanHandover": null, "tz": "UTC" }).as_object().cloned().unwrap();
    asked.payload = json!({ "from": "web" }).as_object().cloned().unwrap();
    asked.webhook_headers = vec![("X-Visitor".to_owned(), "token".into())];
    asked.contexts = vec![dialogflow::Context {
        name: "none".to_owned(),
        lifespan: 1,
        parameters: serde_json::Map::new(),
    }];
    bot.detect_intent(asked).await.unwrap();
    let heard = server.only();
    assert_eq!(heard.path, format!("/v3/{AGENT}/sessions/s-1:detectIntent"));
    assert_eq!(
        heard.body,
        json!({
            "queryParams": {
                "timeZone": "Europe/Vienna",
                "parameters": { "bcHumanHandover": null, "tz": "UTC" },
                "payload": { "from": "web" },
                "webhookHeaders": { "X-Visitor": "token" }
            },
            "queryInput": { "text": { "text": long }, "languageCode": "en" }
        })
    );
}

#[tokio::test]
async fn parameters_of_an_event_go_into_the_session() {
    let (server, address) = Scripted::start(200, "{}").await;
    let config = CxConfig { environment: Some("live".to_owned()), ..config(&address) };
    let bot = CxBot::new(config).await.unwrap();
    let parameters = json!({ "room": 7, "old": null }).as_object().cloned().unwrap();
    let mut asked = query(&bot, Input::Event { name: "OPEN".to_owned(), parameters });
    asked.parameters = json!({ "room": 1, "kept": true }).as_object().cloned().unwrap();
    bot.detect_intent(asked).await.unwrap();
    let heard = server.only();
    assert_eq!(heard.path, format!("/v3/{AGENT}/environments/live/sessions/s-1:detectIntent"));
    assert_eq!(
        heard.body["queryParams"]["parameters"],
        json!({ "room": 7, "kept": true, "old": null })
    );
    assert_eq!(
        heard.body["queryInput"],
        json!({ "event": { "event": "OPEN" }, "languageCode": "en" })
    );
}

#[tokio::test]
async fn errors_name_the_agent_and_its_place() {
    let body = json!({ "error": { "code": 404, "status": "NOT_FOUND", "message": "No agent." } });
    let (server, address) = Scripted::start(404, body.to_string()).await;
    let bot = CxBot::new(config(&address)).await.unwrap();
    assert_eq!(bot.edition(), Edition::Cx);
    let error = match bot.detect_intent(query(&bot, Input::Text("x".to_owned()))).await {
        Err(BotError::Google(error)) => error,
        other => panic!("{:?}", other.err()),
    };
    assert!(error.hint.contains("CX agent") && error.hint.contains("europe-west1"), "{error}");
    server.only();
}

/// The bot signs a token with the key of the account and requests none elsewhere.
#[tokio::test]
async fn a_service_account_signs_every_query() {
    let (server, address) = Scripted::start(200, "{}").await;
    let key = KeyPair::from_pkcs8(ACCOUNT_KEY).unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(ACCOUNT_KEY)
    );
    let account = json!({
        "type": "service_account",
        "project_id": "demo",
        "client_email": "baton@demo.example.com",
        "private_key_id": "k-1",
        "private_key": pem,
        // Where a token would be requested; there must be no request.
        "token_uri": format!("{address}/token"),
    });
    let credentials = Credentials::ServiceAccount(account.to_string().into());
    let access = Access { credentials, ..access(&address) };
    assert!(!format!("{access:?}").contains("PRIVATE KEY"));
    let bot = CxBot::new(CxConfig { access, ..config(&address) }).await.unwrap();
    bot.detect_intent(query(&bot, Input::Text("x".to_owned()))).await.unwrap();

    let heard = server.only();
    let bearer = heard.headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap();
    let (signed, signature) = bearer.rsplit_once('.').unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["iss"], "baton@demo.example.com");
    assert_eq!(claims["scope"], "https://www.googleapis.com/auth/dialogflow");
}
