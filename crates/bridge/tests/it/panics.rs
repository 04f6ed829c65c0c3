//! Panics of a connector: the chat goes on after a pause.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    scripted::Scripted,
    world::{World, eventually},
};

#[tokio::test]
async fn a_session_that_panics_leaves_no_chat_stalled() {
    let tool = Arc::new(Scripted::default());
    let world = World::with_connector(tool.clone()).await;
    tool.panics.store(2, Ordering::SeqCst);
    assert_eq!(world.step_one("u1").await["paused"], true);
    eventually(async || tool.brought.lock().contains(&"u1: open".to_owned()).then_some(())).await;
    tool.panics.store(1, Ordering::SeqCst);
    world.step_two("u1", "hello").await;
    eventually(async || tool.brought.lock().contains(&"u1: hello".to_owned()).then_some(())).await;
    assert_eq!(tool.panics.load(Ordering::SeqCst), 0);
    assert_eq!(*tool.brought.lock(), ["u1: open", "u1: hello"], "each once");
}
