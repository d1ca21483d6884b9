//! `GET /v1/jobs/{id}/events`: a page of a job's events, or all of them as they come.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode, Uri};
use kubently_core::job_event::JobEvent;
use serde::{Deserialize, Serialize};

use crate::auth::Caller;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::reader::Reader;
use crate::routes::jobs::{IdInPath, own_record};
use crate::routes::json;
use crate::{query, sse};

/// Reads of the store for one page: with half a MiB each, its largest size.
const READS: u32 = 4;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    /// The last id that the caller has; 0 is none.
    since: u64,
    /// The most events of a page.
    limit: usize,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            since: 0,
            limit: 100,
        }
    }
}

/// A page of events. `reset` among them says that what came before it is void.
#[derive(Serialize)]
pub(crate) struct Events {
    pub(crate) items: Vec<JobEvent>,
    /// The id to ask on with.
    pub(crate) next_since: u64,
    /// Whether the job has ended and this page, or one before it, said so.
    pub(crate) complete: bool,
}

/// The events of the caller's job behind an id.
pub(crate) async fn events(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    id: IdInPath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let asked: Asked = query::parse(&uri, "it has since=ID and limit=1 to 1000")?;
    if !(1..=1000).contains(&asked.limit) {
        return Err(ApiError::BadQuery("limit is 1 to 1000"));
    }
    let record = own_record(&gateway, &caller, id).await?;
    if !sse::is_wanted(&headers) {
        let reader = Reader::open(gateway, record, asked.since).await?;
        return json(
            StatusCode::OK,
            &page(reader, asked.since, asked.limit).await?,
        );
    }
    let since = sse::last_event_id(&headers)?.unwrap_or(asked.since);
    let place = gateway.stream_place()?;
    let mut reader = Reader::open(gateway, record, since).await?;
    if reader.has_ended() {
        // The caller has everything: this status ends its attempts to resume (WHATWG HTML §9.2.3).
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        return Ok(response);
    }
    let first = reader.read().await?.events;
    Ok(sse::stream(reader, &first, place))
}

/// The events behind an id, at most `limit` of them.
pub(crate) async fn page(mut reader: Reader, since: u64, limit: usize) -> Result<Events, ApiError> {
    let mut items = Vec::new();
    for _ in 0..READS {
        let batch = reader.read().await?;
        items.extend(batch.events);
        if !batch.more || items.len() >= limit {
            break;
        }
    }
    let is_whole = items.len() <= limit;
    items.truncate(limit);
    // Whoever asks on is told of it again.
    while items.last().is_some_and(|event| event.id.is_none()) {
        items.pop();
    }
    Ok(Events {
        next_since: items.last().and_then(|event| event.id).unwrap_or(since),
        complete: is_whole && reader.has_ended(),
        items,
    })
}
