//! Presence is the one thing that all clusters write to the same place: a cluster that floods it, with
//! whatever else it may write, changes nothing of what is known of the others.

use std::time::Duration;

use kubently_tests::http::Http;
use kubently_tests::hub::Hub;
use kubently_tests::product::Gateway;
use kubently_tests::scrape::Scrape;
use kubently_tests::wait::{self, Probe};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::flood::flood;
use super::{JOB, Seen, Stage, WORKERS, attempt, connect, is_refused};
use crate::shipped;

const SOON: Duration = Duration::from_secs(60);
/// The keys that one cluster's workers share in the bucket.
const KEYS: usize = 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_makes_workers_up_overwrites_its_own() {
    let stage = Stage::set().await;
    let before = stage.others(&[WORKERS]).await;
    let of_b = stage.presences("b").await;
    let attacker = connect(&stage.hub, "cluster-a").await;
    let payload = bytes::Bytes::from(vec![b'x'; 3 * 1024]);
    let subject = |n: usize| format!("$KV.kubently_workers.a.made-up-{n}");
    // It sees an acknowledgement for each, and fills no more than its own keys.
    assert_eq!(flood(&attacker, 2 * KEYS, subject, &payload).await, 0);
    let kept = stage.presences("a").await;
    assert!((KEYS / 2..=KEYS).contains(&kept.len()), "{}", kept.len());
    let large = "x".repeat(4 * 1024 + 1);
    let large = attempt(&attacker, &subject(0), &large).await;
    assert!(is_refused(&large) && large != Seen::Silence, "{large:?}");
    let deeper = attempt(&attacker, "$KV.kubently_workers.a.w.w", "{}").await;
    assert!(is_refused(&deeper), "{deeper:?}");
    assert_eq!(stage.presences("a").await, kept);
    assert_eq!(stage.presences("b").await, of_b);
    assert_eq!(stage.others(&[WORKERS]).await, before);
}

/// What a caller sees of cluster `b`: whether it is active, and its workers.
async fn of_b(http: &Http) -> (Value, Vec<String>) {
    let answer = http.get("/v1/clusters/b").await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cluster = answer.json().unwrap();
    let workers = cluster["workers"].as_array().unwrap().iter();
    let workers = workers.map(|worker| worker["worker"].as_str().unwrap().to_owned());
    (cluster["is_active"].clone(), workers.collect())
}

/// Writes all that cluster `a` may, as fast as the server takes it, until it is told to stop.
async fn flood_everything(hub: &Hub, origin: &str, stop: &CancellationToken) -> TaskTracker {
    let tasks = TaskTracker::new();
    for number in 0..2 {
        let (client, stop) = (connect(hub, "cluster-a").await, stop.clone());
        let reply = format!("kubently.v1.reply.a.{origin}.{JOB}");
        tasks.spawn(async move {
            let event = bytes::Bytes::from(vec![b'x'; 4 * 1024]);
            for round in 0.. {
                for n in 0..100 {
                    let name = format!("w-{number}-{round}-{n}");
                    let presence = serde_json::json!({
                        "cluster_id": "a", "worker": name, "version": "",
                        "slots": 1, "in_flight": 0, "policy_hash": "",
                    });
                    let key = format!("$KV.kubently_workers.a.{name}");
                    let presence = presence.to_string().into();
                    client.publish(key, presence).await.unwrap();
                }
                for kind in ["event", "result"] {
                    let subject = format!("{reply}.{kind}");
                    client.publish(subject, event.clone()).await.unwrap();
                }
                client.flush().await.unwrap();
                if stop.is_cancelled() {
                    return;
                }
            }
        });
    }
    tasks.close();
    tasks
}

async fn ignored(gateway: &Gateway) -> f64 {
    let scrape = Scrape::of(&gateway.process).await.unwrap();
    let kept = [("bound", "workers_of_a_cluster")];
    assert!(scrape.sum("kubently_bound_used", &kept).unwrap() <= 256.0);
    scrape.sum("kubently_presences_ignored_total", &[]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_cluster_floods_all_it_may_write_another_runs_and_is_seen() {
    let stage = Stage::set().await;
    let (gateway, key) = shipped::gateway(&stage.hub).await;
    let _worker = shipped::worker(&stage.hub, "b", "real").await;
    let http = gateway.http(Some(&key)).unwrap();
    shipped::lists_namespaces(&http, "b").await;
    let known = (Value::Bool(true), vec!["real".to_owned()]);
    wait::until("the worker being seen", SOON, async || {
        let seen = of_b(&http).await;
        Probe::when(seen == known, format!("{seen:?}"))
    })
    .await
    .unwrap();
    let own = [
        WORKERS,
        "KUBENTLY_CMD_a",
        "KUBENTLY_REPLY_a",
        "KUBENTLY_CMD_b",
        "KUBENTLY_REPLY_b",
        "KV_kubently_jobs",
    ];
    // Watches of a gateway may be opened anew at any time: of the others' streams, what they hold counts.
    let held = async || {
        let mut all = stage.others(&own).await;
        all.retain(|name, _| !name.contains(' '));
        all
    };
    let before = held().await;
    let logs = gateway.process.logs();
    let origin = logs.split("origin=").nth(1).unwrap();
    let origin = origin.split_whitespace().next().unwrap();

    let stop = CancellationToken::new();
    let flood = flood_everything(&stage.hub, origin, &stop).await;
    wait::until("the bound to strike", SOON, async || {
        Probe::when(ignored(&gateway).await > 0.0, "nothing ignored yet")
    })
    .await
    .unwrap();
    for _ in 0..3 {
        shipped::lists_namespaces(&http, "b").await;
        assert_eq!(of_b(&http).await, known);
    }
    stop.cancel();
    flood.wait().await;

    assert_eq!(of_b(&http).await, known);
    assert_eq!(held().await, before);
    assert_eq!(
        stage.presences("b").await.len(),
        2,
        "that of the stage and its own"
    );
    assert!(stage.presences("a").await.len() <= KEYS);
    let logs = gateway.process.logs();
    let told = logs.lines().filter(|line| line.contains("more presences"));
    let told: Vec<_> = told.collect();
    assert!(
        told.iter().all(|line| line.contains("cluster=a")),
        "{told:?}"
    );
    assert!((1..20).contains(&told.len()), "{told:?}");
}
