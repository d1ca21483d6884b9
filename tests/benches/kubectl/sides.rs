//! The two sides: the library in this process, and kubectl's own.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use chrono::{DateTime, Utc};
use kubently_core::clock::Clock;
use kubently_core::command::{Command, Target};
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
    pub(crate) async fn library(&self, command: &Command) -> Result<Vec<u8>> {
        let output = run(&self.cluster, command, &self.limits).await?;
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

/// The command line as the library takes it.
pub(crate) fn command(args: &[String]) -> Result<Command> {
    let (verb, args) = args.split_first().context("no verb")?;
    let verb: Verb = verb.parse().map_err(|it| anyhow!("{it:?}"))?;
    Command::parse(verb, args, None).map_err(|it| anyhow!("{it:?}"))
}

/// A `describe` of more names than a caller may give (20 arguments): the library itself has no such limit.
pub(crate) fn with_names(command: Command, all: &[String]) -> Result<Command> {
    let Command::Describe(mut describe) = command else {
        bail!("it is no describe");
    };
    let Target::Types { names, .. } = &mut describe.target else {
        bail!("it names pairs");
    };
    let all = all.iter().map(|name| name.parse());
    *names = all
        .collect::<Result<_, _>>()
        .map_err(|it| anyhow!("{it:?}"))?;
    Ok(Command::Describe(describe))
}
