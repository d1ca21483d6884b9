//! Numbers in plain decimal, and durations as Go's time package reads them.

use std::fmt;

use super::GoDuration;

/// A whole number in plain decimal: `0`, `500`, `-1`.
///
/// pflag reads with strconv.ParseInt in base 0, which takes more: `0x1F4`, `1_000`, `+5`, and 8
/// for `010`. Readers disagree about those, so they are refused; what is left means the same.
pub(super) fn decimal(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    if plain && !leading_zero {
        text.parse().ok()
    } else {
        None
    }
}

/// What time.ParseDuration takes: `1h30m`, `1.5s`, `0`; units ns, us, ms, s, m, h.
pub(super) fn go_duration(text: &str) -> Option<GoDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(GoDuration(0));
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let unit: i128 = match unit {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let whole: i128 = if whole.is_empty() {
            0
        } else {
            whole.parse::<u64>().ok()?.into()
        };
        total += whole * unit + fraction_of(fraction, unit);
        if total > i128::from(i64::MAX) + i128::from(negative) {
            return None;
        }
        rest = after;
    }
    i64::try_from(if negative { -total } else { total })
        .ok()
        .map(GoDuration)
}

/// The digits at the front, and what follows them.
fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// `0.<fraction>` of `unit`, cut to whole nanoseconds; digits beyond the 18th do not count.
fn fraction_of(fraction: &str, unit: i128) -> i128 {
    let mut value: i128 = 0;
    let mut scale: i128 = 1;
    for digit in fraction.bytes().take(18) {
        value = value * 10 + i128::from(digit - b'0');
        scale *= 10;
    }
    value * unit / scale
}

impl GoDuration {
    /// Seconds as a duration.
    pub(super) const fn from_secs(secs: i32) -> Self {
        Self(secs as i64 * 1_000_000_000)
    }

    /// The duration in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The duration in whole seconds, halves away from zero as time.Duration.Round does.
    #[must_use]
    pub const fn rounded_secs(self) -> i64 {
        let (secs, nanos) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        if nanos >= 500_000_000 {
            secs + 1
        } else if nanos <= -500_000_000 {
            secs - 1
        } else {
            secs
        }
    }
}

impl fmt::Display for GoDuration {
    /// As Go prints it from a second up (`1h30m0s`, `1.5s`); shorter ones as parts of a second.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let nanos = self.0.unsigned_abs();
        let (secs, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        let (mins, secs) = (secs / 60, secs % 60);
        let (hours, mins) = (mins / 60, mins % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if hours > 0 || mins > 0 {
            write!(f, "{mins}m")?;
        }
        if nanos == 0 {
            write!(f, "{secs}s")
        } else {
            let fraction = format!("{nanos:09}");
            write!(f, "{secs}.{}s", fraction.trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_decimal() {
        for (text, value) in [
            ("0", 0),
            ("-1", -1),
            ("500", 500),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(decimal(text), Some(value), "{text}");
        }
        for text in [
            "",
            "-",
            "+7",
            "ten",
            "1e9",
            "1.5",
            " 1",
            "1 ",
            "--1",
            "0x10",
            "010",
            "1_000",
            "1,0",
            "0b1",
            "0o7",
            "-01",
            "9223372036854775808",
            "99999999999999999999",
        ] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_read_as_time_parse_duration_does() {
        for (text, nanos, canonical) in [
            ("0", 0, "0s"),
            ("1h30m", 5_400_000_000_000, "1h30m0s"),
            ("1.5s", 1_500_000_000, "1.5s"),
            (".5m", 30_000_000_000, "30s"),
            ("100ms", 100_000_000, "0.1s"),
            ("1ns", 1, "0.000000001s"),
            ("-5m", -300_000_000_000, "-5m0s"),
            ("90s", 90_000_000_000, "1m30s"),
            ("1s1s", 2_000_000_000, "2s"),
        ] {
            let duration = go_duration(text).unwrap();
            assert_eq!(
                (duration.as_nanos(), duration.to_string().as_str()),
                (nanos, canonical)
            );
            assert_eq!(go_duration(canonical), Some(duration));
        }
        for text in [
            "", "5", "1d", "h", ".s", "1h ", "1 h", "-", "9999999h", "1hh", "1..5s", "3mm",
        ] {
            assert_eq!(go_duration(text), None, "{text}");
        }
    }

    #[test]
    fn seconds_are_rounded_half_away_from_zero() {
        for (nanos, secs) in [
            (1_499_999_999, 1),
            (1_500_000_000, 2),
            (-1_500_000_000, -2),
            (1, 0),
        ] {
            assert_eq!(GoDuration(nanos).rounded_secs(), secs);
        }
    }
}
