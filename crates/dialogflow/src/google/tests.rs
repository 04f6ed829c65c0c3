use std::time::Duration;

use google_cloud_dialogflow_v2::model::DetectIntentResponse;
use serde_json::{Value, json};

use super::{Access, Credentials, CxBot, CxConfig, EsBot, EsConfig, SetupError, canonical};

fn access(credentials: Credentials, endpoint: Option<&str>) -> Access {
    Access { credentials, endpoint: endpoint.map(str::to_owned), timeout: Duration::from_secs(1) }
}

fn key(json: &str) -> Credentials {
    Credentials::ServiceAccount(json.into())
}

#[test]
fn the_region_decides_where_queries_go() {
    let access = access(Credentials::ApplicationDefault, None);
    for (location, address) in [
        ("global", "https://dialogflow.googleapis.com"),
        ("europe-west1", "https://europe-west1-dialogflow.googleapis.com"),
    ] {
        assert_eq!(access.address(location).unwrap(), address);
    }
}

#[test]
fn a_key_never_travels_in_clear() {
    use Credentials::{Anonymous, ApplicationDefault};
    let cases = [
        (Anonymous, Some("http://127.0.0.1:8070"), Ok("http://127.0.0.1:8070")),
        (Anonymous, Some("http://[::1]:8070/"), Ok("http://[::1]:8070")),
        (Anonymous, Some("http://localhost:8070"), Ok("http://localhost:8070")),
        (ApplicationDefault, Some("http://127.0.0.1:1"), Ok("http://127.0.0.1:1")),
        (ApplicationDefault, Some("https://proxy.example.com"), Ok("https://proxy.example.com")),
        (Anonymous, None, Err("credentials")),
        (Anonymous, Some("https://127.0.0.1:8070"), Err("credentials")),
        (Anonymous, Some("http://192.0.2.1:8070"), Err("endpoint")),
        (ApplicationDefault, Some("http://proxy.example.com"), Err("endpoint")),
        (ApplicationDefault, Some("http://localhost.example.com"), Err("endpoint")),
        (ApplicationDefault, Some("http://127.0.0.1.example.com"), Err("endpoint")),
        (ApplicationDefault, Some("ftp://127.0.0.1"), Err("endpoint")),
        (ApplicationDefault, Some("https://a.example.com/v2"), Err("endpoint")),
        (ApplicationDefault, Some("https://a:b@example.com"), Err("endpoint")),
        (ApplicationDefault, Some("somewhere"), Err("endpoint")),
    ];
    for (credentials, endpoint, expected) in cases {
        let address = access(credentials, endpoint).address("global");
        let address = address.as_deref().map_err(|error| error.setting);
        assert_eq!(address, expected, "{endpoint:?}");
    }
}

