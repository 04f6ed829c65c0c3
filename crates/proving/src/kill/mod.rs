//! The crash check: a whole installation under load, killed at seeded moments and started again on
//! the same data. What was acknowledged must be there, once and in order, at both ends.
//!
//! [`run`] is one seed: parties (a visitor and an agent in conversation, round after round) talk
//! while the server is killed; they repeat what was not acknowledged, with the same ids. Then
//! the judge compares what they were promised with what the visitor's history and the chat
//! journals say, and asks the database whether it is sound.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, ensure};
use futures::future::join_all;
use kit::{agent::Desk, http::Http, visitor::Visitor};
use simulators::rng::Rng;

use crate::{
    config::{Agent, Setup},
    server::Server,
};

mod judge;
pub(crate) mod live;
mod party;
pub(crate) mod patience;

#[cfg(test)]
mod tests;

use judge::{Promises, judge};
use party::Party;

/// Longest time the parties may take to finish after the last kill.
const SETTLE: Duration = Duration::from_secs(90);
/// Most faults that are printed.
const FAULTS_SHOWN: usize = 12;

/// One run.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub kills: u32,
    pub parties: usize,
    /// `BATON_MUTANT` of the server.
    pub mutant: Option<String>,
}

impl Plan {
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, kills: 4, parties: 6, mutant: None }
    }
}

/// The result of a run: counts and faults.
#[derive(Debug, Default)]
pub struct Report {
    pub seed: u64,
    pub kills: u32,
    pub handovers: usize,
    pub from_visitors: usize,
    pub from_agents: usize,
    /// Empty when every promise was kept.
    pub faults: Vec<String>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { seed, kills, handovers, from_visitors, from_agents, faults } = self;
        write!(
            f,
            "seed {seed}: {kills} kills, {handovers} handovers, {from_visitors} messages of \
             visitors and {from_agents} of agents acknowledged, {} faults",
            faults.len()
        )?;
        for fault in faults.iter().take(FAULTS_SHOWN) {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}

/// Runs `seeds` seeds, and fails with the first one that finds a fault.
pub async fn check(binary: &Path, first_seed: u64, seeds: u64) -> anyhow::Result<()> {
    for seed in first_seed..first_seed + seeds {
        let report = run(binary, &Plan::seeded(seed)).await;
        let report = report.with_context(|| format!("seed {seed}"))?;
        println!("{report}");
        ensure!(report.faults.is_empty(), "promises were broken with seed {seed}");
        ensure!(
            report.from_visitors > 0 && report.from_agents > 0 && report.handovers > 0,
            "seed {seed} never came to the interesting part"
        );
    }
    Ok(())
}

/// One seed.
pub async fn run(binary: &Path, plan: &Plan) -> anyhow::Result<Report> {
    let mut server = Server::baton(binary, |base| Setup::whole(base, 1))?;
    if let Some(mutant) = &plan.mutant {
        server = server.with_env("BATON_MUTANT", mutant);
    }
    server.start().await?;
    let http = Http::new();
    let agent = Agent::number(0);
    let desk = Desk::sign_in(&http, &server.base, &agent.email, &agent.password).await?;
    let over = Arc::new(AtomicBool::new(false));
    let mut parties = Vec::new();
    for _ in 0..plan.parties {
        let visitor = Visitor::create(&http, &server.base, "support").await?;
        let party = Party::new(visitor, desk.clone(), over.clone());
        parties.push(tokio::spawn(party.talk()));
    }
    let killed = kill_at_random(&mut server, plan).await;
    over.store(true, Ordering::Relaxed);
    killed?;
    let mut report = Report { seed: plan.seed, kills: plan.kills, ..Report::default() };
    let talked = tokio::time::timeout(SETTLE, join_all(parties)).await;
    let talked = talked.context("the parties did not come to an end")?;
    for party in talked {
        let promises = party?;
        report.count(&promises);
        report.faults.extend(judge(&promises, &desk).await);
    }
    server.stop().await?;
    report.faults.extend(unsound(&server.path("data"))?);
    if !report.faults.is_empty() {
        report.faults.push(format!("the server's log:\n{}", tail(&server.log())));
    }
    Ok(report)
}

impl Report {
    fn count(&mut self, promises: &Promises) {
        self.handovers += promises.chats.len();
        self.from_visitors += promises.said.len();
        self.from_agents += promises.chats.iter().map(|chat| chat.answered.len()).sum::<usize>();
    }
}

/// Kills the server and starts it again, at moments chosen by the seed.
async fn kill_at_random(server: &mut Server, plan: &Plan) -> anyhow::Result<()> {
    let mut rng = Rng::new(plan.seed);
    for _ in 0..plan.kills {
        tokio::time::sleep(rng.millis(20, 700)).await;
        server.kill().await?;
        server.start().await?;
    }
    tokio::time::sleep(rng.millis(20, 200)).await;
    Ok(())
}

/// What SQLite itself finds wrong with the databases in `folder`.
fn unsound(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut databases = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if !std::fs::read(&path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0")) {
            continue;
        }
        databases += 1;
        let connection = rusqlite::Connection::open(&path)?;
        let word: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        if word != "ok" {
            faults.push(format!("{}: {word}", path.display()));
        }
    }
    ensure!(databases > 0, "no database in {}", folder.display());
    Ok(faults)
}

/// The last lines of a log.
fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().rev().take(10).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
