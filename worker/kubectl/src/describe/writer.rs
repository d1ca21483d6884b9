//! The text of a description: lines at a level of indentation, cells between tabs, and nothing that a
//! terminal would obey (kubectl `describe.go`: `PrefixWriter`, cli-runtime `WriteEscaped`).

use std::{fmt, io};

use chrono::{DateTime, Utc};

use crate::printer::age::age;
use crate::printer::tabwriter::{Layout, TabWriter};

/// Of every description (`tabbedString`).
const LAYOUT: Layout = Layout {
    min_width: 0,
    padding: 2,
    remember_widths: false,
};

/// Collects one description.
#[derive(Debug)]
pub(super) struct Writer {
    tab: TabWriter,
    out: Vec<u8>,
    /// What is being written, before it is escaped.
    text: Vec<u8>,
    /// Levels that are added to every line.
    base: usize,
    now: DateTime<Utc>,
}

/// A place to write at.
#[derive(Debug)]
pub(super) struct At<'w> {
    writer: &'w mut Writer,
    level: usize,
}

impl At<'_> {
    /// For `write!` and `writeln!`.
    pub(super) fn write_fmt(&mut self, text: fmt::Arguments<'_>) {
        self.writer.put(self.level, text);
    }
}

impl Writer {
    /// Ages are counted up to `now`.
    pub(super) fn new(now: DateTime<Utc>) -> Self {
        Self {
            tab: TabWriter::new(LAYOUT),
            out: Vec::new(),
            text: Vec::new(),
            base: 0,
            now,
        }
    }

    /// Where to write with `write!` and `writeln!`: two spaces a level go before the text, not after
    /// the line breaks in it.
    pub(super) fn at(&mut self, level: usize) -> At<'_> {
        At {
            writer: self,
            level,
        }
    }

    /// `LABEL:<tab>VALUE`
    pub(super) fn row(&mut self, level: usize, label: &str, value: impl fmt::Display) {
        writeln!(self.at(level), "{label}:\t{value}");
    }

    /// As [`row`](Self::row), where there is a value.
    pub(super) fn row_unless_empty(&mut self, level: usize, label: &str, value: &str) {
        if !value.is_empty() {
            self.row(level, label, value);
        }
    }

    /// Everything that `write` writes, so many levels deeper.
    pub(super) fn nested(&mut self, levels: usize, write: impl FnOnce(&mut Self)) {
        self.base += levels;
        write(self);
        self.base -= levels;
    }

    /// Columns end here: what follows has widths of its own.
    pub(super) fn flush(&mut self) {
        self.tab.flush(&mut self.out);
    }

    /// How long ago a time is; `<unknown>` where there is none.
    pub(super) fn age(&self, time: Option<DateTime<Utc>>) -> String {
        age(time, self.now)
    }

    /// The description.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.flush();
        self.out
    }

    /// A line of `indent` and at most so many bytes of a text, which may end within a character, as
    /// kubectl cuts it; `...` says that there is more.
    pub(super) fn cut_line(&mut self, level: usize, indent: &str, text: &str, max: usize) {
        let (kept, more) = match text.as_bytes().get(..max) {
            Some(kept) if kept.len() < text.len() => (kept, "...\n"),
            _ => (text.as_bytes(), "\n"),
        };
        self.begin(level);
        for part in [indent.as_bytes(), kept, more.as_bytes()] {
            self.text.extend_from_slice(part);
        }
        self.end();
    }

    fn put(&mut self, level: usize, text: fmt::Arguments<'_>) {
        self.begin(level);
        // Writing into memory fails only where a Display does.
        let _ = io::Write::write_fmt(&mut self.text, text);
        self.end();
    }

    fn begin(&mut self, level: usize) {
        self.text.clear();
        self.text.resize(2 * (self.base + level), b' ');
    }

    fn end(&mut self) {
        if self.text.iter().any(|byte| matches!(byte, 0x1b | b'\r')) {
            let mut escaped = Vec::with_capacity(self.text.len() + 16);
            for &byte in &self.text {
                match byte {
                    0x1b => escaped.extend_from_slice(b"^["),
                    b'\r' => escaped.extend_from_slice(b"\\r"),
                    _ => escaped.push(byte),
                }
            }
            self.text = escaped;
        }
        self.tab.write(&self.text, &mut self.out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer)) -> String {
        let mut writer = Writer::new(DateTime::UNIX_EPOCH);
        write(&mut writer);
        String::from_utf8(writer.finish()).unwrap()
    }

    #[test]
    fn columns_are_two_apart_and_levels_two_wide() {
        let text = written(|w| {
            w.row(0, "Name", "a");
            w.row(1, "Kind", "b");
            w.nested(2, |w| w.row(0, "Deep", "c"));
            writeln!(w.at(0), "Events:");
            w.row(0, "x", "y");
        });
        assert_eq!(
            text,
            "Name:      a\n  Kind:    b\n    Deep:  c\nEvents:\nx:  y\n"
        );
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let text = written(|w| w.row(0, "Name", "\x1b[31mred\r"));
        assert_eq!(text, "Name:  ^[[31mred\\r\n");
    }

    #[test]
    fn a_line_is_cut_at_a_byte() {
        let mut writer = Writer::new(DateTime::UNIX_EPOCH);
        writer.cut_line(1, "x ", "日本", 4);
        writer.cut_line(0, "", "日本", 6);
        assert_eq!(
            writer.finish(),
            b"  x \xe6\x97\xa5\xe6...\n\xe6\x97\xa5\xe6\x9c\xac\n"
        );
    }
}
