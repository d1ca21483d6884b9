//! `POST /debug/execute`: the source's own route, with the source's answer.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use kubently_core::request::ExecuteCommandRequest;
use kubently_core::response::{CommandResponse, JobResponse};

use crate::auth::Caller;
use crate::body;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::once::Submitted;
use crate::prefer::Prefer;
use crate::routes::commands::{accept, admit, wait};
use crate::routes::json;

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
    let job = JobResponse::new(record, state);
    json(StatusCode::OK, &CommandResponse::from(job))
}
