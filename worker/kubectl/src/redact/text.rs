//! Marks what looks like a credential in text: logs, values of variables and config maps.
//!
//! Heuristics, and therefore best effort: they know our own keys, JSON web tokens, PEM private keys,
//! the keys of clouds and services that have a shape of their own, passwords in URLs, authorization
//! headers and values behind names such as `password`. What they do not know passes, byte for byte.
//! What they mark becomes `[redacted:reason]`.
//!
//! How a log arrives does not change what is marked, and memory and time for it are bounded: it is
//! looked at line by line, and a line that is too long in parts that overlap.

mod authorization;
mod find;
mod named;
mod pem;
mod shapes;
mod tree;
mod url;

pub(crate) use self::tree::{Marks, tree};

use self::find::{Span, find, slice};
use self::pem::OpenKey;

/// How much of a part of a long line is looked at again with the next part: longer than any
/// credential that must be seen whole.
const OVERLAP: usize = 4096;
/// How much stays in sight before that, for the names of values.
const CONTEXT: usize = 128;

/// The credentials of one text or log.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    key: Option<OpenKey>,
    part: Part,
    count: u64,
}

/// What is kept of a long line.
#[derive(Debug, Default)]
struct Part {
    held: Vec<u8>,
    /// So many bytes of `held` are printed.
    done: usize,
    /// The credential that reached the end of the last part goes on.
    swallowing: Option<Swallow>,
}

#[derive(Debug, Clone, Copy)]
enum Swallow {
    Word,
    Key,
}

/// A text with its credentials marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redacted {
    /// What is left.
    pub(crate) text: String,
    /// How many were marked.
    pub(crate) count: u64,
}

/// The text without its credentials; `None` where it has none. What the value of a field or variable
/// called `name` must not show is marked as a whole.
pub(crate) fn value(name: Option<&str>, text: &str) -> Option<Redacted> {
    if let Some(reason) = name.and_then(|name| named::reason_of(name, text)) {
        let text = format!("[redacted:{reason}]");
        return Some(Redacted { text, count: 1 });
    }
    find(text.as_bytes()).next()?;
    let mut redactor = Redactor::default();
    let mut out = Vec::with_capacity(text.len());
    redactor.lines(text.as_bytes(), &mut out);
    let count = redactor.count;
    // Every mark stands for whole characters, so this cannot fail.
    let text = String::from_utf8(out).ok()?;
    (count > 0).then_some(Redacted { text, count })
}

impl Redactor {
    /// Adds these whole lines, with marks, to `out`.
    pub(crate) fn lines(&mut self, lines: &[u8], out: &mut Vec<u8>) {
        let mut rest = lines;
        while !rest.is_empty() {
            let taken = match self.key.as_mut() {
                Some(_) => self.line_of_key(rest, out),
                None => self.until_key(rest, out),
            };
            rest = slice(rest, taken, rest.len());
        }
    }

    /// Adds this part of a line that is too long to be looked at whole, with marks, to `out`; some of
    /// it only with the next part.
    pub(crate) fn part(&mut self, part: &[u8], is_last: bool, out: &mut Vec<u8>) {
        // A key that goes on across lines does not go on in one like this.
        self.key = None;
        let fresh = self.swallow(part);
        self.part.held.extend_from_slice(fresh);
        let (held, done) = (std::mem::take(&mut self.part.held), self.part.done);
        let limit = if is_last {
            held.len()
        } else {
            held.len().saturating_sub(OVERLAP).max(done)
        };
        let mut printed = done;
        for found in find(&held) {
            let Some(span) = found.span.filter(|it| (printed..limit).contains(&it.start)) else {
                continue;
            };
            self.mark(&held, printed, span, out);
            printed = span.end;
            if printed == held.len() && !is_last {
                let is_key = span.reason == pem::REASON;
                self.part.swallowing = Some(if is_key { Swallow::Key } else { Swallow::Word });
            }
        }
        out.extend_from_slice(slice(&held, printed, limit));
        let printed = printed.max(limit);
        if is_last {
            self.part = Part::default();
            return;
        }
        let begin = printed.saturating_sub(CONTEXT);
        self.part.held = slice(&held, begin, held.len()).to_vec();
        self.part.done = printed - begin;
    }

    /// How many credentials were marked.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// What is left of a part behind the rest of a credential.
    fn swallow<'p>(&mut self, part: &'p [u8]) -> &'p [u8] {
        let Some(swallow) = self.part.swallowing else {
            return part;
        };
        let end = find::run(part, 0, |byte| match swallow {
            Swallow::Word => byte > b' ' && !b"\"'`\\,;&<>".contains(&byte),
            Swallow::Key => pem::is_material(byte) || byte == b' ',
        });
        if end < part.len() {
            self.part.swallowing = None;
        }
        slice(part, end, part.len())
    }

    /// A line while a private key is open; answers how much of `text` it is.
    fn line_of_key(&mut self, text: &[u8], out: &mut Vec<u8>) -> usize {
        let end = memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1);
        let line = slice(text, 0, end);
        let seen = self.key.as_mut().map(|key| key.line(line));
        match seen {
            Some(pem::Line::Material(span)) => {
                self.mark(line, 0, span, out);
                out.extend_from_slice(slice(line, span.end, end));
                end
            }
            Some(pem::Line::Passes) => {
                out.extend_from_slice(line);
                end
            }
            Some(pem::Line::Ends(span)) => {
                self.key = None;
                let mut taken = 0;
                if let Some(span) = span {
                    self.mark(line, 0, span, out);
                    taken = span.end;
                }
                taken
            }
            Some(pem::Line::Foreign) | None => {
                self.key = None;
                0
            }
        }
    }

    /// Lines up to the one in which a private key opens; answers how much of `text` they are.
    fn until_key(&mut self, text: &[u8], out: &mut Vec<u8>) -> usize {
        let mut printed = 0;
        let mut end = text.len();
        for found in find(text) {
            if let Some(span) = found.span.filter(|it| it.start >= printed) {
                self.mark(text, printed, span, out);
                printed = span.end;
            }
            if let Some(line_end) = found.opens_key.filter(|&it| it >= printed) {
                self.key = Some(OpenKey::default());
                end = line_end;
                break;
            }
        }
        out.extend_from_slice(slice(text, printed, end));
        end
    }

    /// Adds what stands before a credential, and its mark.
    fn mark(&mut self, text: &[u8], from: usize, span: Span, out: &mut Vec<u8>) {
        out.extend_from_slice(slice(text, from, span.start));
        out.extend_from_slice(b"[redacted:");
        out.extend_from_slice(span.reason.as_bytes());
        out.push(b']');
        self.count += 1;
    }
}

#[cfg(test)]
mod tests;
