//! The two sides: the library in this process, and kubectl's own.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, Utc};
use kubently_core::clock::Clock;
use kubently_core::command::Command;
use kubently_core::verb::Verb;
use kubently_kubectl::{Cluster, Limits, config_from_kubeconfig, run};
use kubently_tests::kubectl::Kubectl;

/// No command here prints as much.
const NO_CAP: usize = 1 << 30;

struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "kubectl reads the same clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// Both, with a worker's rights.
pub(crate) struct Sides {
    cluster: Cluster,
    limits: Limits,
    kubectl: Kubectl,
}

impl Sides {
    pub(crate) async fn of(cluster: &kubently_tests::cluster::Cluster) -> Result<Self> {
        let kubeconfig: PathBuf = cluster.worker_kubeconfig();
        let config = config_from_kubeconfig(&kubeconfig).await?;
        Ok(Self {
            cluster: Cluster::new(config, Arc::new(MachineClock))?,
            limits: Limits {
                max_output_bytes: NO_CAP,
                max_response_bytes: NO_CAP,
                ..Limits::default()
            },
            kubectl: Kubectl::new(kubeconfig).await?,
        })
    }

    /// Standard output of the library.
    pub(crate) async fn library(&self, verb: Verb, args: &[String]) -> Result<Vec<u8>> {
        let args = args.get(1..).unwrap_or_default();
        let command = Command::parse(verb, args, None).map_err(|it| anyhow::anyhow!("{it:?}"))?;
        let output = run(&self.cluster, &command, &self.limits).await?;
        ensure!(
            output.exit_code == 0,
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(output.stdout)
    }

    /// Standard output of kubectl.
    pub(crate) async fn kubectl(&self, args: &[String]) -> Result<Vec<u8>> {
        let oracle = self.kubectl.run(args).await?;
        ensure!(oracle.exit_code == Some(0), "{}", oracle.err());
        Ok(oracle.stdout)
    }
}

/// The first word as a verb.
pub(crate) fn verb(args: &[String]) -> Result<Verb> {
    let verb = args.first().context("no verb")?;
    verb.parse().map_err(|it| anyhow::anyhow!("{it:?}"))
}
