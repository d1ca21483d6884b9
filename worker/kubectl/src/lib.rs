//! Read-only kubectl as a library: a parsed command and a Kubernetes API in, kubectl's bytes out.
//!
//! - [`run`] is the only entry point; it spawns no process, reads no file and writes nothing.
//! - [`client`] is the only way out, and only checked GETs pass its guard.
//! - [`request`], [`discovery::ResourceMap`], [`table`], [`json`] and [`printer`] do no IO.
//!
//! Dropping the future of [`run`] aborts what it is waiting for.

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
pub mod output;
pub mod printer;
pub mod redact;
pub mod request;
pub mod table;
mod top;
mod version;

pub use self::client::Cluster;
pub use self::client::config::{ConfigError, config_from_kubeconfig, config_in_cluster};
pub use self::output::{Limits, Output, RunError};

use kubently_core::command::Command;

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
    match command {
        Command::Get(get) => get::run(cluster, get, limits).await,
        Command::Describe(describe) => describe::run(cluster, describe, limits).await,
        Command::Top(top) => top::run(cluster, top, limits).await,
        Command::Events(events) => events::run(cluster, events, limits).await,
        Command::ApiResources(asked) => api_resources::run(cluster, asked, limits).await,
        Command::Version(version) => Ok(version::run(cluster, version, limits).await),
        other @ Command::Logs(_) => Err(RunError::NotServed(other.verb().as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_send<T: Send>(_: fn(Cluster, Command, Limits) -> T) {}

    #[test]
    fn a_command_can_run_on_any_thread() {
        is_send(|cluster, command, limits| async move { run(&cluster, &command, &limits).await });
    }
}
