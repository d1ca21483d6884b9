//! The fuzzer's seeds, replayed without the fuzzer: `shared/core/fuzz` needs a nightly toolchain, this does not.

#![expect(
    clippy::unwrap_used,
    reason = "a seed that cannot be read stops the test"
)]

use std::fs;
use std::path::Path;

#[path = "../fuzz/checks.rs"]
mod checks;

/// Every seed of a target, and how many of them are accepted.
fn replay(target: &str, check: fn(&[u8]) -> bool) -> (usize, usize) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let files = fs::read_dir(seeds).unwrap();
    let accepted: Vec<bool> = files
        .map(|file| check(&fs::read(file.unwrap().path()).unwrap()))
        .collect();
    (
        accepted.len(),
        accepted.iter().filter(|accepted| **accepted).count(),
    )
}

#[test]
fn every_seed_keeps_what_the_fuzzer_checks() {
    for (target, check) in [
        ("request", checks::request as fn(&[u8]) -> bool),
        ("command", checks::command),
    ] {
        let (all, accepted) = replay(target, check);
        assert!(all >= 15, "{target}: {all} seeds");
        assert!(
            accepted >= 5 && accepted < all,
            "{target}: {accepted} of {all} accepted"
        );
    }
}
