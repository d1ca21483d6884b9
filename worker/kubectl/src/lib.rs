//! Read-only kubectl as a library: a parsed command and a Kubernetes API in, kubectl's bytes out.
//!
//! - [`run`] and [`stream`] are the only entry points; they spawn no process, read no file and write nothing.
//! - [`client`] is the only way out, and only checked GETs pass its guard.
//! - [`request`], [`discovery::ResourceMap`], [`table`], [`json`] and [`printer`] do no IO.
//!
//! Dropping the future of [`run`] or [`stream`] aborts what it is waiting for.

mod allowed;
mod api_resources;
pub mod client;
mod describe;
pub mod discovery;
pub mod error;
mod events;
mod get;
pub mod json;
mod list;
mod logs;
pub mod output;
pub mod printer;
pub mod redact;
pub mod request;
pub mod review;
pub mod sink;
pub mod table;
mod top;
mod version;

pub use self::client::Cluster;
pub use self::client::observer::{Call, Ended, Observer, Outcome};
/// Where an API server is and who asks, as kube knows it.
pub use kube::Config as ClientConfig;

pub use self::client::config::{ConfigError, config_from_kubeconfig, config_in_cluster};
pub use self::output::{Limits, Output, RunError};
pub use self::sink::{Sink, Streamed};

use bytes::Bytes;
use kubently_core::command::Command;
use kubently_core::event::OutputStream;

/// Runs a command against a cluster.
///
/// What kubectl would print on standard error, the server's refusals included, is part of an
/// [`Output`].
///
/// # Errors
/// [`RunError`] where there is no output to show.
pub async fn run(
    cluster: &Cluster,
    command: &Command,
    limits: &Limits,
) -> Result<Output, RunError> {
    // Boxed: a caller's task, which is moved several times, should not have the size of the largest verb.
    match command {
        Command::Get(get) => Box::pin(get::run(cluster, get, limits)).await,
        Command::Describe(describe) => Box::pin(describe::run(cluster, describe, limits)).await,
        Command::Logs(logs) => Box::pin(logs::run(cluster, logs, limits)).await,
        Command::Top(top) => Box::pin(top::run(cluster, top, limits)).await,
        Command::Events(events) => Box::pin(events::run(cluster, events, limits)).await,
        Command::ApiResources(asked) => Box::pin(api_resources::run(cluster, asked, limits)).await,
        Command::Version(version) => Ok(Box::pin(version::run(cluster, version, limits)).await),
    }
}

/// The same, with the output handed on while the command runs. Only `logs` has any before its end.
///
/// # Errors
/// As [`run`].
pub async fn stream<S: Sink>(
    cluster: &Cluster,
    command: &Command,
    limits: &Limits,
    sink: &mut S,
) -> Result<Streamed, RunError> {
    if let Command::Logs(logs) = command {
        return Box::pin(logs::stream(cluster, logs, limits, sink)).await;
    }
    let output = run(cluster, command, limits).await?;
    for (stream, bytes) in [
        (OutputStream::Stdout, output.stdout),
        (OutputStream::Stderr, output.stderr),
    ] {
        if !bytes.is_empty() {
            sink.write(stream, Bytes::from(bytes)).await;
        }
    }
    Ok(Streamed {
        exit_code: output.exit_code,
        truncated: output.truncated,
        redactions: output.redactions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_send<T: Send>(_: fn(Cluster, Command, Limits) -> T) {}

    #[test]
    fn a_command_can_run_on_any_thread() {
        is_send(|cluster, command, limits| async move { run(&cluster, &command, &limits).await });
        is_send(|cluster, command, limits| async move {
            stream(&cluster, &command, &limits, &mut Output::default()).await
        });
    }
}
