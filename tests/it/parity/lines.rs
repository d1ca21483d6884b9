//! The tables of command lines.

use kubently_tests::place;

use crate::oracle::words;

/// While you write a verb: compares only lines that hold one of these texts, with semicolons between.
pub(super) const ONLY: &str = "KUBENTLY_PARITY_ONLY";

/// What goes through the whole product: gateway, hub, worker.
const PRODUCT: &str = include_str!("lines.txt");

/// What the library is asked, by verb: the files of `lines/`.
const LIBRARY: [&str; 12] = [
    "get",
    "get-output",
    "get-errors",
    "describe",
    "states",
    "kinds",
    "templates",
    "logs",
    "top",
    "events",
    "version",
    "api-resources",
];

/// One command line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// As it stands in the table.
    pub(super) text: String,
    /// The verb and what follows it.
    pub(super) args: Vec<String>,
}

impl Line {
    /// From its text: split as a shell does.
    pub(super) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let args = words(&text);
        Self { text, args }
    }

    /// The verb.
    pub(super) fn verb(&self) -> &str {
        self.args.first().map_or("", String::as_str)
    }

    /// Whether an argument is, or begins with, one of these.
    pub(super) fn has(&self, starts: &[&str]) -> bool {
        let is = |arg: &String| starts.iter().any(|start| arg.starts_with(start));
        self.args.iter().any(is)
    }
}

/// The lines for the whole product, in order.
pub(super) fn product() -> Vec<Line> {
    parsed(PRODUCT).collect()
}

/// The lines for the library, in order.
pub(super) fn library() -> Vec<Line> {
    let dir = place::workspace().join("tests/it/parity/lines");
    let read = |name: &&str| std::fs::read_to_string(dir.join(format!("{name}.txt"))).unwrap();
    let tables: Vec<String> = LIBRARY.iter().map(read).collect();
    tables.iter().flat_map(|table| parsed(table)).collect()
}

/// Every line that is neither empty nor a comment.
pub(super) fn parsed(table: &str) -> impl Iterator<Item = Line> {
    let lines = table.lines().filter(|line| !line.is_empty());
    let lines = lines.filter(|line| !line.starts_with('#'));
    lines.map(Line::new)
}

#[test]
fn no_line_stands_there_twice() {
    for table in [product(), library()] {
        let mut seen = std::collections::BTreeSet::new();
        for line in table {
            assert!(seen.insert(line.text.clone()), "{}", line.text);
        }
    }
}
