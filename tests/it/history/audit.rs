//! What the hub keeps once a run is over, read from its streams themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::consumer::{DeliverPolicy, pull};
use async_nats::jetstream::{self, message::Message};
use futures::StreamExt as _;
use kubently_core::lane::Lane;
use kubently_tests::wait::{self, Probe};
use serde_json::Value;

use super::{End, Kept, KeptJob};

/// Longer than a redelivery takes.
const QUIET: Duration = Duration::from_secs(60);
/// How long one more stored message may take to be read.
const NEXT: Duration = Duration::from_secs(10);

/// Waits until nothing is queued, to be delivered or without an ack, and reads what is kept of every job
/// of these clusters. What is left after a minute is told, and not waited for.
pub(crate) async fn audit(hub: &str, clusters: &[&str]) -> Kept {
    let client = async_nats::connect(hub).await.unwrap();
    audit_as(client, clusters).await
}

/// The same over a connection of the hub's own.
pub(crate) async fn audit_as(client: async_nats::Client, clusters: &[&str]) -> Kept {
    let js = jetstream::new(client);
    let mut kept = Kept::default();
    let quiet = wait::until("empty queues", QUIET, async || {
        (kept.queued, kept.pending) = left_over(&js, clusters).await;
        Probe::when(kept.queued == 0 && kept.pending == (0, 0), "not yet")
    });
    // The checker tells what is left.
    let _ = quiet.await;
    let mut jobs = BTreeMap::new();
    read(&js, "KV_kubently_jobs", |subject, json| {
        if !subject.contains(".job.") {
            return;
        }
        let envelope = &json["envelope"];
        let cluster = envelope["cluster_id"].as_str().unwrap_or_default();
        if clusters.contains(&cluster) {
            let job = entry(&mut jobs, envelope["id"].as_str().unwrap_or_default());
            let mark = envelope["correlation_id"].as_str().unwrap_or_default();
            job.mark = Some(mark.to_owned());
        }
    })
    .await;
    for cluster in clusters {
        read(
            &js,
            &format!("KUBENTLY_REPLY_{cluster}"),
            |subject, json| {
                let mut tail = subject.rsplit('.');
                let (kind, id) = (tail.next().unwrap(), tail.next().unwrap());
                let run = json["run"].as_str().map(str::to_owned);
                let job = entry(&mut jobs, id);
                if kind == "result" {
                    let events = json["events"].as_u64().unwrap_or_default();
                    job.results.push((End::of_result(json), run, events));
                } else {
                    let n = json["n"].as_u64().unwrap_or_default();
                    job.events.push((run.unwrap_or_default(), n));
                }
            },
        )
        .await;
    }
    kept.jobs = jobs.into_values().collect();
    kept
}

/// The jobs that the hub has a record of.
pub(crate) async fn recorded(hub: &str) -> Vec<String> {
    let client = async_nats::connect(hub).await.unwrap();
    let mut jobs = Vec::new();
    read(&jetstream::new(client), "KV_kubently_jobs", |subject, _| {
        if subject.contains(".job.") {
            jobs.extend(subject.rsplit('.').next().map(str::to_owned));
        }
    })
    .await;
    jobs
}

fn entry<'a>(jobs: &'a mut BTreeMap<String, KeptJob>, id: &str) -> &'a mut KeptJob {
    jobs.entry(id.to_owned()).or_insert_with(|| KeptJob {
        job: id.to_owned(),
        ..KeptJob::default()
    })
}

/// Commands in the queues; to be delivered; without an ack.
async fn left_over(js: &jetstream::Context, clusters: &[&str]) -> (u64, (u64, u64)) {
    let (mut queued, mut pending, mut unacked) = (0, 0, 0);
    for cluster in clusters {
        let stream = format!("KUBENTLY_CMD_{cluster}");
        let stream = js.get_stream(stream).await.unwrap();
        queued += stream.cached_info().state.messages;
        for lane in Lane::ALL {
            let info = stream.consumer_info(lane.to_string()).await.unwrap();
            pending += info.num_pending;
            unacked += info.num_ack_pending as u64;
        }
    }
    (queued, (pending, unacked))
}

/// Every message of a stream, in its order.
async fn read(js: &jetstream::Context, stream: &str, mut seen: impl FnMut(&str, &Value)) {
    let stream = js.get_stream(stream).await.unwrap();
    if stream.cached_info().state.messages == 0 {
        return;
    }
    let last = stream.cached_info().state.last_sequence;
    let all = pull::OrderedConfig {
        deliver_policy: DeliverPolicy::All,
        ..pull::OrderedConfig::default()
    };
    let consumer = stream.create_consumer(all).await.unwrap();
    let mut messages = consumer.messages().await.unwrap();
    loop {
        let next = tokio::time::timeout(NEXT, messages.next()).await;
        let message: Message = next.unwrap().unwrap().unwrap();
        if let Ok(json) = serde_json::from_slice(&message.payload) {
            seen(&message.subject, &json);
        }
        let info = message.info().unwrap();
        if info.stream_sequence >= last || info.pending == 0 {
            return;
        }
    }
}
