//! `parts-guard`: runs one program for as long as its owner lives.
//!
//! `parts-guard --stdout FILE --stderr FILE -- PROGRAM ARG…` starts the program in a process group of its
//! own and kills that group when standard input ends, that is when the owner is gone, however it went.
//! `parts-guard --remove PATH` starts nothing and removes the file or directory at that moment.
//!
//! Orders come in as lines with a signal's name. Reports go out as lines: `pid N`, then `code N` or
//! `signal N`; anything else is an error in words.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use clap::Parser;
use kubently_tests::wait::{self, Probe};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, Stdin};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

/// How long a directory may take to remove: programs that write there are being killed meanwhile.
const REMOVAL: Duration = Duration::from_secs(10);

#[derive(Parser)]
#[command(about = "Runs one program for as long as its owner lives")]
struct Options {
    /// File that gets the program's standard output; appended to
    #[arg(long, default_value = "/dev/null")]
    stdout: PathBuf,
    /// File that gets the program's standard error; appended to
    #[arg(long, default_value = "/dev/null")]
    stderr: PathBuf,
    /// File or directory to remove at the end
    #[arg(long)]
    remove: Option<PathBuf>,
    /// The program and its arguments
    #[arg(last = true)]
    program: Vec<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let outcome = runtime.block_on(guard(&options));
    // A read of standard input may hang in a thread of the runtime: do not wait for it.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &io::Error) -> ExitCode {
    report(format_args!("{error}"));
    ExitCode::FAILURE
}

/// Tells the owner, who may be gone.
fn report(text: std::fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// What may ask the guard itself to end.
struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }
}

async fn guard(options: &Options) -> io::Result<()> {
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    match options.program.split_first() {
        Some((program, args)) => {
            // Before there is a child: a signal in between would end the guard and leave it.
            let signals = Signals::listen()?;
            let child = start(program, args, options)?;
            supervise(child, signals, &mut orders).await?;
        }
        None => until_owner_is_gone(&mut orders).await?,
    }
    if let Some(dir) = &options.remove {
        let _ = wait::until("removal", REMOVAL, async || removed(dir)).await;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "this program is what spawns the parts"
)]
fn start(program: &str, args: &[String], options: &Options) -> io::Result<Child> {
    Command::new(program)
        .args(args)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(append(&options.stdout)?)
        .stderr(append(&options.stderr)?)
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// Passes orders on until the child ends or the owner is gone; either way nothing of its group is left.
async fn supervise(
    mut child: Child,
    signals: Signals,
    orders: &mut Lines<BufReader<Stdin>>,
) -> io::Result<()> {
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::other("the program has no process id"))?;
    report(format_args!("pid {pid}"));
    let Signals {
        mut term,
        mut int,
        mut hangup,
    } = signals;
    loop {
        tokio::select! {
            status = child.wait() => {
                // The leader is gone; what it left behind in its group goes, too.
                let _ = kill_process_group(pid, Signal::KILL);
                let status = status?;
                match (status.code(), status.signal()) {
                    (Some(code), _) => report(format_args!("code {code}")),
                    (None, Some(signal)) => report(format_args!("signal {signal}")),
                    (None, None) => report(format_args!("{status}")),
                }
                return Ok(());
            }
            order = orders.next_line() => match order {
                Ok(Some(order)) => obey(pid, &order),
                Ok(None) | Err(_) => break,
            },
            _ = term.recv() => break,
            _ = int.recv() => break,
            _ = hangup.recv() => break,
        }
    }
    let _ = kill_process_group(pid, Signal::KILL);
    child.wait().await.map(drop)
}

/// The child has not been waited for, so its id is still its own.
fn obey(pid: Pid, order: &str) {
    let signal = match order {
        "TERM" => Signal::TERM,
        "INT" => Signal::INT,
        "STOP" => Signal::STOP,
        "CONT" => Signal::CONT,
        _ => {
            let _ = kill_process_group(pid, Signal::KILL);
            return;
        }
    };
    let _ = kill_process(pid, signal);
}

async fn until_owner_is_gone(orders: &mut Lines<BufReader<Stdin>>) -> io::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let end = async { while let Ok(Some(_)) = orders.next_line().await {} };
    tokio::select! {
        () = end => {}
        _ = term.recv() => {}
    }
    Ok(())
}

fn removed(path: &Path) -> Probe<()> {
    let removal = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    match removal {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Probe::NotYet(error.to_string()),
        _ => Probe::Ready(()),
    }
}
