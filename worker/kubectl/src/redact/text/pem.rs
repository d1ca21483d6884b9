//! Private keys in PEM (RFC 7468): on one line, or across the lines that follow.

use super::find::{Found, Span, is_word, run, slice};

/// What a head begins with.
pub(super) const BEGIN: &str = "-----BEGIN ";
const END: &[u8] = b"-----END ";
pub(super) const REASON: &str = "private-key";
/// The longest label, as in `ENCRYPTED PRIVATE KEY`.
const LONGEST_LABEL: usize = 48;
/// The least key material that a line has; only the last line of a key is shorter.
const LEAST: usize = 30;
/// Lines of a key of 16,384 bits, and some.
const MOST_LINES: u32 = 300;

/// A private key whose end has not come yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenKey {
    lines: u32,
    /// The last line was a short one: only the end may follow.
    ending: bool,
}

/// What a line is to an open key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It holds this material, and the key goes on.
    Material(Span),
    /// It holds none (`Proc-Type: …`), and the key goes on.
    Passes,
    /// The key ends here, before which there may be material.
    Ends(Option<Span>),
    /// It does not belong to a key.
    Foreign,
}

impl Default for OpenKey {
    fn default() -> Self {
        Self {
            lines: MOST_LINES,
            ending: false,
        }
    }
}

/// The key whose head begins at `start`, as far as it is on this line.
pub(super) fn begin(text: &[u8], start: usize, after: usize) -> Option<Found> {
    let label_end = run(text, after, |byte| {
        byte.is_ascii_uppercase() || byte == b' ' || byte.is_ascii_digit()
    });
    let label = slice(text, after, label_end);
    let is_private = label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK");
    let material = label_end + 5;
    if slice(text, start, after) != BEGIN.as_bytes()
        || !is_private
        || label.len() > LONGEST_LABEL
        || slice(text, label_end, material) != b"-----"
    {
        return None;
    }
    let rest = slice(text, material, text.len());
    let line_length = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
    let line = slice(rest, 0, line_length);
    let closed = memchr::memmem::find(line, END);
    let body = slice(line, 0, closed.unwrap_or(line_length));
    let (from, to) = trimmed(body);
    let opens_key = closed.is_none().then_some(material + line_length);
    if from == to {
        return Some(Found {
            span: None,
            opens_key,
        });
    }
    let is_material = |&byte: &u8| is_material(byte) || b" ,\"'-:".contains(&byte);
    let is_key = to - from >= LEAST && slice(body, from, to).iter().all(is_material);
    (is_key || closed.is_some()).then_some(Found {
        span: Some(Span {
            start: material + from,
            end: material + to,
            reason: REASON,
        }),
        opens_key,
    })
}

impl OpenKey {
    /// Takes the next line.
    pub(super) fn line(&mut self, line: &[u8]) -> Line {
        let end = memchr::memmem::find(line, END);
        let body = slice(line, 0, end.unwrap_or(line.len()));
        let begin = after_time(body);
        let (from, to) = trimmed(slice(body, begin, body.len()));
        let (from, to) = (begin + from, begin + to);
        let length = slice(body, from, to)
            .iter()
            .rev()
            .take_while(|&&byte| is_material(byte))
            .count();
        let span = Span {
            start: to - length,
            end: to,
            reason: REASON,
        };
        if end.is_some() {
            return Line::Ends((length >= LEAST).then_some(span));
        }
        if self.lines == 0 || self.ending {
            return Line::Foreign;
        }
        self.lines -= 1;
        if length >= LEAST {
            return Line::Material(span);
        }
        if is_header(slice(body, from, to)) {
            return Line::Passes;
        }
        if span.start == from {
            self.ending = true;
            return Line::Material(span);
        }
        Line::Foreign
    }
}

/// Empty, or a header of RFC 1421 or of PGP.
fn is_header(line: &[u8]) -> bool {
    let name = run(line, 0, is_word);
    line.is_empty() || name > 0 && slice(line, name, name + 2) == b": "
}

/// Behind the time that `--timestamps` or a logger put before a line.
fn after_time(line: &[u8]) -> usize {
    let end = run(line, 0, |byte| byte > b' ');
    let word = slice(line, 0, end);
    let is_time = word.first().is_some_and(u8::is_ascii_digit) && word.contains(&b':');
    if is_time { end } else { 0 }
}

/// Base64, and the escapes that stand for line ends inside JSON.
pub(super) fn is_material(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=\\".contains(&byte)
}

/// Where a text begins and ends without the spaces and quotes around it.
fn trimmed(text: &[u8]) -> (usize, usize) {
    let is_margin = |byte: &&u8| byte.is_ascii_whitespace() || b"\"',".contains(byte);
    let end = text.len() - text.iter().rev().take_while(is_margin).count();
    let start = slice(text, 0, end).iter().take_while(is_margin).count();
    (start, end)
}
