//! API servers that serve less than the newest: what kubectl falls back to, we fall back to.

use std::sync::Arc;

use anyhow::{Result, ensure};
use kubently_kubectl::config_from_kubeconfig;
use kubently_tests::cluster::Cluster;
use kubently_tests::kubectl::Kubectl;

use crate::oracle::{MachineClock, oracle, ours, words};

/// With every field that the older version prints, and with none.
const SCALERS: &str = r"
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: full, labels: {app: web}, annotations: {note: a}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 9
  targetCPUUtilizationPercentage: 80
status: {currentReplicas: 3, desiredReplicas: 4, currentCPUUtilizationPercentage: 91}
---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: unknown}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: ReplicaSet, name: loose}
  maxReplicas: 1
  targetCPUUtilizationPercentage: 50
status: {currentReplicas: 0, desiredReplicas: 0}
";

const LINES: &[&str] = &[
    "describe hpa full",
    "describe hpa unknown",
    "describe hpa ful",
    "describe hpa full --show-events=false",
    "describe hpa",
    "describe hpa/full hpa/unknown",
    "describe hpa.v1.autoscaling full",
    "describe hpa.v2.autoscaling full",
    "describe hpa nope",
    "get hpa full -o jsonpath={.apiVersion}",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_newer_autoscaling_is_described_by_the_older() -> Result<()> {
    let cluster = Cluster::start_with(&["--runtime-config=autoscaling/v2=false"]).await?;
    cluster.apply(SCALERS).await?;
    let kubectl = Kubectl::new(cluster.worker_kubeconfig()).await?;
    let config = config_from_kubeconfig(&cluster.worker_kubeconfig()).await?;
    let library = kubently_kubectl::Cluster::new(config, Arc::new(MachineClock))?;
    for line in LINES {
        let args = words(line);
        let theirs = oracle(&kubectl, &args).await?;
        let ours = ours(&library, &args).await?;
        ensure!(
            theirs == ours,
            "{line}\nkubectl: {theirs:?}\nkubently: {ours:?}"
        );
    }
    let (full, ..) = oracle(&kubectl, &words(LINES[0])).await?;
    ensure!(full.contains("Target CPU utilization:"), "{full}");
    Ok(())
}
