//! When to try again: fixed waits that grow, with jitter that depends only on what is tried again.

use crate::{Millis, limits::SECOND_MS};

const LADDER_S: [Millis; 8] = [1, 2, 5, 10, 20, 60, 120, 300];

/// Wait before the next attempt, in milliseconds, after `attempts` failed ones. It is within a
/// fifth of the ladder's step. `id` spreads it, so that many failures at once are not all tried
/// again at once.
#[must_use]
pub fn delay(id: &str, attempts: u32) -> Millis {
    let rung = (attempts.max(1) as usize - 1).min(LADDER_S.len() - 1);
    let step = LADDER_S[rung] * SECOND_MS;
    let spread = (fingerprint(id, attempts) % 401) as Millis - 200;
    step + step * spread / 1_000
}

/// The wait that the receiver asked for, in milliseconds: at most the top of the ladder, and at
/// least our own wait.
#[must_use]
pub fn delay_asked(id: &str, attempts: u32, retry_after: Millis) -> Millis {
    let top = LADDER_S[LADDER_S.len() - 1] * SECOND_MS;
    // Our own wait may lie above the top by its jitter, so this is not a `clamp`.
    retry_after.min(top).max(delay(id, attempts))
}

/// FNV-1a: good enough to spread waits, and the same in every process.
fn fingerprint(id: &str, attempts: u32) -> u64 {
    let bytes = id.bytes().chain(attempts.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_five_minutes_and_stays_within_a_fifth() {
        for attempts in 1..20 {
            let rung = LADDER_S[(attempts as usize - 1).min(7)] * SECOND_MS;
            for id in ["cht_1/4", "cht_2/9", "cht_3/1"] {
                let wait = delay(id, attempts);
                assert!((rung * 8 / 10..=rung * 12 / 10).contains(&wait), "{attempts}: {wait}");
            }
        }
    }

    #[test]
    fn spreads_and_repeats() {
        let waits: Vec<_> = (0..100).map(|n| delay(&format!("cht_{n}/1"), 4)).collect();
        let mut distinct = waits.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert!(distinct.len() > 50, "only {} different waits", distinct.len());
        assert_eq!(waits[7], delay("cht_7/1", 4));
    }

    #[test]
    fn what_the_receiver_asks_is_kept_in_bounds() {
        assert_eq!(delay_asked("x", 1, 3_600 * SECOND_MS), 300 * SECOND_MS);
        assert_eq!(delay_asked("x", 1, 0), delay("x", 1));
        assert_eq!(delay_asked("x", 1, 30 * SECOND_MS), 30 * SECOND_MS);
        for attempts in 1..40 {
            for after in [0, 300 * SECOND_MS, Millis::MAX] {
                let wait = delay_asked("x", attempts, after);
                assert!((delay("x", attempts)..=360 * SECOND_MS).contains(&wait));
            }
        }
    }
}
