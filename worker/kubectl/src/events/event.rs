//! The fields of an event that are looked at (`core/v1 Event`).

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use kubently_core::command::EventType;
use serde::Deserialize;

use crate::printer::age::{self, age};

/// An event.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) metadata: Metadata<'a>,
    #[serde(borrow)]
    pub(super) involved_object: Involved<'a>,
    #[serde(borrow)]
    pub(super) reason: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) message: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(deserialize_with = "age::deserialize_time")]
    first_timestamp: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "age::deserialize_time")]
    last_timestamp: Option<DateTime<Utc>>,
    #[serde(rename = "eventTime", deserialize_with = "age::deserialize_time")]
    exact_time: Option<DateTime<Utc>>,
    count: i64,
    series: Option<Series>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) namespace: Cow<'a, str>,
}

/// What it happened to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Involved<'a> {
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Series {
    count: i64,
    #[serde(deserialize_with = "age::deserialize_time")]
    last_observed_time: Option<DateTime<Utc>>,
}

impl Event<'_> {
    /// The time that it is sorted by. None is before all others.
    pub(super) fn time(&self) -> Option<DateTime<Utc>> {
        match &self.series {
            Some(series) => series.last_observed_time,
            None => self.last_timestamp.or(self.exact_time),
        }
    }

    /// The server takes any case.
    pub(super) fn is_of(&self, kind: EventType) -> bool {
        self.kind.eq_ignore_ascii_case(kind.as_str())
    }

    /// When it was seen: `5m`, or `2m (x3 over 10m)`.
    pub(super) fn seen(&self, now: DateTime<Utc>) -> String {
        let first = age(self.exact_time.or(self.first_timestamp), now);
        let (last, count) = match &self.series {
            Some(series) => (series.last_observed_time, series.count),
            None if self.count > 1 => (self.last_timestamp, self.count),
            None => return first,
        };
        format!("{} (x{count} over {first})", age(last, now))
    }
}
