//! Times on the wire: UTC, RFC 3339 with `Z`, milliseconds.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self::new(at)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DateTime::<Utc>::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_with_milliseconds() {
        let read: Timestamp = serde_json::from_str("\"2026-11-23T10:00:00.1239+02:00\"").unwrap();
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            "\"2026-11-23T08:00:00.123Z\""
        );
    }

    #[test]
    fn a_time_without_zone_is_refused() {
        assert!(serde_json::from_str::<Timestamp>("\"2026-11-23T10:00:00\"").is_err());
    }
}
