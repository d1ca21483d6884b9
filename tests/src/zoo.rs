//! The zoo: a live cluster with something of everything, working and broken, that has come to rest.
//!
//! Its manifests are in `tests/zoo`. They are applied in three steps: what controllers bring to its state,
//! what changes it afterwards, and, once controllers and scheduler have stopped, what keeps the status that
//! it was written with. From then on two readers see the same, but for ages and the nodes' leases.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use http::Request;
use kube::Client;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::place;
use crate::say::Step;
use crate::wait::{self, Probe};

/// A few seconds for each on an idle machine.
const SETTLED: Duration = Duration::from_secs(120);
/// More than one page of a list (500).
const MANY: usize = 510;

/// What controllers, scheduler and kwok bring to its state.
const LIVE: [&str; 11] = [
    "config",
    "quirks",
    "custom",
    "quantities",
    "storage",
    "network",
    "nodes",
    "workloads-first",
    "workloads",
    "pods",
    "broken",
];

/// What keeps the status that it was written with.
const STILL: [&str; 8] = [
    "pinned",
    "kinds",
    "templates",
    "states/pods",
    "states/nodes",
    "states/pod-states",
    "states/workloads",
    "states/custom",
];

/// Starts it and waits until it has come to rest.
///
/// # Errors
/// When a part is not there, a manifest is refused, or a state is not reached in time.
pub async fn start() -> Result<Cluster> {
    let step = Step::begin("zoo: a cluster with something of everything");
    let mut cluster = Cluster::start().await?;
    let logs = place::workspace().join("tests/zoo/logs");
    let logs = read("logs")?.replace("LOGS", &logs.to_string_lossy());
    let stages = read("stages")?;
    cluster
        .make_live_with(&format!("{stages}\n---\n{logs}"))
        .await?;
    cluster.add_metrics().await?;
    cluster.apply(&read("namespaces")?).await?;
    cluster.apply(&read("types")?).await?;
    let granted = json!([
        {"apiGroups": ["zoo.example.com"], "resources": ["widgets", "widgets/status", "widgets/scale", "gadgets", "gizmos"], "verbs": ["get", "list"]},
        {"apiGroups": ["other.example.com"], "resources": ["widgets"], "verbs": ["get", "list"]},
        {"apiGroups": ["meters.example.com"], "resources": ["gauges"], "verbs": ["get", "list"]},
    ]);
    cluster.grant_extra(&granted).await?;
    for manifest in LIVE {
        cluster.apply(&read(manifest)?).await?;
    }
    fill(&cluster).await?;
    let client = cluster.admin().await?;
    let awaited = read_file("states.txt")?;
    let (first, last) = awaited.split_once("\n\n").context("two parts of states")?;
    settle(&client, first).await?;
    cluster.apply(&read("workloads-second")?).await?;
    settle(&client, last).await?;
    cluster.wait_for_usage("zoo").await?;
    cluster.freeze();
    for manifest in STILL {
        cluster.apply(&read(manifest)?).await?;
    }
    step.done();
    Ok(cluster)
}

fn read(manifest: &str) -> Result<String> {
    read_file(&format!("{manifest}.yaml"))
}

fn read_file(name: &str) -> Result<String> {
    let path = place::workspace().join("tests/zoo").join(name);
    std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
}

async fn fill(cluster: &Cluster) -> Result<()> {
    let many: Vec<Value> = (0..MANY)
        .map(|n| configmap("many", &format!("c-{n}"), "v"))
        .collect();
    let long = "a long line of text, 日本語 ".repeat(400);
    let large = configmap("zoo", "large", &format!("{long}\n{long}\n"));
    let (left, right) = many.split_at(MANY / 2);
    let large = [large];
    tokio::try_join!(
        cluster.apply_all(left),
        cluster.apply_all(right),
        cluster.apply_all(&large)
    )?;
    Ok(())
}

fn configmap(namespace: &str, name: &str, text: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"text": text},
    })
}

/// Until every state is there.
async fn settle(client: &Client, states: &str) -> Result<()> {
    let states = states.lines().filter(|line| line.starts_with('/'));
    try_join_all(states.map(|state| reached(client, state))).await?;
    Ok(())
}

async fn reached(client: &Client, state: &str) -> Result<()> {
    let mut parts = state.splitn(3, ' ');
    let mut part = || parts.next().with_context(|| format!("state {state}"));
    let (path, pointer, wanted) = (part()?, part()?, part()?);
    let wanted: Option<Value> = match wanted {
        "*" => None,
        json => Some(serde_json::from_str(json).with_context(|| format!("state {state}"))?),
    };
    wait::until(state, SETTLED, async || {
        let answer = async {
            let request = Request::get(path).body(Vec::new())?;
            anyhow::Ok(client.request::<Value>(request).await?)
        };
        match answer.await {
            Ok(object) => {
                let seen = object.pointer(pointer);
                let is = |seen: &Value| wanted.as_ref().is_none_or(|wanted| wanted == seen);
                let status = object.get("status").cloned().unwrap_or_default();
                Probe::when(seen.is_some_and(is), status.to_string())
            }
            Err(error) => Probe::NotYet(format!("{error:#}")),
        }
    })
    .await?;
    Ok(())
}
