//! `GET /v1/jobs`: a caller's own jobs.

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use kubently_core::cluster::ClusterId;
use kubently_core::repository::{Cursor, Job, JobRepository as _, PageSize};
use kubently_core::response::JobResponse;
use kubently_core::status::JobStatus;
use serde::Deserialize;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::page::{self, Listed};
use crate::query;
use crate::routes::json;
use crate::submit::may_see;

const EXPECTED: &str = "it has cursor, limit (1 to 100), cluster_id and status (queued, running, \
    completed, failed, cancelled)";

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    cursor: Option<Cursor>,
    limit: Option<PageSize>,
    cluster_id: Option<ClusterId>,
    status: Option<JobStatus>,
}

impl Wanted {
    fn wants(&self, job: &Job) -> bool {
        let cluster = &job.record.subject.cluster;
        self.cluster_id.as_ref().is_none_or(|id| id == cluster)
            && self
                .status
                .is_none_or(|status| status == job.state.status())
    }
}

/// A page of the caller's jobs, newest first, without those whose result is gone by age and those
/// that its key could not have run. A filter thins the page out: there may be more behind an empty
/// one, as its cursor says.
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    let wanted: Wanted = query::parse(&uri, EXPECTED)?;
    let request = page::request(wanted.cursor.clone(), wanted.limit);
    let page = gateway.stores.list_jobs(caller.user_id, &request).await;
    let mut page = page.map_err(|error| ApiError::of_store(&error, ApiError::JobNotFound))?;
    page.items
        .retain(|job| may_see(&caller, &job.record) && wanted.wants(job));
    let row = |job: Job| JobResponse::new(job.record, job.state);
    json(StatusCode::OK, &Listed::new(page, row))
}
