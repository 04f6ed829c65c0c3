//! The connectors that are put to the test, one entry each.

use std::pin::Pin;

use crate::simulator::{
    Simulator, Tool,
    faults::Plan,
    pureconnect,
    time::Time,
    webhook::{self, Webhook},
};

/// A tool that runs, and how the bridge is told of it.
pub struct Installed {
    pub simulator: Simulator,
    /// `[connectors.NAME]`, as it is written below that line.
    pub settings: String,
    /// The worst that may happen to calls of the bridge to the tool. What a vendor's API cannot
    /// make good, such as a call that arrives twice where nothing tells repeats, is left out.
    pub worst: Plan,
}

pub type Installing = Pin<Box<dyn Future<Output = anyhow::Result<Installed>> + Send>>;

/// Where a tool is installed.
#[derive(Debug, Clone)]
pub struct Site {
    /// By which the tool reaches the bridge.
    pub bridge: String,
    /// Of the tool in `[connectors.NAME]`.
    pub name: &'static str,
    pub pace: Pace,
}

/// How often a tool that is polled asks to be polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As its vendor has it.
    Real,
    /// Often, so that much happens in little time.
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
];

/// The connector of this name.
pub fn named(name: &str) -> Option<Connector> {
    ALL.iter().find(|connector| connector.name == name).copied()
}

/// Everything that can happen to a call, each often enough to be met in seconds.
pub fn bad_day() -> Plan {
    let (cut, lose, repeat, straggle, delay_ms_max) = (250, 250, 200, 200, 150);
    Plan { down: true, cut, lose, repeat, straggle, delay_ms_max, ..Plan::default() }
}

fn webhook(site: Site) -> Installing {
    Box::pin(install_webhook(site, |tool| tool))
}

/// A home-made tool; `made` may give it a flaw.
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
    Ok(Installed { simulator, settings, worst: bad_day() })
}

fn pureconnect_icws(site: Site) -> Installing {
    Box::pin(install_pureconnect(site, "icws"))
}

fn pureconnect_web_tools(site: Site) -> Installing {
    Box::pin(install_pureconnect(site, "web-tools"))
}

/// One server that takes as many chats of one address as come. Nothing in its APIs tells a repeat
/// from a second message of the same words.
async fn install_pureconnect(site: Site, api: &str) -> anyhow::Result<Installed> {
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
         poll_wait_ms_min = 50\n",
        simulator.base
    );
    let worst = Plan { repeat: 0, straggle: 0, ..bad_day() };
    Ok(Installed { simulator, settings, worst })
}
