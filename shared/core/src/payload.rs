//! Bytes of output inside JSON: as text where that is what they are, else as base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::visible::is_hidden;

/// The most bytes of output, stdout and stderr together, that stand inside a result; also the
/// size of one chunk. With base64 and the other fields it stays below NATS's 1 MiB payload.
pub const MAX_INLINE: usize = 256 * 1024;

/// The longest JSON form of an inline text. Text full of control characters grows sixfold.
const MAX_JSON_TEXT: usize = 700 * 1024;

/// One stretch of output as it stands in JSON: exactly one of the two is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// UTF-8 text.
    Text(String),
    /// Standard base64 of the bytes.
    Base64(String),
}

impl Payload {
    /// The shorter form that keeps every byte.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) if json_length(text) < MAX_JSON_TEXT => Self::Text(text.to_owned()),
            _ => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    /// The payload behind a pair of JSON fields (`data`, `data_b64`); `None` where both or
    /// neither is set or the base64 is none.
    #[must_use]
    pub fn bytes(text: Option<impl Into<Vec<u8>>>, base64: Option<&str>) -> Option<Vec<u8>> {
        match (text, base64) {
            (Some(text), None) => Some(text.into()),
            (None, Some(base64)) => STANDARD.decode(base64).ok(),
            _ => None,
        }
    }

    /// The pair of JSON fields: (text, base64).
    #[must_use]
    pub fn into_fields(self) -> (Option<String>, Option<String>) {
        match self {
            Self::Text(text) => (Some(text), None),
            Self::Base64(base64) => (None, Some(base64)),
        }
    }
}

/// Bytes of a text in the JSON that [`visible::to_vec`](crate::visible::to_vec) writes, without the quotes.
fn json_length(text: &str) -> usize {
    let escaped = |character: char| match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        hidden if is_hidden(hidden) => 6 * hidden.len_utf16(),
        shown => shown.len_utf8(),
    };
    text.chars().map(escaped).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::visible;

    fn round_trip(bytes: &[u8]) -> Vec<u8> {
        let (text, base64) = Payload::of(bytes).into_fields();
        Payload::bytes(text.as_deref(), base64.as_deref()).unwrap()
    }

    #[test]
    fn every_byte_survives() {
        for bytes in [&b"plain\n"[..], "日本".as_bytes(), b"\xff\x00\x80", b""] {
            assert_eq!(round_trip(bytes), bytes);
        }
        assert!(matches!(Payload::of(b"\xff"), Payload::Base64(_)));
    }

    #[test]
    fn text_that_json_would_blow_up_travels_as_base64() {
        let control = vec![1_u8; MAX_INLINE];
        assert!(matches!(Payload::of(&control), Payload::Base64(_)));
        let text = "a\"\n\u{1}é😀\u{9b}\u{202e}\u{e0041}";
        let written = visible::to_vec(&text).unwrap();
        assert_eq!(json_length(text), written.len() - 2);
    }
}
