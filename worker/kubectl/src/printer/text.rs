//! Text that kubectl makes harmless for a terminal (cli-runtime `printers/terminal.go`).

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// The text with ESC as `^[` and a carriage return as `\r`.
#[must_use]
pub fn escape_terminal(text: &str) -> Cow<'_, str> {
    if text.contains(['\x1b', '\r']) {
        Cow::Owned(text.replace('\x1b', "^[").replace('\r', "\\r"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Text in quotes, as Go's `%q` writes it.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\u{7}' => f.write_str("\\a")?,
                '\u{8}' => f.write_str("\\b")?,
                '\t' => f.write_str("\\t")?,
                '\n' => f.write_str("\\n")?,
                '\u{b}' => f.write_str("\\v")?,
                '\u{c}' => f.write_str("\\f")?,
                '\r' => f.write_str("\\r")?,
                c if is_printable(c) => f.write_char(c)?,
                c if c.is_ascii() => write!(f, "\\x{:02x}", u32::from(c))?,
                c if u32::from(c) < 0x1_0000 => write!(f, "\\u{:04x}", u32::from(c))?,
                c => write!(f, "\\U{:08x}", u32::from(c))?,
            }
        }
        f.write_char('"')
    }
}

/// Letters, numbers, signs and the plain space: what Rust's own quoting leaves alone. Go leaves marks as well,
/// of which those that go with every script are known here.
fn is_printable(c: char) -> bool {
    let text = format!("a{c}");
    let is_mark =
        matches!(c, '\u{300}'..='\u{36f}' | '\u{1dc0}'..='\u{1dff}' | '\u{fe00}'..='\u{fe0f}');
    is_mark || format!("{text:?}").len() == text.len() + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_those_of_go() {
        for (text, quoted) in [
            ("a \"b\" 'c' \\", r#""a \"b\" 'c' \\""#),
            ("\t\n\r\u{7}\u{8}\u{b}\u{c}", r#""\t\n\r\a\b\v\f""#),
            ("\u{1b}[m\u{0}\u{7f}", r#""\x1b[m\x00\x7f""#),
            ("日本 é e\u{301} 😀", "\"日本 é e\u{301} 😀\""),
            (
                "\u{a0}\u{85}\u{202e}\u{feff}",
                r#""\u00a0\u0085\u202e\ufeff""#,
            ),
            ("\u{e000}\u{10ffff}", r#""\ue000\U0010ffff""#),
        ] {
            assert_eq!(Quoted(text).to_string(), quoted);
        }
    }
}
