//! From one container's bytes to what is printed of them.

use super::lines::{Lines, Piece};
use crate::redact::text::Redactor;

/// One log on its way: cut into lines, what looks like a credential marked, prefixed.
pub(super) struct Pipe {
    lines: Lines,
    stage: Stage,
}

struct Stage {
    redactor: Option<Redactor>,
    prefix: Vec<u8>,
    /// Reused between stretches.
    clean: Vec<u8>,
}

impl Pipe {
    /// A pipe with what stands before each line, and whether credentials are marked.
    pub(super) fn new(prefix: &str, redact: bool) -> Self {
        Self {
            lines: Lines::default(),
            stage: Stage {
                redactor: redact.then(Redactor::default),
                prefix: prefix.as_bytes().to_vec(),
                clean: Vec::new(),
            },
        }
    }

    /// What can be printed now that these bytes have come.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(bytes.len());
        let stage = &mut self.stage;
        self.lines.push(bytes, |piece| stage.print(piece, &mut out));
        out
    }

    /// What is left at the end of the log.
    pub(super) fn end(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let stage = &mut self.stage;
        self.lines.end(|piece| stage.print(piece, &mut out));
        out
    }

    /// How many credentials were marked so far.
    pub(super) fn redactions(&self) -> u64 {
        self.stage.redactor.as_ref().map_or(0, Redactor::count)
    }
}

impl Stage {
    fn print(&mut self, piece: Piece<'_>, out: &mut Vec<u8>) {
        let (lines, begins) = match (piece, &mut self.redactor) {
            (Piece::Whole(lines), None) => (lines, true),
            (Piece::Part { bytes, begins, .. }, None) => (bytes, begins),
            (Piece::Whole(lines), Some(redactor)) => {
                self.clean.clear();
                redactor.lines(lines, &mut self.clean);
                (self.clean.as_slice(), true)
            }
            (
                Piece::Part {
                    bytes,
                    begins,
                    ends,
                },
                Some(redactor),
            ) => {
                self.clean.clear();
                redactor.part(bytes, ends, &mut self.clean);
                (self.clean.as_slice(), begins)
            }
        };
        if self.prefix.is_empty() {
            out.extend_from_slice(lines);
            return;
        }
        let mut prefixed = begins;
        if lines.is_empty() && begins {
            out.extend_from_slice(&self.prefix);
        }
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            if prefixed {
                out.extend_from_slice(&self.prefix);
            }
            out.extend_from_slice(line);
            prefixed = true;
        }
    }
}
