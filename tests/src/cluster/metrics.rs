//! The Metrics API: the real metrics-server over the usage that kwok's kubelets tell.
//!
//! A test asks for it, because it takes time: metrics-server knows what a pod uses once it has scraped its
//! node twice, which takes 20 to 30 seconds. A pod uses what its annotations `tests.kubently.io/cpu` and
//! `tests.kubently.io/memory` say, in each container.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use http::Request;
use kube::Client;
use serde_json::{Value, json};

use super::Cluster;
use crate::guard::{GuardError, Guarded, Spec};
use crate::parts::{self, Part};
use crate::ports;
use crate::wait::{self, Probe};

/// The shortest that metrics-server takes.
const RESOLUTION: &str = "10s";
/// Two scrapes and a start; more while something compiles.
const FIRST: Duration = Duration::from_secs(240);

/// The running metrics-server.
#[derive(Debug)]
pub(super) struct Metrics {
    server: Guarded,
}

impl Metrics {
    pub(super) fn check(&mut self) -> Result<(), GuardError> {
        self.server.check()
    }
}

impl Cluster {
    /// Adds the Metrics API to a live cluster. It is served when this returns, and knows nothing yet: see
    /// [`Self::wait_for_usage`].
    ///
    /// # Errors
    /// When the cluster is not live, the program is not there or it is not served in time.
    pub async fn add_metrics(&mut self) -> Result<()> {
        ensure!(
            self.is_live(),
            "only a live cluster has anything to measure"
        );
        parts::ready(&[Part::MetricsServer]).await?;
        let port = ports::free()?;
        let kubeconfig = self.admin_kubeconfig();
        let server = Spec::new(
            Part::MetricsServer.recipe().name,
            parts::program(Part::MetricsServer)?,
            self.dir(),
        )
        .arg("--kubeconfig")
        .arg(&kubeconfig)
        .arg("--authentication-kubeconfig")
        .arg(&kubeconfig)
        .arg("--authorization-kubeconfig")
        .arg(&kubeconfig)
        .args(["--bind-address=127.0.0.1", "--cert-dir=metrics-server"])
        .arg(format!("--secure-port={port}"))
        .arg(format!("--metric-resolution={RESOLUTION}"))
        .args(["--kubelet-insecure-tls", "--kubelet-request-timeout=5s"])
        .args([
            "--kubelet-preferred-address-types=InternalIP",
            "--kubelet-use-node-status-port",
        ])
        .spawn()?;
        let mut metrics = Metrics { server };
        self.apply_all(&registration(port)).await?;
        let client = self.admin().await?;
        wait::until("the Metrics API", FIRST, async || {
            if let Err(error) = metrics.check() {
                return Probe::Never(error.to_string());
            }
            items(&client, "nodes").await.map(drop).into()
        })
        .await?;
        self.metrics = Some(metrics);
        Ok(())
    }

    /// Waits until the Metrics API knows every pod of a namespace that runs, and every node.
    ///
    /// # Errors
    /// When it does not within two minutes.
    pub async fn wait_for_usage(&mut self, namespace: &str) -> Result<()> {
        let client = self.admin().await?;
        let running =
            format!("/api/v1/namespaces/{namespace}/pods?fieldSelector=status.phase%3DRunning");
        let known = format!("namespaces/{namespace}/pods");
        wait::until(format!("usage in {namespace}"), FIRST, async || {
            if let Err(error) = self.check() {
                return Probe::Never(error.to_string());
            }
            let seen = async {
                let running = names(&list(&client, &running).await?);
                let known = names(&items(&client, &known).await?);
                let nodes = items(&client, "nodes").await?.len();
                anyhow::Ok((running, known, nodes))
            };
            match seen.await {
                Ok((running, known, nodes)) => Probe::when(
                    nodes > 0 && !running.is_empty() && running.is_subset(&known),
                    format!("{} of {} pods, {nodes} nodes", known.len(), running.len()),
                ),
                Err(error) => Probe::NotYet(format!("{error:#}")),
            }
        })
        .await?;
        Ok(())
    }
}

async fn items(client: &Client, of: &str) -> Result<Vec<Value>> {
    list(client, &format!("/apis/metrics.k8s.io/v1beta1/{of}")).await
}

async fn list(client: &Client, path: &str) -> Result<Vec<Value>> {
    let request = Request::get(path).body(Vec::new())?;
    let mut list: Value = client.request(request).await?;
    let items = list.get_mut("items").and_then(Value::as_array_mut);
    items.map(std::mem::take).context("no list")
}

fn names(items: &[Value]) -> BTreeSet<String> {
    let names = items.iter().filter_map(|it| it.pointer("/metadata/name"));
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The API server reaches it as a Service that is a name of this machine.
fn registration(port: u16) -> [Value; 2] {
    let (namespace, name) = ("kube-system", "metrics-server");
    [
        json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"namespace": namespace, "name": name},
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        }),
        json!({
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io"},
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "insecureSkipTLSVerify": true,
                "service": {"namespace": namespace, "name": name, "port": port},
            },
        }),
    ]
}
