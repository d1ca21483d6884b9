//! The three lanes of a cluster's queue.

use std::fmt;
use std::str::FromStr;

use crate::bounded::Priority;

/// A lane of a cluster's queue. `JetStream` knows no message priority, so a priority is a lane
/// (a subject token and a consumer of its own); the exact number orders the worker's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// Priority 0.
    Low,
    /// Priorities 1–49.
    Normal,
    /// Priorities 50–100.
    High,
}

/// A text that names no lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a lane is high, normal or low")]
pub struct UnknownLane;

impl Lane {
    /// Every lane, the most urgent first.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// The lane as a subject token and as its consumer's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }
}

impl From<Priority> for Lane {
    fn from(priority: Priority) -> Self {
        match priority.get() {
            0 => Self::Low,
            1..=49 => Self::Normal,
            _ => Self::High,
        }
    }
}

impl FromStr for Lane {
    type Err = UnknownLane;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|lane| lane.as_str() == text)
            .ok_or(UnknownLane)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_fall_into_their_lanes() {
        let lane = |number: u32| Lane::from(Priority::try_from(number).unwrap());
        assert_eq!(lane(0), Lane::Low);
        assert_eq!((lane(1), lane(49)), (Lane::Normal, Lane::Normal));
        assert_eq!((lane(50), lane(100)), (Lane::High, Lane::High));
    }
}
