//! Waiting for something that gives no signal: it is looked at again and again.

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// Time between two looks. Longer than what one look costs a server.
const LOOK: Duration = Duration::from_millis(20);

/// The first value that `look` finds; `None` when it finds none within `limit`. An error of `look`
/// ends the waiting.
pub(crate) async fn until<T, F>(
    limit: Duration,
    mut look: impl FnMut() -> F,
) -> anyhow::Result<Option<T>>
where
    F: Future<Output = anyhow::Result<Option<T>>>,
{
    let deadline = Instant::now() + limit;
    loop {
        let found = look().await?;
        if found.is_some() || Instant::now() >= deadline {
            return Ok(found);
        }
        tokio::time::sleep(LOOK).await;
    }
}
