use serde_json::{Value, json};

use super::{CURRENT, contract_r1, render};

fn message(canonical: &Value) -> String {
    let response = json!({ "queryResult": { "fulfillmentMessages": [canonical] } });
    contract_r1(&response)["queryResult"]["fulfillmentMessages"][0].to_string()
}

#[test]
fn the_sample_of_the_contract_comes_out_key_by_key() {
    let session = "projects/test/agent/sessions/1";
    let rendered = contract_r1(&json!({
        "responseId": "id-1",
        "queryResult": {
            "queryText": "handover",
            "parameters": {},
            "allRequiredParamsPresent": true,
            "fulfillmentText": "human handover text",
            "fulfillmentMessages": [{ "text": { "text": ["human handover text"] } }],
            "outputContexts": [
                { "name": format!("{session}/contexts/handover-test"), "lifespanCount": 1 },
                {
                    "name": format!("{session}/contexts/botcopy-timezone"),
                    "lifespanCount": 9,
                    "parameters": { "tz": "Europe/Vienna" }
                }
            ],
            "intent": {
                "name": "projects/test/agent/intents/7",
                "displayName": "Human Handover Context",
                "endInteraction": true
            },
            "intentDetectionConfidence": 1,
            "languageCode": "en",
            "sentimentAnalysisResult": { "queryTextSentiment": { "score": 0.5 } },
            "cancelsSlotFilling": true
        },
        "outputAudio": "AAAA"
    }));
    let expected = json!({
        "responseId": "id-1",
        "queryResult": {
            "fulfillmentMessages": [{
                "platform": "PLATFORM_UNSPECIFIED",
                "text": { "text": ["human handover text"] },
                "message": "text"
            }],
            "outputContexts": [
                { "name": "handover-test", "lifespanCount": 1, "parameters": {} },
                {
                    "name": "botcopy-timezone",
                    "lifespanCount": 9,
                    "parameters": { "tz": "Europe/Vienna" }
                }
            ],
            "queryText": "handover",
            "speechRecognitionConfidence": 0,
            "action": "",
            "parameters": {},
            "allRequiredParamsPresent": true,
            "fulfillmentText": "human handover text",
            "webhookSource": "",
            "webhookPayload": {},
            "intent": {
                "inputContextNames": [], "events": [], "trainingPhrases": [],
                "outputContexts": [], "parameters": [], "messages": [],
                "defaultResponsePlatforms": [], "followupIntentInfo": [],
                "name": "projects/test/agent/intents/7",
                "displayName": "Human Handover Context",
                "priority": 0, "isFallback": false,
                "webhookState": "WEBHOOK_STATE_UNSPECIFIED", "action": "",
                "resetContexts": false, "rootFollowupIntentName": "",
                "parentFollowupIntentName": "", "mlDisabled": false
            },
            "intentDetectionConfidence": 1,
            "diagnosticInfo": null,
            "languageCode": "en"
        },
        "webhookStatus": null
    });
    // As text, because the order of keys is part of the sample.
    assert_eq!(rendered.to_string(), expected.to_string());
}

#[test]
fn what_is_unset_is_present() {
    assert_eq!(
        contract_r1(&json!({})).to_string(),
        r#"{"responseId":"","queryResult":null,"webhookStatus":null}"#
    );
    let rendered = contract_r1(&json!({ "queryResult": {}, "webhookStatus": {} }));
    assert_eq!(
        rendered.to_string(),
        concat!(
            r#"{"responseId":"","queryResult":{"fulfillmentMessages":[],"outputContexts":[],"#,
            r#""queryText":"","speechRecognitionConfidence":0,"action":"","parameters":{},"#,
            r#""allRequiredParamsPresent":false,"fulfillmentText":"","webhookSource":"","#,
            r#""webhookPayload":{},"intent":null,"intentDetectionConfidence":0,"#,
            r#""diagnosticInfo":null,"languageCode":""},"#,
            r#""webhookStatus":{"details":[],"code":0,"message":""}}"#,
        )
    );
}

