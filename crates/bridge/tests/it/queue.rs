//! As many wait as may wait: all of them are shown, and everyone else is told no at once.

use futures::future::join_all;
use machine::chat::{Chat, Clock, Input, Opening, Policy};
use serde_json::json;

use super::world::{START, World};

#[tokio::test]
async fn a_full_queue_refuses_and_a_place_that_gets_free_is_given_again() {
    let world = World::start_changed(|route| route.queued_max = 3).await;
    let jane = world.sign_in("jane").await;
    // Many at the same moment are no more than may wait.
    let calls = (0..20).map(|n| {
        let world = &world;
        async move { world.step_one(&format!("u{n}")).await }
    });
    let answers = join_all(calls).await;
    let taken = answers.iter().filter(|answer| answer["paused"] == true).count();
    assert_eq!(taken, 3);
    assert!(
        answers
            .iter()
            .all(|answer| answer["paused"] == true || *answer == json!({ "paused": false }))
    );
    let waiting = |chats: Vec<serde_json::Value>| -> Vec<_> {
        chats.into_iter().filter(|chat| chat["status"] == "queued").collect()
    };
    let queued = waiting(jane.chats().await);
    assert_eq!(queued.len(), 3);
    // A visitor who waits already is not refused.
    let first = queued[0]["visitor"]["userId"].as_str().unwrap();
    assert_eq!(world.step_one(first).await["paused"], true);
    assert_eq!(world.step_two(first, "still there?").await["paused"], true);
    // A claimed chat does not wait.
    let id = queued[0]["id"].as_str().unwrap();
    assert_eq!(jane.post(&format!("chats/{id}/claim"), json!({})).await.0, 200);
    assert_eq!(world.step_one("late").await["paused"], true);
    assert_eq!(world.step_one("later").await, json!({ "paused": false }));
    // A restart forgets nobody.
    let world = world.restart().await;
    let jane = world.sign_in("jane").await;
    assert_eq!(world.step_one("after the restart").await, json!({ "paused": false }));
    assert_eq!(waiting(jane.chats().await).len(), 3);
}

#[tokio::test]
async fn every_chat_that_waits_is_shown() {
    const WAITING: usize = 2_100;
    let world = World::start().await;
    let open = |n: usize| {
        let world = &world;
        async move {
            let user = format!("u{n}");
            let chat = Chat::new("support", &user);
            let peer = Chat::peer_of("support", &user);
            let make = move || Some((format!("cht_{n:032}"), chat));
            let opening = Opening {
                text: "hello".to_owned(),
                language: "en".to_owned(),
                intent: None,
                transcript: Vec::new(),
            };
            let policy = Policy { clock: Clock::default(), ..Policy::default() };
            let input = Input::StepOne { opening, available: true, missed: Vec::new() };
            world.ledger.step_peer(&peer, make, &policy, START, None, input).await.unwrap();
        }
    };
    join_all((0..WAITING).map(open)).await;
    let jane = world.sign_in("jane").await;
    assert_eq!(jane.chats().await.len(), WAITING);
    let mut socket = jane.stream().await.ok().unwrap();
    assert_eq!(socket.next().await.unwrap()["chats"].as_array().unwrap().len(), WAITING);
}
