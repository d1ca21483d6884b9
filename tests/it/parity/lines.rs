//! The table of command lines.

const TABLE: &str = include_str!("lines.txt");

/// One command line of the table.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// As it stands there.
    pub(super) text: &'static str,
    /// The verb and what follows it.
    pub(super) args: Vec<String>,
}

impl Line {
    /// Whether it asks for a table, which holds ages.
    pub(super) fn asks_for_a_table(&self) -> bool {
        let formats = ["json", "yaml", "name", "--output=yaml"];
        !self.args.iter().any(|arg| formats.contains(&arg.as_str()))
    }
}

/// Every line that is neither empty nor a comment, in order.
pub(super) fn all() -> Vec<Line> {
    let lines = TABLE.lines().filter(|line| !line.is_empty());
    let lines = lines.filter(|line| !line.starts_with('#'));
    let parsed = lines.map(|text| Line {
        text,
        args: words(text),
    });
    parsed.collect()
}

/// Splits at spaces, except within single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (number, piece) in line.split('\'').enumerate() {
        let is_quoted = number % 2 == 1;
        for (number, part) in piece.split(' ').enumerate() {
            if number > 0 && !is_quoted {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push_str(if number > 0 && is_quoted { " " } else { "" });
                word.push_str(part);
            }
        }
    }
    words
}

#[test]
fn a_line_is_split_as_a_shell_does() {
    assert_eq!(
        words("get po -l 'a in (b, c),d' -A"),
        ["get", "po", "-l", "a in (b, c),d", "-A"]
    );
}

#[test]
fn no_line_stands_there_twice() {
    let mut seen = std::collections::BTreeSet::new();
    for line in all() {
        assert!(seen.insert(line.text), "{}", line.text);
    }
}
