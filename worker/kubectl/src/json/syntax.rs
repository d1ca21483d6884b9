//! What Go's `encoding/json` says of text that is no JSON, which kubectl prints as it is.

/// The first mistake of a text; `None` where it is one whole JSON value.
#[must_use]
pub fn mistake(text: &[u8]) -> Option<String> {
    let mut scanner = Scanner { text, at: 0 };
    match scanner.document() {
        Ok(()) => None,
        Err(Mistake::End) => Some("unexpected end of JSON input".to_owned()),
        Err(Mistake::At(byte, place)) => {
            Some(format!("invalid character {} {place}", quoted(byte)))
        }
    }
}

/// What Go says of a JSON value that is no object where `reader`, a type of Go's, wants one.
#[must_use]
pub fn no_object(text: &[u8], reader: &str) -> Option<String> {
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace())?;
    let what = match first {
        b'{' | b'n' => return None,
        b'[' => "array",
        b'"' => "string",
        b't' | b'f' => "bool",
        _ => "number",
    };
    Some(format!(
        "json: cannot unmarshal {what} into Go value of type {reader}"
    ))
}

/// What Go says of a text that could not be read into one of its types.
#[must_use]
pub fn explain(text: &[u8], error: &serde_json::Error, reader: &str) -> String {
    mistake(text)
        .or_else(|| no_object(text, reader))
        .unwrap_or_else(|| error.to_string())
}

