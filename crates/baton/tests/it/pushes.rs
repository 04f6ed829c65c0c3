//! Repeated pushes after a crash. `check.rs` runs the conformance cases, which test all other
//! properties of pushes.

use futures::future::join_all;
use serde_json::json;

use crate::world::Platform;

/// A push with a known `messageId` is the same push, also after a crash.
#[tokio::test]
async fn a_repeated_push_is_shown_once() -> anyhow::Result<()> {
    let mut platform = Platform::start().await?;
    let (visitor, _) = platform.paused_visitor().await?;
    let pusher = platform.pusher(&visitor);
    let fields = |text: &str| json!({ "text": text, "paused": true, "messageId": "m1" });
    let pushes = (0..20).map(|_| pusher.send("message", fields("once")));
    for answer in join_all(pushes).await {
        answer?.expect(200)?;
    }
    platform.server.kill().await?;
    platform.server.start().await?;
    pusher.send("message", fields("once")).await?.expect(200)?;
    pusher.send("message", fields("another text")).await?.expect(422)?;
    let history = visitor.history().await?;
    assert_eq!(history.iter().filter(|event| event.is("agent_message")).count(), 1);
    Ok(())
}
