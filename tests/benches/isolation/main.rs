//! A hundred clusters behind one gateway, three of which are no good neighbours: one is away and its queue is
//! full, the worker of one is slow and has all that it can take, and the worker of one floods its replies. What
//! the commands of the other 97 take, with and without that; both alternate in one run.
//! `KUBENTLY_BENCH_DIVIDE=20` makes a short run that only shows that it works.

#[path = "../clusters/fleet.rs"]
mod fleet;
mod trouble;
mod worker;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use kubently_core::cluster::ClusterId;
use kubently_tests::figures::{Bound, Times, figure, print};
use kubently_tests::http::Http;
use kubently_tests::load::{self, Round, count};
use kubently_tests::nats::Nats;
use kubently_tests::product::{self, Gateway};
use kubently_tests::wait::{self, Probe};
use serde_json::{Value, json};

use self::fleet::{Fleet, connect};
use self::trouble::Trouble;
use self::worker::Manner;

const CLUSTERS: usize = 100;
const ROUNDS: usize = 4;
const CALLS: usize = 2_000;
const IN_FLIGHT: usize = 4;
const SOON: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> Result<()> {
    let hub = Nats::start().await?;
    let fleet = Fleet::on(&hub).await?;
    fleet.grow(CLUSTERS).await?;
    let clusters = fleet.clusters.borrow().clone();
    let (bad, good) = clusters
        .split_first_chunk::<3>()
        .context("three clusters")?;
    let keys = [product::new_key(), product::new_key()];
    let [ours, theirs] = keys.each_ref().map(String::as_str);
    let gateway = Gateway::start(&hub.url(), &[ours, theirs], &[]).await?;
    let http = gateway.http(Some(ours))?;
    knows_all(&http).await?;
    let workers = connect(&hub).await?;
    for cluster in good {
        worker::start(&workers, cluster, Manner::Prompt).await?;
    }
    let trouble = Trouble::of(&hub, bad, gateway.http(Some(theirs))?).await?;

    let calls = count(CALLS)?;
    round(&http, good, calls).await?;
    let (mut calm, mut troubled) = (Times::default(), Times::default());
    for _ in 0..ROUNDS {
        let (each, wall) = round(&http, good, calls).await?;
        calm.add(each, wall);
        let begun = trouble.begin(&fleet.broker).await?;
        let (each, wall) = round(&http, good, calls).await?;
        troubled.add(each, wall);
        print(format_args!("{}", trouble.end(begun, &hub).await?));
    }
    print(format_args!("97 clusters alone                 {calm}"));
    print(format_args!("beside dead, slow and flooding    {troubled}"));
    let p50 = troubled.percentile_of(0.5, &calm);
    print(format_args!("p50 of alone: {p50:.2}"));
    let p99 = troubled.percentile_of(0.99, &calm);
    figure("isolation_p99_of_alone", p99, Bound::AtMost, 1.5);
    Ok(())
}

async fn knows_all(http: &Http) -> Result<()> {
    wait::until("the gateway knowing the clusters", SOON, async || {
        let last = http
            .get(&format!("/v1/clusters/c-{:04}", CLUSTERS - 1))
            .await;
        last.map_or_else(
            |error| Probe::NotYet(format!("{error:#}")),
            |answer| Probe::when(answer.status == 200, answer.text()),
        )
    })
    .await?;
    Ok(())
}

/// Commands to these clusters in turn, each to its end.
async fn round(http: &Http, clusters: &[ClusterId], calls: usize) -> Result<Round> {
    load::round(calls, IN_FLIGHT, async |number| {
        let cluster = clusters
            .get(number % clusters.len())
            .context("no cluster")?;
        let answer = http
            .post_command(&command(cluster), &[("prefer", "wait=30")])
            .await?;
        ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
        Ok(())
    })
    .await
}

/// A command whose worker decides what it does.
pub(crate) fn command(cluster: &ClusterId) -> Value {
    json!({"cluster_id": cluster, "command_type": "version", "args": ["--client"]})
}
