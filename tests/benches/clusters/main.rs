//! A thousand clusters on one hub: what a gateway and the hub take while nothing is asked of them, how long a
//! gateway takes to start and a command to be delivered, and what a round trip costs as clusters are added, against
//! one beside it on a hub of its own that has one cluster.
//! `KUBENTLY_BENCH_DIVIDE=20` makes a short run that only shows that it works.

mod fleet;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use kubently_broker::Deliveries;
use kubently_tests::cluster::Cluster;
use kubently_tests::figures::{Bound, Times, figure, print};
use kubently_tests::http::Http;
use kubently_tests::load::{self, count};
use kubently_tests::nats::Nats;
use kubently_tests::product::{self, Gateway, Worker};
use kubently_tests::say::Step;
use kubently_tests::usage;
use kubently_tests::wait::{self, Probe};
use kubently_tests::wire::Wire;
use kubently_tests::world::World;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use self::fleet::{Fleet, connect, envelope};

const ALL: usize = 1_000;
/// How many there are when the round trip is measured, beside all of them.
const STAGES: [usize; 3] = [1, 10, 100];
/// Calls of one turn, few enough that the machine keeps its pace until both have had theirs, and turns of each.
const CALLS: usize = 100;
const TURNS: usize = 15;
/// Clusters that commands are delivered to.
const SAMPLED: usize = 20;
const DELIVERIES: usize = 2_000;
const SOON: Duration = Duration::from_secs(30);
/// Seconds of looking at a gateway that has nothing to do.
const IDLE: usize = 30;

#[tokio::main]
async fn main() -> Result<()> {
    product::programs().await?;
    let kubernetes = Cluster::shared().await?;
    let (hub, all) = (Nats::start().await?, count(ALL)?);
    let fleet = Fleet::on(&hub).await?;
    fleet.grow(1).await?;
    let key = product::new_key();
    let mut gateway = Gateway::start(&hub.url(), &[&key], &[]).await?;
    let kubeconfig = kubernetes.worker_kubeconfig();
    let _worker = Worker::start(&hub.url(), "c-0000", "worker", &kubeconfig, &[]).await?;
    let http = gateway.http(Some(&key))?;
    let body = json!({"cluster_id": "c-0000", "command_type": "version", "args": ["--client"]});
    let small = World::shared().await?;
    let (of_one, http_of_one) = (small.command("version", &["--client"]), small.http()?);
    for clusters in STAGES.into_iter().filter(|stage| *stage < all).chain([all]) {
        let step = Step::begin(format!("{clusters} clusters"));
        fleet.grow(clusters).await?;
        known(&http, clusters - 1).await?;
        step.done();
        // Gateways close a connection that is idle for as long as this growth may take.
        let grown = Wire::open(&http, &body, 1).await?;
        let one = Wire::open(&http_of_one, &of_one, 1).await?;
        round_trips([&grown, &one], clusters).await?;
    }
    idle(&hub, &mut gateway).await?;
    deliveries(&hub, &fleet).await?;
    let begun = Instant::now();
    let second = Gateway::start(&hub.url(), &[&key], &[]).await?;
    let took = begun.elapsed().as_secs_f64();
    known(&second.http(Some(&key))?, all - 1).await?;
    figure("clusters_gateway_start_seconds", took, Bound::AtMost, 2.0);
    Ok(())
}

/// Round trips through the one cluster that has a real worker, beside those on the hub that has no other.
async fn round_trips([grown, one]: [&Wire; 2], clusters: usize) -> Result<()> {
    let calls = count(CALLS)?;
    let (mut of_grown, mut of_one) = (Times::default(), Times::default());
    for turn in 0..=TURNS {
        let mut sides = [(grown, &mut of_grown), (one, &mut of_one)];
        if turn % 2 == 0 {
            sides.reverse();
        }
        for (wire, times) in sides {
            let (each, wall) = load::over(wire, calls, 1).await?;
            // The first turn warms connections and caches.
            if turn > 0 {
                times.add(each, wall);
            }
        }
    }
    print(format_args!(
        "round trip, {clusters:>4} clusters    {of_grown}"
    ));
    print(format_args!("beside it,     1 cluster     {of_one}"));
    let name = format!("clusters_{clusters}_round_trip_p50_of_one_cluster");
    figure(
        &name,
        of_grown.percentile_of(0.5, &of_one),
        Bound::AtMost,
        1.3,
    );
    Ok(())
}