#[tokio::test]
async fn errors_of_the_setup_name_the_setting() {
    let es = |project: &str, environment: Option<&str>, user: Option<&str>, access| EsConfig {
        project: project.to_owned(),
        location: None,
        environment: environment.map(str::to_owned),
        user: user.map(str::to_owned),
        access,
    };
    let anonymous = || access(Credentials::Anonymous, Some("http://127.0.0.1:1"));
    let with_key = |json: &str| access(key(json), Some("http://127.0.0.1:1"));
    let long = "u".repeat(37);
    let secret = r#"{"type":"service_account","client_email":"a@b","private_key":["s3cret"]}"#;
    for (config, setting) in [
        (es("de/mo", None, None, anonymous()), "project"),
        (es("", None, None, anonymous()), "project"),
        (es("demo", Some("li ve"), None, anonymous()), "environment"),
        (es("demo", None, Some("u"), anonymous()), "user"),
        (es("demo", Some("live"), Some(&long), anonymous()), "user"),
        (es("demo", None, None, with_key("not JSON s3cret")), "credentials"),
        (es("demo", None, None, with_key(r#"{"type":"authorized_user"}"#)), "credentials"),
        (es("demo", None, None, with_key(secret)), "credentials"),
    ] {
        let error: SetupError = EsBot::new(config).await.err().unwrap();
        assert_eq!(error.setting, setting, "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    }
    let cx = CxConfig {
        project: "demo".to_owned(),
        location: "europe-west1".to_owned(),
        agent: "../a".to_owned(),
        environment: None,
        access: anonymous(),
    };
    assert_eq!(CxBot::new(cx).await.err().unwrap().setting, "agent");
}

/// Through Google's types and back.
fn again(body: &Value) -> Value {
    let response: DetectIntentResponse = serde_json::from_value(body.clone()).unwrap();
    canonical::of(&response).unwrap()
}

/// In the shape of answers of real agents.
#[test]
fn a_response_of_es_keeps_everything() {
    let session = "projects/p/agent/sessions/s";
    let body = json!({
        "responseId": "3c1f5a34-8cc2-4f2c-a6d2-26a7f7d5c1aa-b4ef8d5f",
        "queryResult": {
            "queryText": "hi", "action": "input.unknown", "parameters": { "platform": 1 },
            "allRequiredParamsPresent": true, "fulfillmentText": "?",
            "fulfillmentMessages": [
                { "text": { "text": ["?"] } },
                { "platform": "FACEBOOK", "card": { "title": "a", "buttons": [{ "text": "b" }] } },
                { "platform": "ACTIONS_ON_GOOGLE",
                  "mediaContent": { "mediaType": "AUDIO", "mediaObjects": [{ "name": "n" }] } },
                { "platform": "ACTIONS_ON_GOOGLE", "tableCard": { "columnProperties": [
                    { "header": "h", "horizontalAlignment": "LEADING" }] } },
                { "platform": "ACTIONS_ON_GOOGLE", "browseCarouselCard": {
                    "imageDisplayOptions": "GRAY",
                    "items": [{ "title": "t", "openUriAction":
                        { "url": "https://example.com", "urlTypeHint": "AMP_CONTENT" } }] } },
                { "payload": { "platform": 1, "score": 1.0, "deep": { "mediaType": 1 } } },
                { "platform": "HOLOGRAM", "text": {} }
            ],
            "webhookSource": "w", "webhookPayload": { "webhookState": 1 },
            "outputContexts": [{
                "name": format!("{session}/contexts/__system_counters__"), "lifespanCount": 1,
                "parameters": { "no-match": 5.0, "no-input": 0.0, "confidence": 1.0 }
            }],
            "intent": { "name": "projects/p/agent/intents/i", "displayName": "d",
                        "isFallback": true, "webhookState": "WEBHOOK_STATE_ENABLED" },
            "intentDetectionConfidence": 0.7,
            "diagnosticInfo": { "end_conversation": true },
            "languageCode": "en",
            "sentimentAnalysisResult": { "queryTextSentiment": { "score": 0.2, "magnitude": 1 } },
            "fieldOfTomorrow": { "a": 1 }
        },
        "webhookStatus": { "code": 4, "message": "late" },
        "outputAudio": "AAEC",
        "outputAudioConfig": { "audioEncoding": "OUTPUT_AUDIO_ENCODING_MP3" }
    });
    assert_eq!(again(&body), body);
    let mut numbered = body.clone();
    let result = &mut numbered["queryResult"];
    result["fulfillmentMessages"][1]["platform"] = json!(1);
    result["fulfillmentMessages"][2]["mediaContent"]["mediaType"] = json!(1);
    result["intent"]["webhookState"] = json!(1);
    result["intentDetectionConfidence"] = json!(0.699_999_988_079_071);
    numbered["outputAudioConfig"]["audioEncoding"] = json!(2);
    assert_eq!(again(&numbered), body);
    let unknown = json!({ "queryResult": { "fulfillmentMessages": [{ "platform": 99 }] } });
    assert_eq!(again(&unknown), unknown);
}
