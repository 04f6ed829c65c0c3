//! `baton-proving`: speed against floors, and the crash check, from the command line.
#![forbid(unsafe_code)]

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use proving::{bench, floors::Floor, hostile, kill, transcript};

/// Proves an installation of Baton from outside.
#[derive(Parser)]
#[command(name = "baton-proving", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure Baton against the floors, in interleaved rounds
    Bench(bench::Options),
    /// Kill Baton at seeded moments under load and look for what is lost, doubled or disordered
    Kill {
        /// The binary under test
        #[arg(long)]
        baton: PathBuf,
        #[arg(long, default_value_t = 5)]
        seeds: u64,
        #[arg(long, default_value_t = 1)]
        first_seed: u64,
    },
    /// Let everything fail between visitors, platform, bridge, tool and agents, and compare what
    /// the five hold at rest
    Transcript(transcript::Options),
    /// Attack Baton with thousands of hostile sockets, and measure what each of them costs
    Hostile(hostile::Options),
    /// Serve a floor
    #[command(subcommand)]
    Floor(Floor),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Bench(options) => bench::run(&options).await,
        Command::Kill { baton, seeds, first_seed } => kill::check(&baton, first_seed, seeds).await,
        Command::Transcript(options) => transcript::command(&options).await,
        Command::Hostile(options) => hostile::command(&options).await,
        Command::Floor(floor) => floor.serve().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("baton-proving: {error:#}");
            ExitCode::FAILURE
        }
    }
}
