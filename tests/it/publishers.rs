//! Publishers that use NATS alone: served like a gateway's callers, and never in anybody's way.

use std::time::Duration;

use async_nats::HeaderMap;
use kubently_core::status::Reason;
use kubently_core::subject::CommandSubject;
use kubently_tests::wait::{self, Probe};
use kubently_tests::world::World;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::odd_workers::broker;
use crate::publisher_example::publish;

const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_command_runs_and_its_end_is_heard() {
    let world = World::shared().await.unwrap();
    let (hub, cluster) = (world.hub.url(), world.cluster_id.clone());
    let run = async |verb: &str, args: &[&str]| -> Value {
        let ignored = |_: &Value| {};
        publish(&hub, &cluster, "example", (verb, args), ignored)
            .await
            .unwrap()
    };
    let result = run("get", &["namespaces", "-o", "name"]).await;
    assert_eq!(result["status"], "completed", "{result}");
    assert!(
        result["output"]
            .as_str()
            .unwrap()
            .contains("namespace/default\n")
    );
    let through_gateway = world
        .run("get", &["namespaces", "-o", "name"])
        .await
        .unwrap();
    assert_eq!(through_gateway.json().unwrap()["output"], result["output"]);
    // The worker refuses what the gateway refuses.
    for (verb, args) in [
        ("get", &["secrets"][..]),
        ("get", &["pods", "-w"]),
        ("get", &[]),
    ] {
        let result = run(verb, args).await;
        assert_eq!(result["reason"], "policy_denied", "{result}");
    }
}

fn command(cluster: &str, id: &Uuid) -> Value {
    json!({
        "v": 1, "id": id, "cluster_id": cluster, "origin": "pub-odd", "owner": null,
        "command_type": "version", "args": ["--client"], "queued_at": chrono::Utc::now(),
    })
}

fn subject(cluster: &str, id: &Uuid) -> String {
    format!("kubently.v1.cmd.{cluster}.normal.pub-odd.{id}")
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_messages_get_a_code_or_are_dropped_and_the_next_command_runs() {
    let world = World::shared().await.unwrap();
    let cluster = world.cluster("odd").await.unwrap();
    let worker = world.worker(&cluster, "real", &[]).await.unwrap();
    let broker = broker(world).await;
    let client = async_nats::connect(world.hub.url()).await.unwrap();
    let js = async_nats::jetstream::new(client.clone());
    let result_of = async |subject: &str| {
        let reply = subject.parse::<CommandSubject>().unwrap().reply();
        wait::until("a result", SOON, async || {
            match broker.result(&reply).await {
                Ok(Some(result)) => Probe::Ready(result),
                other => Probe::NotYet(format!("{other:?}")),
            }
        })
        .await
        .unwrap()
    };
    // What the hub itself refuses: 1 MiB (with its headers above what it takes at all), 65 KiB, a
    // time to live.
    let mut ttl = HeaderMap::new();
    ttl.insert("Nats-TTL", "never");
    for (headers, payload) in [
        (HeaderMap::new(), vec![b' '; 65 * 1024]),
        (HeaderMap::new(), vec![b' '; 1024 * 1024]),
        (
            ttl,
            command(&cluster, &Uuid::now_v7()).to_string().into_bytes(),
        ),
    ] {
        let subject = subject(&cluster, &Uuid::now_v7());
        let refused = match js
            .publish_with_headers(subject, headers, payload.into())
            .await
        {
            Ok(ack) => ack.await.is_err(),
            Err(_) => true,
        };
        assert!(refused);
    }
    // Odd headers and a foreign reply subject change nothing: the command runs and its result goes
    // where its subject says.
    let id = Uuid::now_v7();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("Reply-To", "kubently.v1.reply.other.gw-00000001.x.result"),
        ("Kubently-Principal", "admin"),
        ("traceparent", "00-not-a-trace"),
        ("Nats-Msg-Id", "something else"),
    ] {
        headers.insert(name, value);
    }
    let mut foreign = client.subscribe("foreign.reply").await.unwrap();
    let sent = client.publish_with_reply_and_headers(
        subject(&cluster, &id),
        "foreign.reply",
        headers,
        command(&cluster, &id).to_string().into(),
    );
    sent.await.unwrap();
    let result = result_of(&subject(&cluster, &id)).await;
    assert!(result.success, "{result:?}");
    let mut heard = Vec::new();
    while let Ok(Some(message)) = tokio::time::timeout(
        Duration::from_millis(500),
        futures::StreamExt::next(&mut foreign),
    )
    .await
    {
        heard.push(message);
    }
    // The hub's own word that it is stored, and nothing of the worker's.
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].payload.starts_with(b"{\"stream\":"));
    // Deep nesting, huge numbers, another cluster's name inside.
    let nested = format!("{{\"v\":1,\"args\":{}", "[".repeat(30_000));
    let mut other = command(&cluster, &id);
    other["cluster_id"] = "elsewhere".into();
    let mut huge = command(&cluster, &id);
    huge["v"] = json!(1e300);
    for (payload, reason) in [
        (nested, Reason::Undecodable),
        (other.to_string(), Reason::SubjectMismatch),
        (huge.to_string(), Reason::Undecodable),
        ("[]".to_owned(), Reason::Undecodable),
        ("null".to_owned(), Reason::Undecodable),
    ] {
        let subject = subject(&cluster, &Uuid::now_v7());
        let sent = js.publish(subject.clone(), payload.into()).await.unwrap();
        sent.await.unwrap();
        assert_eq!(result_of(&subject).await.reason, Some(reason));
    }
    let id = Uuid::now_v7();
    let good = js.publish(
        subject(&cluster, &id),
        command(&cluster, &id).to_string().into(),
    );
    good.await.unwrap().await.unwrap();
    assert!(result_of(&subject(&cluster, &id)).await.success);
    // The ack comes after the result.
    let cluster = cluster.parse().unwrap();
    wait::until("an empty queue", SOON, async || {
        let depth = broker.queue_depth(&cluster).await;
        Probe::when(matches!(depth, Ok(0)), format!("{depth:?}"))
    })
    .await
    .unwrap();
    assert!(!worker.process.logs().contains("panicked"));
}
