//! Time as a parameter.

use chrono::{DateTime, Utc};

/// Where the time of day comes from. The rules take a time; only the edge of a binary asks.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;
}
