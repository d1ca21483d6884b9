//! Text that kubectl makes harmless for a terminal (cli-runtime `printers/terminal.go`).

use std::borrow::Cow;

/// The text with ESC as `^[` and a carriage return as `\r`.
#[must_use]
pub fn escape_terminal(text: &str) -> Cow<'_, str> {
    if text.contains(['\x1b', '\r']) {
        Cow::Owned(text.replace('\x1b', "^[").replace('\r', "\\r"))
    } else {
        Cow::Borrowed(text)
    }
}
