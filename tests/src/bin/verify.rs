//! `verify`: everything that must hold before a change lands.
//!
//! Format, lints, documentation, every test, then the clients in other languages against a quick start of
//! their own. It stops at the first step that fails; the last line counts steps and client checks.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use kubently_tests::clients::{Packages, check_stubs};
use kubently_tests::cluster::audit;
use kubently_tests::guard::{Ending, Guarded, Signal, Spec};
use kubently_tests::wait::{self, Probe};
use kubently_tests::{place, say};

/// What a quick start may take to be ready: on a new machine it builds the product and the parts.
const READY: Duration = Duration::from_secs(30 * 60);
/// What it may take to stop: the product's grace period is 25 s.
const STOPPED: Duration = Duration::from_secs(60);

#[derive(Parser)]
#[command(about = "Checks everything that must hold before a change lands")]
struct Options {
    /// Fail where the program of a client (python3, node) is absent, instead of leaving it out
    #[arg(long)]
    with_clients: bool,
}

/// One run of Cargo.
struct Step {
    name: &'static str,
    args: &'static [&'static str],
    env: Option<(&'static str, &'static str)>,
}

const STEPS: [Step; 4] = [
    Step {
        name: "format",
        args: &["fmt", "--all", "--check"],
        env: None,
    },
    Step {
        name: "lints",
        args: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        env: None,
    },
    Step {
        name: "documentation",
        args: &["doc", "--workspace", "--no-deps", "--locked"],
        env: Some(("RUSTDOCFLAGS", "-D warnings")),
    },
    Step {
        name: "tests",
        args: &["test", "--workspace", "--locked"],
        env: None,
    },
];

/// A program in another language that drives the product as a stranger would.
struct Client {
    name: &'static str,
    program: &'static str,
    script: &'static str,
    /// Whether it uses the packages of `tests/clients/requirements.txt`; else the standard library alone.
    needs_packages: bool,
}

const CLIENTS: [Client; 3] = [
    Client {
        name: "Python client",
        program: "python3",
        script: "client.py",
        needs_packages: false,
    },
    Client {
        name: "Python publisher",
        program: "python3",
        script: "publisher.py",
        needs_packages: true,
    },
    Client {
        name: "Node client",
        program: "node",
        script: "client.mjs",
        needs_packages: false,
    },
];

fn main() -> ExitCode {
    // The alias ends in `--`; whoever writes another one means the same.
    let options = Options::parse_from(std::env::args_os().filter(|word| word != "--"));
    let mut passed = 0;
    let outcome = verify(&options, &mut passed);
    if let Err(error) = &outcome {
        heading(format_args!("failed: {error:#}"));
    }
    line(format_args!(
        "verify: {passed} passed, {} failed",
        u32::from(outcome.is_err())
    ));
    ExitCode::from(u8::from(outcome.is_err()))
}

/// Adds every step and check that passes to `passed`.
fn verify(options: &Options, passed: &mut u32) -> Result<()> {
    let began = Instant::now();
    let (clients, absent): (Vec<_>, Vec<_>) = CLIENTS
        .iter()
        .partition(|client| is_present(client.program));
    let left_out: Vec<_> = absent
        .iter()
        .map(|client| format!("{} ({} is not on PATH)", client.name, client.program))
        .collect();
    // Both are said before the long steps, not after them.
    ensure!(
        !options.with_clients || left_out.is_empty(),
        "--with-clients needs what is absent here: {}",
        left_out.join(", ")
    );
    ensure!(
        clients.is_empty() || !quickstart_is_running()?,
        "a quick start of this checkout is running: end it first (Ctrl-C)"
    );
    // Not place::fresh: the guard that would remove it is built by the tests.
    let audit =
        tempfile::tempdir_in(place::target()?).context("make a directory for audit logs")?;
    for step in &STEPS {
        timed(step.name, || step.run(audit.path()))?;
        *passed += 1;
    }
    timed("audit", || only_reads(audit.path()))?;
    *passed += 1;
    if !clients.is_empty() {
        *passed += timed("clients", || drive(&clients))?;
        *passed += 1;
        let has = |program| clients.iter().any(|client| client.program == program);
        let (python, node) = (has("python3"), has("node"));
        *passed += timed("type stubs", || check_stubs(python, node))?;
    }
    for client in left_out {
        heading(format_args!("left out: {client}"));
    }
    heading(format_args!(
        "everything holds, {}",
        say::seconds(began.elapsed())
    ));
    Ok(())
}

impl Step {
    /// Runs it; API servers that tests start keep their audit logs in `audit`.
    fn run(&self, audit: &Path) -> Result<()> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = command(&cargo);
        command
            .args(self.args)
            .current_dir(place::workspace())
            .env(audit::KEPT, audit)
            .envs(self.env);
        // What `cargo run` says of this program would look like a change to build scripts that watch it.
        for (name, _) in std::env::vars_os().filter(|(name, _)| describes_this_program(name)) {
            command.env_remove(name);
        }
        let status = command
            .status()
            .with_context(|| format!("start {}", cargo.display()))?;
        ensure!(
            status.success(),
            "`cargo {}` ended with {status}",
            self.args.join(" ")
        );
        Ok(())
    }
}

