//! Passwords in URLs: `scheme://user:password@host` (RFC 3986 §3.2.1).

use super::find::{Span, before, run, slice};
use super::named::is_placeholder;

/// The password of a URL whose `://` this is.
pub(super) fn at(text: &[u8], start: usize, after: usize) -> Option<Span> {
    before(text, start).filter(u8::is_ascii_alphanumeric)?;
    let ends = |byte: u8| {
        byte <= b' '
            || matches!(
                byte,
                b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\'
            )
    };
    let end = run(text, after, |byte| !ends(byte));
    let authority = slice(text, after, end);
    let at = memchr::memrchr(b'@', authority)?;
    let colon = memchr::memchr(b':', slice(authority, 0, at))?;
    let host = slice(authority, at + 1, authority.len());
    // An image with a tag and a digest: docker-pullable://nginx:1.27@sha256:…
    let is_digest = host.starts_with(b"sha256:") || host.starts_with(b"sha512:");
    let password = slice(authority, colon + 1, at);
    if host.is_empty() || is_digest || is_placeholder(password) {
        return None;
    }
    Some(Span {
        start: after + colon + 1,
        end: after + at,
        reason: "url-password",
    })
}
