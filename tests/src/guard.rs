//! Starts programs under `parts-guard`, which ends them when this process is gone.
//!
//! The guard's standard input is a pipe that only this process holds: its end is the sign. Orders go down
//! the same pipe, so that a signal can never reach a process id that has been given to somebody else.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::place;
use crate::wait::{self, Probe};

/// How many bytes at the end of a log an error shows.
const TAIL: usize = 2000;

/// Why a program did not start or ended too early.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// `parts-guard` is not where Cargo puts it.
    #[error("{} is missing: run `cargo build -p kubently-tests --bin parts-guard`", .0.display())]
    NoGuard(PathBuf),
    /// The guard could not be started.
    #[error("start {name} under parts-guard")]
    Guard {
        /// The program's name.
        name: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The guard could not start the program.
    #[error("start {name}: {why}")]
    Start {
        /// The program's name.
        name: String,
        /// What the guard said.
        why: String,
    },
    /// The program ended by itself.
    #[error("{name} ended by itself ({ending}); the end of its log:\n{tail}")]
    Ended {
        /// The program's name.
        name: String,
        /// How it ended.
        ending: Ending,
        /// The last lines it wrote.
        tail: String,
    },
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// With its guard, nobody knows how.
    Unknown,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Unknown => f.write_str("with its guard"),
        }
    }
}

/// The signals that a guard passes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The polite one.
    Term,
    /// Ctrl-C.
    Int,
    /// The end, at once.
    Kill,
    /// Freezes the process.
    Stop,
    /// Wakes a frozen process.
    Cont,
}

impl Signal {
    fn as_str(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Int => "INT",
            Self::Kill => "KILL",
            Self::Stop => "STOP",
            Self::Cont => "CONT",
        }
    }
}

/// A program that is to be started.
#[derive(Debug)]
pub struct Spec {
    name: String,
    program: PathBuf,
    dir: PathBuf,
    logs: (PathBuf, String),
    args: Vec<OsString>,
    envs: Vec<(OsString, OsString)>,
    inherit: bool,
    without: Option<fn(&OsStr) -> bool>,
}

impl Spec {
    /// `dir` is its working directory and holds its logs, `NAME.out` and `NAME.err`. Its environment holds
    /// `PATH`, `HOME` (the directory), `TZ=UTC` and `LANG=C.UTF-8`, nothing of ours.
    pub fn new(
        name: impl Into<String>,
        program: impl Into<PathBuf>,
        dir: impl Into<PathBuf>,
    ) -> Self {
        let (name, dir) = (name.into(), dir.into());
        Self {
            logs: (dir.clone(), name.clone()),
            name,
            program: program.into(),
            dir,
            args: Vec::new(),
            envs: Vec::new(),
            inherit: false,
            without: None,
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.envs.push((name.into(), value.into()));
        self
    }

    /// Puts the logs elsewhere, as `STEM.out` and `STEM.err`.
    #[must_use]
    pub fn logs(mut self, dir: impl Into<PathBuf>, stem: impl Into<String>) -> Self {
        self.logs = (dir.into(), stem.into());
        self
    }

    /// Takes over this process's whole environment (compilers need theirs).
    #[must_use]
    pub fn inherit_env(mut self) -> Self {
        self.inherit = true;
        self
    }

    /// Leaves out some of what [`Self::inherit_env`] takes over.
    #[must_use]
    pub fn without_env(mut self, unwanted: fn(&OsStr) -> bool) -> Self {
        self.without = Some(unwanted);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// When the guard or the program cannot be started.
    pub fn spawn(self) -> Result<Guarded, GuardError> {
        let io_error = |source| GuardError::Guard {
            name: self.name.clone(),
            source,
        };
        let (dir, stem) = &self.logs;
        let stdout = dir.join(format!("{stem}.out"));
        let stderr = dir.join(format!("{stem}.err"));
        let mut command = guard_command()?;
        if !self.inherit {
            command.env_clear().envs(plain_env(&self.dir));
        } else if let Some(unwanted) = self.without {
            for (name, _) in std::env::vars_os().filter(|(name, _)| unwanted(name)) {
                command.env_remove(name);
            }
        }
        command.envs(self.envs.iter().map(|(name, value)| (name, value)));
        command
            .arg("--stdout")
            .arg(&stdout)
            .arg("--stderr")
            .arg(&stderr)
            .arg("--");
        command
            .arg(&self.program)
            .args(&self.args)
            .current_dir(&self.dir);
        let mut guard = command.spawn().map_err(io_error)?;
        let missing = || io_error(io::Error::other("the guard has no pipes"));
        let orders = guard.stdin.take().ok_or_else(missing)?;
        let mut reports = BufReader::new(guard.stdout.take().ok_or_else(missing)?);
        let mut first = String::new();
        reports.read_line(&mut first).map_err(io_error)?;
        let Some(pid) = first
            .trim_end()
            .strip_prefix("pid ")
            .and_then(|pid| pid.parse().ok())
        else {
            drop(orders);
            // The guard ends by itself once it could not start the program.
            let _ = guard.wait();
            return Err(GuardError::Start {
                name: self.name,
                why: first.trim_end().to_owned(),
            });
        };
        Ok(Guarded {
            name: self.name,
            pid,
            stdout,
            stderr,
            guard,
            orders: Some(orders),
            reports,
            ending: None,
        })
    }
}

/// A running program. Dropping it kills its whole process group.
#[derive(Debug)]
pub struct Guarded {
    name: String,
    pid: u32,
    stdout: PathBuf,
    stderr: PathBuf,
    guard: Child,
    orders: Option<ChildStdin>,
    reports: BufReader<ChildStdout>,
    ending: Option<Ending>,
}

impl Guarded {
    /// Its process id, which is also the id of its process group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The process id of its guard.
    #[must_use]
    pub fn guard_pid(&self) -> u32 {
        self.guard.id()
    }

    /// Everything it has written to standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        read_lossy(&self.stdout)
    }

    /// Everything it has written to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        read_lossy(&self.stderr)
    }

