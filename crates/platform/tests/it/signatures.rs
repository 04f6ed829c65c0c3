//! Signed calls and signed pushes, by the rules of Standard Webhooks.

use edge::signature::{Signing, SigningKeys};
use http::HeaderMap;
use serde_json::json;

use crate::world::{PUSH_KEY, START, World, config, control};

/// Keys of 24 bytes, each of one letter.
const OLD: &str = "whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh";
const NEW: &str = "whsec_YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi";

fn keys(secrets: &[&str]) -> SigningKeys {
    let secrets: Vec<_> = secrets.iter().map(|secret| (*secret).into()).collect();
    SigningKeys::new(&secrets).unwrap()
}

/// While a key is changed, a receiver that has only one of the two can verify.
#[tokio::test]
async fn calls_are_signed_with_every_key() {
    let world = World::with(|bot, bridge| {
        let mut config = config(bot, &bridge.url, "support", "script");
        config.webhook.as_mut().unwrap().signing = Some(keys(&[NEW, OLD]));
        vec![config]
    })
    .await;
    let mut visitor = world.visitor().await;
    visitor.say("handover").await;
    visitor.until(control("human")).await;
    let call = &world.bridge.calls_of(&visitor.user)[0];
    for known in [OLD, NEW] {
        let signed = keys(&[known]).verify(&call.headers, &call.raw, START).unwrap();
        assert_eq!(signed.as_str(), call.id());
    }
    assert!(keys(&[OLD]).verify(&call.headers, b"{}", START).is_err());
}

#[tokio::test]
async fn pushes_are_verified_and_told_apart_by_the_signed_id() {
    for required in [false, true] {
        let world = World::with(|bot, bridge| {
            let mut config = config(bot, &bridge.url, "support", "script");
            config.push_signing = Some(Signing { keys: keys(&[NEW, OLD]), required });
            vec![config]
        })
        .await;
        let visitor = world.visitor().await;
        let body = json!({ "eventType": "message", "text": "hi", "botId": "support",
                           "userId": visitor.user })
        .to_string();
        let push = async |key: Option<&str>, id: &str, at: i64, body: &str, sent: &str| {
            let mut signed = HeaderMap::new();
            if let Some(key) = key {
                keys(&[key]).sign(&mut signed, id, at, body.as_bytes()).unwrap();
            }
            let signed =
                signed.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
            let headers: Vec<_> = signed.chain([("authorization", PUSH_KEY)]).collect();
            world.push_raw(sent.to_owned(), &headers).await
        };
        let unsigned = push(None, "", 0, &body, &body).await.0;
        assert_eq!(unsigned, if required { 401 } else { 200 });
        for key in [OLD, NEW] {
            assert_eq!(push(Some(key), key, START, &body, &body).await.0, 200);
            assert_eq!(push(Some(key), key, START, &body, &body).await.0, 200, "a repeat");
        }
        let stranger = "whsec_Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj";
        let changed = body.replace("hi", "ho");
        for (key, at, sent, why) in [
            (stranger, START, &body, "no signature"),
            (OLD, START - 301_000, &body, "301 seconds old"),
            (OLD, START + 301_000, &body, "301 seconds ahead"),
            (OLD, START, &changed, "no signature"),
        ] {
            let (status, answer) = push(Some(key), "m", at, &body, sent).await;
            assert_eq!(status, 401);
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.contains(why), "{message}");
        }
        let said = visitor.journal().await.into_iter().filter(|recorded| {
            matches!(recorded.event, machine::conversation::Event::AgentSaid { .. })
        });
        assert_eq!(said.count(), if required { 2 } else { 3 }, "each once");
    }
}
