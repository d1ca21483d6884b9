//! Many clusters on one hub: their streams and consumers as a gateway makes them, and the presence of a worker
//! of each, kept by this process.

use std::time::Duration;

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};
use kubently_broker::{Broker, HubConfig};
use kubently_core::cluster::ClusterId;
use kubently_core::directory::{ClusterRecord, PRESENCE_SECONDS, Presence};
use kubently_core::envelope::Envelope;
use kubently_tests::nats::Nats;
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

/// Clusters that are made at a time.
const AT_ONCE: usize = 16;

/// The clusters that there are.
pub(crate) struct Fleet {
    pub(crate) broker: Broker,
    pub(crate) clusters: watch::Sender<Vec<ClusterId>>,
}

impl Fleet {
    /// None yet.
    pub(crate) async fn on(hub: &Nats) -> Result<Self> {
        let broker = connect(hub).await?;
        Box::pin(broker.ensure()).await?;
        let (clusters, known) = watch::channel(Vec::new());
        tokio::spawn(announce(connect(hub).await?, known));
        Ok(Self { broker, clusters })
    }

    /// Makes clusters until there are so many.
    pub(crate) async fn grow(&self, to: usize) -> Result<()> {
        let now = self.clusters.borrow().len();
        let new: Vec<ClusterId> = (now..to)
            .map(|number| format!("c-{number:04}").parse())
            .collect::<Result<_, _>>()?;
        let record: ClusterRecord =
            serde_json::from_value(json!({"enrolled_at": "2026-11-23T08:00:00Z"}))?;
        futures::stream::iter(&new)
            .map(Ok::<_, anyhow::Error>)
            .try_for_each_concurrent(AT_ONCE, async |cluster| {
                self.broker.add_cluster(cluster, &record).await?;
                Ok(self.broker.announce(&presence(cluster)?).await?)
            })
            .await?;
        self.clusters.send_modify(|clusters| clusters.extend(new));
        Ok(())
    }
}

/// A new connection to the hub.
pub(crate) async fn connect(hub: &Nats) -> Result<Broker> {
    let config = HubConfig {
        url: hub.url(),
        name: "bench".to_owned(),
        ..HubConfig::default()
    };
    Ok(Broker::connect(&config).await?)
}

/// A no-op command for a cluster.
#[expect(clippy::disallowed_methods, reason = "a caller has a clock of its own")]
pub(crate) fn envelope(cluster: &ClusterId) -> Result<Envelope> {
    let envelope = json!({
        "v": 1, "id": Uuid::now_v7(), "cluster_id": cluster, "origin": "gw-0000beef", "owner": null,
        "command_type": "version", "args": ["--client"], "priority": 1, "queue_timeout_seconds": 3600,
        "queued_at": chrono::Utc::now(),
    });
    Ok(serde_json::from_value(envelope)?)
}

/// Says of each worker that it is there as often as a worker does, evenly spread.
async fn announce(broker: Broker, known: watch::Receiver<Vec<ClusterId>>) -> Result<()> {
    let every = Duration::from_secs(u64::from(PRESENCE_SECONDS));
    loop {
        let clusters = known.borrow().clone();
        let share = u32::try_from(clusters.len().max(1))?;
        let mut ticks = tokio::time::interval(every / share);
        ticks.tick().await;
        for cluster in &clusters {
            ticks.tick().await;
            broker.announce(&presence(cluster)?).await?;
        }
        if clusters.is_empty() {
            ticks.tick().await;
        }
    }
}

fn presence(cluster: &ClusterId) -> Result<Presence> {
    Ok(serde_json::from_value(json!({
        "cluster_id": cluster, "worker": format!("kubently-worker-7d9c5b6f4d-{cluster}"), "version": "0.1.0",
        "kubernetes_version": "v1.37.1", "slots": 64, "in_flight": 0,
        "policy_hash": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    }))?)
}
