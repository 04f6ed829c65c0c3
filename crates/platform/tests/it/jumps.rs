//! The system's clock is set to another time while people talk: nothing ends, and time goes on.

use machine::Millis;
use serde_json::json;

use crate::world::{MINUTE, START, World, control, says, wait_for};

const HOUR: Millis = 60 * MINUTE;
/// Both directions, and a clock that was never set before.
const JUMPS: [Millis; 4] = [3 * HOUR, -3 * HOUR, 20_000 * 24 * HOUR, -20_000 * 24 * HOUR];

#[tokio::test]
async fn d9_a_live_chat_outlives_any_step_of_the_clock_and_its_pause_ends_in_time() {
    for jump in JUMPS {
        let world = World::new().await;
        world.bridge.will_reply(&[r#"{"paused":true,"minutesPaused":7}"#]);
        let mut visitor = world.paused_visitor("support").await;
        world.clock.set_wall(jump);
        visitor.say("still there?").await;
        visitor.until(says("still there?")).await;
        wait_for(async || (world.bridge.calls_of(&visitor.user).len() == 1).then_some(())).await;
        visitor.at_rest().await;
        assert_eq!(visitor.state().await.paused_until(), Some(START + 7 * MINUTE), "{jump}");
        world.clock.advance(6 * MINUTE);
        let push =
            json!({ "eventType": "message", "text": "I am", "paused": true, "minutesPaused": 7 });
        assert_eq!(world.push(&visitor, push).await.0, 200);
        visitor.until(says("I am")).await;
        world.clock.advance(6 * MINUTE);
        visitor.say("good").await;
        visitor.at_rest().await;
        assert_eq!(world.bridge.calls_of(&visitor.user).len(), 2, "{jump}: it went to the bot");
        world.clock.advance(20 * MINUTE);
        visitor.until(control("bot")).await;
    }
}
