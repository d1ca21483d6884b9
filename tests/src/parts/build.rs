//! Builds a part with Go, once, under a file lock, saying what it does.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::{PartsError, Recipe};
use crate::guard::{Ending, Spec};
use crate::{place, say};

/// Stripped, and calling themselves what they are: without the version, the programs report another
/// release and `kubectl version` prints a skew warning.
const LDFLAGS: &str = "-s -w \
    -X k8s.io/component-base/version.gitVersion=v1.37.1 \
    -X k8s.io/component-base/version.gitMajor=1 \
    -X k8s.io/component-base/version.gitMinor=37";
/// How often a build that goes on says so.
const PROGRESS: Duration = Duration::from_secs(15);
/// Less than this many bytes of free space, and a build need not begin.
const ROOM: u64 = 512 << 20;

/// The program from an earlier build, if it was made from today's module.
pub(super) fn built(recipe: &Recipe) -> Result<Option<PathBuf>, PartsError> {
    let dir = directory()?;
    let stamp = std::fs::read_to_string(stamp_path(&dir, recipe)).unwrap_or_default();
    let program = dir.join(recipe.name);
    Ok((stamp == wanted_stamp(recipe)? && program.is_file()).then_some(program))
}

/// Builds it, or waits for the process that does.
pub(super) fn build(recipe: &'static Recipe) -> Result<PathBuf, PartsError> {
    let dir = directory()?;
    let in_dir = |source| PartsError::Directory {
        dir: dir.clone(),
        source,
    };
    std::fs::create_dir_all(dir.join("log")).map_err(in_dir)?;
    let _lock = lock(&dir.join("lock")).map_err(in_dir)?;
    if let Some(program) = built(recipe)? {
        return Ok(program);
    }
    if free_space(&dir).is_some_and(|free| free < ROOM) {
        return Err(PartsError::DiskFull {
            name: recipe.name,
            dir,
        });
    }
    check_go(recipe)?;

    let step = say::Step::begin(format!("building {}", recipe.name));
    step.goes_on(&hint(recipe));
    // The guard appends to its logs; an earlier failure must not be read as this one's.
    for stream in ["out", "err"] {
        let _ = std::fs::remove_file(dir.join("log").join(format!("{}.{stream}", recipe.name)));
    }
    // Under another name until it is whole.
    let partial = dir.join(format!("{}.partial", recipe.name));
    let mut go = Spec::new("go", "go", place::workspace().join(recipe.module))
        .logs(dir.join("log"), recipe.name)
        .inherit_env()
        .env("CGO_ENABLED", "0")
        // A workspace file or flags of the caller's own must not change what is built.
        .env("GOWORK", "off")
        .env("GOFLAGS", "-buildvcs=false -mod=readonly")
        .arg("build")
        .arg(format!("-ldflags={LDFLAGS}"))
        .arg("-o")
        .arg(&partial)
        .arg(recipe.package)
        .spawn()?;
    let ending = loop {
        match go.wait_blocking(PROGRESS) {
            Ok(ending) => break ending,
            Err(_) => step.goes_on(&hint(recipe)),
        }
    };
    if ending != Ending::Code(0) {
        let log = go.stderr();
        return Err(if log.contains("no space left on device") {
            PartsError::DiskFull {
                name: recipe.name,
                dir,
            }
        } else {
            PartsError::Failed {
                name: recipe.name,
                ending: ending.to_string(),
                log: dir.join("log").join(format!("{}.err", recipe.name)),
                tail: go.tail(),
            }
        });
    }
    let program = dir.join(recipe.name);
    std::fs::rename(&partial, &program).map_err(in_dir)?;
    std::fs::write(stamp_path(&dir, recipe), wanted_stamp(recipe)?).map_err(in_dir)?;
    step.done();
    Ok(program)
}

fn hint(recipe: &Recipe) -> String {
    format!("with Go, once; the first time takes {}", recipe.first_build)
}

fn directory() -> Result<PathBuf, PartsError> {
    let in_target = |source| PartsError::Directory {
        dir: "target".into(),
        source,
    };
    Ok(place::target().map_err(in_target)?.join("parts"))
}

/// Waits for another process that builds, and says so.
fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    if file.try_lock().is_err() {
        say::line("parts: another process is building them; waiting for it");
        file.lock()?;
    }
    Ok(file)
}

fn stamp_path(dir: &Path, recipe: &Recipe) -> PathBuf {
    dir.join("log").join(format!("{}.made-from", recipe.name))
}

/// What a program was made from: every source by its checksum, and the flags.
fn wanted_stamp(recipe: &Recipe) -> Result<String, PartsError> {
    let parts = place::workspace().join(recipe.module);
    let read = |name: &str| {
        let path = parts.join(name);
        std::fs::read(&path).map_err(|source| PartsError::Directory { dir: path, source })
    };
    let mut hash = Sha256::new();
    hash.update(read("go.mod")?);
    hash.update(read("go.sum")?);
    hash.update(LDFLAGS);
    hash.update(recipe.package);
    Ok(format!("{:x?}", hash.finalize().as_slice()))
}

fn free_space(dir: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(dir).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Go must be there, and as new as `go.mod` asks (or able to fetch the one it asks for).
fn check_go(recipe: &'static Recipe) -> Result<(), PartsError> {
    let parts = place::workspace().join(recipe.module);
    let go_mod = std::fs::read_to_string(parts.join("go.mod")).unwrap_or_default();
    let wanted = go_mod
        .lines()
        .find_map(|line| line.strip_prefix("go "))
        .unwrap_or("1.26")
        .to_owned();
    let in_module = go(&parts, &["env", "GOVERSION"]).map_err(|_| PartsError::NoGo {
        name: recipe.name,
        wanted: wanted.clone(),
        variable: recipe.variable,
    })?;
    if in_module.status.success() {
        return Ok(());
    }
    // Outside of the module it can at least say which one it is.
    let found = go(Path::new("/"), &["version"])
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default();
    Err(PartsError::OldGo {
        name: recipe.name,
        found,
        wanted,
    })
}

#[expect(clippy::disallowed_methods, reason = "asks Go")]
pub(super) fn go(dir: &Path, args: &[&str]) -> io::Result<Output> {
    Command::new("go")
        .args(args)
        .current_dir(dir)
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .output()
}
