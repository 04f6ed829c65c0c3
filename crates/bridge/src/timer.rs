//! What time brings: chats whose wake time has come, and pushes whose wait is over.

use std::time::Duration;

use edge::Clock;
use machine::{
    Millis,
    chat::{Chat, Input, Policy},
};
use store::StoreError;

use crate::app::{App, Bridge};

/// Most chats taken from the store at once.
const PAGE: usize = 200;
/// Longest sleep without a look at the clock, which may jump, for example after a suspend.
const LOOK_EVERY_MS: Millis = 200;
/// Pause after the store failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Drives every chat that still owed a push when the process last ended.
pub(crate) async fn take_up_owed(app: &App) -> Result<(), StoreError> {
    let mut after = String::new();
    let mut strangers = 0_usize;
    loop {
        let page = app.store.owing::<Chat>(&after, PAGE).await?;
        for (owner, id) in &page {
            match app.routes.get(owner) {
                Some(route) => app.driver.drive(route, id),
                None => strangers += 1,
            }
        }
        match page.into_iter().next_back() {
            Some((_, last)) => after = last,
            None => break,
        }
    }
    if strangers > 0 {
        tracing::warn!(
            chats = strangers,
            "chats of routes that are not configured any more owe pushes that cannot be sent"
        );
    }
    Ok(())
}

/// Tells chats that time has passed, until the bridge stops.
pub(crate) async fn keep_time(bridge: Bridge) {
    let app = bridge.app();
    let mut wakes = app.store.wakes::<Chat>();
    loop {
        let now = app.clock.now();
        let parked = app.driver.unpark(now);
        let next = match wake_due(app, now).await {
            Ok(next) => next.into_iter().chain(parked).min(),
            Err(error) => {
                tracing::error!(%error, "the chats that are due could not be read");
                tokio::select! {
                    () = tokio::time::sleep(STORE_PAUSE) => continue,
                    () = app.stop.cancelled() => return,
                }
            }
        };
        tokio::select! {
            () = until(&app.clock, next) => {}
            () = wakes.before(next) => {}
            () = app.driver.newly_parked() => {}
            () = app.stop.cancelled() => return,
        }
    }
}

/// Feeds `Woke` to what is due and gives the next wake time.
async fn wake_due(app: &App, now: Millis) -> Result<Option<Millis>, StoreError> {
    loop {
        let due = app.store.due::<Chat>(now, PAGE).await?;
        if due.is_empty() {
            return app.store.next_wake::<Chat>().await;
        }
        let mut failed = None;
        for (owner, id) in &due {
            if let Err(error) = wake(app, owner, id).await {
                failed = Some(error);
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
    }
}

async fn wake(app: &App, owner: &str, id: &str) -> Result<(), StoreError> {
    let stepped = if let Some(route) = app.routes.get(owner) {
        app.driver.step(route, id, None, Input::Woke).await
    } else {
        // The route is gone from the configuration; its chats still come to their end.
        let (policy, now) = (Policy::default(), app.clock.now());
        app.store.ledger::<Chat>(owner).step(id, &policy, now, None, Input::Woke).await
    };
    match stepped {
        Err(store::StepError::Store(error)) => {
            tracing::error!(chat.id = id, %error, "a chat could not be woken");
            Err(error)
        }
        // Nobody is refused the time of day, and a chat that is gone needs no waking.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Ends when the clock shows `at`; never for `None`.
async fn until(clock: &Clock, at: Option<Millis>) {
    let Some(at) = at else { return std::future::pending().await };
    loop {
        let left = at - clock.now();
        if left <= 0 {
            return;
        }
        let nap = left.min(LOOK_EVERY_MS).unsigned_abs();
        tokio::time::sleep(Duration::from_millis(nap)).await;
    }
}
