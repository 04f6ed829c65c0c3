//! The database is behind: for example a disk that stalls.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::json;

use crate::world::{Visitor, World};

const AT_ONCE: usize = 40;

async fn say(visitor: &Visitor, id: usize) -> (u16, Duration, bool) {
    let message = json!({ "clientId": format!("m{id}"), "text": "hello" });
    let asked = Instant::now();
    let url = format!("{}/v1/conversation/messages", visitor.base);
    let request = visitor.http.post(url).bearer_auth(&visitor.token).json(&message);
    let answer = request.send().await.unwrap();
    let told = answer.headers().contains_key("retry-after");
    (answer.status().as_u16(), asked.elapsed(), told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j5_while_the_database_is_behind_new_work_is_refused_and_what_was_taken_is_done() {
    let world = World::new().await;
    let mut visitors = Vec::new();
    for _ in 0..AT_ONCE {
        visitors.push(world.visitor().await);
    }
    // Another process writes for a while: the writer waits, and so do those who came before.
    let stall = rusqlite::Connection::open(world.dir.path().join("baton.db")).unwrap();
    stall.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (early, late) = visitors.split_at(AT_ONCE / 2);
    let early = join_all(early.iter().map(|visitor| say(visitor, 0)));
    let late = async {
        while world.store.lag() <= Duration::from_millis(250) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let refused = join_all(late.iter().map(|visitor| say(visitor, 0))).await;
        stall.execute_batch("ROLLBACK").unwrap();
        refused
    };
    let (taken, refused) = futures::join!(early, late);
    for (status, _, _) in taken {
        assert_eq!(status, 202, "it came in time");
    }
    for (status, took, told) in refused {
        assert_eq!((status, told), (503, true));
        assert!(took < Duration::from_millis(500), "{took:?}");
    }
    while world.store.lag() > Duration::ZERO {
        tokio::task::yield_now().await;
    }
    for visitor in &visitors {
        assert_eq!(say(visitor, 0).await.0, 202, "the same message is taken now");
    }
}
