//! `cluster add`: what a cluster needs at the hub.

use std::io::Write as _;

use kubently_core::clock::Clock as _;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::ClusterRecord;
use kubently_runtime::clock::SystemClock;

use crate::config::GatewayConfig;
use crate::run::{Fatal, connect};

/// Creates the cluster's streams and consumers and registers it. May be repeated; then its labels
/// are these.
pub(crate) async fn add_cluster(
    config: &GatewayConfig,
    cluster: &ClusterId,
    labels: Vec<(String, String)>,
) -> Result<(), Fatal> {
    let broker = connect(config)
        .await
        .map_err(|error| Fatal::unavailable(&error))?;
    // Boxed: it is run once, and larger than everything else here.
    Box::pin(broker.ensure())
        .await
        .map_err(|error| Fatal::unavailable(&error))?;
    let record = ClusterRecord {
        labels: labels.into_iter().collect(),
        enrolled_at: SystemClock.now().into(),
        removed_at: None,
    };
    broker
        .add_cluster(cluster, &record)
        .await
        .map_err(|error| Fatal::unavailable(&error))?;
    broker.close().await;
    writeln!(std::io::stdout(), "cluster {cluster} is registered")
        .map_err(|error| Fatal::other("the cluster is registered, but", &error))
}
