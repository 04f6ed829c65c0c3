//! Calls that fail: the agent's own answer stays, and the status says why.

use dialogflow::fulfilment::CallError;
use serde_json::json;

use super::*;

const STATIC: &str = "Hello! The kitchen does not answer right now.";

/// The status after a failed call. The visitor and the session must not notice the call.
async fn failed(act: Act) -> (u64, String) {
    let patience = Patience { call: Duration::from_millis(30), turn: Duration::from_secs(1) };
    let mut visitor = Visitor::with(patience);
    let without = visitor.without_webhook("hello");
    let response = visitor.say("hello", [act]).await;
    assert_eq!(said(&response), STATIC);
    assert_eq!(visitor.next.memory, without.memory);
    let (code, message) = status(&response);
    let why = message.strip_prefix("Webhook call failed. Error: ").unwrap_or(message);
    (code, why.to_owned())
}

#[tokio::test]
async fn a_webhook_that_is_away_late_or_too_talkative() {
    let late = (4, "DEADLINE_EXCEEDED, State: URL_TIMEOUT, Reason: TIMEOUT_WEB.".to_owned());
    assert_eq!(failed(Act::Hang).await, late);
    assert_eq!(failed(Act::Fail(CallError::Late)).await, late);
    for (error, code, word) in [
        (CallError::Unreachable, 14, "URL_UNREACHABLE"),
        (CallError::NotAllowed, 14, "URL_REJECTED"),
        (CallError::TooLarge, 8, "65536 bytes"),
    ] {
        let (got, why) = failed(Act::Fail(error)).await;
        assert!(got == code && why.contains(word), "{got} {why}");
    }
    let huge = json!({ "fulfillmentText": "x".repeat(ANSWER_BYTES_MAX) }).to_string();
    assert_eq!(failed(Act::Raw(200, huge.into())).await.0, 8);
}

#[tokio::test]
async fn http_errors_are_worded_as_in_the_service() {
    for (http, code, why) in [
        (500, 14, "UNAVAILABLE, State: URL_UNREACHABLE, Reason: UNREACHABLE_5xx"),
        (503, 14, "UNAVAILABLE, State: URL_UNREACHABLE, Reason: UNREACHABLE_5xx"),
        (404, 5, "NOT_FOUND, State: URL_ERROR, Reason: ERROR_NOT_FOUND"),
        (401, 16, "UNAUTHENTICATED, State: URL_ERROR, Reason: ERROR_AUTHENTICATION"),
        (403, 7, "PERMISSION_DENIED, State: URL_ERROR, Reason: ERROR_OTHER"),
        (400, 3, "INVALID_ARGUMENT, State: URL_ERROR, Reason: ERROR_OTHER"),
        (429, 8, "RESOURCE_EXHAUSTED, State: URL_ERROR, Reason: ERROR_OTHER"),
        (302, 2, "UNKNOWN, State: URL_ERROR, Reason: ERROR_OTHER"),
    ] {
        let body = br#"{ "fulfillmentText": "ignored" }"#.to_vec();
        let expected = format!("{why}, HTTP status code: {http}.");
        assert_eq!(failed(Act::Raw(http, body)).await, (code, expected));
    }
}

#[tokio::test]
async fn answers_that_are_no_webhook_response_are_refused() {
    let parse = "Failed to parse webhook JSON response: ";
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = format!("{{\"payload\":{}{}}}", "{\"a\":".repeat(500), "}".repeat(500));
    for (body, expected) in [
        (b"".to_vec(), "Webhook response was empty.".to_owned()),
        (b" \n".to_vec(), "Webhook response was empty.".to_owned()),
        (
            b"<!DOCTYPE html>".to_vec(),
            format!("{parse}Expect message object but got: \"<!DOCTYPE\"."),
        ),
        (b"[{}]".to_vec(), format!("{parse}Expect message object but got: \"[{{}}]\".")),
        (b"null".to_vec(), format!("{parse}Expect message object but got: \"null\".")),
        (utf16, format!("{parse}Invalid JSON at line 1, column 2.")),
        (b"{\"fulfillmentText\": \"a\"".to_vec(), format!("{parse}Invalid JSON at line 1")),
        (b"{} {}".to_vec(), format!("{parse}Invalid JSON at line 1")),
        (b"{\"fulfillmentText\": \"\xff\"}".to_vec(), format!("{parse}Invalid JSON")),
        (deep.into_bytes(), format!("{parse}Invalid JSON")),
        (
            br#"{ "speech": "hi" }"#.to_vec(),
            format!(
                "{parse}Cannot find field: speech in message \
                 google.cloud.dialogflow.v2.WebhookResponse."
            ),
        ),
        (
            br#"{ "fulfillmentMessages": [{ "text": { "texts": [] } }] }"#.to_vec(),
            format!("{parse}Cannot find field: fulfillmentMessages[0].text.texts in"),
        ),
        (
            br#"{ "outputContexts": {} }"#.to_vec(),
            format!("{parse}Invalid value at 'outputContexts' (an array)"),
        ),
    ] {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let (code, why) = failed(Act::Raw(200, body)).await;
        assert!(code == 3 && why.starts_with(&expected), "{shown}: {code} {why}");
    }
}

#[tokio::test]
async fn a_byte_order_mark_and_any_success_are_fine() {
    for (http, body) in [
        (200, "\u{feff}{ \"fulfillmentText\": \"hi\" }"),
        (201, "\n{ \"fulfillment_text\": \"hi\" }\n"),
    ] {
        let mut visitor = Visitor::new();
        let response = visitor.say("hello", [Act::Raw(http, body.into())]).await;
        assert_eq!((said(&response), status(&response)), ("hi", SUCCESS));
    }
}

#[tokio::test]
async fn an_answer_with_one_wrong_part_changes_nothing() {
    let good = context("order", 3, &json!({}));
    let large = "x".repeat(30_000);
    for (reply, why) in [
        (json!({ "outputContexts": [good, context("a", -1, &json!({}))] }), "negative"),
        (json!({ "outputContexts": [good, { "name": "bare" }] }), "Resource name"),
        (json!({ "outputContexts": [good, { "name": format!("{SESSION}/contexts/") }] }), "name"),
        (
            json!({ "outputContexts": [good], "sessionEntityTypes": [
                { "name": format!("{SESSION}/entityTypes/drink"),
                  "entityOverrideMode": "ENTITY_OVERRIDE_MODE_OVERRIDE" }] }),
            "'drink' is not an entity type",
        ),
        (
            json!({ "outputContexts": [good], "sessionEntityTypes": [
                { "name": format!("{SESSION}/entityTypes/size") }] }),
            "no entity override mode",
        ),
        (json!({ "outputContexts": [good], "followupEventInput": { "name": "NOBODY" } }), "NOBODY"),
        (
            json!({ "outputContexts": [good], "followupEventInput": { "name": "e".repeat(151) } }),
            "150 characters",
        ),
    ] {
        let (code, got) = failed(Act::Answer(reply.clone())).await;
        assert!(code == 3 && got.contains(why), "{reply}: {got}");
    }
    let mut visitor = Visitor::new();
    let grow = |name: &str| json!({ "outputContexts": [context(name, 9, &json!({ "a": large }))] });
    for name in ["one", "two"] {
        assert_eq!(status(&visitor.say("hello", answer(grow(name))).await), SUCCESS);
    }
    let response = visitor.say("hello", answer(grow("three"))).await;
    assert!(status(&response).1.contains("more than 65536 bytes"), "{:?}", status(&response));
    assert_eq!((said(&response), contexts(&response).len()), (STATIC, 2));
}
