//! `publisher add` and `publisher remove`: who may send commands over NATS, and to which clusters.

use kubently_core::clock::Clock as _;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::PublisherRecord;
use kubently_core::subject::PublisherName;
use kubently_runtime::clock::SystemClock;

use crate::accounts::{self, Credentials, Place};
use crate::config::GatewayConfig;
use crate::run::{Fatal, connect};

/// Enrols a publisher for these clusters. May be repeated; then its clusters are these.
pub(crate) async fn add(
    config: &GatewayConfig,
    name: &PublisherName,
    clusters: Vec<ClusterId>,
    credentials: &Credentials,
) -> Result<(), Fatal> {
    let unavailable = |error: &(dyn std::error::Error + 'static)| Fatal::unavailable(error);
    let broker = connect(config).await.map_err(|e| unavailable(&e))?;
    for cluster in &clusters {
        let known = broker.cluster_record(cluster).await;
        let known = known.map_err(|e| unavailable(&e))?;
        if known.is_none_or(|record| record.removed_at.is_some()) {
            return Err(Fatal::no_input(format!(
                "cluster {cluster} is not registered: run `cluster add {cluster}` first"
            )));
        }
    }
    let before = broker.publisher_record(name).await;
    let before = before.map_err(|e| unavailable(&e))?;
    let (enrolled_at, nkeys) = match before {
        Some(record) => (record.enrolled_at, record.nkeys),
        None => (SystemClock.now().into(), Vec::new()),
    };
    let record = PublisherRecord {
        clusters,
        enrolled_at,
        nkeys: accounts::enrol(credentials, &format!("publisher-{name}"), nkeys)?,
    };
    let enrolled = broker.enrol_publisher(name, &record).await;
    enrolled.map_err(|e| unavailable(&e))?;
    accounts::say(&format!("publisher {name} is enrolled"))?;
    if let Some(dir) = &credentials.place.dir {
        accounts::renew(&broker, config, dir).await?;
    }
    broker.close().await;
    Ok(())
}

/// Takes a publisher out. Its connections end when the server has read the new file.
pub(crate) async fn remove(
    config: &GatewayConfig,
    name: &PublisherName,
    place: &Place,
) -> Result<(), Fatal> {
    let unavailable = |error: &(dyn std::error::Error + 'static)| Fatal::unavailable(error);
    let broker = connect(config).await.map_err(|e| unavailable(&e))?;
    let removed = broker.remove_publisher(name).await;
    removed.map_err(|e| unavailable(&e))?;
    accounts::say(&format!("publisher {name} is enrolled no more"))?;
    if let Some(dir) = &place.dir {
        accounts::renew(&broker, config, dir).await?;
    }
    broker.close().await;
    Ok(())
}
