//! The queue, the replies and the live feed on a real nats-server.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use kubently_broker::{
    Broker, Deliveries, Directory, HubConfig, Known, Live, Lookup, Stored, SubmitError,
};
use kubently_core::cluster::ClusterId;
use kubently_core::directory::ClusterRecord;
use kubently_core::envelope::Envelope;
use kubently_core::event::{Chunk, Event, EventKind, OutputStream};
use kubently_core::id::UserId;
use kubently_core::job::{JobRecord, JobState};
use kubently_core::result::{CommandResult, Ended, Run};
use kubently_core::status::{JobStatus, Reason};
use kubently_core::told::Told;
use kubently_tests::nats::Nats;
use kubently_tests::wait::{self, Probe};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(60);

/// A hub of a test's own, with one registered cluster.
pub(crate) struct Hub {
    pub(crate) nats: Nats,
    pub(crate) broker: Broker,
    pub(crate) cluster: ClusterId,
}

pub(crate) async fn hub() -> Hub {
    let nats = Nats::start().await.unwrap();
    let broker = connect(&nats).await;
    broker.ensure().await.unwrap();
    broker.check().await.unwrap();
    let cluster: ClusterId = "prod-eu".parse().unwrap();
    broker.add_cluster(&cluster, &registered()).await.unwrap();
    Hub {
        nats,
        broker,
        cluster,
    }
}

pub(crate) async fn connect(nats: &Nats) -> Broker {
    let config = HubConfig {
        url: nats.url(),
        name: "test".to_owned(),
        ..HubConfig::default()
    };
    Broker::connect(&config).await.unwrap()
}

pub(crate) fn registered() -> ClusterRecord {
    let enrolled_at = serde_json::from_str("\"2026-11-23T08:00:00Z\"").unwrap();
    ClusterRecord {
        labels: BTreeMap::new(),
        enrolled_at,
        removed_at: None,
        nkeys: Vec::new(),
    }
}

/// A command that is queued now.
pub(crate) fn envelope(cluster: &ClusterId, priority: u32) -> Envelope {
    let id = Uuid::now_v7();
    let now = chrono::Utc::now();
    serde_json::from_value(serde_json::json!({
        "v": 1, "id": id, "cluster_id": cluster, "origin": "gw-0000beef", "owner": null,
        "command_type": "get", "args": ["pods"], "priority": priority, "queued_at": now
    }))
    .unwrap()
}

pub(crate) fn record(envelope: &Envelope) -> JobRecord {
    let key_id = Uuid::new_v4().to_string().parse().unwrap();
    JobRecord {
        subject: envelope.subject(),
        envelope: envelope.clone(),
        key_id,
    }
}

/// What a worker that prints this stores: chunks, where it is long, and the result.
pub(crate) fn result(envelope: &Envelope, stdout: &[u8]) -> (Vec<Event>, CommandResult) {
    let ended = Ended::completed(0, stdout.to_vec(), Vec::new());
    CommandResult::of(run(envelope), &ended)
}

fn run(envelope: &Envelope) -> Run {
    Run {
        job: envelope.id,
        attempt: 1,
        run: Uuid::new_v4().to_string().parse().unwrap(),
        execution_time_ms: 1,
        executed_at: envelope.queued_at,
        worker: "worker-1".parse().unwrap(),
        policy_hash: String::new(),
    }
}

