//! Submitting once, however often it is sent: the `Idempotency-Key` of a request.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::request::ExecuteCommandRequest;
use crate::subject::CommandSubject;
use crate::time::Timestamp;

/// The longest key, in bytes.
const MAX_KEY: usize = 255;

/// A caller's own name for one submission: 1–255 printable ASCII characters without spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// A text that is no such key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an Idempotency-Key is 1 to 255 printable ASCII characters without spaces, sent once")]
pub struct InvalidIdempotencyKey;

/// What a key stands for: the first submission under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Where its command is published, by whichever gateway.
    pub subject: CommandSubject,
    /// When it was accepted.
    pub queued_at: Timestamp,
    /// What was asked; see [`fingerprint`].
    pub fingerprint: String,
}

impl std::str::FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_valid = (1..=MAX_KEY).contains(&text.len());
        if is_valid && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIdempotencyKey)
        }
    }
}

impl IdempotencyKey {
    /// The key as a token of a bucket's key: its SHA-256 in hex.
    #[must_use]
    pub fn hash(&self) -> String {
        hex(Sha256::digest(&self.0))
    }
}

/// What a request asks, whatever the order of its fields and its white space.
#[must_use]
pub fn fingerprint(request: &ExecuteCommandRequest) -> String {
    // Only a map with other keys than text could fail to be written.
    hex(Sha256::digest(
        serde_json::to_vec(request).unwrap_or_default(),
    ))
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest
        .as_ref()
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_printable_and_bounded() {
        for text in ["a", "order-7/retry", &"x".repeat(255)] {
            assert!(text.parse::<IdempotencyKey>().is_ok(), "{text}");
        }
        for text in ["", "a b", "a\n", "\u{e9}", &"x".repeat(256)] {
            assert!(text.parse::<IdempotencyKey>().is_err(), "{text}");
        }
        let hash = "a".parse::<IdempotencyKey>().unwrap().hash();
        assert!(hash.starts_with("ca978112ca1b") && hash.len() == 64);
    }

    #[test]
    fn a_fingerprint_is_of_what_is_asked_and_not_of_how() {
        let print =
            |body: &str| fingerprint(&ExecuteCommandRequest::from_json(body.as_bytes()).unwrap());
        let one = print(r#"{"cluster_id":"a","args":["pods"]}"#);
        assert_eq!(
            one,
            print(r#"{ "args": ["pods"], "command_type": "get", "cluster_id": "a" }"#)
        );
        for other in [
            r#"{"cluster_id":"b","args":["pods"]}"#,
            r#"{"cluster_id":"a","args":["pod"]}"#,
            r#"{"cluster_id":"a","args":["pods"],"priority":2}"#,
        ] {
            assert_ne!(one, print(other), "{other}");
        }
    }
}
