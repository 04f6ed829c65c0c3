use serde_json::json;
use wire::{push::Push, webhook::Received};

use super::*;

const FIELDS: Fields<'_> = Fields {
    token: "s3cret",
    user: "usr_9",
    bot: "shop",
    text: Some("where is it?"),
    minutes: Some(7.0),
    agent: Some("Ada"),
};

fn written(kind: Kind, revision: Revision) -> (Option<String>, Value) {
    let (authorization, body) = write(kind, revision, &FIELDS).unwrap();
    (authorization, serde_json::from_str(&body).unwrap())
}

#[test]
fn each_revision_has_its_own_shape() {
    let bare = Some("s3cret".to_owned());
    let bearer = Some("Bearer s3cret".to_owned());
    // Revision, Authorization, then `accessToken` and `session` of step two, `agentProfile` of
    // a message, `sessionId` of step one, `eventType` of step two.
    let cases = [
        (Revision::R1, None, [true, true, true, false, false]),
        (Revision::R2, None, [true, false, true, false, false]),
        (Revision::R2_2, bearer, [false, false, true, false, false]),
        (Revision::R2_3, bare.clone(), [false, false, true, false, false]),
        (Revision::R3, bare.clone(), [true, true, false, true, false]),
        (Revision::R3_1, bare, [true, true, false, true, true]),
    ];
    for (revision, expected, shape) in cases {
        let (authorization, two) = written(Kind::StepTwo, revision);
        let (_, message) = written(Kind::Message, revision);
        let (_, one) = written(Kind::StepOne, revision);
        assert_eq!(authorization, expected, "{revision:?}");
        let has = |body: &Value, field: &str| body.get(field).is_some();
        let found = [
            has(&two, "accessToken"),
            has(&two, "session"),
            has(&message, "agentProfile"),
            has(&one, "sessionId"),
            has(&two, "eventType"),
        ];
        assert_eq!(found, shape, "{revision:?}");
        assert!(has(&one, "dialogflowResponse") && !has(&two, "dialogflowResponse"));
        let in_push = has(&message, "accessToken");
        assert_eq!(in_push, revision < Revision::R2_2, "{revision:?}");
    }
}

#[test]
fn what_is_written_can_be_read_and_says_what_was_asked() {
    for kind in Kind::value_variants() {
        for revision in Revision::value_variants() {
            if kind.is_notice() && *revision != Revision::R3_1 {
                assert!(write(*kind, *revision, &FIELDS).is_err());
                continue;
            }
            let (_, body) = written(*kind, *revision);
            let bytes = body.to_string().into_bytes();
            assert_eq!((&body["userId"], &body["botId"]), (&json!("usr_9"), &json!("shop")));
            if kind.is_push() {
                assert!(Push::parse(&bytes).is_ok(), "{body}");
            } else if !kind.is_notice() {
                assert!(Received::parse(&bytes).is_ok(), "{body}");
                assert_eq!(body["queryInput"]["text"]["text"], "where is it?");
            }
        }
    }
    let (_, message) = written(Kind::Message, Revision::R1);
    assert_eq!(message["text"], "where is it?");
    assert_eq!(message["minutesPaused"], json!(7));
    assert_eq!(message["agentProfile"]["name"], "Ada");
    let (_, left) = written(Kind::UserLeft, Revision::R3_1);
    assert_eq!(left["eventType"], "user_left");
}
