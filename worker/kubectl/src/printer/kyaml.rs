//! KYAML, the flow style of YAML of KEP-5295 (`sigs.k8s.io/yaml/kyaml`): braces, quoted strings,
//! keys without quotes where nothing can be mistaken, a comma behind everything.

use super::json;
use super::number::json_float;
use super::yaml::{ControlCharacter, is_ambiguous, is_refused};
use crate::json::Json;

/// Writes one document. `out` holds a part of it when this fails.
///
/// # Errors
/// [`ControlCharacter`], as for YAML.
pub fn write(out: &mut Vec<u8>, value: &Json<'_>) -> Result<(), ControlCharacter> {
    out.extend_from_slice(b"---\n");
    node(out, value, 0)?;
    out.push(b'\n');
    Ok(())
}

/// Writes a list of objects item by item, so that the whole never is in memory.
#[derive(Debug, Default)]
pub struct ListWriter {
    items: usize,
}

impl ListWriter {
    /// One that has written so many items.
    pub(crate) fn after(items: usize) -> Self {
        Self { items }
    }

    /// Adds one item.
    ///
    /// # Errors
    /// As [`write()`].
    pub fn item(&mut self, out: &mut Vec<u8>, item: &Json<'_>) -> Result<(), ControlCharacter> {
        out.extend_from_slice(if self.items == 0 {
            b"---\n{\n  apiVersion: \"v1\",\n  items: ["
        } else {
            b", ".as_slice()
        });
        self.items += 1;
        node(out, item, 1)
    }

    /// Ends the list.
    pub fn finish(self, out: &mut Vec<u8>) {
        if self.items == 0 {
            out.extend_from_slice(b"---\n{\n  apiVersion: \"v1\",\n  items: [");
        }
        out.extend_from_slice(
            b"],\n  kind: \"List\",\n  metadata: {\n    resourceVersion: \"\",\n  },\n}\n",
        );
    }
}

fn node(out: &mut Vec<u8>, value: &Json<'_>, level: usize) -> Result<(), ControlCharacter> {
    match value {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        Json::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Json::Float(number) => out.extend_from_slice(json_float(*number).as_bytes()),
        Json::Str(text) => string(out, text, level + 1)?,
        Json::Array(items) if items.is_empty() => out.extend_from_slice(b"[]"),
        Json::Object(members) if members.is_empty() => out.extend_from_slice(b"{}"),
        Json::Array(items) => sequence(out, items, level)?,
        Json::Object(members) => {
            out.push(b'{');
            for (name, value) in members {
                json::line(out, 2 * (level + 1));
                key(out, name)?;
                out.extend_from_slice(b": ");
                node(out, value, level + 1)?;
                out.push(b',');
            }
            json::line(out, 2 * level);
            out.push(b'}');
        }
    }
    Ok(())
}

/// Lists of maps and lists share their brackets' lines with them.
fn sequence(out: &mut Vec<u8>, items: &[Json<'_>], level: usize) -> Result<(), ControlCharacter> {
    let cuddles = |item: &Json<'_>| matches!(item, Json::Array(_) | Json::Object(_));
    out.push(b'[');
    if items.iter().all(cuddles) {
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                out.extend_from_slice(b", ");
            }
            node(out, item, level)?;
        }
    } else {
        for item in items {
            json::line(out, 2 * (level + 1));
            node(out, item, level + 1)?;
            out.push(b',');
        }
        json::line(out, 2 * level);
    }
    out.push(b']');
    Ok(())
}

fn key(out: &mut Vec<u8>, name: &str) -> Result<(), ControlCharacter> {
    if name.contains(is_refused) {
        return Err(ControlCharacter);
    }
    if needs_quotes(name) {
        out.push(b'"');
        for character in name.chars() {
            match character {
                '\n' => out.extend_from_slice(b"\\n"),
                '\t' => out.extend_from_slice(b"\\t"),
                other => escaped(out, other),
            }
        }
        out.push(b'"');
    } else {
        out.extend_from_slice(name.as_bytes());
    }
    Ok(())
}

