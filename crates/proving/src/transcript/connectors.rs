//! The connectors that are put to the test, one entry each.

use std::pin::Pin;

use crate::simulator::{
    Simulator, Tool,
    faults::Plan,
    time::Time,
    webhook::{Options, Webhook},
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

/// One connector.
#[derive(Clone, Copy)]
pub struct Connector {
    pub name: &'static str,
    /// Starts its simulated tool; told the base URL by which the tool reaches the bridge, and the
    /// name it has there in `[connectors.NAME]`.
    pub install: fn(String, &'static str) -> Installing,
}

/// Every connector there is.
pub const ALL: &[Connector] = &[Connector { name: "webhook", install: webhook }];

/// The connector of this name.
pub fn named(name: &str) -> Option<Connector> {
    ALL.iter().find(|connector| connector.name == name).copied()
}

/// Everything that can happen to a call, each often enough to be met in seconds.
pub fn bad_day() -> Plan {
    let (cut, lose, repeat, straggle, delay_ms_max) = (250, 250, 200, 200, 150);
    Plan { down: true, cut, lose, repeat, straggle, delay_ms_max, ..Plan::default() }
}

fn webhook(bridge: String, name: &'static str) -> Installing {
    Box::pin(install_webhook(bridge, name, |tool| tool))
}

/// A home-made tool; `made` may give it a flaw.
pub async fn install_webhook<T: Tool>(
    bridge: String,
    name: &'static str,
    made: impl FnOnce(Webhook) -> T,
) -> anyhow::Result<Installed> {
    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const TOKEN: &str = "token-of-the-tool";
    let options = Options {
        events_url: format!("{bridge}/connectors/{name}/events"),
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
