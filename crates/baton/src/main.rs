//! `baton`: the command line. `serve.rs` builds the server; every other command has its own file.
#![forbid(unsafe_code)]

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use edge::base_path::BasePath;

mod agent;
mod apply;
mod assets;
mod check;
mod config;
mod demo;
mod emulate;
mod fulfilment;
mod key;
mod keyring;
mod listen;
mod maintain;
mod openapi;
mod pages;
mod private;
mod proxies;
mod serve;
mod settings;
mod simulate;
mod telemetry;
mod trigger;
mod user;

/// Messages need many small allocations on few threads. docs/performance.md has the measured gain
/// of this allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Human handover for Dialogflow bots: a conversation goes from the bot to a human agent and back.
/// No message is lost, repeated or reordered.
#[derive(Parser)]
#[command(name = "baton", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the platform, the bridge, or both, as the configuration says
    Serve {
        /// Configuration file; see docs/configuration.md
        #[arg(long, env = "BATON_CONFIG", value_name = "FILE")]
        config: PathBuf,
        /// Listen here instead of where the configuration says
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
        /// Keep data here instead of where the configuration says
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Run a complete demo: a bot, a desk and a human agent, on an embedded database
    Demo {
        #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
        listen: SocketAddr,
        /// Folder for the demo's data; created when it does not exist
        #[arg(long, default_value = "demo-data", value_name = "DIR")]
        data: PathBuf,
        /// Run this export, a folder or zip, instead of the bundled agent
        #[arg(long, value_name = "PATH")]
        agent: Option<PathBuf>,
        /// Call the agent's fulfilment at this URL; see docs/fulfilment.md
        #[arg(long, value_name = "URL")]
        webhook: Option<String>,
        /// Human agents work in this simulated tool instead of the desk
        #[arg(long, value_name = "NAME", value_parser = simulate::names())]
        tool: Option<String>,
        /// A proxy serves the demo below this path, and passes the path on
        #[arg(long, value_name = "PATH")]
        base_path: Option<BasePath>,
        /// Print one line of JSON with the addresses and keys for a script, and nothing else
        #[arg(long)]
        json: bool,
    },
    /// Serve an agent export to Google's own Dialogflow clients
    Emulate {
        /// Folder or zip of the export
        #[arg(value_name = "PATH")]
        export: PathBuf,
        /// Address to listen on; callers need a key unless it is loopback; see docs/dialogflow.md
        #[arg(long, default_value = "127.0.0.1:8070", value_name = "ADDR")]
        listen: SocketAddr,
        /// Call the agent's fulfilment at this URL; see docs/fulfilment.md
        #[arg(long, value_name = "URL")]
        webhook: Option<String>,
        /// Print one line of JSON with the addresses and keys for a script, and nothing else
        #[arg(long)]
        json: bool,
    },
    /// Serve a simulated tool with a page on which you act as its human agent
    Simulate(simulate::Args),
    /// List stored rows that cannot be read, repair them, or discard them
    Store(maintain::Args),
    /// Check a configuration without serving it, test one of its connectors against the real tool,
    /// or check the conformance of a middleware or a platform
    Check(check::Check),
    Config(settings::Args),
    /// Set the bots, routes, connectors and agents of a running server from a file; the same file
    /// again changes nothing
    Apply(apply::Apply),
    /// Print the bots, routes, connectors and agents of a running server as a file
    Export(apply::Export),
    User(user::Args),
    /// Create a push key and its hash; the key is shown once
    Key,
    /// Report which parts of a Dialogflow agent export are used, and which are not
    Agent {
        /// Folder or zip of the export
        #[arg(value_name = "PATH")]
        export: PathBuf,
    },
    /// Forward every call between platform and middleware, and show it
    Listen(listen::Args),
    /// Send one call of the contract, and show what its answer means
    Trigger(trigger::Args),
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    match telemetry::start().and_then(|()| proxies::ignore()).and_then(|()| run(command)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("baton: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve { config, listen, data } => {
            let mut config = config::Config::load(&config)?;
            config.listen = listen.unwrap_or(config.listen);
            config.data = data.unwrap_or(config.data);
            serve::serve(config).await?;
        }
        Command::Demo { listen, data, agent, webhook, tool, base_path, json } => {
            let agent = demo::DemoBot { export: agent, webhook };
            demo::demo(listen, &data, agent, tool.as_deref(), base_path, json).await?;
        }
        Command::Emulate { export, listen, webhook, json } => {
            emulate::emulate(&export, listen, webhook.as_deref(), json).await?;
        }
        Command::Simulate(args) => simulate::simulate(args).await?,
        Command::Check(check) => return check::run(check).await,
        Command::Apply(args) => apply::apply(args).await?,
        Command::Export(args) => apply::export(args).await?,
        Command::User(args) => user::run(args).await?,
        Command::Config(args) => settings::run(args).await?,
        Command::Store(args) => return maintain::run(args).await,
        Command::Key => key::print()?,
        Command::Agent { export } => serve::report_agent(&export)?,
        Command::Listen(args) => listen::listen(args).await?,
        Command::Trigger(args) => trigger::trigger(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