async fn intake(hub: &Hub, slots: usize, stop: &CancellationToken) -> Deliveries {
    Deliveries::start(&hub.broker, &hub.cluster, slots, 10, stop.clone())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_goes_through_the_queue_and_its_result_reaches_who_waits() {
    let hub = hub().await;
    let live = Live::start(&hub.broker, &"gw-0000beef".parse().unwrap())
        .await
        .unwrap();
    let envelope = envelope(&hub.cluster, 1);
    let record = record(&envelope);
    let owner = UserId::from_uuid(Uuid::new_v4());
    hub.broker.create_job(owner, &record).await.unwrap();
    let mut waiter = live.register(&record.subject.reply());
    assert!(
        !hub.broker
            .publish_command(&envelope)
            .await
            .unwrap()
            .duplicate
    );
    assert!(
        hub.broker
            .publish_command(&envelope)
            .await
            .unwrap()
            .duplicate
    );
    assert_eq!(state(&hub, &record).await, JobStatus::Queued);

    let mut intake = intake(&hub, 4, &CancellationToken::new()).await;
    let delivery = tokio::time::timeout(SOON, intake.next())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(delivery.attempt(), 1);
    let subject = delivery.subject().parse().unwrap();
    assert_eq!(
        Envelope::decode(delivery.payload(), &subject).unwrap(),
        envelope
    );
    let (_, first) = result(&envelope, b"out\n");
    let stored = hub
        .broker
        .store_result(&subject.reply(), &first)
        .await
        .unwrap();
    assert_eq!(stored, Stored::First);
    let (_, second) = result(&envelope, b"other\n");
    let stored = hub
        .broker
        .store_result(&subject.reply(), &second)
        .await
        .unwrap();
    assert_eq!(stored, Stored::Already);
    delivery.ack().await.unwrap();

    let told = waiter.wait(SOON).await.unwrap();
    assert_eq!(told.output.as_deref(), Some("out\n"));
    assert_eq!(
        hub.broker.job(owner, envelope.id).await.unwrap(),
        Some(record.clone())
    );
    assert_eq!(state(&hub, &record).await, JobStatus::Completed);
    let other = UserId::from_uuid(Uuid::new_v4());
    assert_eq!(hub.broker.job(other, envelope.id).await.unwrap(), None);
}

/// Until the hub has handed out so many messages of a lane that are not acknowledged yet.
pub(crate) async fn delivered(hub: &Hub, lane: &str, count: usize) {
    let client = async_nats::connect(hub.nats.url()).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let stream = js
        .get_stream(format!("KUBENTLY_CMD_{}", hub.cluster))
        .await
        .unwrap();
    let probe = || async {
        let found = stream.consumer_info(lane).await.unwrap().num_ack_pending;
        Probe::when(found == count, format!("{found} of {count} handed out"))
    };
    wait::until("a lane is handed out", SOON, probe)
        .await
        .unwrap();
}

async fn state(hub: &Hub, record: &JobRecord) -> JobStatus {
    match hub.broker.job_state(record).await.unwrap() {
        Known::State(state) => state.status(),
        Known::ResultExpired => panic!("expired"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn output_in_chunks_is_read_back_whole() {
    let hub = hub().await;
    let envelope = envelope(&hub.cluster, 1);
    let reply = envelope.subject().reply();
    let stdout: Vec<u8> = (0..900_000_u32).map(|n| (n % 251) as u8).collect();
    let (chunks, result) = result(&envelope, &stdout);
    for chunk in &chunks {
        hub.broker.publish_event(&reply, chunk).await.unwrap();
    }
    hub.broker.store_result(&reply, &result).await.unwrap();
    let stored = hub.broker.result(&reply).await.unwrap().unwrap();
    let output = hub.broker.output(&reply, &stored).await.unwrap().unwrap();
    assert!(output.is_whole);
    assert_eq!((output.stdout, output.stderr), (stdout, Vec::new()));
}

/// What was told while the command ran, and then what its end adds: another run's events do not count.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_and_what_the_end_adds_are_read_back_as_one_output() {
    let hub = hub().await;
    let envelope = envelope(&hub.cluster, 1);
    let reply = envelope.subject().reply();
    let (lost_run, this_run) = (run(&envelope), run(&envelope));
    let log = |run: &Run, n, stream, text: &[u8]| Event {
        v: 1,
        attempt: 1,
        run: run.run,
        n,
        kind: EventKind::Log(Chunk::of(stream, text)),
    };
    let (out, err) = (OutputStream::Stdout, OutputStream::Stderr);
    let mut events = vec![log(&lost_run, 1, out, b"lost\n")];
    let mut told = Told::default();
    for (stream, text) in [(out, &b"one\n"[..]), (err, b"note\n"), (out, b"\xfftwo\n")] {
        events.push(log(&this_run, told.add(stream, text), stream, text));
    }
    let ended = Ended {
        told,
        ..Ended::completed(0, b"three\n".to_vec(), Vec::new())
    };
    let (rest, result) = CommandResult::of(this_run, &ended);
    events.extend(rest);
    for event in &events {
        hub.broker.publish_event(&reply, event).await.unwrap();
    }
    assert_eq!(result.events, 4);
    let output = hub.broker.output(&reply, &result).await.unwrap().unwrap();
    let (stdout, stderr) = (b"one\n\xfftwo\nthree\n".to_vec(), b"note\n".to_vec());
    assert!(output.is_whole);
    assert_eq!((output.stdout, output.stderr), (stdout, stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_worker_takes_the_urgent_one_first_and_gives_back_what_it_has_not_started() {
    let hub = hub().await;
    let stop = CancellationToken::new();
    let mut intake = intake(&hub, 1, &stop).await;
    hub.broker
        .publish_command(&envelope(&hub.cluster, 1))
        .await
        .unwrap();
    let running = tokio::time::timeout(SOON, intake.next())
        .await
        .unwrap()
        .unwrap();
    for priority in [0, 1, 40, 60] {
        hub.broker
            .publish_command(&envelope(&hub.cluster, priority))
            .await
            .unwrap();
    }
    delivered(&hub, "high", 1).await;
    running.ack().await.unwrap();
    // Another one may be on its way to the free slot already; the urgent one is then the next.
    let mut first = Vec::new();
    for _ in 0..2 {
        let next = tokio::time::timeout(SOON, intake.next())
            .await
            .unwrap()
            .unwrap();
        first.push(next.subject().to_owned());
        next.ack().await.unwrap();
    }
    assert!(
        first.iter().any(|subject| subject.contains(".high.")),
        "{first:?}"
    );
    stop.cancel();
    while let Some(held) = tokio::time::timeout(SOON, intake.next()).await.unwrap() {
        held.give_back().await.unwrap();
    }

    let mut other = intake_of(&hub, 8).await;
    for _ in 0..2 {
        let delivery = tokio::time::timeout(SOON, other.next())
            .await
            .unwrap()
            .unwrap();
        delivery.ack().await.unwrap();
    }
    // An ack needs no answer, so it may still be on its way.
    let empty = async || {
        let depth = hub.broker.queue_depth(&hub.cluster).await.unwrap();
        Probe::when(depth == 0, format!("{depth} commands in the queue"))
    };
    wait::until("the queue is empty", SOON, empty)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_and_an_unregistered_cluster_is_unknown() {
    let hub = hub().await;
    let directory = Directory::start(&hub.broker).await.unwrap();
    assert!(matches!(directory.cluster(&hub.cluster), Lookup::Known(_)));
    assert_eq!(
        directory.cluster(&"prod-us".parse().unwrap()),
        Lookup::Unknown
    );
    let mut sent = futures::stream::iter(0..10_000)
        .map(|_| async { hub.broker.publish_command(&envelope(&hub.cluster, 0)).await })
        .buffer_unordered(256);
    while let Some(sent) = sent.next().await {
        sent.unwrap();
    }
    let refused = hub.broker.publish_command(&envelope(&hub.cluster, 0)).await;
    assert!(
        matches!(refused, Err(SubmitError::QueueFull)),
        "{refused:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_took_in_time_ends_as_queue_timeout_for_whoever_looks() {
    let hub = hub().await;
    let mut envelope = envelope(&hub.cluster, 1);
    let old = chrono::Utc::now() - chrono::TimeDelta::seconds(600);
    envelope.queued_at = old.into();
    let record = record(&envelope);
    let Known::State(JobState::Finished(result)) = hub.broker.job_state(&record).await.unwrap()
    else {
        panic!("unfinished");
    };
    assert_eq!(
        (result.reason, result.attempt),
        (Some(Reason::QueueTimeout), 0)
    );
    let stored = hub.broker.result(&record.subject.reply()).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&*result));
}

#[tokio::test(flavor = "multi_thread")]
async fn pulling_goes_on_after_the_hub_was_killed_and_started_again() {
    let mut hub = hub().await;
    let mut intake = intake_of(&hub, 4).await;
    let queued = envelope(&hub.cluster, 1);
    hub.nats.kill();
    hub.nats.restart().await.unwrap();
    let other = connect(&hub.nats).await;
    other.publish_command(&queued).await.unwrap();
    let delivery = tokio::time::timeout(SOON * 2, intake.next())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(delivery.subject(), queued.subject().to_string());
    delivery.ack().await.unwrap();
}

async fn intake_of(hub: &Hub, slots: usize) -> Deliveries {
    intake(hub, slots, &CancellationToken::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_starts_where_age_has_taken_every_presence() {
    let hub = hub().await;
    let presence = serde_json::from_value(serde_json::json!({
        "cluster_id": hub.cluster, "worker": "worker-1", "version": "0.1.0",
        "slots": 1, "in_flight": 0, "policy_hash": ""
    }));
    hub.broker.announce(&presence.unwrap()).await.unwrap();
    let js = async_nats::jetstream::new(async_nats::connect(hub.nats.url()).await.unwrap());
    let bucket = js.get_stream("KV_kubently_workers").await.unwrap();
    bucket.purge().await.unwrap();
    let directory = Directory::start(&hub.broker).await.unwrap();
    assert!(directory.workers(&hub.cluster).is_empty());
}
