//! Ages in tables: the one thing that two calls a moment apart may print differently.

/// The table with each age as `AGE`, and what pads it as one space: an age of another length moves the
/// columns behind it. An age is a cell of its own, or stands in brackets with `ago`, as in RESTARTS.
pub(super) fn normalised(table: &str) -> String {
    table.split_inclusive('\n').map(line).collect()
}

fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // At the start of the line a cell begins, too.
    let mut before = "  ";
    while !rest.is_empty() {
        let word = rest.find([' ', '\n', '(']).unwrap_or(rest.len());
        let (token, after) = rest.split_at(word);
        let is_cell =
            before.ends_with("  ") && (after.starts_with("  ") || after.trim().is_empty());
        let is_ago = before.ends_with('(') && after.starts_with(" ago)");
        if is_ago || is_cell && (is_age(token) || token == "AGE") {
            out.push_str("AGE");
            out.push_str(if after.starts_with(' ') { " " } else { "" });
            rest = after.trim_start_matches(' ');
            before = if is_ago { "" } else { "  " };
        } else {
            let gap = after.len() - after.trim_start_matches([' ', '\n', '(']).len();
            out.push_str(token);
            let (between, next) = after.split_at(gap);
            out.push_str(between);
            (before, rest) = (between, next);
        }
    }
    out
}

/// `5s`, `3m12s`, `4h`, `2d3h`, `2y35d` (apimachinery's `HumanDuration`).
fn is_age(token: &str) -> bool {
    let units = token.split_inclusive(|c: char| c.is_ascii_alphabetic());
    let is_part = |part: &str| {
        let (digits, unit) = part.split_at(part.len() - 1);
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        is_number && "smhdy".contains(unit)
    };
    token.is_ascii()
        && !token.is_empty()
        && units.clone().count() <= 2
        && units.into_iter().all(is_part)
}

#[test]
fn ages_of_different_lengths_are_the_same_and_nothing_else_is() {
    let young = "NAME   RESTARTS     AGE   LABELS\nweb    3 (9s ago)   9s    a=b\n";
    let older = "NAME   RESTARTS      AGE    LABELS\nweb    3 (11m ago)   2y3d   a=b\n";
    let expected = "NAME   RESTARTS      AGE LABELS\nweb    3 (AGE ago)   AGE a=b\n";
    assert_eq!(normalised(older), expected);
    assert_eq!(
        normalised(young).replace("RESTARTS     AGE", "RESTARTS      AGE"),
        expected
    );
    for same in [
        "web   1/1   5x\n",
        "pod 5s is late\n",
        "  a=5s   x\n",
        "12   34\n",
        "s\n",
    ] {
        assert_eq!(normalised(same), same);
    }
    assert_eq!(normalised("5m   Normal\n3s"), "AGE Normal\nAGE");
}
