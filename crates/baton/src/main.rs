//! `baton`: the command line. Everything it does is wired in `serve.rs`.
#![forbid(unsafe_code)]

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

mod agent;
mod assets;
mod check;
mod config;
mod demo;
mod emulate;
mod key;
mod listen;
mod maintain;
mod openapi;
mod pages;
mod serve;
mod simulate;
mod telemetry;
mod trigger;

/// Messages are made of many small allocations on few threads; docs/performance.md has what this
/// one is worth.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Human handover for Dialogflow bots: the baton passes from bot to human and back, and nothing
/// said is lost, repeated or put out of order.
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
        #[arg(long, env = "BATON_LISTEN", value_name = "ADDR")]
        listen: Option<SocketAddr>,
        /// Keep data here instead of where the configuration says
        #[arg(long, env = "BATON_DATA", value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Try everything at once: a bot, a desk and an agent, on an embedded database
    Demo {
        #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
        listen: SocketAddr,
        /// Where the demo keeps what is said; made when it does not exist
        #[arg(long, default_value = "demo-data", value_name = "DIR")]
        data: PathBuf,
        /// Let agents work in this simulated tool instead of the desk
        #[arg(long, value_name = "NAME", value_parser = simulate::names())]
        tool: Option<String>,
        /// Print one line of JSON with what a script needs, and nothing else
        #[arg(long)]
        json: bool,
    },
    /// Serve an agent export to Google's own Dialogflow clients
    Emulate {
        /// Folder or zip of the export
        #[arg(value_name = "PATH")]
        export: PathBuf,
        /// On another address than loopback, callers need a key; see docs/dialogflow.md
        #[arg(long, default_value = "127.0.0.1:8070", value_name = "ADDR")]
        listen: SocketAddr,
        /// Print one line of JSON with what a script needs, and nothing else
        #[arg(long)]
        json: bool,
    },
    /// Serve a simulated tool with a page on which you play its agent
    Simulate(simulate::Args),
    /// List stored rows that cannot be read, repair them, or discard them
    Store(maintain::Args),
    /// Check a configuration without serving it, one of its connectors for real, or the conformance
    /// of a middleware or a platform
    Check(check::Check),
    /// Make a push key: shown once, kept by its hash
    Key,
    /// Report what is taken from a Dialogflow agent export, and what is not
    Agent {
        /// Folder or zip of the export
        #[arg(value_name = "PATH")]
        export: PathBuf,
    },
    /// Stand between platform and middleware, pass every call on, and show it
    Listen(listen::Args),
    /// Send one call of the contract, and say what its answer means
    Trigger(trigger::Args),
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    telemetry::start();
    match run(command) {
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
        Command::Demo { listen, data, tool, json } => {
            demo::demo(listen, &data, tool.as_deref(), json).await?;
        }
        Command::Emulate { export, listen, json } => {
            emulate::emulate(&export, listen, json).await?;
        }
        Command::Simulate(args) => simulate::simulate(args).await?,
        Command::Check(check) => return check::run(check).await,
        Command::Store(args) => return maintain::run(args).await,
        Command::Key => key::print()?,
        Command::Agent { export } => serve::report_agent(&export)?,
        Command::Listen(args) => listen::listen(args).await?,
        Command::Trigger(args) => trigger::trigger(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
