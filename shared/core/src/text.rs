//! Short texts that callers give and that travel in messages.

use std::fmt;
use std::str::FromStr;

use crate::as_text::as_text;

/// A text of a caller that is not of its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} has 1 to {most} of A-Z, a-z, 0-9 and . _ : -")]
pub struct InvalidText {
    what: &'static str,
    most: usize,
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $what:literal, $most:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
                if (1..=$most).contains(&text.len()) && text.bytes().all(plain) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidText { what: $what, most: $most })
                }
            }
        }

        as_text!($name);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// A caller's own id for what it does, carried through to the result; 1–128 characters.
    /// Nothing in it can break a header line or a log line.
    CorrelationId, "correlation_id", 128
);
text!(
    /// The service that a key stands for; 1–128 characters.
    ServiceIdentity, "service_identity", 128
);
text!(
    /// A worker's name: a subject token and a bucket key once its dots are gone; 1–63 characters.
    WorkerName, "worker name", 63
);

impl From<WorkerName> for String {
    fn from(name: WorkerName) -> Self {
        name.0
    }
}

impl WorkerName {
    /// The name as one key token: dots and colons, which mean something in a key, become `-`.
    #[must_use]
    pub fn key_token(&self) -> String {
        self.0.replace(['.', ':'], "-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correlation_id_cannot_carry_a_line_break_or_a_quote() {
        assert!("req_01H.trace:7-a".parse::<CorrelationId>().is_ok());
        for text in ["", "a\r\nb", "a b", "\"", "é", &"x".repeat(129)] {
            assert!(text.parse::<CorrelationId>().is_err(), "{text:?}");
        }
    }
}
