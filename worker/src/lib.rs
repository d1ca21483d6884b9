//! The worker: takes commands from its cluster's queue, runs them against the Kubernetes API with
//! its own credentials and under its owner's policy, and answers.
//!
//! - [`handle`] decides what becomes of one command; it knows neither the hub nor Kubernetes.
//! - [`execute`] is the way to Kubernetes, [`consume`] and [`presence`] are the ways to the hub.
//! - What is not answered is given back: nothing is acknowledged without a stored result.

pub mod cancels;
pub mod check;
pub mod config;
pub mod consume;
pub mod execute;
pub mod handle;
pub mod judge;
pub mod live;
pub mod metrics;
pub mod ports;
pub mod presence;
pub mod readiness;
pub mod serve;
pub mod spans;

pub use kubently_broker::backoff;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};
use kubently_broker::ConnectError;
use kubently_kubectl::ConfigError;
use kubently_runtime::cli::{Document, exit};
use kubently_runtime::config::{Settings as _, Sources, print};
use kubently_runtime::telemetry::{self, TelemetryError};

use crate::config::{Config, InvalidConfig};

/// Takes read-only kubectl commands from its cluster's queue, runs them and answers.
#[derive(Debug, clap::Parser)]
#[command(name = "kubently-worker", version = env!("KUBENTLY_VERSION"))]
pub struct Args {
    /// What to do; `serve` where nothing is said.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// A TOML or YAML file with settings; the environment (`KUBENTLY_…`) wins over it.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the effective settings, secrets hidden, and end.
    #[arg(long)]
    pub print_config: bool,
}

/// What the program can do.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Action {
    /// Take commands until SIGTERM or SIGINT; a second signal ends at once.
    Serve,
    /// Look at configuration, hub and API server, and say what is not as it must be.
    Check {
        /// Too many rights are an error, too.
        #[arg(long)]
        strict: bool,
    },
    /// Texts that are made from this definition.
    #[command(flatten)]
    Document(Document),
}

/// The binary. Exit codes are those of sysexits.h: 0; 64 for a wrong command line, 69 where hub or
/// API server cannot be used or a port is taken, 77 where rights are wrong, 78 for a wrong
/// configuration; 1 for anything else.
#[must_use]
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Also --help and --version come this way; where nobody reads them, nothing is lost.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(exit::USAGE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match run(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report(&error);
            ExitCode::from(code_of(&error))
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the start may fail before there are logs"
)]
fn report(error: &anyhow::Error) {
    eprintln!("kubently-worker: {error:#}");
}

fn code_of(error: &anyhow::Error) -> u8 {
    if error.is::<InvalidConfig>() || error.is::<TelemetryError>() || error.is::<ConfigError>() {
        return exit::CONFIG;
    }
    match error.downcast_ref() {
        Some(ConnectError::Refused { .. } | ConnectError::Unwelcome { .. }) => exit::NO_PERMISSION,
        Some(
            ConnectError::TooOld { .. }
            | ConnectError::NotReachable { .. }
            | ConnectError::Untrusted { .. },
        ) => exit::UNAVAILABLE,
        Some(_) => exit::CONFIG,
        None if error.is::<std::io::Error>() => exit::UNAVAILABLE,
        None => 1,
    }
}

/// Does what the command line asks for; answers the exit code.
///
/// # Errors
/// A configuration that is invalid, a start that is not possible, or an end by a second signal.
pub fn run(args: Args) -> anyhow::Result<u8> {
    let action = args.action.unwrap_or(Action::Serve);
    if let Action::Document(document) = &action {
        document
            .write(Args::command())
            .context("it cannot be written")?;
        return Ok(0);
    }
    let (config, warnings) = Config::read(&Sources::from_process(args.config))?;
    if args.print_config {
        write!(std::io::stdout(), "{}", print(&config.settings.shown()))?;
        return Ok(0);
    }
    let _logs = telemetry::init(&config.log())?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    // Each command has a connection to the API server.
    let _ = kubently_runtime::files::raise_limit();
    // Fails only where a provider is installed already, which is then the one in use.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    let done = runtime.block_on(async {
        match action {
            Action::Check { strict } => check::check(&config, strict).await,
            _ => serve::serve(config).await.map(|()| 0),
        }
    });
    // Waits for nothing: what had to be finished is finished.
    runtime.shutdown_background();
    done
}
