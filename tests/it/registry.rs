//! What is registered: how clusters stand, and how they go.

use async_nats::jetstream;
use kubently_core::status::Reason;
use kubently_core::subject::CommandSubject;
use kubently_tests::guard::Ending;
use kubently_tests::product;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::door::problem;
use crate::jobs::{ended, get, job, submit, version};
use crate::odd_workers::broker;
use crate::slow_api::Gate;

const SOON: std::time::Duration = std::time::Duration::from_secs(60);
/// A worker counts as there for 30 s after its last word.
const GONE: std::time::Duration = std::time::Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_tells_what_waits_in_each_lane() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("lanes").await.unwrap();
    for priority in [0, 1, 49, 50, 80, 100] {
        let mut body = version(&cluster);
        body["priority"] = priority.into();
        submit(&http, &body).await;
    }
    let path = format!("/v1/clusters/{cluster}");
    // The hub is asked at each look, and may take longer than is waited for it.
    let told = wait::until("what waits", SOON, async || {
        let told = http.get(&path).await.unwrap().json().unwrap();
        if told["queue_depth"].is_number() {
            Probe::Ready(told)
        } else {
            Probe::NotYet(told.to_string())
        }
    })
    .await
    .unwrap();
    assert_eq!(told["cluster_id"], cluster, "{told}");
    for (lane, queued) in [("low", 1), ("normal", 2), ("high", 3)] {
        assert_eq!(told["lanes"][lane]["queued"], queued, "{told}");
        assert_eq!(told["lanes"][lane]["in_flight"], 0, "{told}");
    }
    assert_eq!(
        (&told["queue_depth"], &told["in_flight"]),
        (&6.into(), &0.into())
    );
    assert!(
        told["oldest_queued_seconds"].as_u64().unwrap() < 60,
        "{told}"
    );
    assert_eq!(told["versions"], Value::Array(Vec::new()), "{told}");
    for name in ["nowhere", "..", "A", "%2e"] {
        let answer = http.get(&format!("/v1/clusters/{name}")).await.unwrap();
        assert_eq!(answer.status, 404, "{name}: {}", answer.text());
    }
    problem(
        &http.get("/v1/clusters/nowhere").await.unwrap(),
        404,
        "cluster_not_found",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_tells_its_labels_its_workers_and_what_they_have_in_hand() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("told").await.unwrap();
    let label = ["cluster", "add", &cluster, "--label", "env=prod"];
    let run = product::run_gateway(&world.hub.url(), label).await.unwrap();
    assert_eq!(run.ending, Ending::Code(0), "{}", run.said);
    let gate = Gate::before(world.kubernetes).await;
    let worker = world.worker_with(&cluster, "busy", gate.kubeconfig(), &[]);
    let mut worker = worker.await.unwrap();
    let id = submit(&http, &get(&cluster, &["pods"])).await;
    let path = format!("/v1/clusters/{cluster}");
    let told = wait::until("all of it being told", SOON, async || {
        let told = http.get(&path).await.unwrap().json().unwrap();
        let labels = json!({"env": "prod"});
        if told["in_flight"] == 1 && told["labels"] == labels && told["versions"] != json!([]) {
            Probe::Ready(told)
        } else {
            Probe::NotYet(told.to_string())
        }
    })
    .await
    .unwrap();
    assert_eq!(told["versions"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["lanes"]["normal"]["in_flight"], 1, "{told}");
    gate.open();
    ended(&http, &id).await;
    // Once it has stopped, who asks for more learns that nobody is there, and since when.
    worker.process.stop(SOON).await.unwrap();
    let mut body = version(&cluster);
    body["queue_timeout_seconds"] = 600.into();
    let waiting = submit(&http, &body).await;
    wait::until("nobody being there", GONE, async || {
        let job = job(&http, &waiting).await.unwrap();
        Probe::when(job["workers_live"] == 0, job.to_string())
    })
    .await
    .unwrap();
    let accepted = http.post_command(&body, &[("prefer", "respond-async")]);
    let accepted = accepted.await.unwrap();
    assert_eq!(accepted.status, 202, "{}", accepted.text());
    let accepted = accepted.json().unwrap();
    let seen = accepted["workers_last_seen"].as_str().unwrap();
    assert!(chrono::DateTime::parse_from_rfc3339(seen).is_ok(), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_cluster_ends_its_jobs_and_may_come_back() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let hub = world.hub.url();
    let cluster = world.cluster("removed").await.unwrap();
    let mut queued = Vec::new();
    for _ in 0..3 {
        queued.push(submit(&http, &version(&cluster)).await);
    }
    let run = async |args: &[&str]| {
        product::run_gateway(&hub, args.iter().copied())
            .await
            .unwrap()
    };
    let listed = run(&["cluster", "list"]).await;
    assert_eq!(listed.ending, Ending::Code(0), "{}", listed.said);
    let line = format!("{cluster}\tregistered\t-\t3 commands\t");
    assert!(listed.said.contains(&line), "{}", listed.said);
    let refused = run(&["cluster", "remove", &cluster]).await;
    assert_ne!(refused.ending, Ending::Code(0));
    assert!(refused.said.contains("3 commands"), "{}", refused.said);
    assert_eq!(job(&http, &queued[0]).await.unwrap()["status"], "queued");

    let removed = run(&["cluster", "remove", &cluster, "--force"]).await;
    assert_eq!(removed.ending, Ending::Code(0), "{}", removed.said);
    assert!(
        removed.said.contains("3 commands were ended"),
        "{}",
        removed.said
    );
    for id in &queued {
        let job = job(&http, id).await.unwrap();
        assert_eq!(job["status"], "failed", "{job}");
        assert_eq!(job["reason"], "cluster_removed", "{job}");
    }
    wait::until("the cluster being unknown", SOON, async || {
        let answer = http.post_command(&version(&cluster), &[]).await.unwrap();
        Probe::when(answer.status == 404, answer.text())
    })
    .await
    .unwrap();
    let streams = jetstream::new(async_nats::connect(&hub).await.unwrap());
    let queue = streams.get_stream(format!("KUBENTLY_CMD_{cluster}")).await;
    assert!(queue.is_err(), "its queue is still there");
    let removed_at = async || {
        let replies = format!("KUBENTLY_REPLY_{cluster}");
        let replies = streams.get_stream(replies).await.unwrap();
        let config = &replies.cached_info().config;
        config.metadata.get("kubently_removed_at").cloned()
    };
    assert!(removed_at().await.is_some());
    for (filter, count) in [("", 3), ("&status=failed", 3), ("&status=queued", 0)] {
        let path = format!("/v1/jobs?limit=100&cluster_id={cluster}{filter}");
        let page = http.get(&path).await.unwrap().json().unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{page}");
    }
    let odd = http.get("/v1/jobs?status=odd").await.unwrap();
    assert!((400..500).contains(&odd.status), "{}", odd.text());
    assert!(!run(&["cluster", "list"]).await.said.contains(&cluster));
    let again = run(&["cluster", "remove", &cluster]).await;
    assert!(again.said.contains("is not registered"), "{}", again.said);

    product::cluster_add(&hub, &cluster).await.unwrap();
    assert_eq!(removed_at().await, None);
    let _worker = world.worker(&cluster, "back", &[]).await.unwrap();
    wait::until("the cluster being known", SOON, async || {
        let answer = http.get(&format!("/v1/clusters/{cluster}")).await.unwrap();
        Probe::when(answer.status == 200, answer.text())
    })
    .await
    .unwrap();
    let id = submit(&http, &version(&cluster)).await;
    assert_eq!(ended(&http, &id).await["status"], "completed");
    // What ended before the removal is read as before.
    assert_eq!(
        job(&http, &queued[0]).await.unwrap()["reason"],
        "cluster_removed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_added_again_keeps_what_is_not_given() {
    let world = World::shared().await.unwrap();
    let cluster = world.cluster("again").await.unwrap();
    let broker = broker(world).await;
    let id = cluster.parse().unwrap();
    let record = async || broker.cluster_record(&id).await.unwrap().unwrap();
    let add = async |args: &[&str]| {
        let line = ["cluster", "add", &cluster].into_iter();
        let line = line.chain(args.iter().copied());
        let run = product::run_gateway(&world.hub.url(), line).await.unwrap();
        assert_eq!(run.ending, Ending::Code(0), "{}", run.said);
        record().await
    };
    let first = record().await;
    let labelled = add(&["--label", "env=prod", "--label", "zone=eu"]).await;
    assert_eq!(labelled.labels.len(), 2, "{labelled:?}");
    assert_eq!(labelled.enrolled_at, first.enrolled_at);
    assert_eq!(add(&[]).await, labelled);
    let other = add(&["--label", "env=test"]).await;
    assert_eq!(
        other.labels.into_iter().collect::<Vec<_>>(),
        [("env".to_owned(), "test".to_owned())]
    );
    assert_eq!(add(&["--no-labels"]).await, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_loses_a_cluster_that_is_removed_also_when_the_name_comes_back() {
    let world = World::shared().await.unwrap();
    let hub = world.hub.url();
    let (gone, stays) = (
        world.cluster("gone").await.unwrap(),
        world.cluster("stays").await.unwrap(),
    );
    let run = async |args: &[&str]| {
        let run = product::run_gateway(&hub, args.iter().copied()).await;
        let run = run.unwrap();
        assert_eq!(run.ending, Ending::Code(0), "{}", run.said);
    };
    let both = format!("{gone},{stays}");
    run(&["publisher", "add", "loser", "--clusters", &both]).await;
    run(&["cluster", "remove", &gone]).await;
    let broker = broker(world).await;
    let left = async || {
        let record = broker.publisher_record(&"loser".parse().unwrap()).await;
        let clusters = record.unwrap().unwrap().clusters;
        clusters.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(left().await, [stays.as_str()]);
    product::cluster_add(&hub, &gone).await.unwrap();
    assert_eq!(left().await, [stays.as_str()]);
}

/// Publishes commands until it is told to end; the subjects of those that the hub has taken.
async fn flood(hub: String, cluster: String, stop: CancellationToken) -> Vec<CommandSubject> {
    let js = jetstream::new(async_nats::connect(hub).await.unwrap());
    let mut taken = Vec::new();
    while !stop.is_cancelled() {
        let id = Uuid::now_v7();
        let subject = format!("kubently.v1.cmd.{cluster}.normal.pub-flood.{id}");
        let command = json!({
            "v": 1, "id": id, "cluster_id": cluster, "origin": "pub-flood", "owner": null,
            "command_type": "version", "args": ["--client"], "queued_at": chrono::Utc::now(),
        });
        let sent = js.publish(subject.clone(), command.to_string().into());
        if sent.await.unwrap().await.is_ok() {
            taken.push(subject.parse().unwrap());
        }
    }
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_publisher_was_promised_while_its_cluster_is_removed_has_a_result() {
    let world = World::shared().await.unwrap();
    let hub = world.hub.url();
    let cluster = world.cluster("flooded").await.unwrap();
    let stop = CancellationToken::new();
    let publishers: Vec<_> = (0..2)
        .map(|_| tokio::spawn(flood(hub.clone(), cluster.clone(), stop.clone())))
        .collect();
    let broker = broker(world).await;
    let id = cluster.parse().unwrap();
    wait::until("commands in the queue", SOON, async || {
        let depth = broker.queue_depth(&id).await.unwrap();
        Probe::when(depth > 100, depth.to_string())
    })
    .await
    .unwrap();
    let args = ["cluster", "remove", &cluster, "--force"];
    let removed = product::run_gateway(&hub, args).await.unwrap();
    stop.cancel();
    assert_eq!(removed.ending, Ending::Code(0), "{}", removed.said);
    let mut taken = Vec::new();
    for publisher in publishers {
        taken.extend(publisher.await.unwrap());
    }
    assert!(taken.len() > 100, "{}", taken.len());
    for subject in &taken {
        let result = broker.result(&subject.reply()).await.unwrap();
        let reason = result.and_then(|result| result.reason);
        assert_eq!(reason, Some(Reason::ClusterRemoved), "{subject}");
    }
    let ended = format!("{} commands were ended", taken.len());
    assert!(removed.said.contains(&ended), "{}", removed.said);
}