#[test]
fn each_kind_of_message_has_all_its_keys() {
    for (canonical, expected) in [
        (json!({ "text": {} }), r#""text":{"text":[]},"message":"text""#),
        (
            json!({ "image": {} }),
            r#""image":{"imageUri":"","accessibilityText":""},"message":"image""#,
        ),
        (
            json!({ "quickReplies": {} }),
            r#""quickReplies":{"quickReplies":[],"title":""},"message":"quickReplies""#,
        ),
        (
            json!({ "card": { "buttons": [{}] } }),
            concat!(
                r#""card":{"buttons":[{"text":"","postback":""}],"title":"","#,
                r#""subtitle":"","imageUri":""},"message":"card""#
            ),
        ),
        (json!({ "payload": { "a": [1] } }), r#""payload":{"a":[1]},"message":"payload""#),
        (
            json!({ "simpleResponses": { "simpleResponses": [{}] } }),
            concat!(
                r#""simpleResponses":{"simpleResponses":[{"textToSpeech":"","ssml":"","#,
                r#""displayText":""}]},"message":"simpleResponses""#
            ),
        ),
        (
            json!({ "basicCard": { "buttons": [{}] } }),
            concat!(
                r#""basicCard":{"buttons":[{"title":"","openUriAction":null}],"title":"","#,
                r#""subtitle":"","formattedText":"","image":null},"message":"basicCard""#
            ),
        ),
        (
            json!({ "suggestions": { "suggestions": [{}] } }),
            r#""suggestions":{"suggestions":[{"title":""}]},"message":"suggestions""#,
        ),
        (
            json!({ "linkOutSuggestion": {} }),
            r#""linkOutSuggestion":{"destinationName":"","uri":""},"message":"linkOutSuggestion""#,
        ),
        (
            json!({ "listSelect": { "items": [{}] } }),
            concat!(
                r#""listSelect":{"items":[{"info":null,"title":"","description":"","#,
                r#""image":null}],"title":"","subtitle":""},"message":"listSelect""#
            ),
        ),
        (
            json!({ "carouselSelect": { "items": [{ "info": {} }] } }),
            concat!(
                r#""carouselSelect":{"items":[{"info":{"synonyms":[],"key":""},"title":"","#,
                r#""description":"","image":null}]},"message":"carouselSelect""#
            ),
        ),
        (
            json!({ "mediaContent": { "mediaObjects": [{}] } }),
            concat!(
                r#""mediaContent":{"mediaObjects":[{"name":"","description":"","contentUrl":""}],"#,
                r#""mediaType":"RESPONSE_MEDIA_TYPE_UNSPECIFIED"},"message":"mediaContent""#
            ),
        ),
    ] {
        let whole = format!(r#"{{"platform":"PLATFORM_UNSPECIFIED",{expected}}}"#);
        assert_eq!(message(&canonical), whole);
    }
    let unknown = message(&json!({ "platform": "SLACK", "hologram": {} }));
    assert_eq!(unknown, r#"{"platform":"SLACK"}"#);
    let numbered = message(&json!({ "platform": 1, "text": { "text": ["a"] } }));
    assert_eq!(numbered, r#"{"platform":"FACEBOOK","text":{"text":["a"]},"message":"text"}"#);
}

#[test]
fn todays_client_has_more_fields_and_wraps_free_objects() {
    assert_eq!(
        render(&json!({ "queryResult": {} }), CURRENT).to_string(),
        concat!(
            r#"{"responseId":"","queryResult":{"fulfillmentMessages":[],"outputContexts":[],"#,
            r#""queryText":"","speechRecognitionConfidence":0,"action":"","parameters":null,"#,
            r#""allRequiredParamsPresent":false,"fulfillmentText":"","webhookSource":"","#,
            r#""webhookPayload":null,"intent":null,"intentDetectionConfidence":0,"#,
            r#""diagnosticInfo":null,"languageCode":"","sentimentAnalysisResult":null,"#,
            r#""cancelsSlotFilling":false},"webhookStatus":null,"#,
            r#""outputAudio":{"type":"Buffer","data":[]},"outputAudioConfig":null}"#,
        )
    );
    let session = "projects/p/agent/sessions/s";
    let rendered = render(
        &json!({
            "queryResult": {
                "parameters": { "n": null, "t": [true, 2.0, { "x": "y" }] },
                "outputContexts": [{ "name": format!("{session}/contexts/c") }],
                "intent": { "endInteraction": true }
            },
            "outputAudio": "AAH/"
        }),
        CURRENT,
    );
    let result = &rendered["queryResult"];
    assert_eq!(
        result["parameters"].to_string(),
        concat!(
            r#"{"fields":{"n":{"nullValue":"NULL_VALUE","kind":"nullValue"},"#,
            r#""t":{"listValue":{"values":[{"boolValue":true,"kind":"boolValue"},"#,
            r#"{"numberValue":2,"kind":"numberValue"},"#,
            r#"{"structValue":{"fields":{"x":{"stringValue":"y","kind":"stringValue"}}},"#,
            r#""kind":"structValue"}]},"kind":"listValue"}}}"#,
        )
    );
    assert_eq!(result["outputContexts"][0]["name"], format!("{session}/contexts/c"));
    assert_eq!(result["intent"]["endInteraction"], true);
    assert_eq!(rendered["outputAudio"]["data"], json!([0, 1, 255]));
}

#[test]
fn numbers_are_written_as_javascript_writes_them() {
    let rendered = contract_r1(&json!({ "queryResult": {
        "intentDetectionConfidence": 1.0, "parameters": { "a": 4.0, "b": [0.5, 7] } } }));
    let result = &rendered["queryResult"];
    assert_eq!(result["intentDetectionConfidence"].to_string(), "1");
    assert_eq!(result["parameters"].to_string(), r#"{"a":4,"b":[0.5,7]}"#);
}
