//! The worker: takes commands from its cluster's queue, runs them against the Kubernetes API with
//! its own credentials and under its owner's policy, and answers.
//!
//! - [`handle`] decides what becomes of one command; it knows neither the hub nor Kubernetes.
//! - [`execute`] is the way to Kubernetes, [`consume`] and [`presence`] are the ways to the hub.
//! - What is not answered is given back: nothing is acknowledged without a stored result.

pub mod cancels;
pub mod config;
pub mod consume;
pub mod execute;
pub mod handle;
pub mod judge;
pub mod live;
pub mod ports;
pub mod presence;
pub mod readiness;
pub mod serve;

pub use kubently_broker::backoff;

use std::path::PathBuf;

use anyhow::Context as _;
use kubently_runtime::config::Sources;
use kubently_runtime::telemetry;

use crate::config::Config;

/// Takes read-only kubectl commands from its cluster's queue, runs them and answers.
#[derive(Debug, clap::Parser)]
#[command(name = "kubently-worker", version)]
pub struct Args {
    /// What to do; `serve` where nothing is said.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// A TOML or YAML file with settings; the environment (`KUBENTLY_…`) wins over it.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What the program can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Subcommand)]
pub enum Action {
    /// Take commands until SIGTERM or SIGINT; a second signal ends at once.
    Serve,
}

/// Does what the command line asks for.
///
/// # Errors
/// A configuration that is invalid, a start that is not possible, or an end by a second signal.
pub fn run(args: Args) -> anyhow::Result<()> {
    let Action::Serve = args.action.unwrap_or(Action::Serve);
    let (config, warnings) = Config::read(&Sources::from_process(args.config))?;
    telemetry::init(&config.log())?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    // Fails only where a provider is installed already, which is then the one in use.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")?;
    let served = runtime.block_on(serve::serve(config));
    // Waits for nothing: what had to be finished is finished.
    runtime.shutdown_background();
    served
}
