//! Clusters that are away, dead or slow: what waits for them is kept in its order, and nobody else waits.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use futures::StreamExt as _;
use kubently_tests::fake_api::{FakeApi, Script};
use kubently_tests::http::Http;
use kubently_tests::product::Worker;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::json;
use uuid::Uuid;

use crate::jobs::{submit, version};
use crate::links::nothing_is_left;

/// Commands that wait; [`full_queue`](crate::full_queue) has as many as there may be.
const WAITING: usize = 1_000;
const DRAINED: Duration = Duration::from_secs(120);
/// Commands of a cluster that works, while others do not.
const CALLS: usize = 150;

/// Publishes this many commands without a gateway, one after the other in the queue.
pub(crate) async fn publish(hub: &str, cluster: &str, count: usize) {
    let client = async_nats::connect(hub).await.unwrap();
    publish_with(&jetstream::new(client), cluster, count, (3600, 10)).await;
}

/// The same where they wait and run for at most so many seconds; answers their ids.
pub(crate) async fn publish_with(
    js: &jetstream::Context,
    cluster: &str,
    count: usize,
    (queue_timeout, timeout): (u32, u32),
) -> Vec<String> {
    let sent = (0..count).map(|_| {
        let (js, id) = (js.clone(), Uuid::now_v7());
        let subject = format!("kubently.v1.cmd.{cluster}.normal.pub-many.{id}");
        let body = json!({
            "v": 1, "id": id, "cluster_id": cluster, "origin": "pub-many", "owner": null,
            "command_type": "version", "args": ["--client"], "queued_at": chrono::Utc::now(),
            "queue_timeout_seconds": queue_timeout, "timeout_seconds": timeout,
        });
        async move {
            let sent = js.publish(subject, body.to_string().into()).await;
            sent.unwrap().await.unwrap();
            id.to_string()
        }
    });
    futures::stream::iter(sent)
        .buffer_unordered(64)
        .collect()
        .await
}

/// The ids in the subjects of a stream, in the order of its sequences.
pub(crate) async fn ids(hub: &str, stream: &str, kind: Option<&str>) -> Vec<String> {
    let client = async_nats::connect(hub).await.unwrap();
    let js = jetstream::new(client);
    let stream = js.get_stream(stream).await.unwrap();
    let state = stream.cached_info().state.clone();
    let sequences = state.first_sequence..=state.last_sequence;
    let subjects = futures::stream::iter(sequences)
        .map(|sequence| stream.get_raw_message(sequence))
        .buffered(64)
        .map(|message| message.unwrap().subject.to_string());
    let subjects: Vec<_> = subjects.collect().await;
    let id = |subject: String| {
        let mut tail = subject.rsplit('.');
        let last = tail.next().unwrap().to_owned();
        match kind {
            None => Some(last),
            Some(kind) => (last == kind).then(|| tail.next().unwrap().to_owned()),
        }
    };
    subjects.into_iter().filter_map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_offline_cluster_outlives_the_hub_and_runs_in_its_order() {
    let mut world = World::own().await.unwrap();
    let cluster = world.cluster("offline").await.unwrap();
    let hub = world.hub.url();
    publish(&hub, &cluster, WAITING).await;
    let queue = format!("KUBENTLY_CMD_{cluster}");
    let waiting = ids(&hub, &queue, None).await;
    assert_eq!(waiting.len(), WAITING);
    world.hub.kill();
    world.hub.restart().await.unwrap();
    assert_eq!(ids(&hub, &queue, None).await, waiting);
    // One slot, so that the order of the ends is the order in which they were taken.
    let one_slot = [("KUBENTLY_SLOTS", "1")];
    let _worker = world.worker(&cluster, "late", &one_slot).await.unwrap();
    let client = async_nats::connect(&hub).await.unwrap();
    let js = jetstream::new(client);
    let mut replies = js
        .get_stream(format!("KUBENTLY_REPLY_{cluster}"))
        .await
        .unwrap();
    wait::until("all of them being answered", DRAINED, async || {
        let stored = replies.info().await.unwrap().state.messages;
        Probe::when(stored >= WAITING as u64, format!("{stored} replies"))
    })
    .await
    .unwrap();
    let answered = ids(&hub, &format!("KUBENTLY_REPLY_{cluster}"), Some("result")).await;
    assert_eq!(answered, waiting);
    nothing_is_left(&hub, &cluster).await;
}

/// How long calls of a cluster take, the middle one and the longest.
async fn times(http: &Http, cluster: &str) -> (Duration, Duration) {
    let body = version(cluster);
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let began = Instant::now();
        let answer = http.post_command(&body, &[("prefer", "wait=30")]).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        times.push(began.elapsed());
    }
    times.sort();
    (times[CALLS / 2], times[CALLS - 1])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_a_slow_and_a_flooding_cluster_slow_no_other() {
    let world = World::own().await.unwrap();
    let http = world.http().unwrap();
    let hub = world.hub.url();
    let good = world.cluster_id.clone();
    let alone = times(&http, &good).await;
    // A dead one with a full queue, one whose API server never answers, and one that is flooded while
    // its worker works.
    let mut names = Vec::new();
    for name in ["dead", "slow", "flood"] {
        names.push(world.cluster(name).await.unwrap());
    }
    let [dead, slow, flood] = &names[..] else {
        panic!("three clusters");
    };
    let hanging = FakeApi::start(|path, _| path.contains("/pods").then_some(Script::Silence));
    let hanging = hanging.await.unwrap();
    let _slow = Worker::start(&hub, slow, "slow", &hanging.kubeconfig(), &[]).await;
    let _busy = world.worker(flood, "busy", &[]).await.unwrap();
    for _ in 0..100 {
        submit(
            &http,
            &json!({"cluster_id": slow, "args": ["pods"], "timeout_seconds": 30}),
        )
        .await;
    }
    publish(&hub, dead, 5_000).await;
    let flooding = publish(&hub, flood, 3_000);
    let (beside, ()) = tokio::join!(times(&http, &good), flooding);
    // The same two cores carry it all, so only what would be waiting in line is told from it: a call that
    // waited for another cluster's command would take its seconds.
    assert!(
        beside.0 < alone.0 * 10 + Duration::from_secs(1),
        "{alone:?} {beside:?}"
    );
    assert!(beside.1 < Duration::from_secs(10), "{alone:?} {beside:?}");
}
