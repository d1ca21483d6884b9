//! Five thousand pods, a hundred of them in a namespace of their own, and one with a long log.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use kubently_tests::cluster::Cluster;
use kubently_tests::say;
use serde_json::{Value, json};

const VARIABLE: &str = "KUBENTLY_BENCH_PODS";
const ALL: usize = 5_000;
/// The namespace of the first hundred.
pub(crate) const HUNDRED: &str = "hundred";
/// The namespace of the others.
const CROWD: &str = "crowd";
/// Requests under way at once.
const AT_ONCE: usize = 16;

/// How many there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd {
    all: usize,
}

impl Crowd {
    /// 5,000, or what the variable says.
    #[expect(
        clippy::disallowed_methods,
        reason = "a bench is no part of the product"
    )]
    pub(crate) fn from_environment() -> Result<Self> {
        let all = match std::env::var(VARIABLE) {
            Ok(text) => text.parse().context(VARIABLE)?,
            Err(_) => ALL,
        };
        Ok(Self { all })
    }

    /// So many rounds, or one in a short run.
    pub(crate) fn rounds(self, rounds: usize) -> usize {
        if self.all < ALL { 1 } else { rounds }
    }

    /// Creates them. Their node is nobody's, so that nothing happens to them.
    pub(crate) async fn fill(self, cluster: &Cluster) -> Result<()> {
        let step = say::Step::begin(format!("{} pods", self.all));
        let namespace =
            |name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        cluster.apply_all(&[HUNDRED, CROWD].map(namespace)).await?;
        let hundred = (0..100).map(|n| pod(HUNDRED, n));
        let others = (100..self.all).map(|n| pod(CROWD, n));
        let pods: Vec<Value> = hundred.chain(others).collect();
        let size = pods.len().div_ceil(AT_ONCE);
        try_join_all(pods.chunks(size).map(|part| cluster.apply_all(part))).await?;
        let talker = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "talker", "namespace": HUNDRED},
            "spec": {"nodeName": "node-1", "containers": [{"name": "c", "image": "i"}]},
        });
        cluster.apply_all(&[talker]).await?;
        step.done();
        Ok(())
    }
}

/// The name of a pod.
pub(crate) fn name(namespace: &str, n: usize) -> String {
    format!("{namespace}-{n:05}")
}

fn pod(namespace: &str, n: usize) -> Value {
    let started = "2026-11-01T00:00:00Z";
    let ip = format!("10.{}.{}.{}", 2 + n / 62_500, n / 250 % 250, n % 250);
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name(namespace, n), "namespace": namespace,
            "labels": {"app": "web", "tier": "front", "pod-template-hash": format!("{n:08x}")},
            "annotations": {"checksum/config": format!("{n:064x}")},
        },
        "spec": {
            "nodeName": format!("nobody-{}", n % 50),
            "containers": [{
                "name": "web", "image": "registry.example.com/team/web:1.2.3",
                "args": ["--listen", ":8080"],
                "env": [{"name": "MODE", "value": "production"}],
                "ports": [{"name": "http", "containerPort": 8080}],
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
            }],
        },
        "status": {
            "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "startTime": started,
            "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": started},
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": started},
            ],
            "containerStatuses": [{
                "name": "web", "image": "registry.example.com/team/web:1.2.3", "imageID": "", "ready": true,
                "restartCount": 0, "state": {"running": {"startedAt": started}},
            }],
        },
    })
}

/// Writes the log of `talker` into a directory, and gives kwok's object for it.
pub(crate) fn log(dir: &Path, lines: usize) -> Result<String> {
    let mut text = String::new();
    for n in 0..lines {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "2026-11-22T08:00:00.{n:09}Z stdout F {n}: GET /api/v1/things/{n} 200 in 12 ms, as every other line says"
        );
    }
    let file = dir.join("talker.log");
    std::fs::write(&file, text)?;
    let logs = json!({
        "apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterLogs", "metadata": {"name": "talker"},
        "spec": {"logs": [{"logsFile": file, "follow": false}]},
    });
    Ok(logs.to_string())
}
