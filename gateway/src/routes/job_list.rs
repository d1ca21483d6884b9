//! `GET /v1/jobs`: a caller's own jobs.

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use kubently_core::repository::{Cursor, JobRepository as _, PageSize};
use kubently_core::response::JobResponse;
use serde::Deserialize;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::page::{self, Listed};
use crate::query;
use crate::routes::json;
use crate::submit::may_see;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    cursor: Option<Cursor>,
    limit: Option<PageSize>,
}

/// A page of the caller's jobs, newest first, without those whose result is gone by age and those
/// that its key could not have run.
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    let wanted: Wanted = query::parse(&uri, "it has cursor and limit (1 to 100)")?;
    let request = page::request(wanted.cursor, wanted.limit);
    let page = gateway.stores.list_jobs(caller.user_id, &request).await;
    let mut page = page.map_err(|error| ApiError::of_store(&error, ApiError::JobNotFound))?;
    page.items.retain(|job| may_see(&caller, &job.record));
    let row = |job: kubently_core::repository::Job| JobResponse::new(&job.record, &job.state);
    json(StatusCode::OK, &Listed::new(page, row))
}
