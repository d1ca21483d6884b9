//! YAML as kubectl prints it: `sigs.k8s.io/yaml`, which reads the object's JSON and emits it with
//! `go.yaml.in/yaml` v2, a port of libyaml's emitter.
//!
//! Two spaces a level, sequences not indented below their key, scalars folded at spaces after
//! column 80, keys in a natural order (`a2` before `a10`) that is not the JSON printer's.

mod order;
mod resolve;
mod scalar;

pub(crate) use self::resolve::is_ambiguous;
pub(crate) use self::scalar::is_refused;
use self::scalar::{Scalar, Style};
use super::number::{general_float, json_float};
use crate::json::Json;

/// A text cannot be printed: go-yaml refuses to read control characters back from JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("yaml: control characters are not allowed")]
pub struct ControlCharacter;

/// Writes one document. `out` holds a part of it when this fails.
///
/// # Errors
/// [`ControlCharacter`] for a string or key with U+007F to U+009F (but U+0085), U+FFFE or U+FFFF.
pub fn write(out: &mut Vec<u8>, value: &Json<'_>) -> Result<(), ControlCharacter> {
    let mut emitter = Emitter::new(out);
    emitter.node(value, Context::default())?;
    emitter.write_indent();
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
        if self.items == 0 {
            out.extend_from_slice(b"apiVersion: v1\nitems:\n");
        }
        self.items += 1;
        let mut emitter = Emitter::new(out);
        emitter.indent = 0;
        emitter.write_indent();
        emitter.write_indicator("-", true, false, true);
        emitter.node(item, Context::default())?;
        emitter.indent = -1;
        emitter.write_indent();
        Ok(())
    }

    /// Ends a list of at least one item that has a kind of its own, and no metadata.
    pub fn finish_typed(self, out: &mut Vec<u8>, kind: &str) {
        out.extend_from_slice(b"kind: ");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\nmetadata: {}\n");
    }

    /// Ends the list.
    pub fn finish(self, out: &mut Vec<u8>) {
        if self.items == 0 {
            out.extend_from_slice(b"apiVersion: v1\nitems: []\n");
        }
        out.extend_from_slice(b"kind: List\nmetadata:\n  resourceVersion: \"\"\n");
    }
}

/// Where a node stands.
#[derive(Debug, Clone, Copy, Default)]
struct Context {
    /// As a key's value.
    mapping: bool,
    /// As a key that shares its line with its value.
    simple_key: bool,
}

/// The state of libyaml's emitter, as far as block style needs it.
#[derive(Debug)]
struct Emitter<'o> {
    out: &'o mut Vec<u8>,
    /// −1 outside of any collection.
    indent: i32,
    /// Characters in this line.
    column: i32,
    /// The last thing written was white space.
    whitespace: bool,
    /// The line holds nothing but indentation and indicators.
    indention: bool,
}

/// Spaces a level (go-yaml's default).
const INDENT: i32 = 2;
/// A line is folded at the first space after this column.
const WIDTH: i32 = 80;
/// A key with more bytes gets a line of its own behind `?`.
const SIMPLE_KEY: usize = 128;

impl<'o> Emitter<'o> {
    fn new(out: &'o mut Vec<u8>) -> Self {
        Self {
            out,
            indent: -1,
            column: 0,
            whitespace: true,
            indention: true,
        }
    }

    fn node(&mut self, value: &Json<'_>, context: Context) -> Result<(), ControlCharacter> {
        match value {
            Json::Null => self.plain("null"),
            Json::Bool(true) => self.plain("true"),
            Json::Bool(false) => self.plain("false"),
            Json::Int(number) => self.plain(&number.to_string()),
            Json::Float(number) => self.plain(&float(*number)),
            Json::Str(text) => {
                let scalar = Scalar::analyze(text)?;
                self.scalar(text, scalar.style(context.simple_key), context.simple_key);
            }
            Json::Array(items) if items.is_empty() => self.empty("[", "]"),
            Json::Object(members) if members.is_empty() => self.empty("{", "}"),
            Json::Array(items) => self.sequence(items, context)?,
            Json::Object(members) => self.mapping(members)?,
        }
        Ok(())
    }

