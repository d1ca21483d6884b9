//! `GET /v1/clusters`, `/v1/clusters/{id}`: what there is, and whether somebody answers there.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use futures::StreamExt as _;
use http::StatusCode;
use kubently_broker::Lookup;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::{AgentStatus, ClusterRecord, QueueStatus};
use serde::Serialize;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::gateway::{Gateway, Parts};
use crate::routes::json;

/// How many queues are asked at a time.
const AT_A_TIME: usize = 32;
/// How long a queue may take to tell its depth.
const DEPTH_LIMIT: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Clusters {
    items: Vec<AgentStatus>,
}

/// Every registered cluster that the caller's key may use, ordered by id.
pub(crate) async fn clusters(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
) -> Result<Response, ApiError> {
    let mut known = gateway.directory.clusters();
    known.retain(|(cluster, _)| caller.grant.allows_cluster(cluster));
    let mut items: Vec<_> = futures::stream::iter(known)
        .map(|(cluster, record)| status(&gateway, cluster, record))
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    items.sort_by(|one, other| one.cluster_id.cmp(&other.cluster_id));
    json(StatusCode::OK, &Clusters { items })
}

/// One registered cluster.
pub(crate) async fn cluster(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    name: Result<Path<ClusterId>, PathRejection>,
) -> Result<Response, ApiError> {
    let Ok(Path(name)) = name else {
        return Err(ApiError::ClusterNotFound);
    };
    match gateway.directory.cluster(&name) {
        Lookup::Known(record) if caller.grant.allows_cluster(&name) => {
            json(StatusCode::OK, &status(&gateway, name, record).await)
        }
        Lookup::Known(_) | Lookup::Unknown => Err(ApiError::ClusterNotFound),
        Lookup::Behind => Err(ApiError::ClustersBehind),
    }
}

async fn status(gateway: &Parts, cluster_id: ClusterId, record: ClusterRecord) -> AgentStatus {
    let asked = gateway.broker.queue_status(&cluster_id);
    let asked = tokio::time::timeout(DEPTH_LIMIT, asked).await;
    let lanes = asked.ok().and_then(Result::ok);
    let workers = gateway.directory.workers(&cluster_id);
    let waits = |lanes: &QueueStatus| {
        let since = lanes.oldest_queued_at?.get();
        let age = gateway.directory.now().get().signed_duration_since(since);
        Some(u64::try_from(age.num_seconds()).unwrap_or(0))
    };
    let versions: BTreeSet<_> = workers
        .iter()
        .map(|(worker, _)| worker.version.clone())
        .collect();
    AgentStatus {
        is_active: !workers.is_empty(),
        queue_depth: lanes.as_ref().map(QueueStatus::queued),
        in_flight: lanes.as_ref().map(QueueStatus::in_flight),
        oldest_queued_seconds: lanes.as_ref().and_then(waits),
        lanes,
        versions: versions.into_iter().collect(),
        labels: record.labels,
        enrolled_at: record.enrolled_at,
        last_seen: gateway.directory.last_seen(&cluster_id),
        workers: workers.into_iter().map(|(worker, _)| worker).collect(),
        cluster_id,
    }
}