/// A quoted string; one of several lines stands in a block of its own, folded after each line.
fn string(out: &mut Vec<u8>, text: &str, level: usize) -> Result<(), ControlCharacter> {
    if text.contains(is_refused) {
        return Err(ControlCharacter);
    }
    out.push(b'"');
    let lines = text.contains('\n');
    if lines {
        out.extend_from_slice(b"\\\n");
    }
    for character in text.chars() {
        if out.last() == Some(&b'\n') {
            out.resize(out.len() + 2 * level, b' ');
            // White space at the start of a line would be dropped; what is none keeps in line.
            let hidden = character.is_whitespace() && character != '\n';
            out.push(if hidden { b'\\' } else { b' ' });
        }
        match character {
            '\n' => out.extend_from_slice(b"\\n\\\n"),
            '\t' => out.push(b'\t'),
            other => escaped(out, other),
        }
    }
    if lines {
        if out.last() != Some(&b'\n') {
            out.extend_from_slice(b"\\\n");
        }
        out.resize(out.len() + 2 * level, b' ');
    }
    out.push(b'"');
    Ok(())
}

fn escaped(out: &mut Vec<u8>, character: char) {
    let short: &[u8] = match character {
        '"' => b"\\\"",
        '\\' => b"\\\\",
        '\u{7}' => b"\\a",
        '\u{8}' => b"\\b",
        '\u{c}' => b"\\f",
        '\r' => b"\\r",
        '\u{b}' => b"\\v",
        '\0' => b"\\0",
        '\u{1b}' => b"\\e",
        '\u{85}' => b"\\N",
        '\u{a0}' => b"\\_",
        '\u{2028}' => b"\\L",
        '\u{2029}' => b"\\P",
        ' '..='~' => {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
        other => {
            let code = u32::from(other);
            let text = match code {
                _ if is_print(other) => other.to_string(),
                0..=0x1f | 0x7f => format!("\\x{code:02x}"),
                0x80..=0xffff => format!("\\u{code:04x}"),
                _ => format!("\\U{code:08x}"),
            };
            out.extend_from_slice(text.as_bytes());
            return;
        }
    };
    out.extend_from_slice(short);
}

/// Go's `unicode.IsPrint`, by the table behind Rust's `escape_debug`: letters, marks, numbers,
/// punctuation and symbols.
pub(crate) fn is_print(character: char) -> bool {
    // A mark is escaped where it comes first, so that it does not.
    let mut text = String::from("a");
    text.push(character);
    !text
        .escape_debug()
        .skip(1)
        .eq(format!("\\u{{{:x}}}", u32::from(character)).chars())
}

fn needs_quotes(name: &str) -> bool {
    if name.is_empty() || is_ambiguous(name) {
        return true;
    }
    let last = name.chars().count() - 1;
    name.chars().enumerate().any(|(at, character)| {
        let inside = at > 0 && at < last && matches!(character, '-' | '.' | '/');
        !(character.is_alphanumeric() || character == '_' || inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(text: &str) -> String {
        let mut out = Vec::new();
        write(&mut out, &serde_json::from_str(text).unwrap()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lists_of_maps_are_cuddled_and_others_are_not() {
        insta::assert_snapshot!(
            print(r#"{"a":[{"b":1},{}],"c":["x",2.5,null],"d":[],"no":true,"1.5":"","k8s.io/x-y":"z"}"#),
            @r#"
        ---
        {
          "1.5": "",
          a: [{
            b: 1,
          }, {}],
          c: [
            "x",
            2.5,
            null,
          ],
          d: [],
          k8s.io/x-y: "z",
          "no": true,
        }
        "#
        );
    }

    #[test]
    fn texts_of_several_lines_are_folded() {
        insta::assert_snapshot!(
            print(r#"{"a":"one\n  two\n\nthree","b":"x\n"}"#),
            @r#"
        ---
        {
          a: "\
             one\n\
            \  two\n\
             \n\
             three\
            ",
          b: "\
             x\n\
            ",
        }
        "#
        );
    }

    #[test]
    fn only_what_can_be_seen_goes_out_as_it_is() {
        assert_eq!(
            print("\"\\u0001\\u001b é 😀 \\u200b \\u2028 \\u00ad e\\u0301\""),
            "---\n\"\\x01\\e é 😀 \\u200b \\L \\u00ad e\u{301}\"\n"
        );
    }

    #[test]
    fn a_list_is_written_item_by_item() {
        let mut out = Vec::new();
        let mut list = ListWriter::default();
        for item in [r#"{"a":1}"#, r#"{"b":2}"#] {
            let item = serde_json::from_str(item).unwrap();
            list.item(&mut out, &item).unwrap();
        }
        list.finish(&mut out);
        let whole = print(
            r#"{"apiVersion":"v1","items":[{"a":1},{"b":2}],"kind":"List","metadata":{"resourceVersion":""}}"#,
        );
        assert_eq!(String::from_utf8(out).unwrap(), whole);
    }
}
