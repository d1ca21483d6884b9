//! `get pods` of 100 pods: through HTTP, hub and worker, against the `kubectl get pods` process
//! with a warm discovery cache; both sides alternate in one run.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use kubently_tests::figures::{Bound, Times, figure, print};
use kubently_tests::kubectl::Kubectl;
use kubently_tests::load;
use kubently_tests::world::World;
use serde_json::{Value, json};

const PODS: usize = 100;
const ROUNDS: usize = 5;
const OURS_A_ROUND: usize = 100;
const KUBECTL_A_ROUND: usize = 6;

#[tokio::main]
async fn main() -> Result<()> {
    let world = World::shared().await?;
    let namespace = world.kubernetes.namespace("pods").await?;
    let pods: Vec<Value> = (0..PODS).map(|n| pod(&namespace, n)).collect();
    world.kubernetes.apply_all(&pods).await?;
    let kubectl = Kubectl::new(world.kubernetes.worker_kubeconfig()).await?;
    let http = world.http()?;
    let args = ["get", "pods", "-n", &namespace];
    let body = world.command("get", &["pods", "-n", &namespace]);

    let theirs = kubectl.run(args).await?;
    let ours = http
        .post_command(&body, &[("prefer", "wait=20")])
        .await?
        .json()?;
    let rows = ours
        .get("output")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .lines()
        .count();
    ensure!(
        rows == PODS + 1,
        "{rows} lines instead of {}: {ours}",
        PODS + 1
    );
    ensure!(
        theirs.out().lines().count() == PODS + 1,
        "kubectl: {}",
        theirs.err()
    );

    let (mut product, mut process) = (Times::default(), Times::default());
    for _ in 0..ROUNDS {
        let (each, wall) = load::commands(&http, &body, OURS_A_ROUND, 1).await?;
        product.add(each, wall);
        let (mut each, begun) = (Vec::new(), Instant::now());
        for _ in 0..KUBECTL_A_ROUND {
            let begun = Instant::now();
            ensure!(
                kubectl.run(args).await?.exit_code == Some(0),
                "kubectl failed"
            );
            each.push(begun.elapsed());
        }
        process.add(each, begun.elapsed());
    }
    print(format_args!(
        "get pods of {PODS} through HTTP     {product}"
    ));
    print(format_args!("kubectl get pods, warm cache      {process}"));
    let millis = |time: Duration| time.as_secs_f64();
    let faster = millis(process.percentile(0.5)) / millis(product.percentile(0.5));
    figure(
        "get_pods_100_times_faster_p50",
        faster,
        Bound::AtLeast,
        20.0,
    );
    Ok(())
}

fn pod(namespace: &str, n: usize) -> Value {
    let started = "2026-11-23T00:00:00Z";
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("web-{n:03}"), "namespace": namespace, "labels": {"app": "web"}},
        "spec": {"nodeName": "node-1", "containers": [{"name": "web", "image": "web:1"}]},
        "status": {
            "phase": "Running", "podIP": format!("10.1.0.{n}"), "startTime": started,
            "containerStatuses": [{
                "name": "web", "image": "web:1", "imageID": "", "ready": true, "restartCount": 0,
                "state": {"running": {"startedAt": started}}
            }]
        }
    })
}
