//! Builds our own binaries with the Cargo that built this program, in the same profile.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::OnceCell;

use crate::guard::{Ending, Spec};
use crate::{place, say};

/// How often a build that goes on says so.
const PROGRESS: Duration = Duration::from_secs(15);
/// Builds shorter than this are not worth a line.
const WORTH_A_LINE: Duration = Duration::from_secs(2);

/// Where our binaries are.
#[derive(Debug)]
pub struct Programs {
    /// `kubently-gateway`.
    pub gateway: PathBuf,
    /// `kubently-worker`.
    pub worker: PathBuf,
}

/// The binaries, built at the first call of this process: what a test runs is always today's source.
///
/// # Errors
/// When Cargo fails; the error holds the end of what it said.
pub async fn programs() -> Result<&'static Programs> {
    static PROGRAMS: OnceCell<Programs> = OnceCell::const_new();
    PROGRAMS
        .get_or_try_init(|| async { tokio::task::spawn_blocking(build).await? })
        .await
}

fn build() -> Result<Programs> {
    let dir = place::fresh("cargo")?;
    let step = say::Step::begin("building kubently-gateway and kubently-worker");
    let mut cargo = Spec::new("cargo", cargo_program(), place::workspace())
        .logs(dir.path(), "cargo")
        .inherit_env()
        .without_env(is_of_this_package)
        .args(build_args()?)
        .args(["-p", "kubently-gateway", "--bin", "kubently-gateway"])
        .args(["-p", "kubently-worker", "--bin", "kubently-worker"])
        .spawn()
        .context("start Cargo: it is needed on PATH")?;
    let mut limit = WORTH_A_LINE;
    let ending = loop {
        match cargo.wait_blocking(limit) {
            Ok(ending) => break ending,
            Err(_) => step.goes_on("with Cargo; the first time takes minutes"),
        }
        limit = PROGRESS;
    };
    if ending != Ending::Code(0) {
        bail!("cargo build failed ({ending}): {}", cargo.tail());
    }
    let binaries = place::binaries()?;
    Ok(Programs {
        gateway: binaries.join("kubently-gateway"),
        worker: binaries.join("kubently-worker"),
    })
}

/// Builds `parts-guard`, which everything else is started under. `cargo test` and `cargo bench` have built
/// it already; `cargo run` builds one binary only.
///
/// # Errors
/// When Cargo fails; the error holds what it said.
pub fn build_guard() -> Result<()> {
    let mut command = command(Path::new(&cargo_program()));
    for (name, _) in std::env::vars_os() {
        if is_of_this_package(&name) {
            command.env_remove(name);
        }
    }
    let output = command
        .args(build_args()?)
        .args(["-p", "kubently-tests", "--bin", "parts-guard"])
        .current_dir(place::workspace())
        .stdin(Stdio::null())
        .output()
        .context("start Cargo: it is needed on PATH")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("cargo build of parts-guard failed: {said}");
    }
    Ok(())
}

/// The profile is read off the directory that this program lies in.
fn build_args() -> Result<Vec<OsString>> {
    let binaries = place::binaries()?;
    let profile = match binaries.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    Ok(vec![
        "build".into(),
        "--quiet".into(),
        "--profile".into(),
        profile.into(),
        "--target-dir".into(),
        place::target()?.into(),
    ])
}

fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What Cargo tells the program that it runs about its package: build scripts that watch these variables
/// would run again, and with them half of the build.
fn is_of_this_package(name: &std::ffi::OsStr) -> bool {
    let name = name.to_string_lossy();
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

#[expect(
    clippy::disallowed_methods,
    reason = "asks Cargo for the guard, which nothing can guard yet"
)]
fn command(program: &Path) -> Command {
    Command::new(program)
}
