//! Quantiles of delays. Both measurements of the bench use them.

use std::time::Duration;

use anyhow::Context as _;
use hdrhistogram::Histogram;
use serde::Serialize;

/// Significant decimal digits that the histogram keeps.
const DIGITS: u8 = 3;

/// Two quantiles in milliseconds; both are 0 when nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Quantiles {
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Quantiles {
    /// Fails when the histogram cannot hold a delay.
    pub(crate) fn of(delays: impl IntoIterator<Item = Duration>) -> anyhow::Result<Self> {
        let mut histogram = Histogram::<u64>::new(DIGITS).context("a histogram")?;
        for delay in delays {
            histogram.record(u64::try_from(delay.as_nanos())?).context("a delay")?;
        }
        let at = |q: f64| histogram.value_at_quantile(q) as f64 / 1e6;
        Ok(Self { p50_ms: at(0.5), p99_ms: at(0.99) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_thousand_delays_are_right_to_three_digits() {
        let delays = (1..=1_000).map(Duration::from_millis);
        let Quantiles { p50_ms, p99_ms } = Quantiles::of(delays).unwrap();
        assert!((p50_ms - 500.0).abs() <= 0.5, "{p50_ms}");
        assert!((p99_ms - 990.0).abs() <= 1.0, "{p99_ms}");
    }

    #[test]
    fn without_delays_both_quantiles_are_zero() {
        let none = Quantiles::of([]).unwrap();
        assert_eq!(none, Quantiles { p50_ms: 0.0, p99_ms: 0.0 });
    }
}
