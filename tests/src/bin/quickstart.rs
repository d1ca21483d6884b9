//! `cargo quickstart`: hub, sandbox cluster, gateway and workers on this machine, and one real command
//! through all of them. Needs Rust and Go; nothing is installed.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use kubently_tests::quickstart::{Plan, Quickstart};
use kubently_tests::say;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often it looks whether everything still runs.
const LOOK: Duration = Duration::from_secs(1);

/// Starts Kubently with everything it needs on this machine, runs one command through it, and stays until
/// Ctrl-C
#[derive(Debug, Parser)]
#[command(name = "cargo quickstart --")]
struct Options {
    /// End after the one command
    #[arg(long)]
    once: bool,
    /// Read this kubeconfig's cluster instead of a sandbox
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Where to write how to reach it [default: target/quickstart/env]
    #[arg(long, value_name = "FILE")]
    env: Option<PathBuf>,
    /// How many workers share the cluster
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    workers: u16,
    /// Give the sandbox a Metrics API, so that top answers (half a minute more)
    #[arg(long, conflicts_with = "kubeconfig")]
    metrics: bool,
}

fn main() -> ExitCode {
    // The alias ends in `--`; whoever writes another one means the same.
    let options = Options::parse_from(std::env::args_os().filter(|word| word != "--"));
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let outcome = runtime.block_on(until_stopped(options));
    // A build may still hang in a thread of the runtime; its guard ends it when this process is gone.
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    // Some errors print their source as part of their own text, and again as their source.
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(if text.is_empty() { "" } else { ": " });
            text.push_str(&cause);
        }
    }
    say::line(format_args!("\nquickstart: {text}"));
    ExitCode::FAILURE
}

async fn until_stopped(options: Options) -> Result<ExitCode> {
    let mut stop = Stop::install().context("listen for Ctrl-C")?;
    let began = Instant::now();
    let plan = Plan {
        kubeconfig: options.kubeconfig,
        env: options.env,
        workers: options.workers,
        metrics: options.metrics,
    };
    let start = async {
        let quickstart = Quickstart::start(&plan).await?;
        match quickstart.show().await {
            Ok(()) => Ok(quickstart),
            Err(error) => Err(error),
        }
    };
    let mut quickstart = tokio::select! {
        started = start => started?,
        // Dropping the start kills what it has started.
        code = stop.wanted() => {
            say::line("\nstopped");
            return Ok(code);
        }
    };
    say::line(format_args!("\nready in {}", say::seconds(began.elapsed())));
    let mut code = ExitCode::SUCCESS;
    if !options.once {
        quickstart.explain();
        say::line("Ctrl-C ends everything.");
        let mut looks = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                _ = looks.tick() => quickstart.check()?,
                wanted = stop.wanted() => {
                    code = wanted;
                    break;
                }
            }
        }
        say::line("\nstopping");
    }
    tokio::select! {
        () = quickstart.stop() => {}
        // The second one ends it at once.
        _ = stop.wanted() => {}
    }
    Ok(code)
}

/// The signals that ask for the end.
struct Stop {
    int: Signal,
    term: Signal,
    hangup: Signal,
}

impl Stop {
    fn install() -> std::io::Result<Self> {
        Ok(Self {
            int: signal(SignalKind::interrupt())?,
            term: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Stopping a quick start is how it is meant to end: exit code 0, as for the product.
    async fn wanted(&mut self) -> ExitCode {
        tokio::select! {
            _ = self.int.recv() => {}
            _ = self.term.recv() => {}
            _ = self.hangup.recv() => {}
        }
        ExitCode::SUCCESS
    }
}
