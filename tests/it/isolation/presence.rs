//! Presence is the one thing that all clusters write to the same place: a cluster that floods it changes
//! nothing of what is known of the others.

use std::time::Duration;

use kubently_tests::http::Http;
use kubently_tests::hub::Hub;
use kubently_tests::product::Gateway;
use kubently_tests::scrape::Scrape;
use kubently_tests::wait::{self, Probe};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::flood::flood;
use super::{Seen, Stage, WORKERS, asked, attempt, connect, is_refused};
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
    let large = asked(&attacker, &subject(0), &large).await;
    assert!(is_refused(&large) && large != Seen::Silence, "{large:?}");
    let deeper = attempt(&attacker, "$KV.kubently_workers.a.w.w", "{}").await;
    assert!(is_refused(&deeper), "{deeper:?}");
    assert_eq!(stage.presences("a").await, kept);
    assert_eq!(stage.presences("b").await, of_b);
    assert_eq!(stage.others(&[WORKERS]).await, before);
}

/// Makes workers of cluster `a` up, 200 a second, until the guard is dropped: twice what the gateways read, and
/// fewer than a disk that syncs each one takes.
async fn flood_presence(hub: &Hub) -> DropGuard {
    let client = connect(hub, "cluster-a").await;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    tokio::spawn(async move {
        let mut bursts = tokio::time::interval(Duration::from_millis(50));
        for round in 0.. {
            tokio::select! {
                () = stopped.cancelled() => return,
                _ = bursts.tick() => {}
            }
            for number in 0..10 {
                let name = format!("w-{round}-{number}");
                let presence = serde_json::json!({
                    "cluster_id": "a", "worker": name, "version": "",
                    "slots": 1, "in_flight": 0, "policy_hash": "",
                });
                let key = format!("$KV.kubently_workers.a.{name}");
                let presence = presence.to_string().into();
                client.publish(key, presence).await.unwrap();
            }
        }
    });
    stop.drop_guard()
}

/// Until the gateway reads no more of what the flood brings; what it keeps of it is bounded.
async fn ignores(gateway: &Gateway) {
    wait::until("presences that are not read", SOON, async || {
        let scrape = Scrape::of(&gateway.process).await.unwrap();
        let kept = [("bound", "workers_of_a_cluster")];
        assert!(scrape.sum("kubently_bound_used", &kept).unwrap() <= 256.0);
        let ignored = scrape.sum("kubently_presences_ignored_total", &[]);
        Probe::when(ignored.unwrap() > 0.0, gateway.process.logs())
    })
    .await
    .unwrap();
}

/// Until cluster `b` is active and its one worker is seen.
async fn sees_b(http: &Http) {
    wait::until("the worker of b", SOON, async || {
        let answer = http.get("/v1/clusters/b").await.unwrap();
        let cluster = answer.json().unwrap();
        let is_there = cluster["workers"]
            .as_array()
            .is_some_and(|workers| workers.len() == 1 && workers[0]["worker"] == "real");
        Probe::when(is_there && cluster["is_active"] == true, answer.text())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_cluster_floods_presence_another_runs_and_a_gateway_starts() {
    let stage = Stage::set().await;
    let (gateway, key) = shipped::gateway(&stage.hub).await;
    let _worker = shipped::worker(&stage.hub, "b", "real").await;
    let http = gateway.http(Some(&key)).unwrap();
    sees_b(&http).await;

    let _flood = flood_presence(&stage.hub).await;
    ignores(&gateway).await;
    let (late, late_key) = shipped::gateway(&stage.hub).await;
    let by_late = late.http(Some(&late_key)).unwrap();
    for http in [&http, &by_late] {
        shipped::lists_namespaces(http, "b").await;
        sees_b(http).await;
    }
    ignores(&late).await;
    assert_eq!(
        stage.presences("b").await.len(),
        2,
        "the stage's and its own"
    );
    assert!(stage.presences("a").await.len() <= KEYS);
}
