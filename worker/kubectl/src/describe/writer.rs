//! The text of a description: lines at a level of indentation, cells between tabs, and nothing that a
//! terminal would obey (kubectl `describe.go`: `PrefixWriter`, cli-runtime `WriteEscaped`).

use std::fmt;

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
    text: String,
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
            text: String::new(),
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

    fn put(&mut self, level: usize, text: fmt::Arguments<'_>) {
        self.text.clear();
        self.text
            .extend(std::iter::repeat_n("  ", self.base + level));
        // Writing into a String fails only where a Display does.
        let _ = fmt::Write::write_fmt(&mut self.text, text);
        if self.text.contains(['\x1b', '\r']) {
            self.text = self.text.replace('\x1b', "^[").replace('\r', "\\r");
        }
        self.tab.write(self.text.as_bytes(), &mut self.out);
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
}
