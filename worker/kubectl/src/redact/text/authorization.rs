//! Credentials of HTTP: `Authorization` headers as logs print them, and bearer tokens.

use super::find::{Span, before, byte, run, slice};
use super::named::{is_placeholder, is_random, skip_quote};

/// Schemes whose credentials follow in the same header.
const SCHEMES: [&str; 8] = [
    "bearer",
    "basic",
    "token",
    "digest",
    "negotiate",
    "apikey",
    "api-key",
    "aws4-hmac-sha256",
];
/// Spaces between a name, its separator and its value.
const MOST_SPACES: usize = 8;

/// The credential of a header whose name ends at `at`: `Authorization: Basic …`, `"authorization":
/// "Bearer …"`, `Authorization:[Bearer …]`.
pub(super) fn header(text: &[u8], at: usize) -> Option<Span> {
    let at = spaces(text, skip_quote(text, at).unwrap_or(at));
    byte(text, at).filter(|it| matches!(it, b':' | b'='))?;
    let mut at = spaces(text, at + 1);
    if byte(text, at) == Some(b'[') {
        at += 1;
    }
    let quoted = skip_quote(text, at);
    let at = quoted.unwrap_or(at);
    let end = run(text, at, |it| it.is_ascii_alphanumeric() || it == b'-');
    let word = slice(text, at, end);
    let is_scheme = SCHEMES
        .iter()
        .any(|it| word.eq_ignore_ascii_case(it.as_bytes()));
    if is_scheme && byte(text, end) == Some(b' ') {
        let start = spaces(text, end);
        // The parameters of these two go to the end of the header.
        let whole = word.eq_ignore_ascii_case(b"digest") || word.starts_with(b"AWS4");
        let end = run(text, start, |it| {
            if whole {
                it >= b' ' && it != b'\\' && !(quoted.is_some() && it == b'"')
            } else {
                is_credential(it)
            }
        });
        let credential = slice(text, start, end);
        if is_placeholder(credential) || credential.starts_with(b"realm=") {
            return None;
        }
        return Some(span(start, end));
    }
    let end = run(text, at, is_credential);
    is_random(slice(text, at, end), 16).then(|| span(at, end))
}

/// A token behind `Bearer `, which is between `start` and `after`.
pub(super) fn bearer(text: &[u8], start: usize, after: usize) -> Option<Span> {
    if before(text, start).is_some_and(|it| it.is_ascii_alphanumeric()) {
        return None;
    }
    let end = run(text, after, is_credential);
    is_random(slice(text, after, end), 16).then(|| span(after, end))
}

fn span(start: usize, end: usize) -> Span {
    Span {
        start,
        end,
        reason: "authorization",
    }
}

fn spaces(text: &[u8], at: usize) -> usize {
    run(text, at, |it| it == b' ').min(at + MOST_SPACES)
}

/// RFC 6750 b64token, and what else comes without quotes.
fn is_credential(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=:%$*!".contains(&byte)
}
