//! Signed calls and signed pushes (Standard Webhooks).

use bridge::RouteConfig;

use edge::signature::{ID, SIGNATURE, Signing, SigningKeys, TIMESTAMP};
use machine::Millis;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{
    platform::Fate,
    world::{START, TOKEN, World, step_one, step_two},
};

const OLD: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEW: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G";
const STRANGE: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn keys(secrets: &[&str]) -> SigningKeys {
    let secrets: Vec<_> = secrets.iter().map(|secret| (*secret).into()).collect();
    SigningKeys::new(&secrets).unwrap()
}

fn signing_optional(route: &mut RouteConfig) {
    route.access.signing = Some(Signing { keys: keys(&[OLD, NEW]), required: false });
}

fn signing_required(route: &mut RouteConfig) {
    route.access.signing = Some(Signing { keys: keys(&[NEW]), required: true });
}

fn pushes_signed(route: &mut RouteConfig) {
    route.push.signing = Some(keys(&[OLD, NEW]));
}

/// The headers of a call that is signed with `secrets` at `now`.
fn signed(secrets: &[&str], id: &str, now: Millis, body: &Value) -> Vec<(String, String)> {
    let mut headers = HeaderMap::new();
    keys(secrets).sign(&mut headers, id, now, body.to_string().as_bytes()).unwrap();
    headers.insert("authorization", TOKEN.parse().unwrap());
    let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

async fn call(world: &World, headers: &[(String, String)], body: &Value) -> (u16, Value) {
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    world.call(&headers, body).await
}

#[tokio::test]
async fn a_signature_that_does_not_hold_is_turned_away_with_the_reason() {
    for (change, required) in [
        (signing_optional as fn(&mut RouteConfig), false),
        (signing_required as fn(&mut RouteConfig), true),
    ] {
        let world = World::start_changed(change).await;
        world.sign_in("jane").await;
        let body = step_one("u1");
        let good = call(&world, &signed(&[NEW], "c/1", START, &body), &body).await;
        assert_eq!((good.0, &good.1["paused"]), (200, &json!(true)));
        for (headers, words) in [
            (signed(&[STRANGE], "c/2", START, &body), "matches"),
            (signed(&[NEW], "c/2", START - 301_000, &body), "seconds old"),
            (signed(&[NEW], "c/2", START + 301_000, &body), "seconds ahead"),
            (signed(&[NEW], "c/2", START, &json!({ "another": "body" })), "matches"),
        ] {
            let (status, problem) = call(&world, &headers, &body).await;
            assert_eq!((status, &problem["id"]), (401, &json!("unauthorized")), "{words}");
            assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
        }
        let (status, problem) = world.call(&[("authorization", TOKEN)], &body).await;
        assert_eq!(status, if required { 401 } else { 200 }, "{problem}");
        assert!(!required || problem["detail"].as_str().unwrap().contains("webhook-signature"));
        // A signature does not stand for the token.
        let headers = signed(&[NEW], "c/3", START, &body);
        let no_token: Vec<_> =
            headers.into_iter().filter(|(name, _)| name != "authorization").collect();
        assert_eq!(call(&world, &no_token, &body).await.0, 401);
    }
}

#[tokio::test]
async fn the_keys_of_calls_are_changed_without_a_gap() {
    let world = World::start_changed(signing_optional).await;
    world.sign_in("jane").await;
    let body = step_one("u1");
    for secrets in [&[OLD][..], &[OLD, NEW], &[NEW]] {
        let answer = call(&world, &signed(secrets, "c/1", START, &body), &body).await;
        assert_eq!(answer.0, 200, "{}", answer.1);
    }
}

#[tokio::test]
async fn the_signed_id_makes_a_repeat_recognizable_whatever_else_is_changed() {
    let world = World::start_changed(signing_required).await;
    let jane = world.sign_in("jane").await;
    let body = step_one("u1");
    call(&world, &signed(&[NEW], "c/1", START, &body), &body).await;
    let body = step_two("u1", "help me");
    for n in 0..3 {
        // Signed anew for a new attempt, and then sent again by somebody who changes what is not
        // signed.
        let mut headers = signed(&[NEW], "c/2", START + n, &body);
        headers.push(("idempotency-key".to_owned(), format!("other/{n}")));
        assert_eq!(call(&world, &headers, &body).await.1["paused"], true);
    }
    let id = jane.open_chat_of("u1").await;
    assert_eq!(jane.events(&id).await.len(), 2);
    call(&world, &signed(&[NEW], "c/3", START, &body), &body).await;
    assert_eq!(jane.events(&id).await.len(), 3, "another id is another message");
}

#[tokio::test]
async fn every_push_is_signed_anew_under_the_id_it_keeps() {
    let world = World::start_changed(pushes_signed).await;
    let (jane, id) = world.live_chat("u1").await;
    world.platform.script(|_| Fate::Fail(503));
    jane.say(&id, "m1", "hello").await;
    world.chat_when(&id, |chat| chat.owed().is_some_and(|owed| owed.attempts == 1)).await;
    world.platform.script(|_| Fate::Accept);
    world.hand.advance(2_000);
    world.settled(&id).await;
    assert_eq!(jane.post(&format!("chats/{id}/typing"), json!({})).await.0, 204);
    let attempts = world.platform.wait(|attempts| attempts.len() == 4).await;
    let later = [START, START, START + 2_000, START + 2_000];
    for (attempt, now) in attempts.iter().zip(later) {
        for key in [OLD, NEW] {
            keys(&[key]).verify(&attempt.headers, &attempt.raw, now).unwrap();
        }
        assert!(keys(&[STRANGE]).verify(&attempt.headers, &attempt.raw, now).is_err());
        let seconds = attempt.headers[&TIMESTAMP].to_str().unwrap().parse::<i64>().unwrap();
        assert_eq!(seconds, now / 1_000);
    }
    let of = |n: usize| attempts[n].headers[&ID].to_str().unwrap();
    assert_eq!(of(1), format!("{id}/3-0"));
    assert_eq!(of(1), of(2), "the same push");
    assert_ne!(of(0), of(1));
    assert_ne!(attempts[1].headers[&SIGNATURE], attempts[2].headers[&SIGNATURE]);
    assert!(of(3).starts_with("typ_"), "{}", of(3));
}

/// Whether the clock was right before it was set or is right now, nobody knows.
#[tokio::test]
async fn d9_a_signature_holds_by_the_time_before_and_after_a_step_of_the_clock() {
    let hour = 3_600_000;
    for jump in [hour, -hour] {
        let world = World::start_changed(signing_required).await;
        world.sign_in("jane").await;
        world.hand.set_wall(jump);
        let body = step_one("u1");
        for (id, at, expected) in
            [("c/1", START, 200), ("c/2", START + jump, 200), ("c/3", START - jump, 401)]
        {
            let (status, said) = call(&world, &signed(&[NEW], id, at, &body), &body).await;
            assert_eq!(status, expected, "{jump} {id}: {said}");
        }
    }
}
