//! What starts without a request: the calls that were owed when the process started, the ends of
//! pauses, and a sweep for calls that were forgotten.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt as _, stream};
use machine::conversation::{Conversation, Effect, Input, Policy, Refusal, Reply};
use store::{StepError, StoreError};

use crate::{app::App, bot::Bot, driver::Driver, limit};

/// How many calls are owed for each bot that is not configured.
type Orphans = BTreeMap<String, usize>;

/// The call that a conversation owed when the sweep looked: its turn and epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CallId {
    turn: u64,
    epoch: u64,
}

/// Makes every call that is owed, then starts the standing tasks.
pub(crate) async fn start(app: &Arc<App>, driver: &Arc<Driver>) -> Result<(), StoreError> {
    let orphans = each_owing(app, |bot, conversation, state| {
        if let Some(callee) = state.owes_to() {
            driver.take_up(app, bot, conversation, callee);
        }
    });
    let orphans = orphans.await?;
    tell_orphans(&orphans);
    let wakes = app.store.wakes::<Conversation>();
    app.tasks.spawn(hear_clock(Arc::clone(app), wakes));
    app.tasks.spawn(sweep(Arc::clone(app), Arc::clone(driver), orphans));
    Ok(())
}

fn tell_orphans(orphans: &Orphans) {
    for (owner, calls) in orphans {
        tracing::warn!(bot.id = owner, calls, "calls are owed for a bot that is not configured");
    }
}

/// Ends pauses on time, with or without traffic.
async fn hear_clock(app: Arc<App>, mut wakes: store::Wakes) {
    loop {
        let woken = tokio::select! {
            woken = wait_and_wake(&app, &mut wakes) => woken,
            () = app.shutdown.cancelled() => return,
        };
        if let Err(error) = woken {
            tracing::warn!(%error, "pauses could not be ended on time");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

async fn wait_and_wake(app: &Arc<App>, wakes: &mut store::Wakes) -> Result<(), StoreError> {
    let next = app.store.next_wake::<Conversation>().await?;
    tokio::select! {
        () = app.clock.sleep_until(next) => wake_due(app).await,
        () = wakes.before(next) => Ok(()),
    }
}

async fn wake_due(app: &Arc<App>) -> Result<(), StoreError> {
    let now = app.clock.now();
    let due = app.store.due::<Conversation>(now, limit::PAGE_IDS_MAX).await?;
    let wakings = due.into_iter().map(|(owner, id)| wake(app, owner, id));
    let mut woken = stream::iter(wakings).buffer_unordered(limit::WOKEN_AT_ONCE_MAX);
    let mut result = Ok(());
    while let Some(one) = woken.next().await {
        if let Err(StepError::Store(error)) = one {
            result = Err(error);
        }
    }
    result
}

async fn wake(app: &App, owner: String, id: String) -> Result<(), StepError<Refusal>> {
    match app.bots.get(&owner) {
        Some(bot) => app.step(&bot, &id, None, Input::Woke).await.map(drop),
        None => wake_orphan(app, &owner, &id).await,
    }
}

/// Pauses of a bot that is no longer configured are ended too, or they stay due for ever. A message
/// that is kept for its bridge cannot be delivered: the journal says why, and the bot gets it
/// should it be configured again.
async fn wake_orphan(app: &App, owner: &str, id: &str) -> Result<(), StepError<Refusal>> {
    let ledger = app.store.ledger::<Conversation>(owner);
    let (policy, now) = (Policy::default(), app.clock.now());
    let stepped = ledger.step(id, &policy, now, None, Input::Woke).await?;
    if let Some(Effect::StepTwo { turn, epoch, .. }) = stepped.state.owed() {
        tracing::warn!(
            conversation.id = id,
            bot.id = owner,
            "a kept message cannot be delivered: its bot is not configured"
        );
        let reply = Reply::Failed { why: "the bot is not configured".to_owned() };
        let input = Input::WebhookReplied { turn, epoch, reply };
        ledger.step(id, &policy, now, None, input).await?;
    }
    Ok(())
}

/// Looks for forgotten calls, again and again.
async fn sweep(app: Arc<App>, driver: Arc<Driver>, mut orphans: Orphans) {
    let mut owed = HashMap::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(limit::SWEEP_EVERY) => {}
            () = app.shutdown.cancelled() => return,
        }
        match take_up_forgotten(&app, &driver, &owed).await {
            Ok((found, of_missing)) => {
                if of_missing != orphans {
                    tell_orphans(&of_missing);
                }
                (owed, orphans) = (found, of_missing);
            }
            Err(error) => tracing::warn!(%error, "could not look for forgotten calls"),
        }
    }
}

/// A call that was owed in the last sweep and still is, is under way nowhere, because every call
/// ends sooner. It was lost with a panic of the driver, or another process owed it and died.
/// Returns what is owed now, by conversation, and the orphans.
async fn take_up_forgotten(
    app: &Arc<App>,
    driver: &Arc<Driver>,
    owed_before: &HashMap<String, CallId>,
) -> Result<(HashMap<String, CallId>, Orphans), StoreError> {
    let mut owed = HashMap::new();
    let orphans = each_owing(app, |bot, conversation, state| {
        let Some(effect) = state.owed() else { return };
        let call = CallId { turn: effect.turn(), epoch: effect.epoch() };
        if owed_before.get(conversation) == Some(&call) {
            driver.take_up(app, bot, conversation, effect.callee());
        }
        owed.insert(conversation.to_owned(), call);
    })
    .await?;
    Ok((owed, orphans))
}

/// Calls `found` for every conversation that owes a call, page by page. Returns how many there are
/// for each bot that is not configured; their calls cannot be made.
async fn each_owing(
    app: &App,
    mut found: impl FnMut(&Arc<Bot>, &str, Conversation),
) -> Result<Orphans, StoreError> {
    let mut orphans = BTreeMap::new();
    let mut after = String::new();
    loop {
        let page = app.store.owing::<Conversation>(&after, limit::PAGE_IDS_MAX).await?;
        let Some((_, last)) = page.last() else {
            return Ok(orphans);
        };
        after.clone_from(last);
        for (owner, conversation) in page {
            let Some(bot) = app.bots.get(&owner) else {
                *orphans.entry(owner).or_default() += 1;
                continue;
            };
            match bot.ledger.load(&conversation).await {
                Ok(Some(state)) => found(&bot, &conversation, state),
                // The store has set it aside; it does not keep the others waiting.
                Ok(None) | Err(StoreError::Unreadable { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests;
