//! Public nkeys: how the hub knows a gateway, a cluster's workers or a publisher.

use std::fmt;
use std::str::FromStr;

use crate::as_text::as_text;

/// How long an encoded public nkey is: 35 bytes as base32.
const LENGTH: usize = 56;

/// The public half of a user's nkey: `U` and 55 characters of base32 (RFC 4648, no padding). No
/// secret; the server checks its checksum.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicNkey(String);

/// A text that is no public nkey of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a public nkey of a user is U and 55 characters of A-Z and 2-7")]
pub struct InvalidNkey;

impl PublicNkey {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicNkey {
    type Err = InvalidNkey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_base32 = |byte: u8| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte);
        let is_one = text.len() == LENGTH && text.starts_with('U') && text.bytes().all(is_base32);
        is_one.then(|| Self(text.to_owned())).ok_or(InvalidNkey)
    }
}

as_text!(PublicNkey);

impl fmt::Display for PublicNkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_keys_of_users_are_taken() {
        let body = "A".repeat(55);
        assert!(format!("U{body}").parse::<PublicNkey>().is_ok());
        for text in [
            format!("A{body}"),
            format!("SU{body}A"),
            format!("U{body}A"),
            format!("U{}", "a".repeat(55)),
            format!("U{}\"", "A".repeat(54)),
            String::new(),
        ] {
            assert!(text.parse::<PublicNkey>().is_err(), "{text}");
        }
    }
}
