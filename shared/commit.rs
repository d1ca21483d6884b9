//! Names the commit that a binary is built from: `KUBENTLY_COMMIT` where it is set, else what the
//! checkout says in a release build, else nothing. No program is run and no checkout is needed.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "how a build script reads and answers"
)]

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-env-changed=KUBENTLY_COMMIT");
    println!("cargo:rerun-if-changed=../shared/commit.rs");
    let given = std::env::var("KUBENTLY_COMMIT").ok();
    // In other profiles a new commit would mean a new build.
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = given.or_else(|| is_release.then(|| head(Path::new("..")))?);
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let version = match commit.as_deref().and_then(|commit| commit.get(..12)) {
        Some(commit) if commit.bytes().all(|b| b.is_ascii_hexdigit()) => {
            format!("{version} ({commit})")
        }
        _ => version,
    };
    println!("cargo:rustc-env=KUBENTLY_VERSION={version}");
}

/// The commit that is checked out.
fn head(root: &Path) -> Option<String> {
    let dir = git_dir(&root.join(".git"))?;
    println!("cargo:rerun-if-changed={}", dir.join("HEAD").display());
    let head = read(&dir.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref: ") else {
        return Some(head);
    };
    // A linked worktree shares its branches with the main one.
    let common = read(&dir.join("commondir")).map_or_else(|| dir.clone(), |at| dir.join(at));
    println!("cargo:rerun-if-changed={}", common.join(name).display());
    read(&common.join(name)).or_else(|| {
        let packed = read(&common.join("packed-refs"))?;
        let mut lines = packed.lines();
        let line = lines.find(|line| line.strip_suffix(name).is_some_and(|l| l.ends_with(' ')))?;
        Some(line.split(' ').next()?.to_owned())
    })
}

fn git_dir(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let text = read(path)?;
    let dir = PathBuf::from(text.strip_prefix("gitdir: ")?);
    Some(if dir.is_absolute() {
        dir
    } else {
        path.parent()?.join(dir)
    })
}

fn read(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned())
}
