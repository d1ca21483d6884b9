//! Where things are: the checkout, the target directory, and a directory for what this process runs.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result};

use crate::guard;

/// The root of the checkout.
#[must_use]
pub fn workspace() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}

/// Where Cargo put the binaries of this build: `target/debug` or `target/release`, whatever the target
/// directory is called here.
///
/// # Errors
/// When the running program's own path is not known.
pub fn binaries() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let beside = program.parent().unwrap_or(&program);
    // Test and bench programs are one level further down.
    let inner = beside.file_name().is_some_and(|name| name == "deps");
    Ok(if inner {
        beside.parent().unwrap_or(beside)
    } else {
        beside
    }
    .to_owned())
}

/// The target directory of this build.
///
/// # Errors
/// When the running program's own path is not known.
pub fn target() -> io::Result<PathBuf> {
    let binaries = binaries()?;
    Ok(binaries.parent().unwrap_or(&binaries).to_owned())
}

/// A directory below this process's own one. It goes away with the handle or, where the handle is a static
/// or the process is killed, after the process.
///
/// # Errors
/// When the directory cannot be made, or `parts-guard` is not there to remove it.
pub fn fresh(name: &str) -> Result<tempfile::TempDir> {
    static RUN: Mutex<Option<Run>> = Mutex::new(None);
    let mut run = RUN.lock().unwrap_or_else(PoisonError::into_inner);
    let run = match &mut *run {
        Some(run) => run,
        empty => empty.insert(Run::begin()?),
    };
    tempfile::Builder::new()
        .prefix(&format!("{name}-"))
        .tempdir_in(&run.dir)
        .with_context(|| format!("make a directory in {}", run.dir.display()))
}

/// This process's directory, and the guard that removes it when its standard input ends with this process.
struct Run {
    dir: PathBuf,
    _remover: Child,
}

impl Run {
    fn begin() -> Result<Self> {
        let all = target()?.join("run");
        std::fs::create_dir_all(&all).with_context(|| format!("make {}", all.display()))?;
        let dir = tempfile::Builder::new()
            .prefix(&format!("{}-", std::process::id()))
            .tempdir_in(&all)
            .with_context(|| format!("make a directory in {}", all.display()))?
            .keep();
        let remover = guard::remover(&dir)?;
        Ok(Self {
            dir,
            _remover: remover,
        })
    }
}
