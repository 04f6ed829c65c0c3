//! SIGKILL at seeded moments under load: no acknowledged message is lost, repeated or reordered,
//! and the next start needs no repair. `BATON_KILL_SEEDS` sets the number of seeds (the full set is
//! 200).

use std::path::Path;

use proving::kill;

use crate::world::BATON;

#[cfg(not(feature = "mutants"))]
#[tokio::test]
async fn what_was_acknowledged_survives_being_killed() -> anyhow::Result<()> {
    let seeds = match std::env::var("BATON_KILL_SEEDS") {
        Ok(seeds) => seeds.parse()?,
        Err(_) => 5,
    };
    kill::check(Path::new(BATON), 1, seeds).await
}

/// The same check finds the loss when the store acknowledges before it commits.
#[cfg(feature = "mutants")]
#[tokio::test]
async fn acknowledging_before_the_commit_is_found_out() -> anyhow::Result<()> {
    const SEEDS_MAX: u64 = 20;
    for seed in 1..=SEEDS_MAX {
        let mut plan = kill::Plan::seeded(seed);
        plan.mutant = Some("ack-before-commit".to_owned());
        let report = kill::run(Path::new(BATON), &plan).await?;
        println!("{report}");
        if !report.faults.is_empty() {
            return Ok(());
        }
    }
    anyhow::bail!("{SEEDS_MAX} seeds saw nothing")
}
