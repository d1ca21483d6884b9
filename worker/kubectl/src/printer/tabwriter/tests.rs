use super::*;
use proptest::prelude::*;

fn align(text: &str) -> String {
    let mut tab = TabWriter::new(TABLE);
    let mut out = Vec::new();
    tab.write(text.as_bytes(), &mut out);
    tab.flush(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn columns_are_as_wide_as_their_widest_cell_and_three() {
    insta::assert_snapshot!(
        align("NAME\tREADY\tAGE\nweb-1-a\t1/1\t5m\nx\t0/1\t3d\n"),
        @r"
    NAME      READY   AGE
    web-1-a   1/1     5m
    x         0/1     3d
    "
    );
}

#[test]
fn the_last_column_is_not_padded_but_an_empty_last_cell_leaves_padding() {
    assert_eq!(align("NAME\tX\na\t\n"), "NAME   X\na      \n");
}

#[test]
fn widths_count_characters() {
    assert_eq!(align("日本\tb\nabcdef\tc\n"), "日本       b\nabcdef   c\n");
}

#[test]
fn a_line_of_one_cell_flushes_and_widths_are_remembered() {
    let mut tab = TabWriter::new(TABLE);
    let mut out = Vec::new();
    tab.write(b"wide-name\tb\nsingle\n", &mut out);
    assert_eq!(out, b"wide-name   b\nsingle\n");
    tab.write(b"a\tb\n", &mut out);
    tab.flush(&mut out);
    assert_eq!(out, b"wide-name   b\nsingle\na           b\n");
}

#[test]
fn forgotten_widths_start_anew() {
    let mut tab = TabWriter::new(TABLE);
    let mut out = Vec::new();
    tab.write(b"wide-name\tb\n", &mut out);
    tab.flush(&mut out);
    tab.forget_widths();
    tab.write(b"a\tb\n", &mut out);
    tab.flush(&mut out);
    assert_eq!(out, b"wide-name   b\na     b\n");
}

#[test]
fn an_unfinished_line_ends_without_a_newline() {
    assert_eq!(align("a\tb"), "a     b");
    assert_eq!(align("a\tb\nc"), "a     b\nc");
}

#[test]
fn the_separator_waits_for_text() {
    let mut tab = TabWriter::new(TABLE);
    let mut out = Vec::new();
    tab.separate();
    tab.flush(&mut out);
    assert_eq!(out, b"");
    tab.write(b"a\tb\n", &mut out);
    tab.flush(&mut out);
    assert_eq!(out, b"\na     b\n");
}

proptest! {
    #[test]
    fn cells_come_out_in_order_whatever_they_hold(
        rows in proptest::collection::vec(proptest::collection::vec("[a-zé日]{0,9}", 1..5), 0..20),
    ) {
        let text: String = rows.iter().map(|row| row.join("\t") + "\n").collect();
        let printed = align(&text);
        let words = |text: &str| -> Vec<String> {
            text.split_whitespace().map(str::to_owned).collect()
        };
        prop_assert_eq!(words(&printed), words(&text));
        prop_assert_eq!(printed.lines().count(), rows.len());
    }
}
