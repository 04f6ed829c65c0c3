//! Callbacks: sent in order for each conversation, with delays and faults. They carry no signature.

use std::{sync::Weak, time::Duration};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Inner, conversation::Ending};
use crate::{Phase, caller::Caller};

/// How long a callback that is to be swapped waits for the next one.
const SWAP_WAIT: Duration = Duration::from_millis(50);
/// The vendor's default for a connection.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// The faults of one callback, chosen when it is sent.
struct Fate {
    delay: Duration,
    repeat: bool,
    swap: bool,
}

/// Sends the callbacks of the conversation `id` for as long as the instance lives, and closes it
/// when it is idle.
pub(super) async fn send_all(
    instance: Weak<Inner>,
    id: String,
    mut queue: UnboundedReceiver<Value>,
) {
    let caller = Caller::new();
    loop {
        let Some(idle) = until_idle(&instance, &id) else { return };
        let first = match tokio::time::timeout(idle, queue.recv()).await {
            Ok(Some(first)) => first,
            Ok(None) => return,
            Err(_) => continue,
        };
        let Some(fate) = fate(&instance) else { return };
        let mut all = vec![first];
        if fate.swap
            && let Ok(Some(next)) = tokio::time::timeout(SWAP_WAIT, queue.recv()).await
        {
            all.insert(0, next);
        }
        for callback in all {
            tokio::time::sleep(fate.delay).await;
            for _ in 0..=u32::from(fate.repeat) {
                if post(&instance, &caller, &callback).await.is_none() {
                    return;
                }
            }
        }
    }
}

/// How long the conversation may still be idle; it is closed when that is over.
fn until_idle(instance: &Weak<Inner>, id: &str) -> Option<Duration> {
    let instance = instance.upgrade()?;
    let time = instance.options.time;
    let idle_ms = instance.options.idle_seconds as i64 * 1_000;
    let mut state = instance.lock();
    let conversation = state.conversations.iter_mut().find(|one| one.id == id);
    let now = time.now();
    let Some(conversation) = conversation.filter(|one| one.phase != Phase::Ended) else {
        // A new conversation is not listed yet; an ended one has only its last callbacks left.
        return Some(Duration::from_secs(1));
    };
    let left = conversation.last_at + idle_ms - now;
    if left <= 0 {
        conversation.end(Ending::Idle, now);
        return Some(Duration::from_secs(1));
    }
    // At least one millisecond, for a simulated clock that is much faster than the real one.
    Some(time.ours(Duration::from_millis(left as u64)) + Duration::from_millis(1))
}

fn fate(instance: &Weak<Inner>) -> Option<Fate> {
    let instance = instance.upgrade()?;
    let options = &instance.options;
    let (from, to) = options.callback_delay_ms;
    let mut state = instance.lock();
    let delay = state.rng.millis(from, to.max(from + 1));
    let mut draw = |chance: u32| state.rng.below(1_000) < u64::from(chance);
    Some(Fate { delay, repeat: draw(options.callback_repeat), swap: draw(options.callback_swap) })
}

/// Posts one callback as often as the instance is set to try; nothing when the instance is gone.
async fn post(instance: &Weak<Inner>, caller: &Caller, callback: &Value) -> Option<()> {
    let (tries, headers) = {
        let instance = instance.upgrade()?;
        (instance.options.callback_tries, instance.options.callback_headers.clone())
    };
    let headers: Vec<(&str, &str)> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for _ in 0..tries {
        let Some(url) = instance.upgrade()?.lock().callback.clone() else { continue };
        let posting = caller.post_json(&url, &headers, callback);
        if let Ok(Some(status)) = tokio::time::timeout(ANSWER_WAIT, posting).await
            && status.is_success()
        {
            break;
        }
        tokio::time::sleep(SWAP_WAIT).await;
    }
    Some(())
}
