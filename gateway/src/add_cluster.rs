//! `cluster add`: what a cluster needs at the hub.

use std::collections::BTreeMap;

use kubently_core::clock::Clock as _;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::ClusterRecord;
use kubently_runtime::clock::SystemClock;

use crate::accounts::{self, Credentials};
use crate::config::GatewayConfig;
use crate::run::{Fatal, connect};

/// Creates the cluster's streams and consumers and registers it. May be repeated: labels that are
/// not given stay as they are, and so does the time of its enrolment.
pub(crate) async fn add_cluster(
    config: &GatewayConfig,
    cluster: &ClusterId,
    labels: Option<Vec<(String, String)>>,
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
    let before = before.unwrap_or_else(|| ClusterRecord {
        labels: BTreeMap::new(),
        enrolled_at: SystemClock.now().into(),
        removed_at: None,
        nkeys: Vec::new(),
    });
    let labels = labels.map(|labels| labels.into_iter().collect());
    let name = format!("cluster-{cluster}");
    let record = ClusterRecord {
        labels: labels.unwrap_or(before.labels),
        nkeys: accounts::enrol(credentials, &name, before.nkeys)?,
        ..before
    };
    let added = broker.add_cluster(cluster, &record).await;
    added.map_err(|e| unavailable(&e))?;
    accounts::say(&format!("cluster {cluster} is registered"))?;
    if let Some(dir) = &credentials.place.dir {
        accounts::renew(&broker, config, dir).await?;
    }
    broker.close().await;
    Ok(())
}
