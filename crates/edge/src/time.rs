//! Times as our APIs write them.

use machine::Millis;

/// RFC 3339 in UTC with milliseconds, for example `2026-11-22T10:00:00.000Z`.
#[must_use]
pub fn rfc3339(ms: Millis) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX);
    format!("{time:.3}")
}

/// Milliseconds of an RFC 3339 time, if it is one.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<Millis> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

/// The time of day in an IANA time zone, for example `11:01:37 AM`; `None` for an unknown zone.
#[must_use]
pub fn clock_time(ms: Millis, zone: &str) -> Option<String> {
    let zone = jiff::tz::TimeZone::get(zone).ok()?;
    let time = jiff::Timestamp::from_millisecond(ms).ok()?.to_zoned(zone);
    Some(time.strftime("%I:%M:%S %p").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_come_back() {
        for ms in [0, 1_795_341_600_000, 1_795_341_600_123] {
            let text = rfc3339(ms);
            assert_eq!(text.len(), "2026-11-22T10:00:00.000Z".len(), "{text}");
            assert_eq!(parse_rfc3339(&text), Some(ms));
        }
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert!(!rfc3339(Millis::MAX).is_empty());
    }

    #[test]
    fn the_time_of_day_is_that_of_the_zone() {
        let time = |zone| clock_time(1_795_341_697_000, zone);
        assert_eq!(time("UTC").as_deref(), Some("10:01:37 AM"));
        assert_eq!(time("America/Chicago").as_deref(), Some("04:01:37 AM"));
        assert_eq!(time("Asia/Tokyo").as_deref(), Some("07:01:37 PM"));
        assert_eq!(time("Nowhere/Else"), None);
    }
}
