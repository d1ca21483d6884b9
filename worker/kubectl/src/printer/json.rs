//! JSON as kubectl prints it: Go's `json.MarshalIndent` with HTML escaping, keys sorted bytewise.

use super::number::json_float;
use crate::json::Json;

/// Writes `value` with `indent` spaces a level; the first line is not indented, the following ones
/// start at `level`. No newline at the end.
pub fn write(out: &mut Vec<u8>, value: &Json<'_>, indent: usize, level: usize) {
    match value {
        Json::Null => out.extend_from_slice(b"null"),
        Json::Bool(true) => out.extend_from_slice(b"true"),
        Json::Bool(false) => out.extend_from_slice(b"false"),
        Json::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Json::Float(number) => out.extend_from_slice(json_float(*number).as_bytes()),
        Json::Str(text) => string(out, text),
        Json::Array(items) if items.is_empty() => out.extend_from_slice(b"[]"),
        Json::Array(items) => {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                separate(out, n == 0, indent * (level + 1));
                write(out, item, indent, level + 1);
            }
            line(out, indent * level);
            out.push(b']');
        }
        Json::Object(members) if members.is_empty() => out.extend_from_slice(b"{}"),
        Json::Object(members) => {
            out.push(b'{');
            for (n, (key, member)) in members.iter().enumerate() {
                separate(out, n == 0, indent * (level + 1));
                string(out, key);
                out.extend_from_slice(b": ");
                write(out, member, indent, level + 1);
            }
            line(out, indent * level);
            out.push(b'}');
        }
    }
}

/// Writes `value` without any white space, as Go's `json.Marshal`.
pub fn compact(out: &mut Vec<u8>, value: &Json<'_>) {
    match value {
        Json::Array(items) => {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                compact(out, item);
            }
            out.push(b']');
        }
        Json::Object(members) => {
            out.push(b'{');
            for (n, (key, member)) in members.iter().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                string(out, key);
                out.push(b':');
                compact(out, member);
            }
            out.push(b'}');
        }
        scalar => write(out, scalar, 0, 0),
    }
}

/// The comma before every element but the first, and the next line.
pub(crate) fn separate(out: &mut Vec<u8>, first: bool, spaces: usize) {
    if !first {
        out.push(b',');
    }
    line(out, spaces);
}

pub(crate) fn line(out: &mut Vec<u8>, spaces: usize) {
    out.push(b'\n');
    out.resize(out.len() + spaces, b' ');
}

/// A quoted string; `<`, `>`, `&`, U+2028 and U+2029 are escaped, as Go does for HTML.
pub fn string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut done = 0;
    let mut flush = |out: &mut Vec<u8>, end: usize, skip: usize| {
        out.extend_from_slice(bytes.get(done..end).unwrap_or_default());
        done = end + skip;
    };
    for (at, &byte) in bytes.iter().enumerate() {
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            0..0x20 | b'<' | b'>' | b'&' => {
                flush(out, at, 1);
                out.extend_from_slice(b"\\u00");
                for nibble in [byte >> 4, byte & 0xf] {
                    out.extend(HEX.get(usize::from(nibble)));
                }
                continue;
            }
            // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
            0xe2 if matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xa8 | 0xa9])) => {
                flush(out, at, 3);
                let last = if bytes.get(at + 2) == Some(&0xa8) {
                    b'8'
                } else {
                    b'9'
                };
                out.extend_from_slice(b"\\u202");
                out.push(last);
                continue;
            }
            _ => continue,
        };
        flush(out, at, 1);
        out.extend_from_slice(&[b'\\', short]);
    }
    flush(out, bytes.len(), 0);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(text: &str) -> String {
        let json: Json<'_> = serde_json::from_str(text).unwrap();
        let mut out = Vec::new();
        write(&mut out, &json, 4, 0);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn containers_are_indented_and_empty_ones_stay_inline() {
        insta::assert_snapshot!(
            print(r#"{"z":[],"a":{"c":[1,{"d":null}],"b":{}}}"#),
            @r#"
        {
            "a": {
                "b": {},
                "c": [
                    1,
                    {
                        "d": null
                    }
                ]
            },
            "z": []
        }
        "#
        );
    }

    #[test]
    fn strings_are_escaped_as_go_does() {
        assert_eq!(
            print(r#""<a href=\"x\">&\u0001\b\f\n\r\t\\\u2028\u2029é\u007f 😀""#),
            "\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\\u0001\\b\\f\\n\\r\\t\\\\\\u2028\\u2029é\u{7f} 😀\""
        );
    }
}
