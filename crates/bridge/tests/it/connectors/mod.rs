//! Chats at a tool: the bridge over real HTTP against the simulated tool of each connector.

use std::time::Duration;

use machine::limits::HOUR_MS;
use serde_json::{Value, json};
use simulators::{Act, Chat, From, Phase, Simulator, faults::Plan};

use super::world::{PATIENCE, World};

mod genesys_open;
mod genesys_web;
mod pureconnect;
mod service_manager;
mod servicenow;
mod servicenow_tickets;
mod tickets;
mod webhook;

/// Looks again and again while the bridge's clock runs, so that retries come without waiting.
pub(crate) async fn meanwhile<T>(world: &World, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            world.hand.advance(100);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE * 2, looking).await.expect("it did not come")
}

/// The tool's latest chat, once `when` holds.
pub(crate) async fn chat_when(
    world: &World,
    simulator: &Simulator,
    when: impl Fn(&Chat) -> bool,
) -> Chat {
    meanwhile(world, async || simulator.chats().pop().filter(|chat| when(chat))).await
}

/// What the tool's agents read of the visitor, in the order of the tool.
pub(crate) fn read(chat: &Chat) -> Vec<String> {
    let lines = chat.lines.iter().filter(|line| line.from == From::Visitor);
    lines.map(|line| line.text.clone()).collect()
}

/// Waits until the platform has taken these texts of agents, and no other.
pub(crate) async fn platform_reads(world: &World, expected: &[&str]) {
    meanwhile(world, async || (world.platform.texts().len() >= expected.len()).then_some(())).await;
    assert_eq!(world.platform.texts(), expected);
}

/// Waits until the platform was told that control is back with the bot.
pub(crate) async fn resumed(world: &World) -> Value {
    let is_resume = |body: &Value| body["eventType"] == "channel_update" && body["paused"] == false;
    meanwhile(world, async || world.platform.taken().into_iter().find(is_resume)).await
}

/// A visitor of `world` whose chat an agent of the tool has accepted.
pub(crate) async fn accepted(world: &World, simulator: &Simulator, user: &str) -> Chat {
    let answer = world.step_one(user).await;
    assert_eq!(answer["paused"], true, "{answer}");
    let chat = chat_when(world, simulator, |chat| chat.phase == Phase::Waiting).await;
    simulator.act(&chat.id, Act::Accept { agent: "Jo Park".to_owned() }).unwrap();
    let joined = |body: &Value| body["agentProfile"]["name"] == "Jo Park";
    meanwhile(world, async || world.platform.taken().into_iter().find(joined)).await;
    chat_when(world, simulator, |chat| chat.phase == Phase::Live).await
}

/// A conversation over a link where calls are cut, lost, repeated and late: both sides must end
/// with the same words in the same order.
pub(crate) async fn holds_under_faults(world: &World, simulator: &Simulator, plan: Plan) {
    let seed = plan.seed;
    let user = format!("u-{seed}");
    let chat = accepted(world, simulator, &user).await;
    // Some tools are told the transcript as words of the visitor.
    let told = read(&chat).len();
    simulator.faults().set(plan);
    let before = world.platform.texts().len();
    for n in 0..12 {
        world.step_two(&user, &format!("visitor {n}")).await;
        let text = format!("agent {n}");
        simulator.act(&chat.id, Act::Say { text }).unwrap();
        world.hand.advance(40);
    }
    let wanted: Vec<String> = (0..12).map(|n| format!("visitor {n}")).collect();
    let of_this = || simulator.chats().into_iter().find(|c| c.id == chat.id).unwrap();
    let all = told + wanted.len();
    meanwhile(world, async || (read(&of_this()).len() >= all).then_some(())).await;
    simulator.faults().set(Plan::default());
    let wanted_here: Vec<String> = (0..12).map(|n| format!("agent {n}")).collect();
    meanwhile(world, async || {
        (world.platform.texts().len() >= before + wanted_here.len()).then_some(())
    })
    .await;
    assert_eq!(read(&of_this())[told..], wanted, "the agent reads something else, seed {seed}");
    let told = world.platform.texts();
    assert_eq!(told[before..], wanted_here, "the visitor reads something else, seed {seed}");
    simulator.act(&chat.id, Act::End).unwrap();
    resumed(world).await;
}

#[test]
fn tickets_have_longer_times_than_chats() {
    let clock =
        |settings: Value| serde_json::from_value::<connectors::Settings>(settings).unwrap().clock();
    let instance = "https://acme.service-now.com";
    let agent = json!({ "token": "t", "callback_key": "k" });
    let chats =
        clock(json!({ "kind": "servicenow", "instance": instance, "virtual_agent": agent }));
    let tickets = clock(json!({ "kind": "servicenow", "instance": instance, "ticket": {} }));
    assert_eq!(chats, machine::chat::Clock::default());
    assert_eq!(
        (tickets.queue, tickets.idle, tickets.pause),
        (4 * HOUR_MS, 4 * HOUR_MS, chats.pause)
    );
}
