//! The secret of a key and its hash.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::as_text::as_text;

/// How many random bytes a secret has: 240 bits.
pub const TOKEN_BYTES: usize = 30;

const PREFIX: &str = "ci_";
/// How much of a secret is shown in lists: `ci_` and four characters, 24 of its 240 bits.
const SHOWN: usize = 7;

/// The secret of a key: `ci_` and 40 base64url characters (RFC 4648 §5), 30 random bytes.
///
/// It is shown once, when the key is made; nothing prints or serialises it by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeyToken(String);

/// A text that is no API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an API key is {PREFIX} and 40 characters of A-Z, a-z, 0-9, '-' and '_'")]
pub struct InvalidToken;

/// The SHA-256 of a secret; 64 hex digits in the store. Enough for 240 random bits, which nobody
/// guesses; it is no credential itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiKeyHash([u8; 32]);

/// A text that is no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key's hash has 64 hex digits in lower case")]
pub struct InvalidHash;

/// The first characters of a secret: `ci_` and four more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyPrefix(String);

impl ApiKeyToken {
    /// The secret of these bytes, which come from the operating system's randomness.
    #[must_use]
    pub fn from_random(random: [u8; TOKEN_BYTES]) -> Self {
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// The secret itself, for the one answer that shows it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its hash.
    #[must_use]
    pub fn hash(&self) -> ApiKeyHash {
        ApiKeyHash(Sha256::digest(&self.0).into())
    }

    /// What lists show of it.
    #[must_use]
    pub fn prefix(&self) -> KeyPrefix {
        KeyPrefix(self.0.chars().take(SHOWN).collect())
    }
}

impl FromStr for ApiKeyToken {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let body = text.strip_prefix(PREFIX).ok_or(InvalidToken)?;
        // 40 characters are 30 bytes exactly, so every secret has one spelling.
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| InvalidToken)?;
        if bytes.len() == TOKEN_BYTES {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidToken)
        }
    }
}

impl fmt::Debug for ApiKeyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyToken([redacted])")
    }
}

impl ApiKeyHash {
    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

as_text!(ApiKeyHash);

impl fmt::Display for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyHash([redacted])")
    }
}

impl FromStr for ApiKeyHash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digit = |byte: &u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(InvalidHash),
        };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(InvalidHash);
        };
        let bytes = pairs
            .iter()
            .map(|[high, low]| Ok(digit(high)? << 4 | digit(low)?))
            .collect::<Result<Vec<u8>, _>>()?;
        bytes.try_into().map(Self).map_err(|_| InvalidHash)
    }
}

impl KeyPrefix {
    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for KeyPrefix {
    type Error = InvalidToken;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.len() == SHOWN && text.starts_with(PREFIX) && text.bytes().all(plain) {
            Ok(Self(text))
        } else {
            Err(InvalidToken)
        }
    }
}

impl From<KeyPrefix> for String {
    fn from(prefix: KeyPrefix) -> Self {
        prefix.0
    }
}

/// Bytes as hex digits in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_one_spelling_and_reads_back() {
        let token = ApiKeyToken::from_random([0xfb; TOKEN_BYTES]);
        assert_eq!(token.expose().len(), 43);
        assert_eq!(token.expose().parse::<ApiKeyToken>().unwrap(), token);
        assert_eq!(token.prefix().as_str(), "ci_-_v7");
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let body = "A".repeat(40);
        for text in [
            String::new(),
            "ci_".to_owned(),
            body.clone(),
            format!("CI_{body}"),
            format!("ci_{body}A"),
            format!("ci_{body}AAAA"),
            format!("ci_{}", "A".repeat(36)),
            format!("ci_{}=", "A".repeat(39)),
            format!("ci_{}+", "A".repeat(39)),
            format!("ci_{body}\n"),
            format!(" ci_{body}"),
        ] {
            assert_eq!(text.parse::<ApiKeyToken>(), Err(InvalidToken), "{text:?}");
        }
    }

    #[test]
    fn debug_shows_neither_secret_nor_hash() {
        let token = ApiKeyToken::from_random([1; TOKEN_BYTES]);
        let shown = format!("{token:?} {:?}", token.hash());
        assert_eq!(shown, "ApiKeyToken([redacted]) ApiKeyHash([redacted])");
    }

    #[test]
    fn a_hash_is_the_sha256_of_the_whole_secret_and_reads_back() {
        let token = ApiKeyToken::from_random([0; TOKEN_BYTES]);
        let text = token.hash().to_string();
        assert_eq!(text, hex(&Sha256::digest(format!("ci_{}", "A".repeat(40)))));
        assert_eq!(text.parse::<ApiKeyHash>().unwrap(), token.hash());
        for text in [text.to_uppercase(), text.repeat(2), "0".to_owned()] {
            assert_eq!(text.parse::<ApiKeyHash>(), Err(InvalidHash), "{text}");
        }
    }
}
