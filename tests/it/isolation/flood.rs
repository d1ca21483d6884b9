//! Floods: whoever sends too much meets its own limits, and nobody else notices.

use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use futures::{StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use super::{JOB, Seen, Stage, asked, connect};

const MIB: usize = 1024 * 1024;
/// So many that each is answered in time, also where the disk syncs every one.
const IN_FLIGHT: usize = 64;
/// Small, so that it is soon reached; what ships is 1 GiB.
const REPLIES: i64 = 8 * 1024 * 1024;

/// Publishes many, some of them at once, and waits for every answer.
pub(super) async fn flood(
    client: &Client,
    count: usize,
    subject: impl Fn(usize) -> String,
    payload: &bytes::Bytes,
) -> usize {
    let refused = futures::stream::iter(0..count)
        .map(|number| {
            let (subject, payload) = (subject(number), payload.clone());
            async move { client.request(subject, payload).await }
        })
        .buffer_unordered(IN_FLIGHT)
        .try_fold(0, async |refused, answer| {
            let text = String::from_utf8_lossy(&answer.payload).into_owned();
            Ok(refused + usize::from(text.contains("\"error\"")))
        });
    refused.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_floods_its_replies_loses_only_its_own() {
    let stage = Stage::set().await;
    let mut replies = stage.js.get_stream("KUBENTLY_REPLY_a").await.unwrap();
    let mut config = replies.info().await.unwrap().config.clone();
    config.max_bytes = REPLIES;
    stage.js.update_stream(config).await.unwrap();
    let before = stage.others(&["KUBENTLY_REPLY_a"]).await;
    let attacker = connect(&stage.hub, "cluster-a").await;
    let payload = bytes::Bytes::from(vec![b'x'; MIB / 2]);
    let subject = |n: usize| format!("kubently.v1.reply.a.gw-0000beef.{JOB}{n}.event");
    flood(&attacker, 48, subject, &payload).await;
    let held = replies.info().await.unwrap().state.bytes;
    assert!(held <= 8 * 1024 * 1024, "{held}");
    assert_eq!(stage.others(&["KUBENTLY_REPLY_a"]).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_floods_fills_the_queue_of_its_own_cluster_alone() {
    let stage = Stage::set().await;
    let before = stage.others(&["KUBENTLY_CMD_a"]).await;
    let bot = connect(&stage.hub, "publisher-bot").await;
    let subject = |_| format!("kubently.v1.cmd.a.low.pub-bot.{}", Uuid::new_v4());
    // The queue holds 10,000, and one is in it.
    let refused = flood(&bot, 10_050, subject, &bytes::Bytes::from_static(b"{}")).await;
    assert_eq!(refused, 51);
    let large = "x".repeat(65 * 1024);
    let large = asked(&bot, &subject(0), &large).await;
    assert!(
        matches!(&large, Seen::Answer(text) if text.contains("\"error\"")),
        "{large:?}"
    );
    assert_eq!(stage.others(&["KUBENTLY_CMD_a"]).await, before);
    stage
        .store(&format!(
            "kubently.v1.cmd.b.low.gw-0000beef.{}",
            Uuid::new_v4()
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_holds_so_many_connections_and_no_more() {
    let stage = Stage::set().await;
    let seed = std::fs::read_to_string(stage.hub.credential("cluster-a")).unwrap();
    let open = async || {
        let options = ConnectOptions::new()
            .nkey(seed.trim().to_owned())
            .add_root_certificates(stage.hub.ca());
        options.connect(stage.hub.url()).await
    };
    let mut held = Vec::new();
    let refused = loop {
        match open().await {
            Ok(client) => held.push(client),
            Err(error) => break error,
        }
        assert!(held.len() <= 256, "no limit in sight");
    };
    assert_eq!(held.len(), 256, "{refused}");
    // Others come in as before, and too large a message ends the sender's connection alone.
    let other = connect(&stage.hub, "cluster-b").await;
    let first = held.first().unwrap();
    let large = first
        .publish("kubently.v1.reply.a.x", vec![0; 2 * MIB].into())
        .await;
    assert!(large.is_err(), "the client refuses it already");
    let alive = tokio::time::timeout(Duration::from_secs(30), other.flush()).await;
    alive.unwrap().unwrap();
}