    /// The last lines of both logs.
    #[must_use]
    pub fn tail(&self) -> String {
        [self.stdout(), self.stderr()]
            .map(|log| tail(&log).to_owned())
            .concat()
    }

    /// Sends a signal; nothing happens when it has ended.
    pub fn signal(&mut self, signal: Signal) {
        if let Some(orders) = &mut self.orders {
            // A broken pipe means that the guard has ended with its child.
            let _ = writeln!(orders, "{}", signal.as_str());
        }
    }

    /// How it ended, `None` while it runs.
    pub fn ended(&mut self) -> Option<Ending> {
        if self.ending.is_none() && matches!(self.guard.try_wait(), Ok(Some(_)) | Err(_)) {
            let mut report = String::new();
            // What was not reported stays unknown.
            let _ = self.reports.read_to_string(&mut report);
            self.ending = Some(parse_ending(&report));
        }
        self.ending
    }

    /// An error while it should be running and is not.
    ///
    /// # Errors
    /// When it has ended, with the end of its log.
    pub fn check(&mut self) -> Result<(), GuardError> {
        match self.ended() {
            None => Ok(()),
            Some(ending) => Err(GuardError::Ended {
                name: self.name.clone(),
                ending,
                tail: self.tail(),
            }),
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it still runs after `limit`.
    pub async fn wait(&mut self, limit: Duration) -> Result<Ending, wait::WaitError> {
        let what = format!("the end of {}", self.name);
        wait::until(what, limit, async || self.probe_end()).await
    }

    /// Waits for its end without a runtime.
    ///
    /// # Errors
    /// When it still runs after `limit`.
    pub fn wait_blocking(&mut self, limit: Duration) -> Result<Ending, wait::WaitError> {
        let what = format!("the end of {}", self.name);
        wait::until_blocking(what, limit, || self.probe_end())
    }

    fn probe_end(&mut self) -> Probe<Ending> {
        self.ended()
            .map_or_else(|| Probe::NotYet("it runs".to_owned()), Probe::Ready)
    }

    /// Kills it, as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) -> Ending {
        self.signal(Signal::Kill);
        // A guard ends right after its child.
        let _ = self.guard.wait();
        self.ended().unwrap_or(Ending::Unknown)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.orders.take());
        // The guard kills the group and ends; waiting leaves no zombie behind.
        let _ = self.guard.wait();
    }
}

/// A guard without a program, which removes a file or directory when the returned child's standard input is closed, that
/// is when this process is gone.
///
/// # Errors
/// When the guard cannot be started.
pub fn remover(path: &Path) -> Result<Child, GuardError> {
    let mut command = guard_command()?;
    let name = || format!("the remover of {}", path.display());
    command
        .arg("--remove")
        .arg(path)
        .spawn()
        .map_err(|source| GuardError::Guard {
            name: name(),
            source,
        })
}

fn guard_command() -> Result<Command, GuardError> {
    let io_error = |source| GuardError::Guard {
        name: "a part".to_owned(),
        source,
    };
    let program = place::binaries().map_err(io_error)?.join("parts-guard");
    if !program.is_file() {
        return Err(GuardError::NoGuard(program));
    }
    let mut command = command(&program);
    // A group of its own: Ctrl-C in a terminal reaches this process, which decides what ends when.
    command
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    Ok(command)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the harness starts the real parts"
)]
fn command(program: &Path) -> Command {
    Command::new(program)
}

/// The environment that a part gets when it does not inherit ours.
#[must_use]
pub fn plain_env(home: &Path) -> Vec<(OsString, OsString)> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    vec![
        ("PATH".into(), path),
        ("HOME".into(), home.into()),
        ("TZ".into(), "UTC".into()),
        ("LANG".into(), "C.UTF-8".into()),
    ]
}

fn parse_ending(report: &str) -> Ending {
    let words: Vec<&str> = report.split_whitespace().collect();
    match words.as_slice() {
        [.., "code", code] => code.parse().map_or(Ending::Unknown, Ending::Code),
        [.., "signal", signal] => signal.parse().map_or(Ending::Unknown, Ending::Signal),
        _ => Ending::Unknown,
    }
}

fn read_lossy(path: &Path) -> String {
    std::fs::read(path)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}

fn tail(log: &str) -> &str {
    let start = log.len().saturating_sub(TAIL);
    let start = (start..=log.len())
        .find(|at| log.is_char_boundary(*at))
        .unwrap_or_default();
    log.get(start..).unwrap_or_default()
}