impl Client {
    /// Runs it and counts its checks.
    fn run(&self, env: &[(String, String)]) -> Result<u32> {
        let script = place::workspace().join("tests/clients").join(self.script);
        let mut program = if self.needs_packages {
            Packages::python()?.python3()
        } else {
            command(self.program)
        };
        let output = program
            .arg(&script)
            .envs(env.iter().map(|(name, value)| (name, value)))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("start {}", self.program))?;
        let said = String::from_utf8_lossy(&output.stdout);
        line(format_args!("{}:\n{}", self.name, said.trim_end()));
        ensure!(
            output.status.success(),
            "the {} ended with {}",
            self.name,
            output.status
        );
        checks(&said).with_context(|| format!("the {} says no `N checks passed`", self.name))
    }
}

/// The workers of all tests sent reads alone, over their whole lives.
fn only_reads(audit: &Path) -> Result<()> {
    let requests = audit::check_kept(audit)?;
    ensure!(requests > 0, "no request of a worker is in the audit logs");
    line(format_args!("{requests} requests of workers, reads alone"));
    Ok(())
}

/// Runs the clients against a quick start, which must end and clean up when it is told to.
fn drive(clients: &[&Client]) -> Result<u32> {
    let env_file = place::target()?.join("quickstart/env");
    // Another one's file: it ends ours with a sentence of its own, and must not be taken for ours.
    let before = std::fs::read_to_string(&env_file).ok();
    let dir = place::fresh("verify")?;
    let program = place::binaries()?.join("quickstart");
    let mut quickstart = Spec::new("quickstart", program, dir.path())
        .inherit_env()
        .spawn()?;
    let env = ready(&mut quickstart, &env_file, before.as_deref())?;
    let mut passed = 0;
    for client in clients {
        passed += client.run(&env)?;
    }
    quickstart.signal(Signal::Term);
    let ending = quickstart.wait_blocking(STOPPED)?;
    ensure!(
        ending == Ending::Code(0),
        "the quick start ended with {ending} after SIGTERM; the end of its log:\n{}",
        quickstart.tail()
    );
    ensure!(
        !env_file.exists(),
        "the quick start left {} behind",
        env_file.display()
    );
    Ok(passed)
}

/// Whether somebody holds the lock that every quick start of this checkout takes.
fn quickstart_is_running() -> Result<bool> {
    let lock = match File::open(place::target()?.join("quickstart.lock")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error).context("open the lock of the quick start"),
    };
    Ok(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Waits until the quick start has said how to reach it.
fn ready(
    quickstart: &mut Guarded,
    env_file: &Path,
    before: Option<&str>,
) -> Result<Vec<(String, String)>> {
    let env = wait::until_blocking("the quick start", READY, || {
        if let Err(error) = quickstart.check() {
            return Probe::Never(error.to_string());
        }
        let text = match std::fs::read_to_string(env_file) {
            Ok(text) => text,
            Err(error) => return Probe::NotYet(format!("{}: {error}", env_file.display())),
        };
        if before == Some(text.as_str()) {
            return Probe::NotYet(format!("{} is another's", env_file.display()));
        }
        let env = variables(&text);
        // It may be read while it is being written.
        let complete = ["KUBENTLY_URL", "KUBENTLY_API_KEY", "KUBENTLY_CLUSTER"]
            .iter()
            .all(|wanted| env.iter().any(|(name, _)| name == wanted));
        if complete && text.ends_with('\n') {
            Probe::Ready(env)
        } else {
            Probe::NotYet(format!("{} is incomplete", env_file.display()))
        }
    })?;
    Ok(env)
}

/// The assignments of a file that a shell can read.
fn variables(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| line.trim_start_matches("export ").split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim_matches(['\'', '"']).to_owned()))
        .collect()
}

/// The number in a client's last line, `N checks passed`.
fn checks(said: &str) -> Option<u32> {
    let last = said.lines().last()?;
    last.strip_suffix(" checks passed")?.parse().ok()
}

/// The variables that Cargo sets for the one program it runs.
fn describes_this_program(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    let prefixes = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
    ];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

fn is_present(program: &str) -> bool {
    let found = command(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

fn timed<T>(name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
    heading(name);
    let began = Instant::now();
    let done =
        step().with_context(|| format!("{name}, after {}", say::seconds(began.elapsed())))?;
    heading(format_args!(
        "{name}: passed, {}",
        say::seconds(began.elapsed())
    ));
    Ok(done)
}

fn heading(text: impl std::fmt::Display) {
    line(format_args!("==== {text}"));
}

/// A line on standard output, where the test runner's own lines go.
fn line(text: impl std::fmt::Display) {
    let mut out = io::stdout().lock();
    // Nobody is left to tell when it is closed.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

#[expect(
    clippy::disallowed_methods,
    reason = "verify runs Cargo and the clients"
)]
fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_a_client_counts_its_checks() {
        assert_eq!(checks("list\n12 checks passed\n"), Some(12));
        assert_eq!(checks("12 checks passed\nTraceback\n"), None);
        assert_eq!(checks(""), None);
    }

    #[test]
    fn a_file_of_assignments_is_read_as_a_shell_reads_it() {
        let env = variables("export A='http://127.0.0.1:1/?a=b'\nB=c\n\n# D\n");
        let expected = [("A", "http://127.0.0.1:1/?a=b"), ("B", "c")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(env, expected);
    }

    #[test]
    fn what_cargo_says_of_this_program_is_not_passed_on() {
        assert!(describes_this_program(&"CARGO_PKG_NAME".into()));
        assert!(!describes_this_program(&"CARGO_TARGET_DIR".into()));
    }
}
