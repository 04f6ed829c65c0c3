//! The transcript check: visitors and human agents talk over a platform and a bridge that are
//! killed again and again, and over links that cut, lose, repeat and delay calls. At rest the
//! visitor, the platform, the bridge, the tool and the agent must hold the same words in the same
//! order, and everything that was acknowledged must be among them.
//!
//! [`run`] is one seed with one [`Connector`]: real processes, a simulated tool, scripted people.
//! [`judge::Case`] compares the five sides, conversation by conversation.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, ensure};

pub mod connectors;

mod agent;
mod journal;
mod judge;
mod links;
mod party;
mod words;
mod world;

#[cfg(test)]
mod tests;

pub use connectors::{Connector, Installed};

/// How long faults last in a short run.
pub const SHORT: Duration = Duration::from_secs(8);
/// Fewest visitor messages that must reach human agents for a run to count.
const TOLD_MIN: usize = 10;
/// Most faults that are printed.
const FAULTS_SHOWN: usize = 20;

/// One run.
#[derive(Clone)]
pub struct Plan {
    pub seed: u64,
    pub connector: Connector,
    /// How long processes are killed and links have faults.
    pub length: Duration,
    pub parties: u64,
    /// Whether the bot keeps words while the bridge is away.
    pub holds: bool,
    /// How often each process is restarted in good order, instead of kills and faults of links.
    pub restarts: u32,
    /// Whether both sides keep their data in a PostgreSQL server, which is restarted with them.
    pub postgres: bool,
}

impl Plan {
    #[must_use]
    pub fn seeded(seed: u64, connector: Connector) -> Self {
        Self {
            seed,
            connector,
            length: SHORT,
            parties: 5,
            holds: seed.is_multiple_of(2),
            restarts: 0,
            postgres: false,
        }
    }

    /// So many restarts of each process in good order; nothing else goes wrong.
    #[must_use]
    pub fn restarting(connector: Connector, restarts: u32, holds: bool) -> Self {
        Self { holds, restarts, ..Self::seeded(1, connector) }
    }

    /// A run without injected faults.
    #[must_use]
    pub fn calm(connector: Connector) -> Self {
        Self { length: Duration::ZERO, parties: 1, ..Self::seeded(1, connector) }
    }
}

/// The result of a run: counts and faults.
#[derive(Debug, Default)]
pub struct Report {
    pub connector: &'static str,
    pub seed: u64,
    pub kills: u32,
    /// Calls and connections that went wrong, by link.
    pub wrongs: Vec<(&'static str, u64)>,
    pub handovers: usize,
    pub from_visitors: usize,
    pub from_agents: usize,
    /// Visitor messages that the bridge accepted, and those that went to the bot because a call
    /// failed or was refused.
    pub told: usize,
    pub forwarded: usize,
    /// Messages of human agents that the vendor's API lost, and of which the visitor got a notice.
    pub admitted: usize,
    /// Empty when all five sides hold the same.
    pub faults: Vec<String>,
    /// Folder of the journals, when there were faults.
    pub kept: Option<std::path::PathBuf>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { connector, seed, kills, wrongs, handovers, admitted, .. } = self;
        let wrongs: Vec<_> = wrongs.iter().map(|(link, n)| format!("{n} on {link}")).collect();
        write!(
            f,
            "{connector}, seed {seed}: {kills} kills, {} went wrong; {handovers} handovers, {} \
             messages of visitors ({} told, {} forwarded to the bot) and {} of agents ({admitted} \
             admitted to be lost), {} faults",
            wrongs.join(", "),
            self.from_visitors,
            self.told,
            self.forwarded,
            self.from_agents,
            self.faults.len()
        )?;
        for fault in self.faults.iter().take(FAULTS_SHOWN) {
            write!(f, "\n  {fault}")?;
        }
        if let Some(kept) = &self.kept {
            write!(f, "\n  the journals are in {}", kept.display())?;
        }
        Ok(())
    }
}

/// Runs seeds of one connector, and fails with the first one that finds a fault.
pub async fn check(
    binary: &Path,
    connector: Connector,
    seeds: std::ops::Range<u64>,
    length: Duration,
) -> anyhow::Result<()> {
    for seed in seeds {
        let plan = Plan { length, ..Plan::seeded(seed, connector) };
        let report = run(binary, &plan).await;
        let report = report.with_context(|| format!("{}, seed {seed}", connector.name))?;
        println!("{report}");
        ensure!(report.faults.is_empty(), "the sides do not hold the same with seed {seed}");
        let wrongs: u64 = report.wrongs.iter().map(|(_, times)| times).sum();
        ensure!(
            report.kills > 0
                && wrongs > 0
                && report.handovers > 0
                && report.told >= TOLD_MIN
                && report.from_agents > 0,
            "seed {seed} never came to the interesting part"
        );
    }
    Ok(())
}

/// One seed.
pub async fn run(binary: &Path, plan: &Plan) -> anyhow::Result<Report> {
    let world = world::World::start(binary, plan).await?;
    world.live_through(plan).await
}

/// Options of `baton-proving transcript`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The binary under test
    #[arg(long)]
    pub baton: std::path::PathBuf,
    /// One connector alone
    #[arg(long)]
    pub connector: Option<String>,
    #[arg(long, default_value_t = 5)]
    pub seeds: u64,
    #[arg(long, default_value_t = 1)]
    pub first_seed: u64,
    /// How long each seed goes on
    #[arg(long)]
    pub minutes: Option<f64>,
}

/// The command.
pub async fn command(options: &Options) -> anyhow::Result<()> {
    let length = options.minutes.map(|minutes| Duration::try_from_secs_f64(minutes * 60.0));
    let length = length.transpose()?.unwrap_or(SHORT);
    let chosen: Vec<_> = match &options.connector {
        Some(name) => {
            let known: Vec<_> = connectors::ALL.iter().map(|known| known.name).collect();
            let found = connectors::named(name);
            vec![found.with_context(|| format!("no connector {name:?} among {known:?}"))?]
        }
        None => connectors::ALL.to_vec(),
    };
    for connector in chosen {
        let seeds = options.first_seed..options.first_seed + options.seeds;
        check(&options.baton, connector, seeds, length).await?;
    }
    Ok(())
}
