//! The repository's own rules: what neither Cargo nor clippy can check.
//!
//! A rule takes the tree and names its offenders. Each is shown a small tree that breaks it before it is
//! asked about the checkout, so that no rule passes because it looks at nothing.

#[path = "tidy/layout.rs"]
mod layout;
#[path = "tidy/manifest.rs"]
mod manifest;
#[path = "tidy/text.rs"]
mod text;
#[path = "tidy/tree.rs"]
mod tree;

use std::sync::LazyLock;

use tree::Tree;

type Rule = fn(&Tree) -> Vec<String>;

static CHECKOUT: LazyLock<Tree> = LazyLock::new(Tree::checkout);

/// Fails with every offender and what to do; `broken` is a tree with exactly one.
#[track_caller]
fn holds(rule: Rule, instead: &str, broken: &[(&str, &str)]) {
    let caught = rule(&Tree::of(broken));
    assert_eq!(caught.len(), 1, "the rule is blind: {caught:?}");
    let offenders = rule(&CHECKOUT);
    assert!(
        offenders.is_empty(),
        "{instead}\n  {}",
        offenders.join("\n  ")
    );
}

#[test]
fn a_source_has_at_most_500_lines() {
    let long = "\n".repeat(501);
    holds(
        layout::long_sources,
        "split it: one noun, verb, endpoint or rule a file",
        &[("a.rs", &long), ("b.rs", "\n"), ("c.md", &long)],
    );
}

#[test]
fn no_file_is_called_mod_rs() {
    holds(
        layout::mod_files,
        "call it after its directory: foo.rs beside foo/",
        &[("gateway/src/a/mod.rs", ""), ("gateway/src/a.rs", "")],
    );
}

#[test]
fn the_root_has_the_only_clippy_configuration() {
    holds(
        layout::inner_clippy_configurations,
        "clippy reads the nearest one alone, and an inner one lifts every ban of the root's",
        &[(".clippy.toml", "a = 1"), ("worker/clippy.toml", "")],
    );
}

#[test]
fn the_top_level_holds_only_what_a_newcomer_needs() {
    holds(
        layout::strange_names_at_the_top,
        "move it into the crate that it belongs to, or to deploy/",
        &[("notes.md", ""), (".gitignore", ""), ("Cargo.toml", "")],
    );
}

#[test]
fn a_crate_root_begins_with_what_it_is_for() {
    holds(
        layout::silent_roots,
        "begin the file with `//!` and one sentence",
        &[
            ("worker/src/lib.rs", "mod a;\n"),
            ("worker/src/main.rs", "//! Runs.\n"),
            ("worker/src/a.rs", ""),
        ],
    );
}

#[test]
fn a_verb_has_a_file_for_its_grammar() {
    let verbs = "Self::Get => \"get\",\nSelf::ApiResources => \"api-resources\",\n";
    holds(
        layout::verbs_without_a_file,
        "the recipe for a verb is in CONTRIBUTING.md",
        &[
            ("shared/core/src/verb.rs", verbs),
            ("shared/core/src/command/get.rs", "//! Get."),
        ],
    );
}

#[test]
fn a_member_inherits_the_lints() {
    let root = "[workspace]\nmembers = [\"a\", \"b\"]\n";
    holds(
        manifest::members_without_the_lints,
        "add `[lints]` with `workspace = true`",
        &[
            ("Cargo.toml", root),
            ("a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"),
            ("b/Cargo.toml", "[package]\n"),
        ],
    );
}

#[test]
fn no_dependency_crosses_a_layer() {
    let gateway = "[dependencies]\nkubently-core.workspace = true\naxum = \"0\"\n";
    let worker = "[dev-dependencies]\nserver = { package = \"axum\" }\n# axum\n";
    holds(
        manifest::forbidden_dependencies,
        "the layers are core <- broker, runtime, kubectl <- gateway, worker <- tests",
        &[
            ("gateway/Cargo.toml", gateway),
            ("worker/Cargo.toml", worker),
        ],
    );
}

#[test]
fn a_dependency_has_a_reason() {
    let root =
        "[workspace.dependencies]\n# one reason for both\na = \"1\"\nb = \"1\"\n\nc = \"1\"\n";
    holds(
        manifest::dependencies_without_a_reason,
        "write a comment of one line above it that says what it is for",
        &[("Cargo.toml", root)],
    );
}

#[test]
fn a_workspace_dependency_is_used() {
    let root = "[workspace]\nmembers = [\"m\"]\n[workspace.dependencies]\na = \"1\"\nb = \"1\"\nc = \"1\"\n";
    let member = "[dependencies]\na.workspace = true\nc = { workspace = true }\n";
    holds(
        manifest::unused_dependencies,
        "no member takes it: remove it",
        &[("Cargo.toml", root), ("m/Cargo.toml", member)],
    );
}

#[test]
fn only_the_broker_names_the_nats_client() {
    holds(
        text::names_of_the_nats_client,
        "go through kubently-broker, the one crate that knows the client",
        &[
            ("gateway/src/a.rs", "use async_nats::Client;\n"),
            ("shared/broker/src/a.rs", "use async_nats::Client;\n"),
        ],
    );
}

#[test]
fn the_product_starts_no_process() {
    holds(
        text::processes,
        "gateway and worker never run a program",
        &[
            (
                "worker/src/a.rs",
                "use std::process::{Command, ExitCode};\n",
            ),
            ("worker/src/main.rs", "use std::process::ExitCode;\n"),
        ],
    );
}

#[test]
fn no_test_is_ignored() {
    holds(
        text::ignored_tests,
        "mend it or remove it: what is not run is not known",
        &[("a.rs", "#[ignore = \"slow\"]\nfn a() {}\n")],
    );
}

#[test]
fn no_test_sleeps() {
    let paused =
        "#[tokio::test(start_paused = true)]\nasync fn a() {\n    time::sleep(d).await;\n}\n";
    let mixed =
        "use tokio::time::sleep;\n#[cfg(test)]\nmod tests {\n    std::thread::sleep(d);\n}\n";
    holds(
        text::sleeps,
        "wait for the condition with a deadline (kubently_tests::wait), or pause tokio's clock in every test \
         of the file",
        &[
            ("worker/src/c/tests.rs", paused),
            ("worker/src/a.rs", mixed),
            ("worker/src/b.rs", "use tokio::time::sleep;\n"),
        ],
    );
}

#[test]
fn a_lint_is_expected_with_a_reason_not_allowed() {
    holds(
        text::allowed_lints,
        "use `#[expect(lint, reason = \"…\")]`, which ends with its cause",
        &[("a.rs", "#[allow(dead_code)]\n#[expect(unused)]\n")],
    );
}

#[test]
fn no_code_is_a_stub() {
    holds(
        text::stubs,
        "refuse what is not built yet with a code of its own",
        &[("a.rs", "fn a() { todo!() }\n")],
    );
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    holds(
        text::machine_paths,
        "name it from the root of the checkout",
        &[("README.md", "see /root/notes\nsee ./notes\n")],
    );
}

#[test]
fn no_file_holds_notes_to_oneself() {
    holds(
        text::notes,
        "do it now or open an issue",
        &[("a.rs", "// TODO: later\n// TODOS\n")],
    );
}
