//! Sockets that flood, drip or never read cost little memory, and others are served meanwhile.
//! `BATON_HOSTILE_SOCKETS` sets how many there are of each kind (the full set is 5,000).

use std::path::Path;

use proving::hostile::{Kind, measure};

use crate::world::BATON;

async fn attack(kinds: &[Kind]) -> anyhow::Result<()> {
    let sockets = match std::env::var("BATON_HOSTILE_SOCKETS") {
        Ok(sockets) => sockets.parse()?,
        Err(_) => 200,
    };
    for kind in kinds {
        let report = measure(Path::new(BATON), *kind, sockets).await?;
        println!("{report}");
        report.check_memory()?;
        // Other tests use the machine, too: this only finds a server that hangs.
        anyhow::ensure!(report.during.p99_ms < 5_000.0, "{report}");
    }
    Ok(())
}

#[tokio::test]
async fn sockets_that_flood_or_are_not_read_cost_little() -> anyhow::Result<()> {
    attack(&[Kind::PingFlood, Kind::NeverReads, Kind::UnreadAnswers]).await
}

#[tokio::test]
async fn sockets_that_stop_half_way_cost_little() -> anyhow::Result<()> {
    attack(&[Kind::Drip, Kind::HalfFrame, Kind::HalfHead, Kind::HalfBody]).await
}
