//! Guessing passwords at the desk is slow, and keeps no agent out who was here before.

use futures::{StreamExt as _, stream};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{page::Page, world::World};

const PASSWORD: &str = "jane's password";

/// Signs in from an address, with the cookies a browser would send.
async fn attempt(
    world: &World,
    from: &str,
    cookies: &str,
    email: &str,
    password: &str,
) -> Response {
    let mut page = Page::stranger(world);
    page.cookie = cookies.to_owned();
    let who = json!({ "email": email, "password": password });
    let request = page.request(Method::POST, "session").header("x-forwarded-for", from);
    request.json(&who).send().await.unwrap()
}

async fn guess(world: &World, from: &str) -> u16 {
    attempt(world, from, "", "jane@example.com", "a wrong one").await.status().as_u16()
}

async fn owner(world: &World, from: &str, cookies: &str) -> u16 {
    attempt(world, from, cookies, "jane@example.com", PASSWORD).await.status().as_u16()
}

/// The cookies of a browser in which Jane signed in.
async fn known_device(world: &World, from: &str) -> String {
    let response = attempt(world, from, "", "jane@example.com", PASSWORD).await;
    assert_eq!(response.status(), 200);
    let cookies = response.headers().get_all("set-cookie").iter();
    let pairs = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    let pairs: Vec<&str> = pairs.collect();
    assert!(pairs.iter().any(|pair| pair.starts_with("baton_desk_device=dvc_")), "{pairs:?}");
    pairs.join("; ")
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let world = World::start().await;
    for _ in 0..5 {
        assert_eq!(guess(&world, "192.0.2.1").await, 401);
    }
    let refused = attempt(&world, "192.0.2.1", "", "jane@example.com", "a wrong one").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "12");
    assert_eq!(refused.headers()["ratelimit"], "\"failed_sign_ins_of_account\";r=0;t=12");
    let policy = &refused.headers()["ratelimit-policy"];
    assert_eq!(policy, "\"failed_sign_ins_of_account\";q=5;w=60");
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["id"], "rate_limited");
    // Another address does not help, and neither does the right password.
    assert_eq!(guess(&world, "192.0.2.2").await, 429);
    assert_eq!(owner(&world, "192.0.2.3", "").await, 429);
    world.hand.advance(12_000);
    assert_eq!(guess(&world, "192.0.2.2").await, 401);
    assert_eq!(guess(&world, "192.0.2.2").await, 429);
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_answered_like_one_that_does() {
    let world = World::start().await;
    let mut answers = Vec::new();
    for email in ["jane@example.com", "nobody@example.com"] {
        let mut statuses = Vec::new();
        for n in 0..7 {
            let from = format!("192.0.2.{n}");
            statuses.push(attempt(&world, &from, "", email, "a wrong one").await.status());
        }
        answers.push(statuses);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn no_attacker_keeps_an_agent_out_of_a_known_device() {
    let world = World::start().await;
    let cookies = known_device(&world, "192.0.2.1").await;
    // From many addresses, and from the agent's own: all are behind one proxy.
    for n in 0..60 {
        guess(&world, &format!("198.51.100.{n}")).await;
        attempt(&world, "192.0.2.1", "", &format!("a{n}@example.com"), "wrong").await;
    }
    assert_eq!(owner(&world, "192.0.2.1", "").await, 429);
    assert_eq!(owner(&world, "192.0.2.1", &cookies).await, 200);
    // The device of one agent is no device of another.
    let joe = attempt(&world, "192.0.2.1", &cookies, "joe@example.com", "joe's password").await;
    assert_eq!(joe.status(), 429, "the address is used up");
    // A known device guesses no faster.
    let mut wrong = Vec::new();
    for _ in 0..6 {
        let answer = attempt(&world, "203.0.113.1", &cookies, "jane@example.com", "wrong").await;
        wrong.push(answer.status().as_u16());
    }
    assert_eq!(wrong, [401, 401, 401, 401, 401, 429]);
}

#[tokio::test]
async fn strangers_cannot_make_the_counter_forget() {
    let world = &World::start().await;
    for _ in 0..5 {
        guess(world, "192.0.2.1").await;
    }
    // Each from a network of its own, with an account of its own.
    let attempts = (0..10_400_u32).map(|n| async move {
        let from = format!("2001:db8:{:x}:{:x}::1", n >> 16, n & 0xffff);
        let email = format!("a{n}@example.com");
        let status = attempt(world, &from, "", &email, "wrong").await.status();
        assert!(status == 401 || status == 429, "{status}");
    });
    stream::iter(attempts).buffer_unordered(64).collect::<()>().await;
    assert_eq!(guess(world, "192.0.2.1").await, 429);
}

#[tokio::test]
async fn half_an_ipv6_address_is_one_address() {
    let world = World::start().await;
    for n in 0..20 {
        let from = format!("2001:db8::{n:x}");
        let email = format!("a{n}@example.com");
        assert_eq!(attempt(&world, &from, "", &email, "wrong").await.status(), 401);
    }
    let same = attempt(&world, "2001:db8::ffff", "", "b@example.com", "wrong").await;
    assert_eq!(same.status(), 429);
    assert_eq!(same.headers()["ratelimit"], "\"failed_sign_ins\";r=0;t=3");
    let other = attempt(&world, "2001:db8:0:1::1", "", "c@example.com", "wrong").await;
    assert_eq!(other.status(), 401);
}

#[tokio::test]
async fn what_is_too_long_is_refused_before_it_is_hashed() {
    let world = World::start().await;
    for (email, password, status) in [
        ("x".repeat(321), "wrong".to_owned(), 400),
        ("jane@example.com".to_owned(), "x".repeat(1_025), 400),
        ("jane@example.com".to_owned(), "x".repeat(20_000), 413),
        ("x".repeat(320), "x".repeat(1_024), 401),
    ] {
        let answer = attempt(&world, "192.0.2.1", "", &email, &password).await;
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test]
async fn a_device_is_known_for_ninety_days_from_its_last_sign_in() {
    const DAY: i64 = 24 * 3_600_000;
    let world = World::start().await;
    let cookies = known_device(&world, "192.0.2.1").await;
    for _ in 0..3 {
        world.hand.advance(60 * DAY);
        let renewed = attempt(&world, "192.0.2.1", &cookies, "jane@example.com", PASSWORD).await;
        assert_eq!(renewed.status(), 200);
        let set = renewed.headers().get_all("set-cookie").iter();
        let set: Vec<&str> = set.filter_map(|cookie| cookie.to_str().ok()).collect();
        let device = set.iter().find(|cookie| cookie.starts_with("baton_desk_device=")).unwrap();
        assert!(device.ends_with(&format!("; Max-Age={}", 90 * 24 * 3_600)), "{device}");
        let pair = device.split(';').next().unwrap();
        assert!(cookies.contains(pair), "the browser keeps one token: {pair}");
        lock(&world).await;
        assert_eq!(owner(&world, "192.0.2.1", &cookies).await, 200, "it is still known");
    }
    world.hand.advance(91 * DAY);
    lock(&world).await;
    assert_eq!(owner(&world, "192.0.2.1", &cookies).await, 429, "it was not used for too long");
}

/// Guesses until strangers may not sign in to Jane's account.
async fn lock(world: &World) {
    for n in 0..6 {
        guess(world, &format!("198.51.100.{n}")).await;
    }
}

#[tokio::test]
async fn f4_each_sign_in_has_a_new_token_and_takes_none_from_the_browser() {
    let world = World::start().await;
    let mut tokens = Vec::new();
    let mut cookies = "baton_desk=dsk_planted".to_owned();
    for _ in 0..2 {
        let answer = attempt(&world, "192.0.2.1", &cookies, "jane@example.com", PASSWORD).await;
        let set = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap();
        assert!(set.starts_with("baton_desk=dsk_") && !cookies.contains(set), "{set}");
        cookies = set.to_owned();
        tokens.push(cookies.clone());
    }
    assert_ne!(tokens[0], tokens[1]);
}
