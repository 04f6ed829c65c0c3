//! Compares times of a platform with each other, never with the local clock.

/// Milliseconds from `earlier` to `later`, both RFC 3339 in UTC and at most a day apart.
pub(super) fn between(earlier: &str, later: &str) -> Option<i64> {
    Some((of_day(later)? - of_day(earlier)?).rem_euclid(86_400_000))
}

/// The same, where the second may also be the earlier one by up to half a day.
pub(super) fn moved(from: &str, to: &str) -> Option<i64> {
    let forth = between(from, to)?;
    Some(if forth >= 43_200_000 { forth - 86_400_000 } else { forth })
}

/// Milliseconds since midnight; fractions of a second may have any length.
fn of_day(time: &str) -> Option<i64> {
    let clock = time.get(11..)?.strip_suffix('Z')?;
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut parts = whole.split(':').map(str::parse::<i64>);
    let (hours, minutes) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let seconds = parts.next()?.ok()?;
    let millis = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000 + millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_midnight_and_with_any_fraction() {
        let late = "2026-01-01T23:59:59.5Z";
        assert_eq!(between(late, "2026-01-02T00:00:01Z"), Some(1_500));
        assert_eq!(moved("2026-01-02T00:00:01.000Z", late), Some(-1_500));
        assert_eq!(between(late, "soon"), None);
    }
}
