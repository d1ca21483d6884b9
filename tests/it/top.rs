//! `top` over real figures: the library and the real kubectl, both with the worker's rights, on a live cluster
//! with the real metrics-server.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use kubently_kubectl::config_from_kubeconfig;
use kubently_tests::cluster::Cluster;
use kubently_tests::kubectl::Kubectl;
use kubently_tests::wait::{self, Probe};

use crate::fixed::{MachineClock, oracle, ours, words};

/// Figures change every ten seconds; three answers take a tenth of one.
const STEADY: Duration = Duration::from_secs(60);

const PODS: &str = r#"
apiVersion: v1
kind: Pod
metadata:
  name: two
  labels: {app: two}
  annotations: {tests.kubently.io/cpu: 250m, tests.kubently.io/memory: 300Mi}
spec: {containers: [{name: b, image: i}, {name: a, image: i}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: one
  annotations: {tests.kubently.io/cpu: "1", tests.kubently.io/memory: 1000Ki}
spec: {containers: [{name: c, image: i}]}
"#;

const LINES: [&str; 16] = [
    "top pods",
    "top pods -A --containers",
    "top pods --sum --show-swap",
    "top pods -A --sum --no-headers",
    "top pods --sort-by=cpu",
    "top pods --sort-by=memory",
    "top pods -l app=two --containers",
    "top pods --field-selector metadata.name=one",
    "top pods -l app=none",
    "top pods -n empty",
    "top pod two --containers --sum",
    "top pod nope",
    "top nodes",
    "top nodes --show-capacity --show-swap",
    "top node node-1 --no-headers",
    "top node nope",
];

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_printed_as_kubectl_prints_them() -> Result<()> {
    let mut cluster = Cluster::start_live().await?;
    cluster.apply(PODS).await?;
    cluster.add_metrics().await?;
    cluster.wait_for_usage("default").await?;
    let kubectl = Kubectl::new(cluster.worker_kubeconfig()).await?;
    let config = config_from_kubeconfig(&cluster.worker_kubeconfig()).await?;
    let library = kubently_kubectl::Cluster::new(config, Arc::new(MachineClock))?;
    for line in LINES {
        let args = words(line);
        // What kubectl says twice is what stood between.
        let answers = async || {
            let before = oracle(&kubectl, &args).await?;
            let ours = ours(&library, &args).await?;
            let after = oracle(&kubectl, &args).await?;
            anyhow::Ok((before, ours, after))
        };
        let (theirs, ours) = wait::until(line, STEADY, async || match answers().await {
            Ok((before, ours, after)) if before == after => Probe::Ready((before, ours)),
            Ok(_) => Probe::NotYet("the figures changed".to_owned()),
            Err(error) => Probe::Never(format!("{error:#}")),
        })
        .await?;
        ensure!(
            theirs == ours,
            "{line}\nkubectl:\n{theirs:?}\nkubently:\n{ours:?}"
        );
    }
    Ok(())
}
