//! Genesys `PureConnect` over both of its wire APIs, against the simulated pair of servers.

use serde_json::{Value, json};
use simulators::{
    Act, Chat, From, Phase, Simulator,
    faults::Plan,
    pureconnect::{Options, Server},
};
use tokio::net::TcpListener;

use super::{accepted, chat_when, holds_under_faults, meanwhile, platform_reads, read, resumed};
use crate::world::{TOKEN, World};

mod conversation;
mod icws;
mod losses;
mod settings;
mod trouble;
mod web_tools;

/// What visitors are told when words may have been lost.
const LOSS: &str = "You may have missed something.";

/// A bridge before a switch-over pair.
struct Site {
    world: World,
    primary: Simulator,
    backup: Simulator,
    backup_server: Server,
}

/// What a test wants different about the servers and about our settings.
type Change = fn(&mut Options, &mut Value);

impl Site {
    async fn new(api: &str, change: Change) -> Self {
        let mut options =
            Options { poll_wait_ms: 20, starts_per_second_max: 50, ..Options::default() };
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let second = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = |listener: &TcpListener, fragment| {
            format!("http://{}/{fragment}", listener.local_addr().unwrap())
        };
        let (primary, backup) = (url(&first, "I3Root/Server1"), url(&second, "I3Root/Server2"));
        let settings = |bridge: &str| {
            let mut settings = json!({
                "kind": "genesys-pureconnect", "api": api, "web_chat": 6,
                "primary": primary, "backup": backup, "allow_private": true,
                "queue": "Service Desk", "participant_name": "Ada", "loss_notice": LOSS,
                "poll_wait_ms_min": 10, "starts_per_second": 100.0,
                "inbound": { "url": bridge, "key": "a key of ours" },
            });
            change(&mut options, &mut settings);
            settings
        };
        let world = World::with_tool(settings).await;
        let (primary_server, backup_server) = Server::pair(options);
        Self {
            world,
            primary: Simulator::serve(first, primary_server).unwrap(),
            backup: Simulator::serve(second, backup_server.clone()).unwrap(),
            backup_server,
        }
    }

    async fn usual(api: &str) -> Self {
        Self::new(api, |_, _| {}).await
    }

    async fn accepted(&self) -> Chat {
        accepted(&self.world, &self.primary, "u1").await
    }

    fn act(&self, chat: &Chat, act: Act) {
        self.primary.act(&chat.id, act).unwrap();
    }

    async fn chat_when(&self, when: impl Fn(&Chat) -> bool) -> Chat {
        chat_when(&self.world, &self.primary, when).await
    }

    /// Until the visitor's texts were read by the agent, and no other.
    async fn agent_reads(&self, expected: &[&str]) {
        let chat = self.chat_when(|chat| read(chat).len() >= expected.len()).await;
        assert_eq!(read(&chat), expected);
    }

    /// Until the platform has these texts by these agents, and no other.
    async fn visitor_reads(&self, expected: &[&str]) {
        platform_reads(&self.world, expected).await;
    }

    /// From now on the answers to all calls of this path are lost.
    async fn lose(&self, path: &str) {
        let path = Some(path.to_owned());
        self.primary.faults().set(Plan { lose: 1_000, path, ..Plan::default() });
        // One that was under way may still be answered.
        self.losses(1).await;
    }

    async fn heal(&self) {
        let faults = self.primary.faults();
        faults.set(Plan::default());
        // One that was under way may still be lost; the next call is made after it.
        let calls = faults.calls();
        meanwhile(&self.world, async || (faults.calls() > calls).then_some(())).await;
    }

    /// Until so many answers were lost, or more.
    async fn losses(&self, times: u64) {
        let faults = self.primary.faults();
        let wrong = faults.wrong() + times;
        meanwhile(&self.world, async || (faults.wrong() >= wrong).then_some(())).await;
    }

    async fn restart(self) -> Self {
        let Self { world, primary, backup, backup_server } = self;
        Self { world: world.restart().await, primary, backup, backup_server }
    }
}

fn say(text: &str) -> Act {
    Act::Say { text: text.to_owned() }
}

fn fact<'a>(chat: &'a Chat, name: &str) -> &'a str {
    let fact = chat.facts.iter().find(|(known, _)| known == name);
    fact.map_or("", |(_, value)| value)
}

/// The same test on both APIs.
macro_rules! on_both {
    ($($test:ident)*) => {
        mod over_icws {
            $(#[tokio::test] async fn $test() { super::$test("icws").await; })*
        }
        mod over_web_tools {
            $(#[tokio::test] async fn $test() { super::$test("web-tools").await; })*
        }
    };
}
use on_both;
