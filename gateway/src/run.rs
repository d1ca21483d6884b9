//! From the command line to an exit code.

use std::fmt::Display;
use std::io::Write as _;
use std::net::SocketAddr;
use std::num::NonZero;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use kubently_broker::preflight::{Party, preflight};
use kubently_broker::{Broker, ConnectError};
use kubently_core::preflight::{Finding, Outcome};
use kubently_runtime::cli;
use kubently_runtime::config::{Settings as _, Sources, print};
use kubently_runtime::shutdown::Shutdown;
use kubently_runtime::telemetry;

use crate::cli::{AccountsTask, AdminTask, Cli, ClusterTask, PublisherTask, Task};
use crate::config::GatewayConfig;
use crate::{accounts, add_cluster, admin_create, clusters, publisher, serve};

/// `EX_USAGE` of sysexits.h: the command line is wrong.
const USAGE: u8 = 64;
/// `EX_UNAVAILABLE`: the hub is not there, or not as it must be; or a port is taken.
const UNAVAILABLE: u8 = 69;
/// `EX_NOINPUT`: what the command needs is not there.
const NO_INPUT: u8 = 66;
/// `EX_CANTCREAT`: a file cannot be written.
const CANNOT_CREATE: u8 = 73;
/// `EX_NOPERM`: the hub refuses our credential.
const NO_PERMISSION: u8 = 77;
/// `EX_CONFIG`: the configuration is wrong.
const CONFIG: u8 = 78;

/// What ends the process with an error: a sentence for its operator, and the exit code.
#[derive(Debug)]
pub(crate) struct Fatal {
    code: u8,
    text: String,
}

impl Fatal {
    /// The hub cannot be used.
    pub(crate) fn unavailable(error: &(dyn std::error::Error + 'static)) -> Self {
        let code = match error.downcast_ref() {
            Some(ConnectError::Refused { .. } | ConnectError::Unwelcome { .. }) => NO_PERMISSION,
            Some(
                ConnectError::Credentials { .. }
                | ConnectError::Nkey(_)
                | ConnectError::Tls { .. }
                | ConnectError::HalfAPair
                | ConnectError::NoPair { .. },
            ) => CONFIG,
            _ => UNAVAILABLE,
        };
        Self {
            code,
            text: chain(error),
        }
    }

    /// Something that the command needs is not there.
    pub(crate) const fn no_input(text: String) -> Self {
        Self {
            code: NO_INPUT,
            text,
        }
    }

    /// A file cannot be written.
    pub(crate) fn cannot_create(error: &dyn std::error::Error) -> Self {
        Self {
            code: CANNOT_CREATE,
            text: chain(error),
        }
    }

    /// The configuration cannot be used.
    pub(crate) fn config(error: &dyn std::error::Error) -> Self {
        Self {
            code: CONFIG,
            text: chain(error),
        }
    }

    /// A port cannot be opened; `of` is the `api` or the `admin` one.
    pub(crate) fn bind(of: &str, address: SocketAddr, error: &std::io::Error) -> Self {
        Self {
            code: UNAVAILABLE,
            text: format!(
                "cannot open {address} ({error}): end what uses it, or set {of}_host and {of}_port"
            ),
        }
    }

    /// Anything else: `what` failed.
    pub(crate) fn other(what: impl Display, error: &dyn std::error::Error) -> Self {
        Self {
            code: 1,
            text: format!("{what}: {}", chain(error)),
        }
    }
}

/// Runs the binary. Exit codes are those of sysexits.h: 0; 64 for a wrong command line, 66 where
/// something named is not there, 69 where the hub or a port cannot be used, 73 where a file cannot be
/// written, 77 where the hub refuses the credential, 78 for a wrong configuration; 1 for anything
/// else.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Also --help and --version come this way; where nobody reads them, nothing is lost.
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(USAGE)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    match start(cli) {
        Ok(code) => code,
        Err(fatal) => {
            let _ = writeln!(std::io::stderr(), "kubently-gateway: {}", fatal.text);
            ExitCode::from(fatal.code)
        }
    }
}

