//! `baton simulate`: serves a simulated tool of human agents, without an account at the vendor.
//! The simulators are in `simulators`; this file has the command line and the output.

use std::{io::Write as _, net::SocketAddr};

use anyhow::Context as _;
use clap::builder::PossibleValuesParser;
use directory::document::Body;
use serde_json::Value;
use simulators::{Simulator, catalog};

use crate::serve;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Name of the tool
    #[arg(value_name = "NAME", value_parser = names())]
    name: String,
    /// Address the tool listens on
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDR")]
    listen: SocketAddr,
    /// URL of the bridge, for tools that call it
    #[arg(long, default_value = "http://127.0.0.1:8080", value_name = "BASE")]
    bridge: String,
}

pub(crate) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(catalog::names())
}

/// A simulated tool in the same process as the bridge, and the bridge's settings for it.
pub(crate) struct Served {
    pub(crate) settings: Body,
    pub(crate) simulator: Simulator,
}

/// Serves `name` on a free port of this machine, for the bridge at `bridge`.
pub(crate) async fn serve(name: &str, bridge: &str) -> anyhow::Result<Served> {
    let listener = serve::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let entry = catalog::entry(name, &base, &calls(bridge, name));
    let entry = entry.context("no simulator has this name")?;
    let settings: toml::Table = toml::from_str(&entry.settings)?;
    let Value::Object(settings) = serde_json::to_value(settings)? else {
        anyhow::bail!("the settings of {name} are no table");
    };
    Ok(Served { settings, simulator: Simulator::serve_shared(listener, entry.tool)? })
}

/// URL at which a bridge receives the calls of the connector `name`.
fn calls(bridge: &str, name: &str) -> String {
    format!("{}/connectors/{name}", bridge.trim_end_matches('/'))
}

pub(crate) async fn simulate(args: Args) -> anyhow::Result<()> {
    let listener = serve::bind(args.listen).await?;
    let (name, base) = (&args.name, format!("http://{}", listener.local_addr()?));
    let entry = catalog::entry(name, &base, &calls(&args.bridge, name))
        .context("no simulator has this name")?;
    let simulator = Simulator::serve_shared(listener, entry.tool)?;
    let text = format!(
        "\n  Open {base}/_simulator/ and act as the human agent.\n\n  \
         To use this tool, add to the bridge's configuration:\n\n[connectors.{name}]\n{}\n\
         [[routes]]\nconnector = \"{name}\"\n\
         # and the other keys of the route: see docs/configuration.md\n\n  \
         Stop with Ctrl-C. Chats are not stored.\n\n",
        entry.settings
    );
    let mut out = std::io::stdout().lock();
    // A closed output must not stop the server.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    drop(out);
    serve::told_to_stop().await;
    drop(simulator);
    Ok(())
}
