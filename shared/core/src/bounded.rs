//! Numbers that know their bounds.

use serde::{Deserialize, Serialize};

/// A number outside its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} is a whole number from {least} to {most}")]
pub struct OutOfBounds {
    /// What the number counts.
    pub what: &'static str,
    /// The smallest value that is accepted.
    pub least: u32,
    /// The largest value that is accepted.
    pub most: u32,
}

macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident, $what:literal, $least:literal..=$most:literal, default $default:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u32", into = "u32")]
        pub struct $name(u32);

        impl $name {
            /// The smallest value.
            pub const MIN: u32 = $least;
            /// The largest value.
            pub const MAX: u32 = $most;

            /// The number itself.
            #[must_use]
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl TryFrom<u32> for $name {
            type Error = OutOfBounds;

            fn try_from(value: u32) -> Result<Self, Self::Error> {
                if (Self::MIN..=Self::MAX).contains(&value) {
                    Ok(Self(value))
                } else {
                    Err(OutOfBounds { what: $what, least: Self::MIN, most: Self::MAX })
                }
            }
        }

        impl From<$name> for u32 {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self($default)
            }
        }
    };
}

bounded!(
    /// How long a command may run once a worker has taken it, in seconds; 1–30, default 10.
    TimeoutSeconds, "timeout_seconds", 1..=30, default 10
);
bounded!(
    /// How long a command may wait for a worker, in seconds; 1–3600, default 60.
    QueueTimeoutSeconds, "queue_timeout_seconds", 1..=3600, default 60
);
bounded!(
    /// How much a command matters, 0–100, default 1; see [`Lane`](crate::lane::Lane).
    Priority, "priority", 0..=100, default 1
);
bounded!(
    /// How long a session lives without activity, in seconds; 60–3600, default 300.
    TtlSeconds, "ttl_seconds", 60..=3600, default 300
);

impl TimeoutSeconds {
    /// As a duration.
    #[must_use]
    pub const fn duration(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.0 as u64)
    }
}

impl QueueTimeoutSeconds {
    /// As a duration.
    #[must_use]
    pub const fn duration(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.0 as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_part_of_the_number() {
        assert_eq!(TimeoutSeconds::default().get(), 10);
        assert!(TimeoutSeconds::try_from(0).is_err());
        assert!(TimeoutSeconds::try_from(30).is_ok());
        let error = TimeoutSeconds::try_from(31).unwrap_err().to_string();
        assert_eq!(error, "timeout_seconds is a whole number from 1 to 30");
        assert!(Priority::try_from(101).is_err());
    }

    #[test]
    fn floats_strings_and_booleans_are_no_numbers() {
        for json in ["10.0", "\"10\"", "true", "-1", "1e1", "null"] {
            assert!(
                serde_json::from_str::<TimeoutSeconds>(json).is_err(),
                "{json}"
            );
        }
    }
}
