//! `GET /v1/jobs/{id}`: how far a job has come, from any gateway.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, Uri};
use kubently_broker::Known;
use kubently_core::access::Principal;
use kubently_core::id::JobId;
use kubently_core::job::{JobRecord, JobState};
use kubently_core::response::{FullJob, JobResponse};
use serde::Deserialize;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::gateway::{Gateway, Parts};
use crate::prefer::{PREFERENCE_APPLIED, Prefer};
use crate::reader::Reader;
use crate::routes::events::{self, Events};
use crate::submit::may_see;
use crate::{answer, query};

/// How long the stores may take to tell a job's state: longer than the broker waits for a stream's new leader.
pub(crate) const READ_LIMIT: Duration = Duration::from_secs(18);

/// A job's id in a path, or why it is none.
pub(crate) type IdInPath = Result<Path<JobId>, PathRejection>;

/// The events in a full view.
const EVENTS: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    view: View,
}

/// How much of a job is shown.
#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum View {
    /// Without its events.
    #[default]
    Summary,
    /// With its first events.
    Full,
}

/// The job of the caller; with `Prefer: wait=N` once it has ended or the wait is over.
pub(crate) async fn job(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    id: IdInPath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let asked: Asked = query::parse(&uri, "it has view=summary or view=full")?;
    let prefer = Prefer::of(&headers);
    let most = gateway.long_poll_timeout;
    let record = own_record(&gateway, &caller, id).await?;
    let state = match prefer.wait(Duration::ZERO, most) {
        Duration::ZERO => state_of(&gateway, &record).await?,
        wait => wait_for(&gateway, &record, wait).await?,
    };
    let mut response = match asked.view {
        View::Summary => answer::job(&gateway, record, state, StatusCode::OK)?,
        View::Full => full(gateway, record, state).await?,
    };
    if let Some(applied) = prefer.applied(most) {
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    Ok(response)
}

/// The job with its first events.
async fn full(gateway: Gateway, record: JobRecord, state: JobState) -> Result<Response, ApiError> {
    let job = JobResponse::new(record.clone(), state);
    let reader = Reader::open(Arc::clone(&gateway), record, 0).await?;
    let page = match events::page(reader, 0, EVENTS).await {
        // The job is there all the same, and says where to ask for its events.
        Err(ApiError::EventsExpired) => Events::default(),
        page => page?,
    };
    let next = (!page.complete).then_some(page.next_since);
    let full = FullJob::new(job, page.items, next);
    answer::view(&gateway, &full.job, &full, StatusCode::OK)
}

async fn wait_for(
    gateway: &Parts,
    record: &JobRecord,
    wait: Duration,
) -> Result<JobState, ApiError> {
    // First, so that nothing falls between the store and the feed.
    let mut waiter = gateway.live.follow(&record.subject.reply()).await?;
    let state = state_of(gateway, record).await?;
    if let JobState::Finished(_) = state {
        return Ok(state);
    }
    tokio::select! {
        biased;
        result = waiter.wait(wait) => match result {
            Some(result) => Ok(JobState::Finished(result)),
            None => state_of(gateway, record).await,
        },
        () = gateway.stop.cancelled() => Ok(state),
    }
}

/// A caller's own job and its state. What is no id, an unknown one and another user's are one
/// case.
pub(crate) async fn find(
    gateway: &Parts,
    caller: &Principal,
    id: IdInPath,
) -> Result<(JobRecord, JobState), ApiError> {
    let record = own_record(gateway, caller, id).await?;
    let state = state_of(gateway, &record).await?;
    Ok((record, state))
}

/// The record of a caller's own job; see [`find`].
pub(crate) async fn own_record(
    gateway: &Parts,
    caller: &Principal,
    id: IdInPath,
) -> Result<JobRecord, ApiError> {
    let Ok(Path(id)) = id else {
        return Err(ApiError::JobNotFound);
    };
    let read = gateway.broker.job(caller.user_id, id);
    let record = tokio::time::timeout(READ_LIMIT, read).await;
    record
        .map_err(|_| ApiError::HubUnavailable)??
        .filter(|record| may_see(caller, record))
        .ok_or(ApiError::JobNotFound)
}

/// How far a job has come.
pub(crate) async fn state_of(gateway: &Parts, record: &JobRecord) -> Result<JobState, ApiError> {
    let read = Box::pin(gateway.broker.job_state(record));
    match tokio::time::timeout(READ_LIMIT, read).await {
        Ok(Ok(Known::State(state))) => Ok(state),
        Ok(Ok(Known::ResultExpired)) => Err(ApiError::ResultExpired),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(ApiError::HubUnavailable),
    }
}
