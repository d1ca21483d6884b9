//! `POST /v1/jobs/{id}/cancel`: calls a job off, whether it waits or runs.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kubently_core::job::JobState;
use kubently_core::response::JobResponse;
use kubently_core::result::CommandResult;
use kubently_core::status::{FinalStatus, Reason};
use serde::Serialize;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::routes::jobs::{IdInPath, READ_LIMIT, find};
use crate::routes::json;

/// The job as it ended, and by what.
#[derive(Serialize)]
struct Cancelled {
    #[serde(flatten)]
    job: JobResponse,
    /// Whether it was called off, by this request or before; false where it had ended by itself,
    /// also where that came between.
    cancelled: bool,
}

/// 200 with the job as it ended, however often it is asked.
pub(crate) async fn cancel(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    id: IdInPath,
) -> Result<Response, ApiError> {
    let (record, state) = find(&gateway, &caller, id).await?;
    let result = match state {
        JobState::Finished(result) => {
            if result.run.is_none() {
                // Once more: the word may have been lost, or the command have stayed.
                let recall = gateway.broker.recall(&record.subject);
                // The job has ended either way; who asks again, recalls it again.
                let _ = tokio::time::timeout(READ_LIMIT, recall).await;
            }
            result
        }
        JobState::Queued | JobState::Running { .. } => {
            let result = CommandResult::never_ran(
                record.envelope.id,
                FinalStatus::Cancelled,
                Reason::CancelledByUser,
                gateway.directory.now(),
            );
            let ended = gateway.broker.end_job(&record.subject, result);
            let ended = tokio::time::timeout(READ_LIMIT, ended).await;
            Box::new(ended.map_err(|_| ApiError::HubUnavailable)??)
        }
    };
    let cancelled = result.status == FinalStatus::Cancelled;
    let job = JobResponse::new(record, JobState::Finished(result));
    json(StatusCode::OK, &Cancelled { job, cancelled })
}