    fn sequence(&mut self, items: &[Json<'_>], context: Context) -> Result<(), ControlCharacter> {
        let outer = self.indent;
        let indentless = context.mapping && !self.indention;
        self.increase_indent(false, indentless);
        for item in items {
            self.write_indent();
            self.write_indicator("-", true, false, true);
            self.node(item, Context::default())?;
        }
        self.indent = outer;
        Ok(())
    }

    fn mapping(
        &mut self,
        members: &[(std::borrow::Cow<'_, str>, Json<'_>)],
    ) -> Result<(), ControlCharacter> {
        let outer = self.indent;
        self.increase_indent(false, false);
        let mut sorted: Vec<_> = members.iter().collect();
        order::sort(&mut sorted, |a, b| order::less(&a.0, &b.0));
        for (key, value) in sorted {
            self.write_indent();
            let scalar = Scalar::analyze(key)?;
            let simple = !scalar.multiline && key.len() <= SIMPLE_KEY;
            if simple {
                self.scalar(key, scalar.style(true), true);
                self.write_indicator(":", false, false, false);
            } else {
                self.write_indicator("?", true, false, true);
                self.scalar(key, scalar.style(false), false);
                self.write_indent();
                self.write_indicator(":", true, false, true);
            }
            self.node(
                value,
                Context {
                    mapping: true,
                    simple_key: false,
                },
            )?;
        }
        self.indent = outer;
        Ok(())
    }

    fn empty(&mut self, open: &str, close: &str) {
        self.write_indicator(open, true, true, false);
        self.write_indicator(close, false, false, false);
    }

    /// Text without spaces and specials.
    fn plain(&mut self, text: &str) {
        self.scalar(text, Style::Plain, false);
    }

    fn scalar(&mut self, text: &str, style: Style, simple_key: bool) {
        let outer = self.indent;
        self.increase_indent(true, false);
        match style {
            Style::Plain => self.write_plain(text, !simple_key),
            Style::SingleQuoted => self.write_single_quoted(text, !simple_key),
            Style::DoubleQuoted => self.write_double_quoted(text, !simple_key),
            Style::Literal => self.write_literal(text),
        }
        self.indent = outer;
    }

    fn increase_indent(&mut self, flow: bool, indentless: bool) {
        if self.indent < 0 {
            self.indent = if flow { INDENT } else { 0 };
        } else if !indentless {
            self.indent += INDENT;
        }
    }

    /// Goes to the start of a line at the current indentation, where it is not there already.
    fn write_indent(&mut self) {
        let indent = self.indent.max(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        while self.column < indent {
            self.out.push(b' ');
            self.column += 1;
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn write_indicator(&mut self, text: &str, space: bool, whitespace: bool, indention: bool) {
        if space && !self.whitespace {
            self.put(' ');
        }
        for character in text.chars() {
            self.put(character);
        }
        self.whitespace = whitespace;
        self.indention = self.indention && indention;
    }

    fn put(&mut self, character: char) {
        let mut buffer = [0; 4];
        self.out
            .extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.out.push(b'\n');
        self.column = 0;
    }

    /// Writes a line break of the text as it is.
    fn write_break(&mut self, character: char) {
        self.put(character);
        self.column = 0;
    }
}

/// A float as it comes out after its way through JSON: with no fraction and no exponent it is read
/// back as an integer, where it fits.
fn float(number: f64) -> String {
    let json = json_float(number);
    if let Ok(integer) = json.parse::<i64>() {
        return integer.to_string();
    }
    if json.parse::<u64>().is_ok() {
        json
    } else {
        general_float(number)
    }
}

#[cfg(test)]
mod tests;
