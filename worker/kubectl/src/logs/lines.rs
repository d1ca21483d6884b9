//! Cuts what comes from the network into lines, however it was split on its way.

/// A longer line is handed on in parts of this many bytes, so that a log without line ends needs no
/// more memory than any other.
pub(super) const LONGEST: usize = 64 * 1024;

/// A stretch of a log. Where one ends depends on the log alone, not on how it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Whole lines, none longer than [`LONGEST`]. At the end of a log the last may lack its line end.
    Whole(&'a [u8]),
    /// A part of a longer line.
    Part {
        bytes: &'a [u8],
        begins: bool,
        ends: bool,
    },
}

/// The end of a log that has not become a line yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    held: Vec<u8>,
    /// Parts of the line that `held` continues were handed on.
    long: bool,
}

impl Lines {
    /// Takes what came and hands on what is complete.
    pub(super) fn push(&mut self, mut bytes: &[u8], mut take: impl FnMut(Piece<'_>)) {
        while !bytes.is_empty() {
            if self.held.is_empty() && !self.long {
                let (whole, rest) = whole_lines(bytes);
                if !whole.is_empty() {
                    take(Piece::Whole(whole));
                }
                bytes = rest;
            }
            let (window, _) = split(bytes, LONGEST - self.held.len());
            let end = memchr::memchr(b'\n', window).map(|at| at + 1);
            let (line, rest) = split(bytes, end.unwrap_or(window.len()));
            self.held.extend_from_slice(line);
            bytes = rest;
            if end.is_some() {
                self.hand_on(true, &mut take);
            } else if self.held.len() == LONGEST {
                self.hand_on(false, &mut take);
            }
        }
    }

    /// The log has ended.
    pub(super) fn end(&mut self, mut take: impl FnMut(Piece<'_>)) {
        if self.long || !self.held.is_empty() {
            self.hand_on(true, &mut take);
        }
    }

    fn hand_on(&mut self, ends: bool, take: &mut impl FnMut(Piece<'_>)) {
        let bytes = self.held.as_slice();
        take(if ends && !self.long {
            Piece::Whole(bytes)
        } else {
            Piece::Part {
                bytes,
                begins: !self.long,
                ends,
            }
        });
        self.long = !ends;
        self.held.clear();
    }
}

/// The lines at the front that are whole and not too long, and what follows them.
fn whole_lines(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut end = 0;
    while let Some(length) = memchr::memchr(b'\n', split(bytes, end).1) {
        if length >= LONGEST {
            break;
        }
        end += length + 1;
    }
    split(bytes, end)
}

fn split(bytes: &[u8], at: usize) -> (&[u8], &[u8]) {
    bytes.split_at(at.min(bytes.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whole lines one by one, and parts as they are: (bytes, begins, ends).
    fn pieces(chunks: &[&[u8]]) -> Vec<(Vec<u8>, bool, bool)> {
        let mut all = Vec::new();
        let mut take = |piece: Piece<'_>| match piece {
            Piece::Whole(lines) => {
                let lines = lines.split_inclusive(|&byte| byte == b'\n');
                all.extend(lines.map(|line| (line.to_vec(), true, true)));
            }
            Piece::Part {
                bytes,
                begins,
                ends,
            } => all.push((bytes.to_vec(), begins, ends)),
        };
        let mut lines = Lines::default();
        for chunk in chunks {
            lines.push(chunk, &mut take);
        }
        lines.end(&mut take);
        all
    }

    #[test]
    fn lines_at_the_limit_are_whole_and_longer_ones_come_in_parts() {
        let line = |length: usize| [vec![b'x'; length - 1], b"\n".to_vec()].concat();
        let lengths = |log: &[u8]| -> Vec<_> {
            let pieces = pieces(&[log]);
            pieces.iter().map(|it| (it.0.len(), it.1, it.2)).collect()
        };
        assert_eq!(lengths(&line(LONGEST)), [(LONGEST, true, true)]);
        let longer = [line(LONGEST + 1), b"y\nz".to_vec()].concat();
        assert_eq!(
            lengths(&longer),
            [
                (LONGEST, true, false),
                (1, false, true),
                (2, true, true),
                (1, true, true)
            ]
        );
        assert_eq!(
            lengths(&vec![0; 2 * LONGEST]),
            [
                (LONGEST, true, false),
                (LONGEST, false, false),
                (0, false, true)
            ]
        );
    }

    proptest! {
        #[test]
        fn how_a_log_arrives_does_not_matter(
            lengths in prop::collection::vec(prop_oneof![0..200_usize, LONGEST - 2..3 * LONGEST], 0..6),
            cuts in prop::collection::vec(0..500_000_usize, 0..8),
            ends in any::<bool>(),
        ) {
            let mut log = Vec::new();
            for (number, length) in lengths.iter().enumerate() {
                if number > 0 {
                    log.push(b'\n');
                }
                log.resize(log.len() + length, b'a' + u8::try_from(number).unwrap());
            }
            if ends {
                log.push(b'\n');
            }
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(log.len())).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for cut in cuts {
                chunks.push(&log[from..cut]);
                from = cut;
            }
            chunks.push(&log[from..]);
            let whole = pieces(&[&log]);
            prop_assert_eq!(&pieces(&chunks), &whole);
            prop_assert_eq!(whole.into_iter().flat_map(|it| it.0).collect::<Vec<_>>(), log);
        }
    }
}