/// Until the gateway knows a cluster and its worker.
async fn known(http: &Http, number: usize) -> Result<()> {
    let path = format!("/v1/clusters/c-{number:04}");
    wait::until(
        "the gateway knowing the last cluster",
        SOON,
        async || match http.get(&path).await {
            Ok(answer) => {
                let text = answer.text();
                Probe::when(text.contains("\"is_active\":true"), text)
            }
            Err(error) => Probe::NotYet(format!("{error:#}")),
        },
    )
    .await?;
    Ok(())
}

/// What gateway and hub take while nothing happens but that a thousand workers say that they are there.
async fn idle(hub: &Nats, gateway: &mut Gateway) -> Result<()> {
    let hub = hub.pid().context("the hub has ended")?;
    let pid = gateway.process.pid().context("the gateway has ended")?;
    let (before, begun) = ([usage::cpu(pid)?, usage::cpu(hub)?], Instant::now());
    let window = Duration::from_secs(u64::try_from(count(IDLE)?)?);
    let ended = gateway.process.wait(window).await;
    ensure!(ended.is_err(), "the gateway has ended: {ended:?}");
    let percent = |of: Duration, before: Duration| {
        100.0 * of.saturating_sub(before).as_secs_f64() / begun.elapsed().as_secs_f64()
    };
    let [of_gateway, of_hub] = before;
    let gateway_percent = percent(usage::cpu(pid)?, of_gateway);
    for (what, pid) in [("gateway", pid), ("hub", hub)] {
        let [now, peak] = [usage::NOW, usage::PEAK].map(|field| usage::resident(pid, field));
        let (now, peak) = (usage::mib(now?), usage::mib(peak?));
        print(format_args!(
            "{what:<8} {now:.1} MiB, at most {peak:.1} MiB"
        ));
    }
    print(format_args!(
        "hub      {:.2} % of a core",
        percent(usage::cpu(hub)?, of_hub)
    ));
    figure(
        "clusters_idle_gateway_cpu_percent",
        gateway_percent,
        Bound::AtMost,
        2.0,
    );
    Ok(())
}

/// From the publish of a command to its delivery, over some of the clusters.
async fn deliveries(hub: &Nats, fleet: &Fleet) -> Result<()> {
    let (stop, broker) = (CancellationToken::new(), connect(hub).await?);
    let clusters = fleet.clusters.borrow().clone();
    // Not the first one, which has a worker of its own.
    let apart = (clusters.len() / SAMPLED).max(1);
    let mut intakes = Vec::new();
    for cluster in clusters.iter().skip(1).step_by(apart) {
        let intake = Deliveries::start(&broker, cluster, 64, 10, stop.clone()).await?;
        intakes.push((cluster, intake));
    }
    let rounds = (count(DELIVERIES)? / intakes.len().max(1)).max(1);
    let mut times = Times::default();
    for round in 0..=rounds {
        for (cluster, intake) in &mut intakes {
            let envelope = envelope(cluster)?;
            let begun = Instant::now();
            let delivered = async {
                let delivery = intake.next().await;
                (delivery, begun.elapsed())
            };
            let publish = fleet.broker.publish_command(&envelope);
            let (published, (delivery, took)) = tokio::join!(publish, delivered);
            published?;
            delivery.context("the intake has ended")?.ack().await?;
            if round > 0 {
                times.add([took], took);
            }
        }
    }
    stop.cancel();
    print(format_args!("publish to delivery           {times}"));
    let millis = times.percentile(0.5).as_secs_f64() * 1000.0;
    figure("clusters_delivery_p50_ms", millis, Bound::AtMost, 1.0);
    Ok(())
}
