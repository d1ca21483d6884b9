//! The id of a cluster.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::as_text::as_text;

/// The longest cluster id, in bytes.
pub const MAX_CLUSTER_ID: usize = 100;

/// A cluster's id: `[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?`, 1–100 bytes.
///
/// It is one token of a NATS subject, part of a stream's name and of a bucket key, so nothing
/// that means something there (dot, wildcard, space, upper case) can be in it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterId(Arc<str>);

/// Why a text is no cluster id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a cluster id has 1 to {MAX_CLUSTER_ID} of a-z, 0-9 and '-', and starts and ends with a letter or digit"
)]
pub struct InvalidClusterId;

impl ClusterId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClusterId {
    type Err = InvalidClusterId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let valid = (1..=MAX_CLUSTER_ID).contains(&text.len())
            && text.bytes().all(inner)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidClusterId)
        }
    }
}

impl Borrow<str> for ClusterId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

as_text!(ClusterId);

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dns_label_shape_are_cluster_ids() {
        for text in ["a", "0", "prod-eu-1", "credit-prod-1", &"x".repeat(100)] {
            assert!(text.parse::<ClusterId>().is_ok(), "{text}");
        }
    }

    #[test]
    fn whatever_could_change_a_subject_is_no_cluster_id() {
        let long = "x".repeat(101);
        for text in [
            "", "-", "a-", "-a", "A", "a.b", "a.>", "*", "a b", "ab\n", "é", &long,
        ] {
            assert_eq!(text.parse::<ClusterId>(), Err(InvalidClusterId), "{text:?}");
        }
    }
}
