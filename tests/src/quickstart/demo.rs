//! The workload that a sandbox cluster shows.

use std::time::Duration;

use anyhow::Result;
use http::Request;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::wait::{self, Probe};

const MANIFEST: &str = include_str!("demo.yaml");
/// How long the pods may take to run.
const RUNNING: Duration = Duration::from_secs(60);

/// Applies it and waits until its pods run.
pub(super) async fn deploy(sandbox: &Cluster) -> Result<()> {
    sandbox.apply(MANIFEST).await?;
    let client = sandbox.admin().await?;
    wait::until("the demo's pods", RUNNING, async || {
        let deployment = async {
            let path = "/apis/apps/v1/namespaces/default/deployments/web";
            anyhow::Ok(
                client
                    .request::<Value>(Request::get(path).body(Vec::new())?)
                    .await?,
            )
        };
        match deployment.await {
            Ok(deployment) => {
                let ready = deployment.pointer("/status/readyReplicas");
                let ready = ready.and_then(Value::as_u64).unwrap_or_default();
                Probe::when(ready == 3, format!("{ready} of 3 ready"))
            }
            Err(error) => Probe::NotYet(format!("{error:#}")),
        }
    })
    .await?;
    Ok(())
}
