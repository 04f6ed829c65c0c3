//! The floors carry the same crowd as the product does, so they prove the clients as well.

use std::time::Duration;

use super::*;
use crate::load::{Crowd, Direction, Halves};

async fn whole(database: Option<PathBuf>) -> Halves {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = listener.local_addr().unwrap();
    let base = format!("http://{listen}");
    let side = Options { listen, database }.side(base.clone()).unwrap();
    let router = platform::router(side.clone()).merge(bridge::router(side));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Halves { platform: base.clone(), bridge: base, bot_id: "support".to_owned() }
}

async fn carries_both_ways(database: Option<PathBuf>) {
    let mut crowd = Crowd::gather(&whole(database).await, 5, 2).await.unwrap();
    for direction in [Direction::ToAgent, Direction::ToVisitor] {
        let figures = crowd.run(direction, Duration::from_millis(200)).await.unwrap();
        assert!(figures.messages > 0, "{direction:?}: {figures:?}");
        assert_eq!(figures.wrong, 0, "{direction:?}: {figures:?}");
        assert!(figures.p50_ms > 0.0 && figures.p50_ms <= figures.p99_ms);
    }
}

#[tokio::test]
async fn the_relay_carries_messages_both_ways() {
    carries_both_ways(None).await;
}

#[tokio::test]
async fn the_durable_floor_keeps_what_it_carries() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("floor.db");
    carries_both_ways(Some(path.clone())).await;
    let rows: i64 = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM messages", [], |row| row.get(0))
        .unwrap();
    assert!(rows > 10, "{rows} rows");
}
