//! Looks, now and then, for what other nodes committed, so that their commits are seen late rather
//! than never when no signal arrives.

use super::{
    failure::{self, Failure},
    statements,
};
use crate::{query::has_nul, signals::Signals};
use deadpool_postgres::Pool;
use std::{sync::Arc, time::Duration};

/// How many machines one question names.
const IDS_MAX: usize = 1000;

pub(super) async fn run(pool: Pool, signals: Arc<Signals>, pause: Duration) {
    let mut ticks = tokio::time::interval(pause);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        signals.look_around();
        let mut watched = signals.watched();
        // One that cannot be stored would spoil the question for all others.
        watched.retain(|id| !has_nul(id));
        for ids in watched.chunks(IDS_MAX) {
            if let Err(failure) = look(&pool, &signals, ids).await {
                // The next round looks again.
                let error = failure::error(&failure);
                tracing::debug!(%error, "could not look for new commits");
            }
        }
    }
}

async fn look(pool: &Pool, signals: &Signals, ids: &[String]) -> Result<(), Failure> {
    let connection = pool.get().await.map_err(Failure::pool)?;
    let statement = connection.prepare_cached(statements::NUMBERS).await?;
    for row in connection.query(&statement, &[&ids]).await? {
        signals.heard(row.try_get(0)?, row.try_get(1)?, row.try_get::<_, i64>(2)? as u64);
    }
    Ok(())
}
