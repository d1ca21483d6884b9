//! Where a trace comes from: the `traceparent` of W3C Trace Context, level 1.

use std::fmt;
use std::str::FromStr;

/// The header's name, over HTTP and on a command's message.
pub const HEADER: &str = "traceparent";

/// The bytes of the one known form: version, trace, span and flags, with `-` between them.
const LENGTH: usize = 55;

/// A span of another process, which ours are children of. Whatever else stood in the header is not
/// kept: it is written anew from these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: u128,
    span: u64,
    /// Whether its caller records it.
    sampled: bool,
}

/// A text that is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no traceparent")]
pub struct NoTraceParent;

impl TraceParent {
    /// A span of a trace; `None` where either is 0, which stands for none.
    #[must_use]
    pub const fn new(trace: u128, span: u64, sampled: bool) -> Option<Self> {
        if trace == 0 || span == 0 {
            return None;
        }
        Some(Self {
            trace,
            span,
            sampled,
        })
    }

    /// The trace's id.
    #[must_use]
    pub const fn trace(self) -> u128 {
        self.trace
    }

    /// The span's id.
    #[must_use]
    pub const fn span(self) -> u64 {
        self.span
    }

    /// Whether its caller records it.
    #[must_use]
    pub const fn is_sampled(self) -> bool {
        self.sampled
    }

    /// The same, recorded or not.
    #[must_use]
    pub const fn with_sampled(self, sampled: bool) -> Self {
        Self { sampled, ..self }
    }
}

impl FromStr for TraceParent {
    type Err = NoTraceParent;

    /// A later version may have more behind what this one knows (§3.2.4).
    fn from_str(text: &str) -> Result<Self, NoTraceParent> {
        let known = text.get(..LENGTH).ok_or(NoTraceParent)?;
        let mut parts = known.split('-');
        let mut part = |length: usize| {
            let part = parts.next().filter(|part| part.len() == length)?;
            let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            let is_hex = part.bytes().all(is_hex);
            is_hex.then(|| u128::from_str_radix(part, 16).ok())?
        };
        let read = (part(2), part(32), part(16), part(2));
        let (Some(version), Some(trace), Some(span), Some(flags)) = read else {
            return Err(NoTraceParent);
        };
        let more = text.as_bytes().get(LENGTH);
        let is_whole = match version {
            0 => more.is_none(),
            0xff => false,
            _ => more.is_none_or(|byte| *byte == b'-'),
        };
        let span = u64::try_from(span).map_err(|_| NoTraceParent)?;
        let read = is_whole.then(|| Self::new(trace, span, flags & 1 == 1));
        read.flatten().ok_or(NoTraceParent)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace,
            span,
            sampled,
        } = self;
        write!(f, "00-{trace:032x}-{span:016x}-{:02x}", u8::from(*sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_parent_reads_as_it_is_written() {
        let parent: TraceParent = KNOWN.parse().unwrap();
        assert!(parent.is_sampled());
        assert_eq!(parent.trace(), 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(parent.span(), 0x00f0_67aa_0ba9_02b7);
        assert_eq!(parent.to_string(), KNOWN);
    }

    #[test]
    fn of_a_later_version_only_what_is_known_is_kept() {
        let later = KNOWN.replacen("00", "cc", 1).replace("-01", "-03") + "-what-ever\r\n";
        let parent: TraceParent = later.parse().unwrap();
        assert_eq!(parent.to_string(), KNOWN);
    }

    #[test]
    fn anything_else_is_no_parent() {
        for text in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX: y",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0\u{e9}",
        ] {
            assert_eq!(text.parse::<TraceParent>(), Err(NoTraceParent), "{text:?}");
        }
    }
}
