//! A full queue for a cluster that is away: how fast it is filled through one gateway, what that takes of the
//! gateway's memory, and, once a worker comes, how fast and in what order it is worked off.
//! `KUBENTLY_BENCH_DIVIDE=50` makes a short run that only shows that it works.

mod order;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kubently_tests::cluster::Cluster;
use kubently_tests::figures::{Bound, Times, figure, print};
use kubently_tests::load::{self, count};
use kubently_tests::nats::Nats;
use kubently_tests::product::{self, Gateway, Worker};
use kubently_tests::usage;
use kubently_tests::wait::{self, Probe};
use serde_json::json;

use self::order::Order;

/// As many commands as a queue holds.
const COMMANDS: usize = 10_000;
/// A user has at most 1,000 unfinished jobs on a gateway.
const USERS: usize = 10;
const IN_FLIGHT: usize = 64;
/// A worker runs 64 at once by default: a command may be passed by those that began with it and by as many after.
const PASSING: f64 = 2.0 * 64.0;
const CLUSTER: &str = "away";
/// How long the worker may take.
const WORKED_OFF: Duration = Duration::from_secs(120);
/// Two of the gateway's looks through the queues, which read every command: each at most 10 s after the other.
const SWEPT: Duration = Duration::from_secs(22);

#[tokio::main]
async fn main() -> Result<()> {
    let commands = count(COMMANDS)?;
    let kubernetes = Cluster::shared().await?;
    let hub = Nats::start().await?;
    product::cluster_add(&hub.url(), CLUSTER).await?;
    let keys: Vec<String> = (0..USERS).map(|_| product::new_key()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut gateway = Gateway::start(&hub.url(), &keys, &[]).await?;
    let pid = gateway.process.pid().context("the gateway has ended")?;
    let http = gateway.http(None)?;
    let submit = async |path: &str, number: usize| {
        let http = http.with_key(keys.get(number % USERS).copied());
        let body = json!({
            "cluster_id": CLUSTER, "command_type": "version", "args": ["--client"],
            "priority": order::priority(number), "queue_timeout_seconds": 3600,
        });
        let headers = [
            ("content-type", "application/json"),
            ("prefer", "respond-async"),
        ];
        let body = serde_json::to_vec(&body)?;
        let answer = http.send(http::Method::POST, path, &headers, body).await?;
        ensure!(matches!(answer.status, 200 | 202), "{}", answer.text());
        Ok(())
    };

    // Connections and caches of the gateway, without a command behind them.
    let warm = async |number| submit("/v1/commands?dry_run=true", number).await;
    load::round(commands, IN_FLIGHT, warm).await?;
    let before = usage::resident(pid, usage::NOW)?;
    let (each, wall) = load::round(commands, IN_FLIGHT, async |number| {
        submit("/v1/commands", number).await
    })
    .await?;
    let mut submitted = Times::default();
    submitted.add(each, wall);
    print(format_args!(
        "{commands} queued, {IN_FLIGHT} in flight   {submitted}"
    ));
    let queued = usage::resident(pid, usage::NOW)?;
    let mut order = Order::queued(&hub, CLUSTER).await?;
    ensure!(order.len() == commands, "{} are queued", order.len());
    // It says nothing of a sweep that ends nothing: it has swept, unless it ends meanwhile.
    let ended = gateway.process.wait(SWEPT).await;
    ensure!(ended.is_err(), "the gateway has ended: {ended:?}");
    let looked_through = usage::resident(pid, usage::NOW)?;

    let came = Instant::now();
    let kubeconfig = kubernetes.worker_kubeconfig();
    let _worker = Worker::start(&hub.url(), CLUSTER, "worker", &kubeconfig, &[]).await?;
    let mut queue = order::queue(&hub, CLUSTER).await?;
    wait::until("an empty queue", WORKED_OFF, async || {
        let left = queue.info().await.map(|info| info.state.messages);
        Probe::when(
            left.as_ref().is_ok_and(|left| *left == 0),
            format!("{left:?} are left"),
        )
    })
    .await?;
    let took = came.elapsed().as_secs_f64();
    print(format_args!("empty {took:.1} s after the worker's start"));
    order.answered(&hub, CLUSTER).await?;
    print(format_args!("worked off at {:.0} a second", order.rate()));
    let peak = usage::resident(pid, usage::PEAK)?;
    let mib = |bytes: u64| usage::mib(bytes.saturating_sub(before));
    print(format_args!(
        "gateway: {:.1} MiB before, {:.1} more with a full queue, {:.1} more once it was looked through",
        usage::mib(before),
        mib(queued),
        mib(looked_through)
    ));
    let passed = order.passed();
    figure("queue_gateway_memory_mib", mib(peak), Bound::AtMost, 10.0);
    figure("queue_lost", order.lost(), Bound::AtMost, 0.0);
    figure(
        "queue_passed_within_its_lane",
        passed,
        Bound::AtMost,
        PASSING,
    );
    Ok(())
}
