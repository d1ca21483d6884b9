//! Pre-flight: what a start would meet.

use anyhow::Context as _;
use kubently_broker::preflight::{Party, preflight};
use kubently_core::preflight::{Finding, Outcome};
use kubently_kubectl::review::review;
use kubently_runtime::cli;

use crate::config::Config;
use crate::serve;

/// Looks at configuration, hub and API server; answers the exit code.
///
/// # Errors
/// Where the findings cannot be printed.
pub async fn check(config: &Config, strict: bool) -> anyhow::Result<u8> {
    let mut findings = vec![Finding::new(
        "configuration",
        Outcome::Good,
        "it reads well",
    )];
    let party = Party::Worker(&config.cluster_id);
    let monitor = config.settings.nats_monitor_url.as_deref();
    findings.extend(preflight(&config.hub(), party, monitor).await);
    let namespaces = config.policy.namespaces.as_ref();
    let first = namespaces.and_then(|all| all.iter().next());
    let namespace = first.map_or("default", |namespace| namespace.as_str());
    match serve::kubernetes(config).await {
        Ok(kube) => findings.extend(review(kube, namespace).await),
        Err(error) => findings.push(Finding::new(
            "API server",
            Outcome::Bad,
            format!("{error:#}"),
        )),
    }
    cli::report(&findings, strict).context("checked, but the findings cannot be printed")
}