fn start(cli: Cli) -> Result<ExitCode, Fatal> {
    if let Some(Task::Document(document)) = &cli.task {
        let written = document.write(Cli::command());
        written.map_err(|error| Fatal::cannot_create(&error))?;
        return Ok(ExitCode::SUCCESS);
    }
    let loaded = GatewayConfig::load(&Sources::from_process(cli.config))
        .map_err(|error| Fatal::config(&error))?;
    let config = loaded.value;
    if cli.print_config {
        return write!(std::io::stdout(), "{}", print(&config.shown()))
            .map(|()| ExitCode::SUCCESS)
            .map_err(|error| Fatal::other("the settings cannot be printed", &error));
    }
    let _logs = telemetry::init(&config.logs()).map_err(|error| Fatal::config(&error))?;
    for warning in loaded.warnings {
        tracing::warn!("{warning}");
    }
    // Threads hand requests to one another: on two cores, a second one cost 7 % of the rate at 256 in flight.
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.div_ceil(2).min(config.api_workers.get() as usize);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|error| Fatal::other("no threads", &error))?;
    let ended = runtime.block_on(async {
        let shutdown = Shutdown::install().map_err(|error| Fatal::other("no signals", &error))?;
        let hard = shutdown.hard();
        let task = Box::pin(perform(cli.task.unwrap_or(Task::Serve), config, shutdown));
        tokio::select! {
            ended = task => ended.map(ExitCode::from),
            () = hard.cancelled() => Ok(ExitCode::FAILURE),
        }
    });
    runtime.shutdown_background();
    ended
}

/// Answers the exit code.
async fn perform(task: Task, config: GatewayConfig, shutdown: Shutdown) -> Result<u8, Fatal> {
    let done = match task {
        Task::Check { strict } => return check(&config, strict).await,
        // It has been written already, without a configuration.
        Task::Document(_) => Ok(()),
        Task::Serve => serve::serve(config, shutdown).await,
        Task::Cluster(ClusterTask::Add {
            name,
            labels,
            no_labels,
            credentials,
        }) => {
            let labels = (no_labels || !labels.is_empty()).then_some(labels);
            add_cluster::add_cluster(&config, &name, labels, &credentials).await
        }
        Task::Cluster(ClusterTask::Remove { name, force, place }) => {
            clusters::remove(&config, &name, force, &place).await
        }
        Task::Cluster(ClusterTask::List) => clusters::list(&config).await,
        Task::Publisher(PublisherTask::Add {
            name,
            clusters,
            credentials,
        }) => publisher::add(&config, &name, clusters, &credentials).await,
        Task::Publisher(PublisherTask::Remove { name, place }) => {
            publisher::remove(&config, &name, &place).await
        }
        Task::Accounts(AccountsTask::Init { dir }) => accounts::init(&dir),
        Task::Accounts(AccountsTask::Write { dir }) => accounts::write(&config, &dir).await,
        Task::Admin(AdminTask::Create { email, name }) => {
            admin_create::admin_create(&config, &email, name).await
        }
    };
    done.map(|()| 0)
}

async fn check(config: &GatewayConfig, strict: bool) -> Result<u8, Fatal> {
    let read = Finding::new("configuration", Outcome::Good, "it reads well");
    let monitor = config.nats_monitor_url.as_deref();
    let hub = preflight(&config.hub(), Party::Gateway, monitor).await;
    let findings: Vec<_> = std::iter::once(read).chain(hub).collect();
    cli::report(&findings, strict).map_err(|error| Fatal::other("checked, but", &error))
}

/// Connects to the hub that the configuration names. One that does not answer is asked once more: it may be one of
/// several that is just being replaced, or a busy one.
pub(crate) async fn connect(config: &GatewayConfig) -> Result<Broker, ConnectError> {
    match Broker::connect(&config.hub()).await {
        Err(ConnectError::NotReachable { .. }) => Broker::connect(&config.hub()).await,
        connected => connected,
    }
}

/// [`connect`], and makes the buckets that every cluster shares where they are not there.
pub(crate) async fn connect_ensured(config: &GatewayConfig) -> Result<Broker, Fatal> {
    let broker = connect(config)
        .await
        .map_err(|error| Fatal::unavailable(&error))?;
    // Boxed: it is run once, and larger than everything else here.
    Box::pin(broker.ensure())
        .await
        .map_err(|error| Fatal::unavailable(&error))?;
    Ok(broker)
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
