//! Speed as a ratio to floors measured in the same interleaved run.
//!
//! Each round runs every case at every number of conversations with fresh processes; medians over
//! the rounds are compared. A run counts only if the crash check passes on the same binary.

use std::{path::PathBuf, time::Duration};

use anyhow::ensure;

use crate::kill;

mod case;
mod chats;
mod machine;
mod memory;
mod report;

use case::Case;
use report::Report;

/// The name of the case of many chats.
const CHATS: &str = "chats at tools";
/// How long chats at tools are silent, and the time in which each has one message each way.
const SILENCE: Duration = Duration::from_secs(20);
const TALK: Duration = Duration::from_mins(1);
/// Seeds of the crash check that a run needs to count.
const KILL_SEEDS: u64 = 5;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The binary under test; a release build
    #[arg(long)]
    pub baton: PathBuf,
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Length of each measurement, in seconds
    #[arg(long, default_value_t = 2.0)]
    pub secs: f64,
    /// Conversations at a time
    #[arg(long, value_delimiter = ',', default_value = "1,64,256")]
    pub conc: Vec<usize>,
    /// Conversations of one agent
    #[arg(long, default_value_t = 32)]
    pub chats_per_agent: usize,
    /// Idle streams of the memory measurement
    #[arg(long, default_value_t = 5_000)]
    pub idle: usize,
    /// Open chats at tools: first of a home-made one, then of one that is polled
    #[arg(long, value_delimiter = ',', default_value = "10000,2000")]
    pub chats: Vec<usize>,
    /// Only cases whose name has this in it, for a look with a profiler
    #[arg(long, default_value = "")]
    pub only: String,
    /// One short round at 1 and 64, 500 idle streams, 250 chats at tools: to see that all runs
    #[arg(long)]
    pub quick: bool,
    /// Do not run the crash check; the figures then do not count
    #[arg(long)]
    pub no_kill_check: bool,
    /// Where the figures go, as JSON
    #[arg(long, default_value = "target/bench/bench.json")]
    pub out: PathBuf,
}

/// Measures, prints, and writes the figures down.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    ensure!(options.baton.is_file(), "no binary at {}", options.baton.display());
    let (rounds, secs, conc, idle) = if options.quick {
        (1, 0.5, vec![1, 64], 500)
    } else {
        (options.rounds, options.secs, options.conc.clone(), options.idle)
    };
    let length = Duration::from_secs_f64(secs);
    let mut report = Report::new(rounds, secs);
    for round in 1..=rounds {
        for &conversations in &conc {
            for case in Case::ALL.into_iter().filter(|case| case.name().contains(&options.only)) {
                eprintln!("round {round} of {rounds}: {} at {conversations}", case.name());
                let run = case.run(options, conversations, length).await?;
                report.add(case, conversations, run);
            }
        }
        for kind in memory::Kind::ALL.into_iter().filter(|_| options.only.is_empty()) {
            eprintln!("round {round} of {rounds}: memory of {}", kind.name());
            report.add_memory(kind, memory::measure(options, kind, idle).await?);
        }
    }
    if CHATS.contains(&options.only) {
        eprintln!("{CHATS}");
        report.chats = chats_at_tools(options).await?;
    }
    if options.no_kill_check {
        report.note("without the crash check: these figures do not count");
    } else {
        kill::check(&options.baton, 1, KILL_SEEDS).await?;
        report.note("the crash check passed on this binary");
    }
    println!("{report}");
    report.write(&options.out)?;
    report.sound()
}

async fn chats_at_tools(options: &Options) -> anyhow::Result<Vec<chats::Stage>> {
    let counts = |at: usize| options.chats.get(at).copied().unwrap_or_default();
    let (counts, times) = if options.quick {
        ([200, 50], (Duration::from_secs(5), Duration::from_secs(5)))
    } else {
        ([counts(0), counts(1)], (SILENCE, TALK))
    };
    machine::wait_for_quiet().await?;
    chats::measure(options, counts, times).await
}