enum Mistake {
    /// It ended within something.
    End,
    /// A character, and where it stands.
    At(u8, &'static str),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Object,
    Array,
}

const OF_VALUE: &str = "looking for beginning of value";
const OF_KEY: &str = "looking for beginning of object key string";

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), Mistake> {
        let mut within: Vec<Within> = Vec::new();
        loop {
            // A value, or the beginning of one that holds others.
            match self.visible()? {
                b'{' => {
                    self.at += 1;
                    if self.visible()? == b'}' {
                        self.at += 1;
                    } else {
                        self.key()?;
                        within.push(Within::Object);
                        continue;
                    }
                }
                b'[' => {
                    self.at += 1;
                    if self.visible()? == b']' {
                        self.at += 1;
                    } else {
                        within.push(Within::Array);
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            // What stands behind it, up to the next value.
            loop {
                let Some(inside) = within.last() else {
                    return match self.visible() {
                        Ok(byte) => Err(Mistake::At(byte, "after top-level value")),
                        Err(_) => Ok(()),
                    };
                };
                let byte = self.visible()?;
                match (inside, byte) {
                    (Within::Object, b'}') | (Within::Array, b']') => {
                        self.at += 1;
                        within.pop();
                    }
                    (Within::Object, b',') => {
                        self.at += 1;
                        self.key()?;
                        break;
                    }
                    (Within::Array, b',') => {
                        self.at += 1;
                        break;
                    }
                    (Within::Object, _) => {
                        return Err(Mistake::At(byte, "after object key:value pair"));
                    }
                    (Within::Array, _) => return Err(Mistake::At(byte, "after array element")),
                }
            }
        }
    }

    fn key(&mut self) -> Result<(), Mistake> {
        match self.visible()? {
            b'"' => self.string()?,
            byte => return Err(Mistake::At(byte, OF_KEY)),
        }
        match self.visible()? {
            b':' => self.at += 1,
            byte => return Err(Mistake::At(byte, "after object key")),
        }
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), Mistake> {
        match self.peek()? {
            b'"' => self.string(),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            b'-' | b'0'..=b'9' => self.number(),
            byte => Err(Mistake::At(byte, OF_VALUE)),
        }
    }

    fn string(&mut self) -> Result<(), Mistake> {
        self.at += 1;
        loop {
            match self.take()? {
                b'"' => return Ok(()),
                b'\\' => match self.take()? {
                    b'u' => {
                        for _ in 0..4 {
                            let byte = self.take()?;
                            if !byte.is_ascii_hexdigit() {
                                let place = "in \\u hexadecimal character escape";
                                return Err(Mistake::At(byte, place));
                            }
                        }
                    }
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    byte => return Err(Mistake::At(byte, "in string escape code")),
                },
                byte @ ..0x20 => return Err(Mistake::At(byte, "in string literal")),
                _ => {}
            }
        }
    }

    fn word(&mut self, word: &'static str) -> Result<(), Mistake> {
        self.at += 1;
        for &(expected, place) in places(word) {
            let byte = self.take()?;
            if byte != expected {
                return Err(Mistake::At(byte, place));
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Mistake> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        match self.take()? {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            byte => return Err(Mistake::At(byte, "in numeric literal")),
        }
        if self.peek().is_ok_and(|byte| byte == b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
        }
        if self.peek().is_ok_and(|byte| matches!(byte, b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek()?, b'+' | b'-') {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digit(&mut self, place: &'static str) -> Result<(), Mistake> {
        let byte = self.take()?;
        if !byte.is_ascii_digit() {
            return Err(Mistake::At(byte, place));
        }
        self.digits();
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_ok_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// The next byte that is no space.
    fn visible(&mut self) -> Result<u8, Mistake> {
        while self
            .peek()
            .is_ok_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        {
            self.at += 1;
        }
        self.peek()
    }

    fn peek(&self) -> Result<u8, Mistake> {
        self.text.get(self.at).copied().ok_or(Mistake::End)
    }

    fn take(&mut self) -> Result<u8, Mistake> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }
}

/// The bytes behind the first of a word, and what is said of another one in their place.
fn places(word: &str) -> &'static [(u8, &'static str)] {
    match word {
        "true" => &[
            (b'r', "in literal true (expecting 'r')"),
            (b'u', "in literal true (expecting 'u')"),
            (b'e', "in literal true (expecting 'e')"),
        ],
        "false" => &[
            (b'a', "in literal false (expecting 'a')"),
            (b'l', "in literal false (expecting 'l')"),
            (b's', "in literal false (expecting 's')"),
            (b'e', "in literal false (expecting 'e')"),
        ],
        _ => &[
            (b'u', "in literal null (expecting 'u')"),
            (b'l', "in literal null (expecting 'l')"),
            (b'l', "in literal null (expecting 'l')"),
        ],
    }
}

/// A byte as the character of that number, as Go quotes it.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".to_owned(),
        b'\\' => r"'\\'".to_owned(),
        0x07 => r"'\a'".to_owned(),
        0x08 => r"'\b'".to_owned(),
        0x0c => r"'\f'".to_owned(),
        b'\n' => r"'\n'".to_owned(),
        b'\r' => r"'\r'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        0x0b => r"'\v'".to_owned(),
        0x00..=0x1f | 0x7f => format!("'\\x{byte:02x}'"),
        0x80..=0xa0 | 0xad => format!("'\\u{byte:04x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mistakes_are_told_as_go_tells_them() {
        for (text, says) in [
            ("", "unexpected end of JSON input"),
            ("{\"a\":", "unexpected end of JSON input"),
            ("\"a", "unexpected end of JSON input"),
            (
                "<html>",
                "invalid character '<' looking for beginning of value",
            ),
            ("{}{}", "invalid character '{' after top-level value"),
            ("[1 2]", "invalid character '2' after array element"),
            (
                "[1,]",
                "invalid character ']' looking for beginning of value",
            ),
            (
                "{a}",
                "invalid character 'a' looking for beginning of object key string",
            ),
            (
                "{\"a\":1,}",
                "invalid character '}' looking for beginning of object key string",
            ),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            (
                "{\"a\":1 \"b\"}",
                "invalid character '\"' after object key:value pair",
            ),
            (
                "trie",
                "invalid character 'i' in literal true (expecting 'u')",
            ),
            ("nul", "unexpected end of JSON input"),
            ("-x", "invalid character 'x' in numeric literal"),
            ("01", "invalid character '1' after top-level value"),
            (
                "1.x",
                "invalid character 'x' after decimal point in numeric literal",
            ),
            (
                "1e+x",
                "invalid character 'x' in exponent of numeric literal",
            ),
            ("\"\n\"", "invalid character '\\n' in string literal"),
            ("\"\\q\"", "invalid character 'q' in string escape code"),
            (
                "\"\\u00g0\"",
                "invalid character 'g' in \\u hexadecimal character escape",
            ),
            (
                "'a'",
                "invalid character '\\'' looking for beginning of value",
            ),
        ] {
            assert_eq!(mistake(text.as_bytes()).as_deref(), Some(says), "{text}");
        }
        assert_eq!(
            mistake(&[0xff]).as_deref(),
            Some("invalid character 'ÿ' looking for beginning of value")
        );
    }

    proptest! {
        #[test]
        fn what_serde_reads_has_no_mistake(text in "[\\[\\]{}:,\"a1.e\\-\\\\n tru]{0,12}") {
            let whole = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(mistake(text.as_bytes()).is_none(), whole, "{}", text);
        }
    }
}
