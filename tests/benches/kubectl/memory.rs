//! What a worker's process takes: idle, under many large tables at once, and for one large JSON.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use kubently_tests::cluster::Cluster;
use kubently_tests::figures::{Bound, figure, print};
use kubently_tests::product::Worker;
use kubently_tests::usage::{self, mib};
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};

use super::crowd::Crowd;

const AT_ONCE: usize = 64;
/// How long a command may wait and run.
const ENDED: Duration = Duration::from_secs(120);
/// The default cap is smaller than the JSON of five thousand pods.
const CAP: (&str, &str) = ("KUBENTLY_POLICY__MAX_OUTPUT_BYTES", "67108864");

/// Prints the figures.
pub(crate) async fn measure(cluster: &Cluster, crowd: Crowd) -> Result<()> {
    let world = World::shared().await?;
    let (id, worker) = worker(world, cluster).await?;
    run(world, &id, &["pods", "-n", "hundred"]).await?;
    let idle = resident(&worker, usage::NOW)?;
    figure("worker_idle_mib", idle, Bound::AtMost, 20.0);

    let at_once = crowd.rounds(AT_ONCE);
    let tables = (0..at_once).map(|_| run(world, &id, &["pods", "-A"]));
    let ended = try_join_all(tables).await?;
    let whole = ended.iter().filter(|job| has_run(job)).count();
    print(format_args!(
        "{whole} of {at_once} tables at once were whole"
    ));
    let peak = resident(&worker, usage::PEAK)?;
    figure("worker_64_tables_of_5000_mib", peak, Bound::AtMost, 200.0);
    drop(worker);

    // The highest mark of a process never falls: a new one.
    let (id, worker) = self::worker(world, cluster).await?;
    let job = run(world, &id, &["pods", "-A", "-o", "json"]).await?;
    ensure!(has_run(&job), "{job}");
    let output = format!("/v1/jobs/{}/output", text(&job, "id"));
    let output = world.http()?.get(&output).await?;
    ensure!(output.status == 200, "{}", output.text());
    let printed = output.body.len() as u64;
    let peak = resident(&worker, usage::PEAK)?;
    print(format_args!(
        "get pods -A -o json: {:.1} MiB of output",
        mib(printed)
    ));
    let of = (peak - idle) / mib(printed);
    figure("worker_json_of_5000_of_its_output", of, Bound::AtMost, 3.0);
    Ok(())
}

async fn worker(world: &World, cluster: &Cluster) -> Result<(String, Worker)> {
    let id = world.cluster("memory").await?;
    let kubeconfig = cluster.worker_kubeconfig();
    let worker = world.worker_with(&id, &id, &kubeconfig, &[CAP]).await?;
    Ok((id, worker))
}

/// Runs a `get`, however that ends.
async fn run(world: &World, cluster_id: &str, args: &[&str]) -> Result<Value> {
    let body = json!({
        "cluster_id": cluster_id, "command_type": "get", "args": args, "timeout_seconds": 30,
    });
    let http = world.http()?;
    let answer = http.post_command(&body, &[("prefer", "wait=30")]).await?;
    let accepted = answer.json()?;
    let path = format!("/v1/jobs/{}", text(&accepted, "id"));
    let job = wait::until("the end of a get", ENDED, async || {
        let job = async { http.get(&path).await?.json() }.await;
        match job {
            Ok(job) if matches!(text(&job, "status"), "queued" | "running") => {
                Probe::NotYet(job.to_string())
            }
            other => other.into(),
        }
    });
    Ok(job.await?)
}

fn text<'a>(job: &'a Value, field: &str) -> &'a str {
    job.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn has_run(job: &Value) -> bool {
    text(job, "execution_status") == "success"
}

fn resident(worker: &Worker, field: &str) -> Result<f64> {
    let pid = worker.process.pid().context("the worker has ended")?;
    Ok(mib(usage::resident(pid, field)?))
}
