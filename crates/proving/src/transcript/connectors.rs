//! The connectors that the transcript check covers, one entry each.

use std::pin::Pin;

use anyhow::Context as _;
use simulators::{
    Simulator, Tool, catalog,
    faults::Plan,
    pureconnect, servicenow,
    time::Time,
    webhook::{self, Webhook},
};
use tokio::net::TcpListener;

/// A running tool, and the bridge's settings for it.
pub struct Installed {
    pub simulator: Simulator,
    /// The lines below `[connectors.NAME]`.
    pub settings: String,
    /// The most faults allowed on calls from the bridge to the tool, and from the tool to the
    /// bridge. Faults that the vendor's API cannot repair are left out, such as a repeated call
    /// without an id.
    pub worst: Plan,
    pub worst_of_events: Plan,
    pub reading: Reading,
    /// The notice to visitors when the vendor's API has lost messages of a human agent. `None`
    /// means that no message may be lost.
    pub admission: Option<&'static str>,
}

/// How often human agents may read one message of a visitor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reading {
    #[default]
    Once,
    /// The vendor's API cannot report what has arrived and does not recognize repeats, so a message
    /// whose answer was lost is sent again.
    AgainAfterLoss,
}

pub type Installing = Pin<Box<dyn Future<Output = anyhow::Result<Installed>> + Send>>;

/// Where a tool is installed.
#[derive(Debug, Clone)]
pub struct Site {
    /// URL at which the tool reaches the bridge.
    pub bridge: String,
    /// NAME in `[connectors.NAME]`.
    pub name: &'static str,
    pub pace: Pace,
}

/// The poll interval that a polled tool asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// The vendor's interval.
    Real,
    /// A short interval, for short runs.
    Quick,
}

/// One connector.
#[derive(Clone, Copy)]
pub struct Connector {
    pub name: &'static str,
    /// Starts its simulated tool.
    pub install: fn(Site) -> Installing,
}

/// Every connector there is.
pub const ALL: &[Connector] = &[
    Connector { name: "webhook", install: webhook },
    Connector { name: "genesys-pureconnect", install: pureconnect_icws },
    Connector { name: "genesys-pureconnect-web-tools", install: pureconnect_web_tools },
    Connector { name: "genesys-open-messaging", install: genesys_open_messaging },
    Connector { name: "genesys-web-messaging", install: genesys_web_messaging },
    Connector { name: "servicenow", install: servicenow },
    Connector { name: "servicenow-tickets", install: servicenow_tickets },
    Connector { name: "service-manager", install: service_manager },
];

/// The connector of this name.
pub fn named(name: &str) -> Option<Connector> {
    ALL.iter().find(|connector| connector.name == name).copied()
}

/// Every fault of a call, each often enough to happen within seconds.
pub fn every_fault() -> Plan {
    let (cut, lose, repeat, straggle, delay_ms_max) = (250, 250, 200, 200, 150);
    Plan { down: true, cut, lose, repeat, straggle, delay_ms_max, ..Plan::default() }
}

/// The same for APIs that cannot tell a repeat from a second message with the same text.
fn without_repeats() -> Plan {
    Plan { repeat: 0, straggle: 0, ..every_fault() }
}

fn webhook(site: Site) -> Installing {
    Box::pin(install_webhook(site, |tool| tool))
}

/// A custom tool behind the webhook connector; `made` may give it a flaw.
pub async fn install_webhook<T: Tool>(
    site: Site,
    made: impl FnOnce(Webhook) -> T,
) -> anyhow::Result<Installed> {
    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const TOKEN: &str = "token-of-the-tool";
    let options = webhook::Options {
        events_url: format!("{}/connectors/{}/events", site.bridge, site.name),
        token: TOKEN.to_owned(),
        signing_key: KEY.to_owned(),
        refuses: None,
        notice: "Welcome to the tool.".to_owned(),
        time: Time::default(),
    };
    let simulator = Simulator::start(made(Webhook::new(options))).await?;
    let settings = format!(
        "kind = \"webhook\"\nurl = \"{}/hook\"\nallow_private = true\n\
         signing_key = {KEY:?}\ntoken = {TOKEN:?}\n",
        simulator.base
    );
    let (worst, worst_of_events, reading) = (every_fault(), every_fault(), Reading::Once);
    Ok(Installed { simulator, settings, worst, worst_of_events, reading, admission: None })
}

