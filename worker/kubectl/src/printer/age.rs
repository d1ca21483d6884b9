//! Times and ages as kubectl prints them (apimachinery `util/duration`, Go's `time.RFC1123Z`).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize as _, Deserializer};

use crate::json::Text;

/// What stands for a time, or an amount, that is not known.
pub const UNKNOWN: &str = "<unknown>";

/// How long something took or is ago, in two or three significant digits: `45s`, `3m12s`, `2d4h`,
/// `3y41d`. A clock that is a second late makes `0s`; one that is later makes `<invalid>`.
#[must_use]
pub fn human_duration(duration: TimeDelta) -> String {
    let (seconds, minutes) = (duration.num_seconds(), duration.num_minutes());
    let (hours, days) = (duration.num_hours(), duration.num_days());
    match () {
        () if seconds < -1 => "<invalid>".to_owned(),
        () if seconds < 0 => "0s".to_owned(),
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 => two(days, "d", hours % 24, "h"),
        () if days < 365 * 2 => format!("{days}d"),
        () if days < 365 * 8 => two(days / 365, "y", days % 365, "d"),
        () => format!("{}y", days / 365),
    }
}

/// A number with its unit, and the smaller one unless it is zero.
fn two(large: i64, unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large}{unit}")
    } else {
        format!("{large}{unit}{small}{small_unit}")
    }
}

/// A time of the API, RFC 3339. The first second of the year 1 is none, as in Go.
#[must_use]
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (time.timestamp() != ZERO).then_some(time)
}

/// The first second of the year 1.
const ZERO: i64 = -62_135_596_800;

/// For fields that hold a time of the API, `null` or nothing that is one.
pub(crate) fn deserialize_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<Text<'de>>::deserialize(deserializer)?;
    Ok(text.and_then(|Text(text)| parse_time(&text)))
}

/// How long ago a time is; `<unknown>` where there is none.
#[must_use]
pub fn age(time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    time.map_or_else(
        || UNKNOWN.to_owned(),
        |time| human_duration(now.signed_duration_since(time)),
    )
}

/// `2006-01-02 15:04:05 +0000 UTC`, as Go prints a time. None is the first second of the year 1.
#[must_use]
pub fn go_time(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(
        || "0001-01-01 00:00:00 +0000 UTC".to_owned(),
        |time| time.format("%Y-%m-%d %H:%M:%S%.f %z UTC").to_string(),
    )
}

/// A duration to the nanosecond, as Go prints it from a second up: `1h2m3.5s`.
#[must_use]
pub fn go_duration(duration: TimeDelta) -> String {
    let (seconds, nanos) = (duration.num_seconds(), duration.subsec_nanos());
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = match (hours, minutes) {
        (0, 0) => format!("{seconds}"),
        (0, _) => format!("{minutes}m{seconds}"),
        _ => format!("{hours}h{minutes}m{seconds}"),
    };
    if nanos != 0 {
        let fraction = format!(".{nanos:09}");
        text.push_str(fraction.trim_end_matches('0'));
    }
    text + "s"
}

/// `Mon, 02 Jan 2006 15:04:05 +0000`, in UTC. No time is the first second of the year 1, as in Go.
#[must_use]
pub fn rfc1123z(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(
        || "Mon, 01 Jan 0001 00:00:00 +0000".to_owned(),
        |time| time.format("%a, %d %b %Y %H:%M:%S %z").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_or_three_digits() {
        const DAY: i64 = 86_400;
        for (seconds, text) in [
            (-2, "<invalid>"),
            (-1, "0s"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (599, "9m59s"),
            (600, "10m"),
            (3 * 3600 - 1, "179m"),
            (3 * 3600, "3h"),
            (8 * 3600 - 1, "7h59m"),
            (8 * 3600, "8h"),
            (2 * DAY - 1, "47h"),
            (2 * DAY, "2d"),
            (2 * DAY + 3600, "2d1h"),
            (8 * DAY, "8d"),
            (730 * DAY - 1, "729d"),
            (730 * DAY, "2y"),
            (731 * DAY, "2y1d"),
            (365 * 8 * DAY, "8y"),
        ] {
            assert_eq!(
                human_duration(TimeDelta::seconds(seconds)),
                text,
                "{seconds}"
            );
        }
    }

    #[test]
    fn times_are_in_utc_and_none_is_the_first() {
        let time = "2026-11-24T10:11:12+02:00"
            .parse::<DateTime<Utc>>()
            .unwrap();
        assert_eq!(rfc1123z(Some(time)), "Tue, 24 Nov 2026 08:11:12 +0000");
        assert_eq!(rfc1123z(None), "Mon, 01 Jan 0001 00:00:00 +0000");
        assert_eq!(age(None, time), "<unknown>");
        assert_eq!(parse_time("0001-01-01T00:00:00Z"), None);
        assert_eq!(go_duration(TimeDelta::milliseconds(3_723_400)), "1h2m3.4s");
        assert_eq!(go_duration(TimeDelta::seconds(125)), "2m5s");
        assert_eq!(age(Some(time), time + TimeDelta::minutes(2)), "2m");
    }
}
