//! `cluster remove` and `cluster list`.

use std::fmt::Write as _;

use kubently_core::clock::Clock as _;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::ClusterRecord;
use kubently_runtime::clock::SystemClock;

use crate::accounts::{self, Place};
use crate::config::GatewayConfig;
use crate::run::{Fatal, connect};

/// Ends what waits and runs in a cluster, and forgets it. May be repeated until it is through.
pub(crate) async fn remove(
    config: &GatewayConfig,
    cluster: &ClusterId,
    force: bool,
    place: &Place,
) -> Result<(), Fatal> {
    let broker = connect(config).await;
    let broker = broker.map_err(|error| Fatal::unavailable(&error))?;
    let now = SystemClock.now().into();
    let removed = Box::pin(broker.remove_cluster(cluster, force, now)).await;
    let ended = removed.map_err(|error| Fatal::unavailable(&error))?;
    accounts::say(&format!(
        "cluster {cluster} is removed; {ended} commands were ended"
    ))?;
    if let Some(dir) = &place.dir {
        accounts::renew(&broker, config, dir).await?;
    }
    broker.close().await;
    Ok(())
}

/// Writes a line for each cluster: name, state, labels, commands in its queue, since when.
pub(crate) async fn list(config: &GatewayConfig) -> Result<(), Fatal> {
    let broker = connect(config).await;
    let broker = broker.map_err(|error| Fatal::unavailable(&error))?;
    let known = broker.registered().await;
    let known = known.map_err(|error| Fatal::unavailable(&error))?;
    let mut text = String::new();
    for (cluster, record) in &known {
        let depth = broker.queue_depth(cluster).await.ok();
        write_line(&mut text, cluster, record, depth);
    }
    broker.close().await;
    accounts::say(text.trim_end())
}

fn write_line(text: &mut String, cluster: &ClusterId, record: &ClusterRecord, depth: Option<u64>) {
    let labels = record
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"));
    let labels = labels.collect::<Vec<_>>().join(",");
    let labels = if labels.is_empty() { "-" } else { &labels };
    let depth = depth.map_or_else(|| "?".to_owned(), |depth| depth.to_string());
    let state = if record.removed_at.is_some() {
        "removing"
    } else {
        "registered"
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{cluster}\t{state}\t{labels}\t{depth} commands\tsince {}",
        record.enrolled_at
    );
}
