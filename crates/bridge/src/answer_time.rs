//! How long a webhook call may be worked on before its answer is taken to be late. A platform that
//! tries a call again within the contract's five seconds tells with each attempt how much of them
//! is left; one that does not tell has just begun.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;
use wire::webhook::TIME_LEFT_HEADER;

/// Of the five seconds, some go by on the way.
const LATE: Duration = Duration::from_secs(4);
/// The same for a platform that tells what was left when it sent the call.
const MARGIN: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerTime {
    began: Instant,
    late_after: Duration,
}

impl AnswerTime {
    pub(crate) fn begin(headers: &HeaderMap) -> Self {
        Self { began: Instant::now(), late_after: late_after(headers) }
    }

    /// From when on an answer is taken to be late, counted from the arrival of the call.
    pub(crate) fn late_after(&self) -> Duration {
        self.late_after
    }

    /// How long to wait for something that would take `wait_max` by itself.
    pub(crate) fn wait(&self, wait_max: Duration) -> Duration {
        self.wait_after(self.began.elapsed(), wait_max)
    }

    fn wait_after(&self, passed: Duration, wait_max: Duration) -> Duration {
        wait_max.min(self.late_after.saturating_sub(passed))
    }
}

fn late_after(headers: &HeaderMap) -> Duration {
    let left = headers.get(TIME_LEFT_HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
    left.map_or(LATE, |left| LATE.min(Duration::from_millis(left).saturating_sub(MARGIN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_shortens_the_wait_and_never_lengthens_it() {
        for (told, late_ms) in [
            (None, 4_000),
            (Some("5000"), 4_000),
            (Some("4200"), 3_700),
            (Some("900"), 400),
            (Some("200"), 0),
            (Some("0"), 0),
            (Some("99999999999"), 4_000),
            (Some("-1"), 4_000),
            (Some("soon"), 4_000),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(told) = told {
                headers.insert(TIME_LEFT_HEADER, told.parse().unwrap());
            }
            assert_eq!(late_after(&headers), Duration::from_millis(late_ms), "{told:?}");
        }
    }

    #[test]
    fn waits_end_when_the_answer_would_be_late() {
        let mut headers = HeaderMap::new();
        headers.insert(TIME_LEFT_HEADER, "2500".parse().unwrap());
        let time = AnswerTime::begin(&headers);
        let second = Duration::from_secs(1);
        assert_eq!(time.wait_after(Duration::ZERO, second), second);
        assert_eq!(time.wait_after(second, 3 * second), second);
        assert_eq!(time.wait_after(3 * second, second), Duration::ZERO);
    }
}
