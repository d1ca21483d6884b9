//! What telemetry costs: traces of every command sent to a collector and logs at info, against no
//! traces and no logs; metrics are counted on both sides. Both alternate in one run.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use kubently_tests::collector::Collector;
use kubently_tests::figures::{Bound, Times, figure, print};
use kubently_tests::http::Http;
use kubently_tests::product::{Gateway, Worker};
use kubently_tests::world::World;
use serde_json::{Value, json};

const PAIRS: usize = 20;
/// Calls of one side of a pair; `KUBENTLY_BENCH_CALLS` sets another number.
const CALLS: usize = 500;

/// A gateway and a worker on the shared hub.
struct Side {
    http: Http,
    body: Value,
    times: Times,
    _gateway: Gateway,
    _worker: Worker,
}

impl Side {
    async fn start(world: &World, name: &str, settings: &[(&str, &str)]) -> Result<Self> {
        let cluster = world.cluster(name).await?;
        let gateway = Gateway::start(&world.hub.url(), &[&world.key], settings).await?;
        let worker = world.worker(&cluster, name, settings).await?;
        Ok(Self {
            http: gateway.http(Some(&world.key))?,
            body: json!({"cluster_id": cluster, "command_type": "version", "args": ["--client"]}),
            times: Times::default(),
            _gateway: gateway,
            _worker: worker,
        })
    }

    /// The median of so many calls, one by one.
    async fn round(&mut self, calls: usize, counts: bool) -> Result<Duration> {
        let mut round = Times::default();
        let begun = Instant::now();
        let mut each = Vec::with_capacity(calls);
        for _ in 0..calls {
            let begun = Instant::now();
            let answer = self.http.post_command(&self.body, &[("prefer", "wait=20")]);
            let answer = answer.await?;
            ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
            each.push(begun.elapsed());
        }
        let wall = begun.elapsed();
        if counts {
            self.times.add(each.iter().copied(), wall);
        }
        round.add(each, wall);
        Ok(round.percentile(0.5))
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench has no configuration")]
fn calls() -> usize {
    let given = std::env::var("KUBENTLY_BENCH_CALLS").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(CALLS)
}

#[tokio::main]
async fn main() -> Result<()> {
    let (world, calls) = (World::shared().await?, calls());
    let collector = Collector::start().await?;
    let sent = [
        ("KUBENTLY_OTLP_ENDPOINT", collector.url()),
        ("KUBENTLY_LOG", "info"),
        ("KUBENTLY_LOG_FORMAT", "json"),
    ];
    let mut on = Side::start(world, "on", &sent).await?;
    let mut off = Side::start(world, "off", &[("KUBENTLY_LOG", "off")]).await?;
    // The first pair warms connections and caches, and does not count.
    let mut ratios = Vec::new();
    for pair in 0..=PAIRS {
        let counts = pair > 0;
        // Neither side is always the first.
        let (with, without) = if pair % 2 == 0 {
            let with = on.round(calls, counts).await?;
            (with, off.round(calls, counts).await?)
        } else {
            let without = off.round(calls, counts).await?;
            (on.round(calls, counts).await?, without)
        };
        if counts {
            ratios.push(with.as_secs_f64() / without.as_secs_f64());
        }
    }
    ratios.sort_by(f64::total_cmp);
    print(format_args!("telemetry on   {}", on.times));
    print(format_args!("telemetry off  {}", off.times));
    let shown: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.3}")).collect();
    print(format_args!(
        "p50 on against off, of each pair  {}",
        shown.join(" ")
    ));
    let spans = collector.count();
    ensure!(
        spans > calls,
        "the collector has {spans} spans of {calls} calls a round"
    );
    print(format_args!("spans in the collector  {spans}"));
    let middle = ratios.len() / 2;
    let median = ratios.get(middle - 1..=middle).unwrap_or_default();
    let median = median.iter().sum::<f64>() / 2.0;
    figure("telemetry_on_off_p50", median, Bound::AtMost, 1.1);
    Ok(())
}
