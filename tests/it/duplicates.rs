//! Commands that are delivered, published or run more than once: one result each.

use std::time::Duration;

use async_nats::{HeaderMap, jetstream};
use futures::StreamExt as _;
use kubently_core::subject::CommandSubject;
use kubently_tests::guard::Signal;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::json;
use uuid::Uuid;

use crate::jobs::{drops_a_result, ended, get, job, results, running, submit, version};
use crate::links::{nothing_is_left, until_stored};
use crate::slow_api::Gate;

const SOON: Duration = Duration::from_secs(60);
const COMMANDS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_lasts_longer_than_the_ack_wait_is_delivered_once() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("lasting").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let worker = world.worker_with(&cluster, "slow", gate.kubeconfig(), &[]);
    let _worker = worker.await.unwrap();
    let mut body = get(&cluster, &["pods"]);
    body["timeout_seconds"] = 14.into();
    let id = submit(&http, &body).await;
    running(&http, &id).await;
    // Another one would take it at once, were it given back.
    let _idle = world.worker(&cluster, "idle", &[]).await.unwrap();
    let job = ended(&http, &id).await;
    assert_eq!(job["reason"], "timeout", "{job}");
    assert_eq!(job["attempt"], 1, "{job}");
    assert_eq!(job["container_id"], "slow", "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_published_again_has_one_result() {
    let world = World::shared().await.unwrap();
    let hub = world.hub.url();
    let cluster = world.cluster("twice").await.unwrap();
    let client = async_nats::connect(&hub).await.unwrap();
    let mut live = client
        .subscribe("kubently.v1.live.*.pub-twice.>")
        .await
        .unwrap();
    client.flush().await.unwrap();
    let js = jetstream::new(client);
    let id = Uuid::now_v7().to_string();
    let subject = format!("kubently.v1.cmd.{cluster}.normal.pub-twice.{id}");
    let body = json!({
        "v": 1, "id": id, "cluster_id": cluster, "origin": "pub-twice", "owner": null,
        "command_type": "version", "args": ["--client"], "queued_at": chrono::Utc::now(),
    });
    let publish = async |message_id: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", message_id);
        let sent = js.publish_with_headers(subject.clone(), headers, body.to_string().into());
        sent.await.unwrap().await
    };
    assert!(!publish(&id).await.unwrap().duplicate);
    // While it is queued: the same id is known, and another one finds the subject taken.
    assert!(publish(&id).await.unwrap().duplicate);
    let refused = publish("another").await.unwrap_err();
    assert!(
        format!("{refused:?}").contains("per subject"),
        "{refused:?}"
    );
    let worker = world.worker(&cluster, "w", &[]).await.unwrap();
    until_stored(&hub, &cluster, &id).await;
    nothing_is_left(&hub, &cluster).await;
    // Afterwards the id is known for two minutes; past that it is run again, and what that gives is dropped.
    assert!(publish(&id).await.unwrap().duplicate);
    assert!(!publish("later").await.unwrap().duplicate);
    drops_a_result(&worker, SOON).await;
    nothing_is_left(&hub, &cluster).await;
    assert_eq!(results(&hub, &cluster, &id).await, 1);
    // The publisher is told one end.
    let next = tokio::time::timeout(SOON, live.next())
        .await
        .unwrap()
        .unwrap();
    let reply = subject.parse::<CommandSubject>().unwrap().reply();
    assert!(next.subject.ends_with(&format!("{}.result", reply.job)));
    let more = tokio::time::timeout(Duration::from_millis(300), live.next()).await;
    assert!(more.is_err(), "{more:?}");
}

/// Two workers that both believe that they are the one of this name.
#[tokio::test(flavor = "multi_thread")]
async fn two_workers_of_one_name_run_each_command_once() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("split").await.unwrap();
    let _first = world.worker(&cluster, "same", &[]).await.unwrap();
    let mut second = world.worker(&cluster, "same", &[]).await.unwrap();
    let run = async || {
        let body = version(&cluster);
        let answers = futures::stream::iter(0..COMMANDS)
            .map(|_| http.post_command(&body, &[("prefer", "wait=30")]))
            .buffer_unordered(32)
            .collect::<Vec<_>>();
        for answer in answers.await {
            let answer = answer.unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text());
            let job = answer.json().unwrap();
            assert_eq!(job["status"], "completed", "{job}");
            assert_eq!(job["attempt"], 1, "{job}");
        }
    };
    run().await;
    // Both have worked, and one alone goes on.
    assert!(second.process.logs().contains("answered"));
    second.process.stop(SOON).await.unwrap();
    run().await;
    nothing_is_left(&world.hub.url(), &cluster).await;
}

/// Whichever is first: both run at the same time, and the hub keeps one.
#[tokio::test(flavor = "multi_thread")]
async fn two_runs_that_end_together_are_one_result() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("together").await.unwrap();
    let gate = Gate::before(world.kubernetes).await;
    let first = world.worker_with(&cluster, "first", gate.kubeconfig(), &[]);
    let mut first = first.await.unwrap();
    let id = submit(&http, &get(&cluster, &["namespaces"])).await;
    running(&http, &id).await;
    first.process.signal(Signal::Stop);
    let second = world.worker_with(&cluster, "second", gate.kubeconfig(), &[]);
    let _second = second.await.unwrap();
    wait::until("the second run", SOON, async || {
        match job(&http, &id).await {
            Ok(job) => Probe::when(job["attempt"].as_u64() >= Some(2), job.to_string()),
            Err(error) => Probe::NotYet(format!("{error:#}")),
        }
    })
    .await
    .unwrap();
    first.process.signal(Signal::Cont);
    gate.open();
    let job = ended(&http, &id).await;
    // The first one's time went on while it stood still.
    let is_an_end = job["status"] == "completed" || job["reason"] == "timeout";
    assert!(is_an_end, "{job}");
    nothing_is_left(&world.hub.url(), &cluster).await;
    assert_eq!(results(&world.hub.url(), &cluster, &id).await, 1);
    // Its events are those of the run that counts.
    let page = http.get(&format!("/v1/jobs/{id}/events")).await.unwrap();
    let page = page.json().unwrap();
    let items = page["items"].as_array().unwrap();
    let end = items.last().unwrap();
    assert_eq!(end["job"]["attempt"], job["attempt"], "{page}");
    for event in items.iter().filter(|event| event["type"] == "started") {
        assert_eq!(event["attempt"], job["attempt"], "{page}");
    }
}
