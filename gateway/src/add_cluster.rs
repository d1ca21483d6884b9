//! `cluster add`: what a cluster needs at the hub.

use kubently_core::clock::Clock as _;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::ClusterRecord;
use kubently_runtime::clock::SystemClock;

use crate::accounts::{self, Credentials};
use crate::config::GatewayConfig;
use crate::run::{Fatal, connect};

/// Creates the cluster's streams and consumers and registers it. May be repeated; then its labels
/// are these.
pub(crate) async fn add_cluster(
    config: &GatewayConfig,
    cluster: &ClusterId,
    labels: Vec<(String, String)>,
    credentials: &Credentials,
) -> Result<(), Fatal> {
    let unavailable = |error: &(dyn std::error::Error + 'static)| Fatal::unavailable(error);
    let broker = connect(config).await.map_err(|e| unavailable(&e))?;
    // Boxed: it is run once, and larger than everything else here.
    Box::pin(broker.ensure())
        .await
        .map_err(|e| unavailable(&e))?;
    let before = broker.cluster_record(cluster).await;
    let before = before.map_err(|e| unavailable(&e))?;
    // What let in before a removal does not let in again.
    let before = before.filter(|record| record.removed_at.is_none());
    let nkeys = before.map(|record| record.nkeys).unwrap_or_default();
    let record = ClusterRecord {
        labels: labels.into_iter().collect(),
        enrolled_at: SystemClock.now().into(),
        removed_at: None,
        nkeys: accounts::enrol(credentials, &format!("cluster-{cluster}"), nkeys)?,
    };
    let added = broker.add_cluster(cluster, &record).await;
    added.map_err(|e| unavailable(&e))?;
    accounts::say(&format!("cluster {cluster} is registered"))?;
    if let Some(dir) = &credentials.dir {
        accounts::renew(&broker, config, dir).await?;
    }
    broker.close().await;
    Ok(())
}
