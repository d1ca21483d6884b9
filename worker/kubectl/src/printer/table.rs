//! Tables of the API server as kubectl prints them (cli-runtime `printers/tableprinter.go`).

use std::borrow::Cow;

use super::tabwriter::TabWriter;
use crate::table::{Column, Row, Table};

/// Rows between two flushes; kubectl does not keep more of a table than that.
const FLUSH_INTERVAL: usize = 100;

/// What is added to the server's columns, and what is left out.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "kubectl has a switch for each"
)]
pub struct Decoration {
    /// A column with the namespace comes first.
    pub namespace: bool,
    /// This stands before each name, with a slash.
    pub kind: Option<String>,
    /// A column for each of these labels.
    pub label_columns: Vec<String>,
    /// A last column with all labels.
    pub labels: bool,
    /// Columns that the server marks as less important are printed too.
    pub wide: bool,
    /// No header line.
    pub no_headers: bool,
}

/// Prints the tables of one type, page by page: the header once, as long as the columns stay.
#[derive(Debug)]
pub struct TablePrinter {
    decoration: Decoration,
    last_columns: Vec<Column<'static>>,
    printed_headers: bool,
    row: Vec<u8>,
}

impl TablePrinter {
    /// A printer that has printed no header yet.
    #[must_use]
    pub fn new(decoration: Decoration) -> Self {
        Self {
            decoration,
            last_columns: Vec::new(),
            printed_headers: false,
            row: Vec::new(),
        }
    }

    /// Adds a table to `tab`; whole hundreds of rows go through to `out`.
    pub fn print(&mut self, mut table: Table<'_>, tab: &mut TabWriter, out: &mut Vec<u8>) {
        let mut headers = !self.decoration.no_headers;
        let known = same_columns(&table.columns, &self.last_columns);
        if table.columns.is_empty() {
            headers &= !self.printed_headers;
            table.columns.clone_from(&self.last_columns);
        } else if known {
            headers &= !self.printed_headers;
        } else {
            self.last_columns = table.columns.iter().map(Column::to_static).collect();
            self.printed_headers = false;
        }
        self.printed_headers |= !table.rows.is_empty();
        self.decorate(&mut table);
        self.print_rows(&table, headers, tab, out);
    }

    fn decorate(&self, table: &mut Table<'_>) {
        let Decoration {
            namespace,
            kind,
            label_columns,
            labels,
            ..
        } = &self.decoration;
        let named = table.columns.iter().position(Column::is_name);
        let metadata = *namespace || *labels || !label_columns.is_empty();
        if *namespace {
            table.columns.insert(0, Column::text("Namespace"));
        }
        for label in label_columns {
            let header = upper(label.rsplit('/').next().unwrap_or_default());
            table.columns.push(Column::text(header));
        }
        if *labels {
            table.columns.push(Column::text("Labels"));
        }
        let width = table.columns.len();
        for row in &mut table.rows {
            if let (Some(kind), Some(at)) = (kind, named)
                && let Some(cell) = row.cells.get_mut(at)
            {
                let name = cell.as_deref().unwrap_or("%!s(<nil>)");
                *cell = Some(Cow::Owned(format!("{kind}/{name}")));
            }
            if metadata {
                self.decorate_row(row, width);
            }
        }
    }

    fn decorate_row(&self, row: &mut Row<'_>, width: usize) {
        let Decoration {
            namespace,
            label_columns,
            labels,
            ..
        } = &self.decoration;
        let Some(metadata) = row.metadata.take() else {
            if *namespace {
                row.cells.insert(0, None);
            }
            // As in kubectl, whose loop counts up while the row grows: half of what is missing.
            let mut added = 0;
            while added + row.cells.len() < width {
                row.cells.push(None);
                added += 1;
            }
            return;
        };
        for label in label_columns {
            row.cells.push(Some(Cow::Owned(
                metadata.label(label).unwrap_or_default().to_owned(),
            )));
        }
        if *labels {
            row.cells.push(Some(Cow::Owned(metadata.all_labels())));
        }
        if *namespace {
            row.cells.insert(0, Some(metadata.namespace));
        }
    }

    fn print_rows(
        &mut self,
        table: &Table<'_>,
        headers: bool,
        tab: &mut TabWriter,
        out: &mut Vec<u8>,
    ) {
        if table.rows.is_empty() {
            return;
        }
        let shown: Vec<bool> = table
            .columns
            .iter()
            .map(|it| self.decoration.wide || it.priority == 0)
            .collect();
        let last = shown.iter().rposition(|shown| *shown);
        // Later pages of rows cannot widen what has been flushed, so the first line is padded with
        // the widest cell of each column; kubectl counts the bytes of the whole cell there.
        let mut widest = vec![0; table.columns.len()];
        for row in &table.rows {
            for (width, cell) in widest.iter_mut().zip(&row.cells) {
                *width = (*width).max(cell.as_deref().map_or(0, str::len));
            }
        }
        let pads = |at: usize, length: usize| {
            if Some(at) == last {
                0
            } else {
                widest.get(at).map_or(0, |w| w.saturating_sub(length))
            }
        };
        if headers {
            self.row.clear();
            let mut first = true;
            for (at, column) in visible(&table.columns, &shown) {
                if !std::mem::take(&mut first) {
                    self.row.push(b'\t');
                }
                let name = upper(&column.name);
                self.row.extend_from_slice(name.as_bytes());
                self.row.resize(self.row.len() + pads(at, name.len()), b' ');
            }
            self.row.push(b'\n');
            tab.write(&self.row, out);
        }
        for (number, row) in table.rows.iter().enumerate() {
            self.row.clear();
            let mut first = true;
            for (at, cell) in visible(&row.cells, &shown) {
                if !std::mem::take(&mut first) {
                    self.row.push(b'\t');
                }
                let text = cell.as_deref().unwrap_or_default();
                push_cell(&mut self.row, text);
                if !headers && number == 0 {
                    self.row.resize(self.row.len() + pads(at, text.len()), b' ');
                }
            }
            self.row.push(b'\n');
            tab.write(&self.row, out);
            if (number + 1) % FLUSH_INTERVAL == 0 {
                tab.flush(out);
            }
        }
    }
}

/// The cells of shown columns. A server may send more cells than columns: those are dropped.
fn visible<'t, T>(cells: &'t [T], shown: &'t [bool]) -> impl Iterator<Item = (usize, &'t T)> {
    cells
        .iter()
        .zip(shown)
        .enumerate()
        .filter(|(_, (_, shown))| **shown)
        .map(|(at, (cell, _))| (at, cell))
}

fn same_columns(one: &[Column<'_>], two: &[Column<'_>]) -> bool {
    one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.same(two))
}

/// A cell up to its first line break, without what could steer a terminal.
fn push_cell(row: &mut Vec<u8>, text: &str) {
    let breaks = |byte: &u8| matches!(byte, b'\n' | b'\r' | 0x0c);
    if !text.bytes().any(|byte| breaks(&byte) || byte == 0x1b) {
        row.extend_from_slice(text.as_bytes());
        return;
    }
    let (line, cut) = match text.find(['\n', '\r', '\x0c']) {
        Some(at) => (text.get(..at).unwrap_or_default(), true),
        None => (text, false),
    };
    row.extend_from_slice(line.replace('\x1b', "^[").as_bytes());
    if cut {
        row.extend_from_slice(b"...");
    }
}

/// Go's `strings.ToUpper`: a character becomes one character, or stays.
fn upper(text: &str) -> String {
    let one = |c: char| {
        let mut upper = c.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests;
