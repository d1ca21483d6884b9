//! The README's table of verbs and flags: generated, so that it cannot say anything else than the grammar
//! and the list of differences do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use kubently_core::command::{flags, refused_flags};
use kubently_core::verb::Verb;
use kubently_tests::place;

use super::differences::DIFFERENCES;
use super::lines;

const BEGIN: &str = "<!-- verbs:begin -->\n";
const END: &str = "<!-- verbs:end -->";
/// Set to `write`, the README is written instead of checked.
const VARIABLE: &str = "KUBENTLY_README";

const VERBS: [&str; 7] = [
    "get",
    "describe",
    "logs",
    "top",
    "events",
    "version",
    "api-resources",
];

/// One row a verb, then where the bytes differ, then what is refused.
fn tables() -> String {
    let mut text = String::from("| verb | flags | bytes |\n|---|---|---|\n");
    let lines = lines::library();
    for name in VERBS {
        let verb: Verb = name.parse().unwrap();
        let flags = flags(verb).map(|(flag, short)| {
            let short = short.map_or_else(String::new, |short| format!("-{short} "));
            format!("`{short}--{flag}`")
        });
        let flags: Vec<String> = flags.collect();
        let of_verb = || lines.iter().filter(|line| line.verb() == name);
        let differing = DIFFERENCES
            .iter()
            .filter(|known| of_verb().any(|line| (known.is_for)(line)));
        let differing: Vec<&str> = differing.map(|known| known.name).collect();
        let but = if differing.is_empty() {
            String::new()
        } else {
            format!(", but for: {}", differing.join("; "))
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{name}` | {} | same bytes as kubectl{but} |",
            flags.join(" ")
        );
    }
    text.push_str("\n| not kubectl's bytes | because |\n|---|---|\n");
    for known in DIFFERENCES {
        let _ = writeln!(text, "| {} | {} |", known.name, known.reason);
    }
    text.push_str("\n| refused | because |\n|---|---|\n");
    let mut refused = BTreeMap::<&str, Vec<String>>::new();
    for (flag, reason) in refused_flags() {
        refused
            .entry(reason)
            .or_default()
            .push(format!("`--{flag}`"));
    }
    for (reason, flags) in refused {
        let _ = writeln!(text, "| {} | {reason} |", flags.join(" "));
    }
    text
}

#[test]
fn the_readme_says_what_the_grammar_and_the_differences_say() {
    let path = place::workspace().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once(BEGIN).expect("the marker");
    let (table, after) = rest.split_once(END).expect("the other marker");
    if std::env::var(VARIABLE).as_deref() == Ok("write") {
        let written = format!("{before}{BEGIN}{}{END}{after}", tables());
        std::fs::write(&path, written).unwrap();
    } else {
        assert_eq!(table, tables(), "{VARIABLE}=write writes it again");
    }
}
