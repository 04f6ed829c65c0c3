//! After all faults, the five sides of a handover have the same messages.
//! `BATON_TRANSCRIPT_SEEDS` sets the number of seeds for each connector.

use std::path::Path;

use axum::{Router, http::StatusCode, response::Response};
use proving::transcript::{
    self, Connector, Plan,
    connectors::{self, Installing, Site, install_webhook},
};
use simulators::{Act, Chat, From, Tool, webhook::Webhook};

use crate::world::BATON;

/// One test for each connector, named after it.
macro_rules! connectors {
    ($($(#[$mark:meta])* $test:ident = $name:literal)*) => {
        $($(#[$mark])*
        #[tokio::test]
        async fn $test() -> anyhow::Result<()> {
            hold_the_same($name).await
        })*

        #[test]
        fn no_connector_is_left_out() {
            let known: Vec<_> = connectors::ALL.iter().map(|connector| connector.name).collect();
            assert_eq!(known, [$($name),*]);
        }
    };
}

connectors! {
    webhook = "webhook"
    genesys_pureconnect = "genesys-pureconnect"
    genesys_pureconnect_web_tools = "genesys-pureconnect-web-tools"
    genesys_open_messaging = "genesys-open-messaging"
    genesys_web_messaging = "genesys-web-messaging"
    servicenow = "servicenow"
    servicenow_tickets = "servicenow-tickets"
    service_manager = "service-manager"
}

async fn hold_the_same(name: &str) -> anyhow::Result<()> {
    let seeds = match std::env::var("BATON_TRANSCRIPT_SEEDS") {
        Ok(seeds) => seeds.parse()?,
        Err(_) => 1,
    };
    let connector = connectors::named(name).ok_or_else(|| anyhow::anyhow!("no {name}"))?;
    transcript::check(Path::new(BATON), connector, 1..1 + seeds, transcript::SHORT).await
}

/// S2: every message reaches the human agents, although both processes are restarted under load.
async fn survive_rolling_restarts(holds: bool, postgres: bool) -> anyhow::Result<()> {
    let connector = connectors::named("webhook").ok_or_else(|| anyhow::anyhow!("no webhook"))?;
    let plan = Plan { postgres, ..Plan::restarting(connector, 6, holds) };
    let report = transcript::run(Path::new(BATON), &plan).await?;
    println!("{report}");
    anyhow::ensure!(report.faults.is_empty() && report.told >= 10, "{report}");
    Ok(())
}

#[tokio::test]
async fn rolling_restarts_lose_no_word_when_words_are_forwarded() -> anyhow::Result<()> {
    survive_rolling_restarts(false, false).await
}

#[tokio::test]
async fn rolling_restarts_lose_no_word_when_words_are_kept() -> anyhow::Result<()> {
    survive_rolling_restarts(true, false).await
}

/// The same with a PostgreSQL server that is restarted too, every second time as in a crash.
#[tokio::test]
async fn restarts_of_postgres_lose_no_word_when_words_are_forwarded() -> anyhow::Result<()> {
    survive_rolling_restarts(false, true).await
}

#[tokio::test]
async fn restarts_of_postgres_lose_no_word_when_words_are_kept() -> anyhow::Result<()> {
    survive_rolling_restarts(true, true).await
}

/// A tool that shows its human agents other messages than it received.
struct Flawed {
    tool: Webhook,
    flaw: fn(&mut Chat),
}

impl Tool for Flawed {
    fn title(&self) -> &'static str {
        self.tool.title()
    }

    fn router(&self) -> Router {
        self.tool.router()
    }

    fn chats(&self) -> Vec<Chat> {
        let mut chats = self.tool.chats();
        chats.iter_mut().for_each(self.flaw);
        chats
    }

    fn act(&self, chat: &str, act: Act) -> Result<(), String> {
        self.tool.act(chat, act)
    }

    fn failure(&self, status: StatusCode) -> Response {
        self.tool.failure(status)
    }
}

fn of_visitor(chat: &Chat) -> Option<usize> {
    chat.lines.iter().position(|line| line.from == From::Visitor)
}

fn forgetful(site: Site) -> Installing {
    let flaw = |chat: &mut Chat| {
        if let Some(first) = of_visitor(chat) {
            chat.lines.remove(first);
        }
    };
    Box::pin(install_webhook(site, move |tool| Flawed { tool, flaw }))
}

fn stammering(site: Site) -> Installing {
    let flaw = |chat: &mut Chat| {
        if let Some(first) = of_visitor(chat) {
            chat.lines.insert(first, chat.lines[first].clone());
        }
    };
    Box::pin(install_webhook(site, move |tool| Flawed { tool, flaw }))
}

#[tokio::test]
async fn a_tool_that_loses_or_doubles_a_message_is_found_out() -> anyhow::Result<()> {
    for (install, expected) in [
        (forgetful as fn(Site) -> Installing, "the tool: v1n3 is lost"),
        (stammering, "the tool: v1n3 is there 2 times"),
    ] {
        let plan = Plan::calm(Connector { name: "flawed", install });
        let report = transcript::run(Path::new(BATON), &plan).await?;
        println!("{report}");
        anyhow::ensure!(report.faults.iter().any(|fault| fault == expected), "{report}");
    }
    Ok(())
}
