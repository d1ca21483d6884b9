//! Rules on which files there are.

use crate::tree::{File, Tree};

/// The longest file that one can still read at once.
const MAX_LINES: usize = 500;
/// What a newcomer sees first.
const TOP: [&str; 12] = [
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "deploy",
    "gateway",
    "rust-toolchain.toml",
    "shared",
    "target",
    "tests",
    "worker",
];

/// Sources that are too long.
pub(crate) fn long_sources(tree: &Tree) -> Vec<String> {
    tree.sources()
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(file, lines)| format!("{}: {lines} lines", file.path))
        .collect()
}

/// Files called `mod.rs`.
pub(crate) fn mod_files(tree: &Tree) -> Vec<String> {
    paths(tree, |file| file.name() == "mod.rs")
}

/// Configurations of clippy below the root.
pub(crate) fn inner_clippy_configurations(tree: &Tree) -> Vec<String> {
    let mut found = paths(tree, |file| {
        file.path != ".clippy.toml" && [".clippy.toml", "clippy.toml"].contains(&file.name())
    });
    if tree.text(".clippy.toml").is_empty() {
        found.push(".clippy.toml: missing or empty".to_owned());
    }
    found
}

/// Names at the root that do not belong there.
pub(crate) fn strange_names_at_the_top(tree: &Tree) -> Vec<String> {
    tree.top
        .iter()
        .filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()))
        .cloned()
        .collect()
}

/// Crate roots that do not begin with what the crate is for.
pub(crate) fn silent_roots(tree: &Tree) -> Vec<String> {
    paths(tree, |file| is_root(file) && !file.text.starts_with("//!"))
}

/// Verbs without a file of their grammar.
pub(crate) fn verbs_without_a_file(tree: &Tree) -> Vec<String> {
    let verbs = tree.text("shared/core/src/verb.rs").lines();
    verbs
        .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \""))
        .filter_map(|(_, text)| text.strip_suffix("\","))
        .map(|verb| format!("shared/core/src/command/{}.rs", verb.replace('-', "_")))
        .filter(|path| tree.text(path).is_empty())
        .map(|path| format!("{path}: missing"))
        .collect()
}

fn is_root(file: &File) -> bool {
    let fixed = ["/src/lib.rs", "/src/main.rs"];
    let one_each = ["/src/bin/", "/examples/", "/benches/"];
    let own_file = |dir: &str| {
        let name = file.path.split_once(dir).map(|(_, name)| name);
        name.is_some_and(|name| !name.contains('/'))
    };
    file.has_extension("rs")
        && (fixed.iter().any(|end| file.path.ends_with(end))
            || one_each.iter().any(|dir| own_file(dir))
            || ["tests/tidy.rs", "tests/it/main.rs"].contains(&file.path.as_str()))
}

fn paths(tree: &Tree, offends: impl Fn(&File) -> bool) -> Vec<String> {
    let offenders = tree.files.iter().filter(|file| offends(file));
    offenders.map(|file| file.path.clone()).collect()
}
