//! `GET /v1/jobs/{id}`: how far a job has come, from any gateway.

use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use kubently_broker::Known;
use kubently_core::access::Principal;
use kubently_core::id::JobId;
use kubently_core::job::{JobRecord, JobState};
use kubently_core::response::JobResponse;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::gateway::{Gateway, Parts};
use crate::routes::json;

/// How long the stores may take to tell a job's state.
pub(crate) const READ_LIMIT: Duration = Duration::from_secs(10);

/// A job's id in a path, or why it is none.
pub(crate) type IdInPath = Result<Path<JobId>, PathRejection>;

/// The job of the caller.
pub(crate) async fn job(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    id: IdInPath,
) -> Result<Response, ApiError> {
    let (record, state) = find(&gateway, &caller, id).await?;
    json(StatusCode::OK, &JobResponse::new(&record, &state))
}

/// A caller's own job and its state. What is no id, an unknown one and another user's are one
/// case.
pub(crate) async fn find(
    gateway: &Parts,
    caller: &Principal,
    id: IdInPath,
) -> Result<(JobRecord, JobState), ApiError> {
    let Ok(Path(id)) = id else {
        return Err(ApiError::JobNotFound);
    };
    let read = async {
        let record = gateway.broker.job(caller.user_id, id).await?;
        let record = record.ok_or(ApiError::JobNotFound)?;
        match gateway.broker.job_state(&record).await? {
            Known::State(state) => Ok((record, state)),
            Known::ResultExpired => Err(ApiError::ResultExpired),
        }
    };
    let limited = tokio::time::timeout(READ_LIMIT, read).await;
    limited.unwrap_or(Err(ApiError::HubUnavailable))
}
