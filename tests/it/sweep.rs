//! What no worker takes ends by itself, also where nobody looks.

use std::time::Duration;

use futures::StreamExt as _;
use kubently_broker::Reply;
use kubently_core::status::Reason;
use kubently_core::subject::CommandSubject;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::json;
use uuid::Uuid;

use crate::jobs::{ended, job, only_subject, submit, version};
use crate::odd_workers::broker;

/// The shortest deadline is 12 s, a sweep comes every 10 s, and the machine may be loaded.
const SWEPT: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_event_cannot_be_read_is_running_and_ends() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let cluster = world.cluster("odd-event").await.unwrap();
    let mut body = version(&cluster);
    body["queue_timeout_seconds"] = 1.into();
    body["timeout_seconds"] = 1.into();
    let id = submit(&http, &body).await;
    let subject = only_subject(&world.hub.url(), &cluster).await;
    let client = async_nats::connect(world.hub.url()).await.unwrap();
    let js = async_nats::jetstream::new(client);
    let odd = r#"{"v":2,"type":"x"}"#;
    let sent = js.publish(subject.reply().event(), odd.into()).await;
    sent.unwrap().await.unwrap();
    assert_eq!(job(&http, &id).await.unwrap()["status"], "running");
    let events = http.get(&format!("/v1/jobs/{id}/events")).await.unwrap();
    assert_eq!(events.json().unwrap()["items"], json!([]));
    let ended = ended(&http, &id).await;
    assert_eq!(
        (&ended["status"], &ended["reason"]),
        (&json!("failed"), &json!("timeout"))
    );
    let broker = broker(world).await;
    wait::until("an empty queue", SWEPT, async || {
        let depth = broker.queue_depth(&subject.cluster).await.unwrap();
        Probe::when(depth == 0, format!("{depth} commands"))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_worker_takes_ends_as_queue_timeout_publishers_commands_too() {
    let world = World::shared().await.unwrap();
    let http = world.http().unwrap();
    let broker = broker(world).await;
    let ours = world.cluster("swept").await.unwrap();
    let mut body = version(&ours);
    body["queue_timeout_seconds"] = 1.into();
    body["timeout_seconds"] = 1.into();
    submit(&http, &body).await;
    let ours = only_subject(&world.hub.url(), &ours).await;

    let theirs = world.cluster("swept-pub").await.unwrap();
    let id = Uuid::now_v7();
    let subject: CommandSubject = format!("kubently.v1.cmd.{theirs}.normal.pub-ci.{id}")
        .parse()
        .unwrap();
    let command = json!({
        "v": 1, "id": id, "cluster_id": theirs, "origin": "pub-ci", "owner": null,
        "command_type": "version", "args": ["--client"], "queue_timeout_seconds": 1,
        "timeout_seconds": 1, "queued_at": chrono::Utc::now(),
    });
    let client = async_nats::connect(world.hub.url()).await.unwrap();
    let mut live = client
        .subscribe("kubently.v1.live.*.pub-ci.>")
        .await
        .unwrap();
    client.flush().await.unwrap();
    let js = async_nats::jetstream::new(client);
    let sent = js.publish(subject.to_string(), command.to_string().into());
    sent.await.unwrap().await.unwrap();
    for subject in [ours, subject] {
        let reply = subject.reply();
        let result = wait::until("the sweep", SWEPT, async || {
            match broker.result(&reply).await {
                Ok(Some(result)) => Probe::Ready(result),
                other => Probe::NotYet(format!("{other:?}")),
            }
        })
        .await
        .unwrap();
        assert_eq!(result.reason, Some(Reason::QueueTimeout), "{result:?}");
        assert_eq!((result.attempt, result.run), (0, None));
        wait::until("an empty queue", SWEPT, async || {
            let depth = broker.queue_depth(&subject.cluster).await;
            Probe::when(matches!(depth, Ok(0)), format!("{depth:?}"))
        })
        .await
        .unwrap();
        let replies = broker.replies_after(&reply, 0).await.unwrap();
        assert!(matches!(replies.items[0].reply, Reply::Result(_)));
        assert_eq!(replies.items.len(), 1);
    }
    // The publisher is told where it listens.
    let told = tokio::time::timeout(SWEPT, live.next()).await.unwrap();
    assert!(told.unwrap().subject.ends_with(&format!("{id}.result")));
}
