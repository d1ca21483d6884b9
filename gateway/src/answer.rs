//! A job as an answer: what it is, and where it is not finished, who could run it.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use kubently_core::job::{JobRecord, JobState};
use kubently_core::response::JobResponse;
use kubently_core::status::JobStatus;
use kubently_core::time::Timestamp;
use serde::Serialize;

use crate::error::ApiError;
use crate::gateway::Parts;
use crate::routes::{json, location};

/// When to ask again for a job that somebody may run, and for one that waits for a worker.
const RETRY_AFTER: (&str, &str) = ("1", "5");

/// A job that is not finished, and whether somebody is there to run it.
#[derive(Serialize)]
struct Unfinished<T> {
    #[serde(flatten)]
    job: T,
    /// Live workers of its cluster; 0 means that it waits for one to connect, null that it is not
    /// known just now.
    workers_live: Option<usize>,
    /// When a worker of its cluster was last heard of; null where none ever was.
    workers_last_seen: Option<Timestamp>,
}

/// The job, with this status where it has ended and `unfinished` where it has not.
pub(crate) fn job(
    gateway: &Parts,
    record: JobRecord,
    state: JobState,
    unfinished: StatusCode,
) -> Result<Response, ApiError> {
    let job = JobResponse::new(record, state);
    view(gateway, &job, &job, unfinished)
}

/// A view of this job; see [`job`].
pub(crate) fn view(
    gateway: &Parts,
    job: &JobResponse,
    view: &impl Serialize,
    unfinished: StatusCode,
) -> Result<Response, ApiError> {
    if !matches!(job.status, JobStatus::Queued | JobStatus::Running) {
        return json(StatusCode::OK, view);
    }
    let cluster = &job.cluster_id;
    let workers_live = gateway.directory.live_workers(cluster);
    let body = Unfinished {
        job: view,
        workers_live,
        workers_last_seen: gateway.directory.last_seen(cluster),
    };
    let mut response = json(unfinished, &body)?;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location(job.id)?);
    let seconds = if workers_live == Some(0) {
        RETRY_AFTER.1
    } else {
        RETRY_AFTER.0
    };
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
    Ok(response)
}