fn pureconnect_icws(site: Site) -> Installing {
    Box::pin(install_pureconnect(site, "icws"))
}

fn pureconnect_web_tools(site: Site) -> Installing {
    Box::pin(install_pureconnect(site, "web-tools"))
}

/// One server without a limit of chats per address.
async fn install_pureconnect(site: Site, api: &str) -> anyhow::Result<Installed> {
    const LOSS: &str = "Something the agent wrote may have been lost.";
    let mut options = pureconnect::Options {
        active_per_ip_max: usize::MAX,
        starts_per_second_max: usize::MAX,
        greeting: Some("Welcome to the tool.".to_owned()),
        ..pureconnect::Options::default()
    };
    if site.pace == Pace::Quick {
        (options.poll_wait_ms, options.late_per_mille, options.repeat_per_mille) = (100, 100, 100);
    }
    let simulator = Simulator::start(pureconnect::Server::new(options)).await?;
    let settings = format!(
        "kind = \"genesys-pureconnect\"\napi = {api:?}\nprimary = {:?}\nallow_private = true\n\
         queue = \"Service Desk\"\nweb_chat = 6\nstarts_per_second = 1000.0\n\
         poll_wait_ms_min = 50\nloss_notice = {LOSS:?}\n",
        simulator.base
    );
    let (worst, worst_of_events, reading) = (without_repeats(), every_fault(), Reading::Once);
    // An ended chat cannot be rejoined, and events in its last answers are not repeated.
    let admission = (api == "web-tools").then_some(LOSS);
    Ok(Installed { simulator, settings, worst, worst_of_events, reading, admission })
}

fn genesys_open_messaging(site: Site) -> Installing {
    Box::pin(install_stand(site, "genesys-open-messaging", ""))
}

fn genesys_web_messaging(site: Site) -> Installing {
    Box::pin(install_stand(site, "genesys-web-messaging", ""))
}

fn servicenow_tickets(site: Site) -> Installing {
    Box::pin(install_stand(
        site,
        "servicenow-tickets",
        "ticket.poll_seconds = 0.2\nticket.gather_seconds = 0.3\n",
    ))
}

fn service_manager(site: Site) -> Installing {
    Box::pin(install_stand(site, "service-manager", "poll_seconds = 0.2\ngather_seconds = 0.3\n"))
}

/// A tool with its default options; `quick` are settings for a short interval.
async fn install_stand(site: Site, kind: &str, quick: &str) -> anyhow::Result<Installed> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let calls = format!("{}/connectors/{}", site.bridge, site.name);
    let entry = catalog::entry(kind, &base, &calls).context("there is no such simulator")?;
    let simulator = Simulator::serve_shared(listener, entry.tool)?;
    let settings = entry.settings + if site.pace == Pace::Quick { quick } else { "" };
    let (worst, worst_of_events, reading) = (without_repeats(), every_fault(), Reading::Once);
    Ok(Installed { simulator, settings, worst, worst_of_events, reading, admission: None })
}

fn servicenow(site: Site) -> Installing {
    Box::pin(install_servicenow(site))
}

/// The vendor's reference promises no second callback after a refused one. An instance that gives
/// up after the first loses messages while the bridge is down, so this one retries.
async fn install_servicenow(site: Site) -> anyhow::Result<Installed> {
    const TOKEN: &str = "token-of-the-tool";
    const KEY: &str = "key-of-the-callbacks";
    let options = servicenow::Options {
        proof: servicenow::Proof::Token(TOKEN.to_owned()),
        callback: Some(format!("{}/connectors/{}/callback/{KEY}", site.bridge, site.name)),
        callback_tries: 1_000,
        ..servicenow::Options::default()
    };
    let simulator = Simulator::start(servicenow::ServiceNow::new(options)).await?;
    let settings = format!(
        "kind = \"servicenow\"\ninstance = {:?}\nallow_private = true\n\
         virtual_agent.token = {TOKEN:?}\nvirtual_agent.callback_key = {KEY:?}\n",
        simulator.base
    );
    let (worst, worst_of_events) = (without_repeats(), every_fault());
    let reading = Reading::AgainAfterLoss;
    Ok(Installed { simulator, settings, worst, worst_of_events, reading, admission: None })
}
