//! `POST /debug/execute`: the source's own route, with the source's answer.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use kubently_core::cluster::ClusterId;
use kubently_core::id::{JobId, SessionId};
use kubently_core::request::ExecuteCommandRequest;
use kubently_core::response::JobResponse;
use kubently_core::status::ExecutionStatus;
use kubently_core::text::CorrelationId;
use kubently_core::time::Timestamp;
use serde::Serialize;

use crate::auth::Caller;
use crate::body;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::once::Submitted;
use crate::prefer::Prefer;
use crate::routes::commands::{accept, admit, wait};
use crate::routes::json;

/// A command as the source model answers it. Fields that are not known yet are null.
#[derive(Serialize)]
struct CommandResponse {
    command_id: JobId,
    session_id: Option<SessionId>,
    cluster_id: ClusterId,
    status: ExecutionStatus,
    correlation_id: Option<CorrelationId>,
    /// stdout; null where it is too large to stand here: the job's `output_url` has it.
    output: Option<String>,
    /// stderr, or why it never ran.
    error: Option<String>,
    execution_time_ms: Option<u64>,
    executed_at: Option<Timestamp>,
}

impl From<JobResponse> for CommandResponse {
    fn from(job: JobResponse) -> Self {
        Self {
            command_id: job.id,
            session_id: job.session_id,
            cluster_id: job.cluster_id,
            status: job.execution_status,
            correlation_id: job.correlation_id,
            output: job.output,
            error: job.error,
            execution_time_ms: job.execution_time_ms,
            executed_at: job.end_time,
        }
    }
}

/// 200 with what is known of the command once it has ended or the wait is over; `GET
/// /v1/jobs/{command_id}` tells the rest.
pub(crate) async fn execute(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let body = body::json(&parts.headers, body).await?;
    let request = ExecuteCommandRequest::from_json(&body)?;
    let (caller, _) = admit(&gateway, &caller, &request).await?;
    let prefer = Prefer::of(&parts.headers);
    let Submitted { record, waiter, .. } = accept(&gateway, &caller, request, None).await?;
    let state = wait(&gateway, &record, waiter, prefer).await;
    let job = JobResponse::new(&record, &state);
    json(StatusCode::OK, &CommandResponse::from(job))
}
