//! Times on the wire: UTC, RFC 3339 with `Z`, milliseconds.

use std::str::FromStr;

use chrono::{DateTime, Datelike as _, NaiveDate, SecondsFormat, TimeDelta, Timelike as _, Utc};

use crate::as_text::as_text;

/// How every time in the years 0 to 9999 is written, and nearly every one that is read.
const USUAL: &[u8; 24] = b"0000-00-00T00:00:00.000Z";

/// An instant in UTC, with milliseconds. Written as `2026-11-23T08:00:00.000Z`; any offset is
/// accepted when read (RFC 3339), a time without zone is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The instant, cut to milliseconds, so that what was written is what is read.
    #[must_use]
    pub fn new(at: DateTime<Utc>) -> Self {
        Self(DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at))
    }

    /// The instant itself.
    #[must_use]
    pub const fn get(self) -> DateTime<Utc> {
        self.0
    }

    /// This many seconds later; the last instant there is where that overflows.
    #[must_use]
    pub fn plus_seconds(self, seconds: u32) -> Self {
        let later = self
            .0
            .checked_add_signed(TimeDelta::seconds(i64::from(seconds)));
        Self(later.unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// This many milliseconds earlier; the first instant there is where that overflows.
    #[must_use]
    pub fn minus_millis(self, millis: u64) -> Self {
        let span = TimeDelta::milliseconds(i64::try_from(millis).unwrap_or(i64::MAX));
        Self(
            self.0
                .checked_sub_signed(span)
                .unwrap_or(DateTime::<Utc>::MIN_UTC),
        )
    }

    /// The text of every time in the years 0 to 9999: there are many of them in an answer, and
    /// chrono makes several strings of each.
    fn digits(self) -> Option<[u8; 24]> {
        let at = self.0;
        let mut text = *USUAL;
        for (place, mut number) in [
            (0..4, u32::try_from(at.year()).ok()?),
            (5..7, at.month()),
            (8..10, at.day()),
            (11..13, at.hour()),
            (14..16, at.minute()),
            (17..19, at.second()),
            (20..23, at.timestamp_subsec_millis()),
        ] {
            for digit in text.get_mut(place)?.iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
            if number > 0 {
                return None;
            }
        }
        Some(text)
    }

    /// Reads what [`Self::digits`] writes, which chrono does in several passes.
    fn of_digits(text: &str) -> Option<Self> {
        let text: &[u8; USUAL.len()] = text.as_bytes().try_into().ok()?;
        let is_usual = |(byte, usual): (&u8, &u8)| match usual {
            b'0' => byte.is_ascii_digit(),
            mark => byte == mark,
        };
        if !text.iter().zip(USUAL).all(is_usual) {
            return None;
        }
        let number = |place: std::ops::Range<usize>| {
            let digits = text.get(place)?.iter();
            Some(digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
        };
        let year = i32::try_from(number(0..4)?).ok()?;
        let date = NaiveDate::from_ymd_opt(year, number(5..7)?, number(8..10)?)?;
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let at = date.and_hms_milli_opt(hour, minute, second, number(20..23)?)?;
        Some(Self(at.and_utc()))
    }
}

as_text!(Timestamp);

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self::new(at)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.digits();
        match digits.as_ref().map(|text| std::str::from_utf8(text)) {
            Some(Ok(text)) => f.write_str(text),
            _ => f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true)),
        }
    }
}

impl FromStr for Timestamp {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, chrono::ParseError> {
        match Self::of_digits(text) {
            Some(at) => Ok(at),
            None => text.parse().map(Self::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The first and the last millisecond of the years 0 to 9999.
    const FOUR_DIGITS: (i64, i64) = (-62_167_219_200_000, 253_402_300_799_999);

    fn agrees(millis: i64) {
        let at = DateTime::from_timestamp_millis(millis).unwrap();
        let text = at.to_rfc3339_opts(SecondsFormat::Millis, true);
        assert_eq!(Timestamp::new(at).to_string(), text);
        reads(&text);
    }

    fn reads(text: &str) {
        let read = text.parse().ok();
        let of_chrono = text.parse::<DateTime<Utc>>().ok().map(Timestamp::new);
        assert_eq!(read, of_chrono, "{text}");
    }

    proptest! {
        #[test]
        fn every_time_is_written_as_chrono_does(
            near in FOUR_DIGITS.0..=FOUR_DIGITS.1,
            any in DateTime::<Utc>::MIN_UTC.timestamp_millis()..DateTime::<Utc>::MAX_UTC.timestamp_millis(),
        ) {
            agrees(near);
            agrees(any);
        }

        #[test]
        fn every_text_is_read_as_chrono_does(
            near in "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9].[0-9]{3}Z",
            odd in "[0-9TZ:.+-]{24}",
        ) {
            reads(&near);
            reads(&odd);
        }
    }

    #[test]
    fn the_ends_of_four_digits_are_written_as_chrono_does() {
        for end in [FOUR_DIGITS.0, FOUR_DIGITS.1] {
            agrees(end - 1);
            agrees(end);
            agrees(end + 1);
        }
        for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let text = end.to_rfc3339_opts(SecondsFormat::Millis, true);
            assert_eq!(Timestamp::new(end).to_string(), text);
        }
    }

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        let read: Timestamp = serde_json::from_str("\"2026-11-23T10:00:00.1239+02:00\"").unwrap();
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            "\"2026-11-23T08:00:00.123Z\""
        );
    }

    #[test]
    fn leap_seconds_and_days_are_read_as_chrono_does() {
        for text in [
            "2016-12-31T23:59:60.500Z",
            "2024-02-29T00:00:00.000Z",
            "2026-02-29T00:00:00.000Z",
            "2026-11-23T24:00:00.000Z",
            "2026-11-23t08:00:00.000z",
        ] {
            reads(text);
        }
    }

    #[test]
    fn a_time_without_zone_is_refused() {
        assert!(serde_json::from_str::<Timestamp>("\"2026-11-23T10:00:00\"").is_err());
    }
}
