//! An operator's slip on the hub: streams and consumers that are deleted or changed are said aloud and set
//! right, and commands run again without a hand.

use std::time::Duration;

use async_nats::jetstream::{self, stream::Config};
use kubently_tests::http::Http;
use kubently_tests::product::Process;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;

use crate::jobs::{ended, get, job, submit, version};

/// They are looked at every 20 s, and the machine may be loaded.
const MENDED: Duration = Duration::from_secs(60);

async fn js(world: &World) -> jetstream::Context {
    let client = async_nats::connect(world.hub.url()).await.unwrap();
    jetstream::new(client)
}

async fn says(process: &Process, text: &str) {
    wait::until(text, MENDED, async || {
        let logs = process.logs();
        Probe::when(logs.contains(text), "not said")
    })
    .await
    .unwrap();
}

/// Until a command is accepted and has run.
async fn runs_again(http: &Http, cluster: &str) {
    let body = version(cluster);
    wait::until("a command that runs", MENDED, async || {
        let answer = http.post_command(&body, &[("prefer", "wait=10")]).await;
        match answer {
            Ok(answer) if answer.status == 200 => {
                let job = answer.json().unwrap();
                Probe::when(job["status"] == "completed", job.to_string())
            }
            Ok(answer) => Probe::NotYet(answer.text()),
            Err(error) => Probe::NotYet(format!("{error:#}")),
        }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_was_deleted_is_made_anew_and_its_commands_run() {
    let world = World::own().await.unwrap();
    let http = world.http().unwrap();
    runs_again(&http, &world.cluster_id).await;
    let stream = format!("KUBENTLY_CMD_{}", world.cluster_id);
    let stream = js(&world).await.get_stream(stream).await.unwrap();
    for lane in ["high", "normal", "low"] {
        stream.delete_consumer(lane).await.unwrap();
    }
    // What is accepted meanwhile waits, and is not lost.
    let id = submit(&http, &version(&world.cluster_id)).await;
    says(&world.worker.process, "nobody takes a pull").await;
    let meanwhile = job(&http, &id).await.unwrap();
    // Unless the gateway has looked by chance just now.
    let is_mended = world.gateway.process.logs().contains("a consumer is gone");
    assert!(is_mended || meanwhile["status"] == "queued", "{meanwhile}");
    says(&world.gateway.process, "a consumer is gone").await;
    assert_eq!(ended(&http, &id).await["status"], "completed");
    // A worker that is turned down asks again once a second and not at once.
    let asked = world
        .worker
        .process
        .logs()
        .matches("nobody takes a pull")
        .count();
    assert!(asked < 300, "{asked}");
    // What nobody has changed is left alone.
    let logs = world.gateway.process.logs();
    assert!(!logs.contains("a stream was changed"), "{logs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_was_deleted_is_made_anew_and_what_it_held_ends() {
    let world = World::own().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("deleted").await.unwrap();
    let mut body = version(&cluster);
    body["queue_timeout_seconds"] = 1.into();
    body["timeout_seconds"] = 1.into();
    let lost = submit(&http, &body).await;
    let js = js(&world).await;
    js.delete_stream(format!("KUBENTLY_CMD_{cluster}"))
        .await
        .unwrap();
    says(&world.gateway.process, "a stream is gone").await;
    let _worker = world.worker(&cluster, "w", &[]).await.unwrap();
    runs_again(&http, &cluster).await;
    // Nobody has it any more, and its caller is told an end all the same.
    let job = ended(&http, &lost).await;
    assert_eq!(job["reason"], "queue_timeout", "{job}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_stream_that_was_deleted_or_changed_is_set_right() {
    let world = World::own().await.unwrap();
    let http = world.http().unwrap();
    runs_again(&http, &world.cluster_id).await;
    let js = js(&world).await;
    let name = format!("KUBENTLY_REPLY_{}", world.cluster_id);
    js.delete_stream(&name).await.unwrap();
    // A worker that cannot answer keeps its command until it can.
    let id = submit(&http, &version(&world.cluster_id)).await;
    says(&world.gateway.process, "a stream is gone").await;
    assert_eq!(ended(&http, &id).await["status"], "completed");

    // Without its republishing nobody who waits would be told at once.
    let mut stream = js.get_stream(&name).await.unwrap();
    let config = stream.info().await.unwrap().config.clone();
    let changed = Config {
        republish: None,
        max_age: Duration::from_secs(600),
        ..config.clone()
    };
    js.update_stream(changed).await.unwrap();
    says(&world.gateway.process, "a stream was changed").await;
    wait::until("the stream as it was", MENDED, async || {
        let now = stream.info().await.unwrap().config.clone();
        Probe::when(now == config, format!("{now:?}"))
    })
    .await
    .unwrap();
}

/// As one was made before queues took their lanes alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_takes_more_than_its_lanes_is_set_right_and_keeps_what_it_holds() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("wide").await.unwrap();
    let mut body = get(&cluster, &["namespaces"]);
    body["queue_timeout_seconds"] = 600.into();
    let id = submit(&http, &body).await;
    let js = js(world).await;
    let mut queue = js
        .get_stream(format!("KUBENTLY_CMD_{cluster}"))
        .await
        .unwrap();
    let config = queue.cached_info().config.clone();
    let wide = Config {
        subjects: vec![format!("kubently.v1.cmd.{cluster}.>")],
        ..config.clone()
    };
    js.update_stream(wide).await.unwrap();
    let odd = format!("kubently.v1.cmd.{cluster}.urgent.pub-ci.1");
    let sent = js.publish(odd.clone(), "{}".into()).await.unwrap();
    sent.await.unwrap();
    wait::until("the queue as it was", MENDED, async || {
        let now = queue.info().await.unwrap().config.subjects.clone();
        Probe::when(now == config.subjects, format!("{now:?}"))
    })
    .await
    .unwrap();
    let refused = js.publish(odd, "{}".into()).await.unwrap().await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(queue.info().await.unwrap().state.messages, 2);
    let _worker = world.worker(&cluster, "w", &[]).await.unwrap();
    assert_eq!(ended(&http, &id).await["status"], "completed");
}

/// These hold what only people know: nothing is put in their place, and readiness says which one lacks.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_was_deleted_makes_the_gateway_unready_and_says_which() {
    let world = World::own().await.unwrap();
    let js = js(&world).await;
    js.delete_stream("KV_kubently_identity").await.unwrap();
    let admin = Http::new(&world.gateway.process.admin_url(), None).unwrap();
    wait::until("a red readiness", MENDED, async || {
        let answer = admin.get("/readyz").await.unwrap();
        let text = answer.text();
        Probe::when(
            answer.status == 503 && text.contains("kubently_identity"),
            text,
        )
    })
    .await
    .unwrap();
}
