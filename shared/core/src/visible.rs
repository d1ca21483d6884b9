//! JSON that shows nothing on a terminal but what it says: characters that steer one, or that turn
//! the order of what is read, stand as `\u` escapes. Every reader of JSON reads the same text.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

/// Writes a value as JSON in one line, see [the module](self).
///
/// # Errors
/// As [`serde_json::to_vec`]: a map with other keys than text.
pub fn to_vec(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    // Room for a job with a short output: most of what is written never grows.
    let mut out = Vec::with_capacity(1024);
    value.serialize(&mut serde_json::Serializer::with_formatter(
        &mut out, Visible,
    ))?;
    Ok(out)
}

/// Whether a character is not shown but does something: DEL, the controls of ISO 6429's second set,
/// line and paragraph separators, marks that turn the direction of text (Unicode TR9), tags.
/// JSON itself escapes those below U+0020.
#[must_use]
pub const fn is_hidden(character: char) -> bool {
    matches!(character, '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
}

/// As compact as the standard form.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let is_plain = |byte: &u8| byte.is_ascii() && *byte != 0x7f;
        if fragment.as_bytes().iter().all(is_plain) {
            // Nearly every one, and quicker to see than character by character.
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hidden) {
            let (shown, hidden) = rest.split_at(at);
            CompactFormatter.write_string_fragment(writer, shown)?;
            let mut characters = hidden.chars();
            let mut units = [0; 2];
            let hidden = characters.next().map(|it| it.encode_utf16(&mut units));
            for unit in hidden.into_iter().flatten() {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = characters.as_str();
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_nothing_else() {
        let text = "a\u{1b}[31m\u{7f}\u{9b}2J\u{202e}gnp\u{2066}\u{e0041}é\u{200d}😀\"\n";
        let json = String::from_utf8(to_vec(&text).unwrap()).unwrap();
        assert_eq!(
            json,
            "\"a\\u001b[31m\\u007f\\u009b2J\\u202egnp\\u2066\\udb40\\udc41é\u{200d}😀\\\"\\n\""
        );
    }

    proptest! {
        #[test]
        fn it_reads_back_as_the_same(text in any::<String>(), number: i64) {
            let value = serde_json::json!({ text.clone(): [text, number, null] });
            let written = to_vec(&value).unwrap();
            let read: serde_json::Value = serde_json::from_slice(&written).unwrap();
            prop_assert_eq!(read, value);
        }
    }
}
