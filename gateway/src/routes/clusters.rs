//! `GET /v1/clusters`: what there is, and whether somebody answers there.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use futures::StreamExt as _;
use http::StatusCode;
use kubently_core::cluster::ClusterId;
use kubently_core::directory::{AgentStatus, ClusterRecord};
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

async fn status(gateway: &Parts, cluster_id: ClusterId, record: ClusterRecord) -> AgentStatus {
    let depth = tokio::time::timeout(DEPTH_LIMIT, gateway.broker.queue_depth(&cluster_id)).await;
    let workers = gateway.directory.workers(&cluster_id);
    AgentStatus {
        is_active: !workers.is_empty(),
        queue_depth: depth.ok().and_then(Result::ok),
        labels: record.labels,
        enrolled_at: record.enrolled_at,
        last_seen: gateway.directory.last_seen(&cluster_id),
        workers: workers.into_iter().map(|(worker, _)| worker).collect(),
        cluster_id,
    }
}
