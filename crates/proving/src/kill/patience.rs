//! Repeating a request, with the same id, until a server that may be down acknowledges it.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use anyhow::bail;
use kit::http::Answer;

/// Longest outage that is tolerated.
const OUTAGE_MAX: Duration = Duration::from_secs(30);
/// Time between two attempts.
const BREATH: Duration = Duration::from_millis(10);

/// The answer with one of the `wanted` statuses; fails when the status shows that a repeat will not
/// help, or when the server is down for too long.
pub(crate) async fn insist<F>(wanted: &[u16], mut ask: impl FnMut() -> F) -> anyhow::Result<Answer>
where
    F: Future<Output = anyhow::Result<Answer>>,
{
    let deadline = Instant::now() + OUTAGE_MAX;
    loop {
        let last = match ask().await {
            Ok(answer) if wanted.contains(&answer.status.as_u16()) => return Ok(answer),
            Ok(answer) if answer.status.is_server_error() || answer.status == 429 => {
                format!("{}: {}", answer.status, answer.text())
            }
            Ok(answer) => bail!("unexpected {}: {}", answer.status, answer.text()),
            Err(error) => format!("{error:#}"),
        };
        if Instant::now() > deadline {
            bail!("no acknowledgement within {OUTAGE_MAX:?}: {last}");
        }
        tokio::time::sleep(BREATH).await;
    }
}
