//! What a worker's process takes: idle, under many large tables at once, and for one large JSON; and its
//! binary.

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use kubently_tests::cluster::Cluster;
use kubently_tests::figures::{Bound, figure, print};
use kubently_tests::product::{self, Worker};
use kubently_tests::world::World;
use serde_json::json;

use super::crowd::Crowd;

const MIB: f64 = 1_048_576.0;
const AT_ONCE: usize = 64;
/// The default cap is smaller than the JSON of five thousand pods.
const CAP: (&str, &str) = ("KUBENTLY_POLICY__MAX_OUTPUT_BYTES", "67108864");

/// Prints the figures.
pub(crate) async fn measure(cluster: &Cluster, crowd: Crowd) -> Result<()> {
    let world = World::shared().await?;
    let (id, worker) = worker(world, cluster).await?;
    run(world, &id, &["pods", "-n", "hundred"]).await?;
    let idle = mib(resident(&worker, "VmRSS:")?);
    figure("worker_idle_mib", idle, Bound::AtMost, 20.0);

    let at_once = crowd.rounds(AT_ONCE);
    let tables = (0..at_once).map(|_| run(world, &id, &["pods", "-A"]));
    try_join_all(tables).await?;
    let peak = mib(resident(&worker, "VmHWM:")?);
    figure("worker_64_tables_of_5000_mib", peak, Bound::AtMost, 200.0);
    drop(worker);

    // The highest mark of a process never falls: a new one.
    let (id, worker) = self::worker(world, cluster).await?;
    let printed = run(world, &id, &["pods", "-A", "-o", "json"]).await?;
    let peak = mib(resident(&worker, "VmHWM:")?);
    print(format_args!(
        "get pods -A -o json: {:.1} MiB of output",
        mib(printed)
    ));
    let of = (peak - idle) / mib(printed);
    figure("worker_json_of_5000_of_its_output", of, Bound::AtMost, 3.0);

    let binary = std::fs::metadata(&product::programs().await?.worker)?.len();
    figure("worker_binary_mib", mib(binary), Bound::AtMost, 25.0);
    Ok(())
}

async fn worker(world: &World, cluster: &Cluster) -> Result<(String, Worker)> {
    let id = world.cluster("memory").await?;
    let kubeconfig = cluster.worker_kubeconfig();
    let worker = world.worker_with(&id, &id, &kubeconfig, &[CAP]).await?;
    Ok((id, worker))
}

/// Runs a `get` to its end; the bytes that it printed.
async fn run(world: &World, cluster_id: &str, args: &[&str]) -> Result<u64> {
    let body = json!({
        "cluster_id": cluster_id, "command_type": "get", "args": args, "timeout_seconds": 30,
    });
    let http = world.http()?;
    let answer = http.post_command(&body, &[("prefer", "wait=60")]).await?;
    let job = answer.json()?;
    let text = |field: &str| job.get(field).and_then(|value| value.as_str());
    ensure!(text("status") == Some("completed"), "{job}");
    let id = text("id").context("a job without id")?;
    let output = http.get(&format!("/v1/jobs/{id}/output")).await?;
    Ok(output.body.len() as u64)
}

/// Bytes of a worker's process, by its status file.
fn resident(worker: &Worker, field: &str) -> Result<u64> {
    let pid = worker.process.pid().context("the worker has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib: u64 = line
        .context("no such field")?
        .trim()
        .trim_end_matches(" kB")
        .parse()?;
    Ok(kib * 1024)
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files and processes")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB
}
