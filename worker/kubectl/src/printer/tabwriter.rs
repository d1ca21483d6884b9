//! Aligns columns as kubectl's tab writer does: Go's `text/tabwriter` in the fork that remembers
//! the widths of a column across flushes (github.com/liggitt/tabwriter).
//!
//! A cell ends at a tab. A column is a block of consecutive lines that have a cell there; the text
//! after a line's last tab belongs to no column, so it is never padded. Widths count characters.

/// How wide columns become.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// The least width of a column, its padding included.
    pub min_width: usize,
    /// Added to the widest cell of a column.
    pub padding: usize,
    /// Columns only grow from one flush to the next.
    pub remember_widths: bool,
}

/// The layout of every table that kubectl prints for the server (cli-runtime `tabwriter.go`).
pub const TABLE: Layout = Layout {
    min_width: 6,
    padding: 3,
    remember_widths: true,
};

#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    /// Bytes in `text`.
    size: usize,
    /// Characters.
    width: usize,
}

/// Buffers text until a flush decides the widths.
#[derive(Debug)]
pub struct TabWriter {
    layout: Layout,
    text: Vec<u8>,
    /// Cells of all finished lines, one after the other.
    cells: Vec<Cell>,
    /// Where each finished line ends in `cells`.
    lines: Vec<usize>,
    /// Where the current cell starts in `text`.
    cell_start: usize,
    widths: Vec<usize>,
    remembered: Vec<usize>,
    /// An empty line goes out before the next text does.
    separate: bool,
    /// The last of `lines` is unfinished.
    open: bool,
}

impl TabWriter {
    /// A writer with nothing in it.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self {
            layout,
            text: Vec::new(),
            cells: Vec::new(),
            lines: Vec::new(),
            cell_start: 0,
            widths: Vec::new(),
            remembered: Vec::new(),
            separate: false,
            open: false,
        }
    }

    /// Forgets the widths of earlier columns.
    pub fn forget_widths(&mut self) {
        self.remembered.clear();
    }

    /// Bytes of text that wait for a flush.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.text.len()
    }

    /// Writes an empty line before the next text that reaches the output.
    pub fn separate(&mut self) {
        self.separate = true;
    }

    /// Adds text: tabs (also vertical ones) end cells, newlines and form feeds end lines. A line of
    /// a single cell, and a form feed, flush what was there.
    pub fn write(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let mut done = 0;
        for (at, &byte) in text.iter().enumerate() {
            if !matches!(byte, b'\t' | 0x0b | b'\n' | 0x0c) {
                continue;
            }
            self.text
                .extend_from_slice(text.get(done..at).unwrap_or_default());
            done = at + 1;
            self.end_cell();
            if matches!(byte, b'\n' | 0x0c) {
                let line_start = self.lines.last().copied().unwrap_or(0);
                let single = self.cells.len() - line_start == 1;
                self.lines.push(self.cells.len());
                if single || byte == 0x0c {
                    self.flush(out);
                }
            }
        }
        self.text
            .extend_from_slice(text.get(done..).unwrap_or_default());
    }

    /// Writes everything out with the widths it needs; an unfinished line stays without a newline.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        if self.cell_start < self.text.len() {
            self.end_cell();
        }
        self.open = self.cells.len() > self.lines.last().copied().unwrap_or(0);
        if self.open {
            self.lines.push(self.cells.len());
        }
        let start = out.len();
        if self.separate {
            out.push(b'\n');
        }
        let text_start = out.len();
        self.format(0, 0, self.lines.len(), out);
        if out.len() == text_start {
            out.truncate(start);
        } else {
            self.separate = false;
        }
        self.text.clear();
        self.cells.clear();
        self.lines.clear();
        self.cell_start = 0;
    }

    fn end_cell(&mut self) {
        let cell = self.text.get(self.cell_start..).unwrap_or_default();
        // A character starts at every byte that continues none.
        let width = cell.iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        self.cells.push(Cell {
            size: cell.len(),
            width,
        });
        self.cell_start = self.text.len();
    }

    fn line(&self, line: usize) -> &[Cell] {
        let start = line
            .checked_sub(1)
            .and_then(|l| self.lines.get(l))
            .copied()
            .unwrap_or(0);
        let end = self.lines.get(line).copied().unwrap_or(start);
        self.cells.get(start..end).unwrap_or_default()
    }

    /// Formats the lines `from..to`, whose text starts at `pos`; answers where the text ends.
    fn format(&mut self, mut pos: usize, mut from: usize, to: usize, out: &mut Vec<u8>) -> usize {
        let column = self.widths.len();
        let mut this = from;
        while this < to {
            if column + 1 >= self.line(this).len() {
                this += 1;
                continue;
            }
            // A block of lines with this column starts here.
            pos = self.write_lines(pos, from, this, out);
            from = this;
            let mut width = self.layout.min_width;
            while this < to {
                let line = self.line(this);
                if column + 1 >= line.len() {
                    break;
                }
                let cell = line.get(column).copied().unwrap_or_default();
                width = width.max(cell.width + self.layout.padding);
                this += 1;
            }
            if self.layout.remember_widths {
                width = self.remember(width);
            }
            self.widths.push(width);
            pos = self.format(pos, from, this, out);
            self.widths.pop();
            from = this;
            this += 1;
        }
        self.write_lines(pos, from, to, out)
    }

    /// The larger of this width and the one remembered for the next column, which it becomes.
    fn remember(&mut self, width: usize) -> usize {
        let column = self.widths.len();
        let missing = self
            .widths
            .get(self.remembered.len()..column)
            .unwrap_or_default();
        self.remembered.extend_from_slice(missing);
        if let Some(remembered) = self.remembered.get_mut(column) {
            *remembered = width.max(*remembered);
            *remembered
        } else {
            self.remembered.push(width);
            width
        }
    }

    fn write_lines(&self, mut pos: usize, from: usize, to: usize, out: &mut Vec<u8>) -> usize {
        for line in from..to {
            for (column, cell) in self.line(line).iter().enumerate() {
                out.extend_from_slice(self.text.get(pos..pos + cell.size).unwrap_or_default());
                pos += cell.size;
                if let Some(width) = self.widths.get(column) {
                    out.resize(out.len() + width.saturating_sub(cell.width), b' ');
                }
            }
            if !(self.open && line + 1 == self.lines.len()) {
                out.push(b'\n');
            }
        }
        pos
    }
}

#[cfg(test)]
mod tests;
