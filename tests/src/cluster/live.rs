//! What makes a cluster live: controllers, a scheduler, and kwok's simulated nodes, whose pods run at once.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use http::Request;
use kube::Client;
use serde_json::{Value, json};

use super::Cluster;
use crate::guard::{GuardError, Guarded, Spec};
use crate::parts::{self, Part};
use crate::ports;
use crate::wait::{self, Probe};

/// What the nodes and pods do; kwok has no defaults once it is given a file.
const STAGES: &str = include_str!("stages.yaml");
/// What they use.
const USAGE: &str = include_str!("usage.yaml");
/// The simulated nodes.
const NODES: [&str; 2] = ["node-1", "node-2"];
/// A few seconds on an idle machine.
const READY: Duration = Duration::from_secs(180);

/// The three programs.
#[derive(Debug)]
pub(super) struct Live {
    /// Controllers and scheduler; none once they are stopped.
    movers: Vec<Guarded>,
    kwok: Guarded,
}

impl Live {
    /// Starts them, adds the nodes and waits until pods can be placed there. `objects` are more documents of
    /// kwok's configuration: stages, logs, usage.
    pub(super) async fn start(cluster: &Cluster, objects: &str) -> Result<Self> {
        let dir = cluster.dir();
        let kubeconfig = cluster.admin_kubeconfig();
        let plane = &cluster.control_plane;
        let config = dir.join("kwok.yaml");
        let kubelet = (
            plane.kubelet_server.certificate.as_path(),
            plane.kubelet_server.key.as_path(),
        );
        std::fs::write(&config, kwok_config(ports::free()?, kubelet, objects))
            .with_context(|| format!("write {}", config.display()))?;

        let spec = |part: Part| -> Result<Spec> {
            let program = parts::program(part)?;
            let spec = Spec::new(part.recipe().name, program, dir);
            Ok(spec.arg("--kubeconfig").arg(&kubeconfig))
        };
        let controllers = spec(Part::KubeControllerManager)?
            .arg("--service-account-private-key-file")
            .arg(&plane.token_key)
            .arg("--root-ca-file")
            .arg(&plane.authority)
            .args([
                "--use-service-account-credentials=false",
                "--leader-elect=false",
            ])
            .args(["--bind-address=127.0.0.1", "--secure-port=0"])
            .spawn()?;
        let scheduler = spec(Part::KubeScheduler)?
            .args(["--leader-elect=false", "--secure-port=0"])
            .spawn()?;
        let kwok = spec(Part::Kwok)?.arg("--config").arg(&config).spawn()?;
        let mut live = Self {
            movers: vec![controllers, scheduler],
            kwok,
        };
        cluster.apply_all(&NODES.map(node)).await?;
        live.wait_for_nodes(&cluster.admin().await?).await?;
        Ok(live)
    }

    pub(super) fn check(&mut self) -> Result<(), GuardError> {
        self.movers.iter_mut().try_for_each(Guarded::check)?;
        self.kwok.check()
    }

    /// Ends controllers and scheduler. kwok goes on: its kubelets serve logs and figures.
    pub(super) fn freeze(&mut self) {
        self.movers.clear();
    }

    /// Ready, and without the taint that keeps pods away from nodes that are not.
    async fn wait_for_nodes(&mut self, client: &Client) -> Result<()> {
        wait::until("the simulated nodes", READY, async || {
            if let Err(error) = self.check() {
                return Probe::Never(error.to_string());
            }
            let nodes = async {
                let request = Request::get("/api/v1/nodes").body(Vec::new())?;
                anyhow::Ok(client.request::<Value>(request).await?)
            };
            match nodes.await {
                Ok(nodes) => {
                    let nodes = nodes.get("items").and_then(Value::as_array);
                    let nodes = nodes.into_iter().flatten();
                    let ready = nodes.filter(|node| takes_pods(node)).count();
                    Probe::when(ready == NODES.len(), format!("{ready} ready"))
                }
                Err(error) => Probe::NotYet(format!("{error:#}")),
            }
        })
        .await?;
        Ok(())
    }
}

fn takes_pods(node: &Value) -> bool {
    let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().any(|condition| {
        let is = |field: &str, value: &str| condition.get(field).is_some_and(|it| it == value);
        is("type", "Ready") && is("status", "True")
    });
    ready && node.pointer("/spec/taints").is_none()
}

fn node(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {
                "kwok.x-k8s.io/node": "fake",
                "metrics.k8s.io/resource-metrics-path":
                    format!("/metrics/nodes/{name}/metrics/resource"),
            },
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node-role.kubernetes.io/agent": "",
            },
        },
        "status": {
            "capacity": {"cpu": "8", "memory": "32Gi", "pods": "250"},
            "allocatable": {"cpu": "8", "memory": "32Gi", "pods": "250"},
        },
    })
}

fn kwok_config(port: u16, (certificate, key): (&Path, &Path), objects: &str) -> String {
    let options = json!({
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        "options": {
            // Other nodes keep the status that they were applied with.
            "manageAllNodes": false,
            "manageNodesWithAnnotationSelector": "kwok.x-k8s.io/node=fake",
            "cidr": "10.1.0.0/16",
            "nodeIP": "127.0.0.1",
            "nodePort": port,
            "serverAddress": format!("127.0.0.1:{port}"),
            "tlsCertFile": certificate,
            "tlsPrivateKeyFile": key,
            "enableDebuggingHandlers": true,
            "podPlayStageParallelism": 4,
            "nodePlayStageParallelism": 4,
            "nodeLeaseParallelism": 4,
            "nodeLeaseDurationSeconds": 40,
        },
    });
    format!(
        "{options}
---
{STAGES}
---
{USAGE}
---
{objects}"
    )
}
