//! Rules on what files say.

use crate::tree::{File, Tree};

/// Locks list what others published.
const LOCKS: [&str; 2] = ["Cargo.lock", "go.sum"];
/// The rules themselves have to name what they look for.
const RULES: &str = "tests/tidy";

/// The NATS client outside the crate that wraps it.
pub(crate) fn names_of_the_nats_client(tree: &Tree) -> Vec<String> {
    let allowed = ["shared/broker/", "tests/"];
    sources_and_manifests(tree)
        .filter(|file| file.path != "Cargo.toml" && !file.is_below(&allowed))
        .flat_map(|file| {
            file.lines(|line| line.contains("async_nats") || line.contains("async-nats"))
        })
        .collect()
}

/// Product code that could start a process.
pub(crate) fn processes(tree: &Tree) -> Vec<String> {
    tree.sources()
        .filter(|file| file.is_below(&["gateway/", "worker/", "shared/"]))
        .flat_map(|file| {
            file.lines(|line| {
                line.contains("process::Command")
                    || line.contains("tokio::process")
                    || (line.contains("process::{") && line.contains("Command"))
            })
        })
        .collect()
}

/// Tests that are left out.
pub(crate) fn ignored_tests(tree: &Tree) -> Vec<String> {
    in_sources(tree, &["#[ignore"])
}

/// Lints that are switched off without a reason.
pub(crate) fn allowed_lints(tree: &Tree) -> Vec<String> {
    in_sources(tree, &["#[allow(", "#![allow("])
}

/// Code that is not written yet.
pub(crate) fn stubs(tree: &Tree) -> Vec<String> {
    in_sources(tree, &["todo!", "unimplemented!"])
}

/// Tests that wait for a time. A file whose tests all run on tokio's paused clock may sleep on that clock.
pub(crate) fn sleeps(tree: &Tree) -> Vec<String> {
    ours(tree)
        .filter(|file| file.has_extension("rs"))
        .flat_map(|file| {
            let text = test_code(file);
            let paused = text.contains("start_paused = true") && !text.contains("#[tokio::test]");
            let part = File {
                path: file.path.clone(),
                text,
            };
            part.lines(|line| {
                let imported = line.trim_start().starts_with("use ") && line.contains("sleep");
                let on_tokio = line.contains("time::sleep") || imported;
                line.contains("thread::sleep") || (on_tokio && !paused)
            })
        })
        .collect()
}

/// Paths of the machine that a file was written on.
pub(crate) fn machine_paths(tree: &Tree) -> Vec<String> {
    ours(tree)
        .flat_map(|file| file.lines(|line| line.contains("/work/") || line.contains("/root/")))
        .collect()
}

/// Notes to oneself.
pub(crate) fn notes(tree: &Tree) -> Vec<String> {
    let words = ["TODO", "FIXME", "XXX", "HACK"];
    let is_note = |line: &str| {
        line.split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| words.contains(&word))
    };
    ours(tree).flat_map(|file| file.lines(is_note)).collect()
}

/// The test code of a source: all of a test file, else what follows the first inline test module. The
/// lines before it are left empty, so that the numbers stay right.
fn test_code(file: &File) -> String {
    let dirs = ["/tests/", "/benches/"];
    if file.is_below(&["tests/"])
        || file.name() == "tests.rs"
        || dirs.iter().any(|dir| file.path.contains(dir))
    {
        return file.text.clone();
    }
    let mut inside = false;
    let mut lines = file.text.lines().peekable();
    let mut code = String::new();
    while let Some(line) = lines.next() {
        let opens = |next: &&str| next.contains("mod ") && next.ends_with('{');
        inside |= line.trim() == "#[cfg(test)]" && lines.peek().is_some_and(opens);
        if inside {
            code.push_str(line);
        }
        code.push('\n');
    }
    code
}

fn in_sources(tree: &Tree, needles: &[&str]) -> Vec<String> {
    ours(tree)
        .filter(|file| file.has_extension("rs"))
        .flat_map(|file| file.lines(|line| needles.iter().any(|needle| line.contains(needle))))
        .collect()
}

fn sources_and_manifests(tree: &Tree) -> impl Iterator<Item = &File> {
    ours(tree).filter(|file| file.has_extension("rs") || file.name() == "Cargo.toml")
}

/// What we wrote ourselves, without the rules.
fn ours(tree: &Tree) -> impl Iterator<Item = &File> {
    tree.files
        .iter()
        .filter(|file| !LOCKS.contains(&file.name()) && !file.is_below(&[RULES]))
}
