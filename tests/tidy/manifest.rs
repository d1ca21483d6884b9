//! Rules on what depends on what.

use crate::tree::Tree;

const ROOT: &str = "Cargo.toml";

/// The absences that make the layers: a crate's directory, and what its manifest never names.
const ABSENT: [(&str, &[&str]); 5] = [
    ("gateway", &["kube", "k8s-openapi", "async-nats"]),
    ("worker", &["axum", "async-nats"]),
    ("worker/kubectl", &["kubently-broker", "async-nats", "axum"]),
    (
        "shared/core",
        &["tokio", "tokio-util", "async-nats", "config", "kube"],
    ),
    ("shared/runtime", &["kubently-broker", "async-nats", "kube"]),
];

/// One line of a table of dependencies.
struct Entry<'a> {
    /// Such as `dev-dependencies`.
    table: &'a str,
    line: &'a str,
}

impl Entry<'_> {
    /// The name before the first dot, space or equals sign.
    fn name(&self) -> &str {
        self.line.split(['.', ' ', '=']).next().unwrap_or(self.line)
    }

    /// Whether the line names the package, renamed or not.
    fn names(&self, package: &str) -> bool {
        let is_part_of_a_name = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        self.line
            .split(|c| !is_part_of_a_name(c))
            .any(|word| word.replace('_', "-") == package)
    }
}

/// Members that do not inherit the workspace's lints.
pub(crate) fn members_without_the_lints(tree: &Tree) -> Vec<String> {
    members(tree)
        .map(|member| format!("{member}/Cargo.toml"))
        .filter(|path| !tree.text(path).contains("\n[lints]\nworkspace = true\n"))
        .collect()
}

/// Dependencies that cross a layer.
pub(crate) fn forbidden_dependencies(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (member, packages) in ABSENT {
        let path = format!("{member}/Cargo.toml");
        for entry in entries(tree.text(&path)) {
            let forbidden = packages.iter().filter(|package| entry.names(package));
            found.extend(forbidden.map(|package| format!("{path}: [{}] {package}", entry.table)));
        }
    }
    found
}

/// Workspace dependencies without a reason above them.
pub(crate) fn dependencies_without_a_reason(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    let (mut inside, mut reason) = (false, false);
    for line in tree.text(ROOT).lines() {
        if line.starts_with('[') {
            inside = line == "[workspace.dependencies]";
            reason = false;
        } else if line.is_empty() {
            reason = false;
        } else if line.starts_with('#') {
            reason = true;
        } else if inside && !reason && line.contains('=') {
            found.push(format!("{ROOT}: {line}"));
        }
    }
    found
}

/// Workspace dependencies that no member takes.
pub(crate) fn unused_dependencies(tree: &Tree) -> Vec<String> {
    let manifests: Vec<String> = members(tree)
        .map(|member| format!("{member}/Cargo.toml"))
        .collect();
    let taken: Vec<&str> = manifests
        .iter()
        .flat_map(|path| entries(tree.text(path)))
        .map(|entry| entry.line)
        .collect();
    let is_taken = |name: &str| {
        let of = |line: &&str| Entry { table: "", line }.name() == name;
        taken.iter().any(of)
    };
    entries(tree.text(ROOT))
        .filter(|entry| entry.table == "workspace.dependencies" && !is_taken(entry.name()))
        .map(|entry| format!("{ROOT}: {}", entry.name()))
        .collect()
}

/// The directories of the workspace's members.
fn members(tree: &Tree) -> impl Iterator<Item = &str> {
    let list = tree
        .text(ROOT)
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map_or("", |(list, _)| list);
    list.split('"').skip(1).step_by(2)
}

/// The entries of every table of dependencies.
fn entries(manifest: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut table = "";
    manifest.lines().filter_map(move |line| {
        if let Some(header) = line.strip_prefix('[') {
            table = header.trim_end_matches(']');
            // `[dependencies.NAME]` is an entry by itself.
            let (_, name) = table.split_once("dependencies.")?;
            return Some(Entry { table, line: name });
        }
        let is_entry = table.contains("dependencies") && !line.starts_with('#');
        (is_entry && !line.is_empty()).then_some(Entry { table, line })
    })
}
