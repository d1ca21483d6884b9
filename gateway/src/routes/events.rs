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
#[derive(Default, Serialize)]
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
        let batch = match reader.read().await {
            Ok(batch) => batch,
            // Who asks on with this page's last id is told that nothing follows it.
            Err(ApiError::EventsExpired) if numbered(&items) > 0 => break,
            Err(error) => return Err(error),
        };
        items.extend(batch.events);
        if !batch.more || numbered(&items) >= limit {
            break;
        }
    }
    let is_whole = cut(&mut items, limit);
    Ok(Events {
        next_since: items.last().and_then(|event| event.id).unwrap_or(since),
        complete: is_whole && reader.has_ended(),
        items,
    })
}

/// How many of them have an id to ask on with.
fn numbered(items: &[JobEvent]) -> usize {
    items.iter().filter(|event| event.id.is_some()).count()
}

/// Leaves so many events that have an id, and what stands before each; answers whether that is all. What has
/// no id takes no place: a page of it alone would lead nowhere.
fn cut(items: &mut Vec<JobEvent>, limit: usize) -> bool {
    let is_whole = numbered(items) <= limit;
    let with_id = items.iter().enumerate();
    let with_id = with_id.filter(|(_, event)| event.id.is_some());
    // What follows the last id, whoever asks on is told of again.
    let end = with_id.take(limit).last().map_or(0, |(place, _)| place + 1);
    items.truncate(end);
    is_whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: Option<u64>) -> JobEvent {
        let job = "0199b6a0-5c1e-7d3a-8f00-1234567890ab".parse().unwrap();
        JobEvent {
            id,
            ..JobEvent::reset(job)
        }
    }

    fn page(ids: &[Option<u64>], limit: usize) -> (Vec<Option<u64>>, bool) {
        let mut items: Vec<_> = ids.iter().copied().map(event).collect();
        let is_whole = cut(&mut items, limit);
        (items.iter().map(|event| event.id).collect(), is_whole)
    }

    #[test]
    fn a_page_leads_on_however_small_it_is() {
        let ids = [None, Some(4), Some(5)];
        assert_eq!(page(&ids, 1), (vec![None, Some(4)], false));
        assert_eq!(page(&ids, 2), (ids.to_vec(), true));
        assert_eq!(page(&[Some(4), None], 1), (vec![Some(4)], true));
        assert_eq!(page(&[Some(4), None, Some(5)], 1), (vec![Some(4)], false));
        assert_eq!(page(&[], 1), (vec![], true));
    }
}
