//! Which part of an output is wanted.

use std::ops::Range;

use serde::Deserialize;

/// In what a part is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    /// Bytes.
    #[default]
    Bytes,
    /// Lines; what follows the last newline is one, too.
    Lines,
}

/// A part of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// At most `limit` units (absent: all) after the first `offset`.
    From { offset: u64, limit: Option<u64> },
    /// The last units.
    Tail(u64),
}

/// The part that a window shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Which bytes.
    pub(crate) range: Range<usize>,
    /// Where the next part begins, in units; none where this is the last.
    pub(crate) next: Option<u64>,
    /// How many units there are.
    pub(crate) total: u64,
}

impl Window {
    /// The part of these bytes.
    pub(crate) fn of(self, bytes: &[u8], unit: Unit) -> Part {
        let total = match unit {
            Unit::Bytes => bytes.len() as u64,
            Unit::Lines => lines(bytes),
        };
        let (first, last) = match self {
            Self::Tail(count) => (total.saturating_sub(count), total),
            Self::From { offset, limit } => {
                let first = offset.min(total);
                let last = limit.map_or(total, |limit| first.saturating_add(limit).min(total));
                (first, last)
            }
        };
        let place = |count: u64| match unit {
            Unit::Bytes => usize::try_from(count).unwrap_or(usize::MAX),
            Unit::Lines => start_of_line(bytes, count),
        };
        Part {
            range: place(first)..place(last),
            next: (last < total).then_some(last),
            total,
        }
    }
}

fn lines(bytes: &[u8]) -> u64 {
    let ends = bytes.split(|byte| *byte == b'\n').count().saturating_sub(1) as u64;
    let is_open = bytes.last().is_some_and(|byte| *byte != b'\n');
    ends + u64::from(is_open)
}

/// Where the line with this number, from 0, begins; the end of the bytes where there is none.
fn start_of_line(bytes: &[u8], number: u64) -> usize {
    let Some(before) = number.checked_sub(1) else {
        return 0;
    };
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let mut ends = ends.map(|(place, _)| place + 1);
    let before = usize::try_from(before).unwrap_or(usize::MAX);
    ends.nth(before).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"one\ntwo\n\nfour";

    fn lines_of(window: Window) -> (&'static [u8], Option<u64>) {
        let part = window.of(TEXT, Unit::Lines);
        assert_eq!(part.total, 4);
        (&TEXT[part.range], part.next)
    }

    const fn from(offset: u64, limit: Option<u64>) -> Window {
        Window::From { offset, limit }
    }

    #[test]
    fn lines_are_cut_behind_their_newlines() {
        assert_eq!(lines_of(from(0, None)), (TEXT, None));
        assert_eq!(lines_of(from(0, Some(1))), (&b"one\n"[..], Some(1)));
        assert_eq!(lines_of(from(1, Some(2))), (&b"two\n\n"[..], Some(3)));
        assert_eq!(lines_of(from(3, Some(9))), (&b"four"[..], None));
        assert_eq!(lines_of(from(9, Some(1))), (&b""[..], None));
        assert_eq!(lines_of(from(2, Some(0))), (&b""[..], Some(2)));
        assert_eq!(lines_of(Window::Tail(2)), (&b"\nfour"[..], None));
        assert_eq!(lines_of(Window::Tail(99)), (TEXT, None));
        assert_eq!(lines_of(Window::Tail(0)), (&b""[..], None));
    }

    #[test]
    fn bytes_are_cut_anywhere() {
        let part = from(2, Some(3)).of(TEXT, Unit::Bytes);
        assert_eq!((part.range, part.next, part.total), (2..5, Some(5), 13));
        assert_eq!(Window::Tail(4).of(TEXT, Unit::Bytes).range, 9..13);
        assert_eq!(
            from(u64::MAX, Some(u64::MAX)).of(TEXT, Unit::Bytes).range,
            13..13
        );
        assert_eq!(from(0, None).of(b"", Unit::Lines).total, 0);
    }

    #[test]
    fn parts_follow_each_other_without_gap_or_repeat() {
        for unit in [Unit::Bytes, Unit::Lines] {
            for limit in 1..6 {
                let (mut offset, mut all) = (Some(0), Vec::new());
                while let Some(next) = offset {
                    let part = from(next, Some(limit)).of(TEXT, unit);
                    all.extend_from_slice(&TEXT[part.range]);
                    offset = part.next;
                }
                assert_eq!(all, TEXT, "{unit:?} {limit}");
            }
        }
    }
}
