//! What nobody's request sets off: taking up what was owed at the start, ending pauses on time,
//! and finding calls that were forgotten.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use edge::Clock;
use futures::{StreamExt as _, stream};
use machine::{
    Millis,
    conversation::{Conversation, Effect, Input, Policy},
};
use store::{StepError, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{app::App, bot::Bot, limit, pulse};

/// Drives everything that is owed, then starts the standing tasks.
pub(crate) async fn start(app: &Arc<App>, shutdown: CancellationToken) -> Result<(), StoreError> {
    let (own, tasks) = (app.shutdown.clone(), app.tasks.clone());
    tokio::spawn(async move {
        shutdown.cancelled().await;
        own.cancel();
        // From now on, waiting for the tasks ends with the last of them.
        tasks.close();
    });
    let drive = |bot: &_, conversation: &str, state| app.drive(bot, conversation, state);
    for (owner, calls) in each_owing(app, drive).await? {
        tracing::warn!(bot.id = owner, calls, "calls are owed for a bot that is not configured");
    }
    let wakes = app.store.wakes::<Conversation>();
    app.tasks.spawn(hear_clock(Arc::clone(app), wakes));
    app.tasks.spawn(sweep(Arc::clone(app)));
    app.tasks.spawn(pulse::beat(Arc::clone(app)));
    Ok(())
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
        () = reach(&app.clock, next) => wake_due(app).await,
        () = wakes.before(next) => Ok(()),
    }
}

async fn reach(clock: &Clock, at: Option<Millis>) {
    let Some(at) = at else {
        return std::future::pending().await;
    };
    loop {
        let left = at - clock.now();
        if left <= 0 {
            return;
        }
        let left = Duration::from_millis(left.unsigned_abs());
        tokio::time::sleep(left.min(limit::CLOCK_LOOK)).await;
    }
}

async fn wake_due(app: &Arc<App>) -> Result<(), StoreError> {
    let now = app.clock.now();
    let due = app.store.due::<Conversation>(now, limit::PAGE_IDS_MAX).await?;
    let wakings = due.into_iter().map(|(owner, id)| wake(app, now, owner, id));
    let mut woken = stream::iter(wakings).buffer_unordered(limit::WOKEN_AT_ONCE_MAX);
    let mut result = Ok(());
    while let Some(one) = woken.next().await {
        if let Err(StepError::Store(error)) = one {
            result = Err(error);
        }
    }
    result
}

/// A bot that is no longer configured still gets its pauses ended, or they would be due for ever.
async fn wake(
    app: &Arc<App>,
    now: Millis,
    owner: String,
    id: String,
) -> Result<(), StepError<machine::conversation::Refusal>> {
    let Some(bot) = app.bots.get(&owner) else {
        let ledger = app.store.ledger::<Conversation>(&owner);
        return ledger.step(&id, &Policy::default(), now, None, Input::Woke).await.map(drop);
    };
    let stepped = app.step(bot, &id, None, Input::Woke).await?;
    app.drive(bot, &id, Arc::unwrap_or_clone(stepped.state));
    Ok(())
}

/// Looks for forgotten calls, again and again.
async fn sweep(app: Arc<App>) {
    let mut owed = HashMap::new();
    loop {
        tokio::select! {
            () = tokio::time::sleep(limit::SWEEP_EVERY) => {}
            () = app.shutdown.cancelled() => return,
        }
        match take_up_forgotten(&app, &owed).await {
            Ok(found) => owed = found,
            Err(error) => tracing::warn!(%error, "could not look for forgotten calls"),
        }
    }
}

/// A call that was owed a whole round ago and still is, is under way nowhere: every call ends
/// sooner. It can only have been lost with a commit whose answer was lost. Returns what is owed
/// now, by conversation.
async fn take_up_forgotten(
    app: &Arc<App>,
    owed_before: &HashMap<String, (u64, u64)>,
) -> Result<HashMap<String, (u64, u64)>, StoreError> {
    let mut owed = HashMap::new();
    // Bots that are not configured were told of at the start.
    each_owing(app, |bot, conversation, state| {
        let Some(call) = state.owed().as_ref().map(call_id) else { return };
        if owed_before.get(conversation) == Some(&call) {
            app.drive(bot, conversation, state);
        }
        owed.insert(conversation.to_owned(), call);
    })
    .await?;
    Ok(owed)
}

/// Hands over every conversation that owes a call, page by page. Returns how many there are of
/// each bot that is not configured; nobody can make those.
async fn each_owing(
    app: &App,
    mut found: impl FnMut(&Arc<Bot>, &str, Conversation),
) -> Result<BTreeMap<String, usize>, StoreError> {
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
            if let Some(state) = bot.ledger.load(&conversation).await? {
                found(bot, &conversation, state);
            }
        }
    }
}

fn call_id(effect: &Effect) -> (u64, u64) {
    match effect {
        Effect::AskBot { turn, epoch, .. }
        | Effect::StepOne { turn, epoch, .. }
        | Effect::StepTwo { turn, epoch, .. } => (*turn, *epoch),
    }
}

#[cfg(test)]
mod tests;
