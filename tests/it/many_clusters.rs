//! A thousand clusters on one hub, a hundred of them with something to do: one is away and its queue is long, one
//! is slow and has all that it can take, one floods its replies, and the others answer as if they were alone.

#[path = "../benches/isolation/worker.rs"]
mod worker;

use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _};
use kubently_broker::{Broker, HubConfig};
use kubently_core::cluster::ClusterId;
use kubently_core::directory::ClusterRecord;
use kubently_tests::http::Http;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use kubently_tests::{load, say};
use serde_json::json;

use self::worker::Manner;
use crate::jobs::{submit, version};
use crate::offline::publish;

const CLUSTERS: usize = 1_000;
/// Those whose workers are prompt; most of the others are only there.
const WORKING: usize = 97;
const IN_FLIGHT: usize = 4;
/// Calls to each cluster.
const EACH: usize = 3;
/// Commands that wait for the dead one.
const WAITING: usize = 2_000;
/// Commands that the slow one has: 64 at a time, for 2 s each, are two minutes.
const HELD: usize = 4_000;
/// A call that waited in another cluster's line would take its seconds.
const LONGEST: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_secs(60);

async fn connect(world: &World) -> Broker {
    let config = HubConfig {
        url: world.hub.url(),
        name: "many".to_owned(),
        ..HubConfig::default()
    };
    Broker::connect(&config).await.unwrap()
}

/// Registers clusters and waits until the gateway knows them.
async fn clusters(broker: &Broker, http: &Http) -> Vec<ClusterId> {
    let names: Vec<ClusterId> = (0..CLUSTERS)
        .map(|number| format!("c-{number:04}").parse().unwrap())
        .collect();
    let record: ClusterRecord =
        serde_json::from_value(json!({"enrolled_at": "2026-11-23T08:00:00Z"})).unwrap();
    futures::stream::iter(&names)
        .map(Ok)
        .try_for_each_concurrent(16, |name| broker.add_cluster(name, &record))
        .await
        .unwrap();
    for name in &names {
        wait::until("the gateway knowing a cluster", SOON, async || {
            let answer = http.get(&format!("/v1/clusters/{name}")).await.unwrap();
            Probe::when(answer.status == 200, answer.text())
        })
        .await
        .unwrap();
    }
    names
}

/// Calls to these in turn, each to its end: how long the middle one and the longest took.
async fn times(http: &Http, clusters: &[ClusterId]) -> (Duration, Duration) {
    let call = async |number: usize| {
        let body = version(clusters[number % clusters.len()].as_str());
        let answer = http.post_command(&body, &[("prefer", "wait=30")]).await?;
        anyhow::ensure!(answer.status == 200, "{}: {}", answer.status, answer.text());
        Ok(())
    };
    let calls = clusters.len() * EACH;
    let (mut each, _) = load::round(calls, IN_FLIGHT, call).await.unwrap();
    each.sort_unstable();
    (each[calls / 2], each[calls - 1])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_a_slow_and_a_flooding_one_of_a_thousand_clusters_slow_no_other() {
    let world = World::own().await.unwrap();
    let (http, hub) = (world.http().unwrap(), world.hub.url());
    let broker = connect(&world).await;
    let began = Instant::now();
    let names = clusters(&broker, &http).await;
    let took = say::seconds(began.elapsed());
    say::line(format_args!(
        "{CLUSTERS} clusters: registered and known in {took}"
    ));
    let ([dead, slow, flooding], good) = names.split_first_chunk().unwrap();
    let good = &good[..WORKING];
    for cluster in good {
        worker::start(&broker, cluster, Manner::Prompt)
            .await
            .unwrap();
    }
    for (cluster, manner) in [(slow, Manner::Slow), (flooding, Manner::Flooding)] {
        let own = connect(&world).await;
        worker::start(&own, cluster, manner).await.unwrap();
    }
    let alone = times(&http, good).await;

    publish(&hub, dead.as_str(), WAITING).await;
    publish(&hub, slow.as_str(), HELD).await;
    submit(&http, &version(flooding.as_str())).await;
    let beside = times(&http, good).await;
    // It lasted: the slow one has not come to its end, and the dead one has lost nothing.
    let depth = async |cluster| broker.queue_depth(cluster).await.unwrap();
    assert!(depth(slow).await > 0, "{alone:?} {beside:?}");
    assert_eq!(depth(dead).await, WAITING as u64);
    // The same two cores carry it all: only what would be waiting in line is told from it.
    assert!(
        beside.0 < alone.0 * 10 + Duration::from_secs(1),
        "{alone:?} {beside:?}"
    );
    assert!(beside.1 < LONGEST, "{alone:?} {beside:?}");
}
