//! How long replies are kept: what is dropped too early is told.

use std::time::Duration;

use async_nats::jetstream;
use kubently_core::event::{Chunk, Event, EventKind, OutputStream};
use uuid::Uuid;

use crate::broker::{Hub, envelope, hub, registered};

/// Stores events of this many bytes as a worker of the hub's cluster.
async fn store(hub: &Hub, events: u64, bytes: usize) {
    let reply = envelope(&hub.cluster, 1).subject().reply();
    let run = Uuid::new_v4().to_string().parse().unwrap();
    for n in 1..=events {
        let kind = EventKind::Output(Chunk::of(OutputStream::Stdout, &vec![b'x'; bytes]));
        let event = Event {
            v: 1,
            attempt: 1,
            run,
            n,
            kind,
        };
        hub.broker.store_event(&reply, &event).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_reply_stream_that_drops_young_replies_is_told_and_a_quiet_one_is_not() {
    let hub = hub().await;
    let quiet = "quiet".parse().unwrap();
    hub.broker.add_cluster(&quiet, &registered()).await.unwrap();
    let js = jetstream::new(async_nats::connect(hub.nats.url()).await.unwrap());
    let name = format!("KUBENTLY_REPLY_{}", hub.cluster);
    let mut config = js
        .get_stream(&name)
        .await
        .unwrap()
        .cached_info()
        .config
        .clone();
    config.max_bytes = 64 * 1024;
    js.update_stream(&config).await.unwrap();

    let minute = Duration::from_secs(60);
    store(&hub, 8, 1024).await;
    let told = hub.broker.dropping_early(minute).await.unwrap();
    assert_eq!(told, [], "nothing was dropped");
    store(&hub, 100, 1024).await;
    let told = hub.broker.dropping_early(minute).await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].cluster, hub.cluster);
    assert!(told[0].kept < minute, "{told:?}");
    let told = hub.broker.dropping_early(Duration::ZERO).await.unwrap();
    assert_eq!(told, [], "old enough");
}
