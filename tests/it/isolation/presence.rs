//! Presence is the one thing that all clusters write to the same place: a cluster that floods it changes
//! nothing of what is known of the others.

use super::flood::flood;
use super::{Seen, Stage, WORKERS, attempt, connect, is_refused};

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
