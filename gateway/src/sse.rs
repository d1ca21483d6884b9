//! Server-sent events (WHATWG HTML §9.2): a job's events as they come.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures::{Stream, StreamExt as _};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use kubently_core::job_event::JobEvent;
use tokio::sync::OwnedSemaphorePermit;

use crate::error::ApiError;
use crate::reader::{Reader, Told};

/// How long a caller should wait before it resumes.
const RETRY: Duration = Duration::from_secs(2);
/// Keeps proxies from holding events back.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Whether a caller asks for server-sent events.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .filter_map(|range| range.split(';').next())
        .any(|range| range.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// Streams what the reader tells until the job has ended. The place is held for as long.
pub(crate) fn stream(reader: Reader, first: &[JobEvent], place: OwnedSemaphorePermit) -> Response {
    let retry = std::iter::once(Event::default().retry(RETRY));
    let events: Vec<_> = retry.chain(first.iter().map(written)).collect();
    let stream = futures::stream::iter(events).chain(follow(reader, place));
    let stream = stream.map(Ok::<_, Infallible>);
    let mut response = Sse::new(stream).into_response();
    let headers = response.headers_mut();
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

fn follow(reader: Reader, place: OwnedSemaphorePermit) -> impl Stream<Item = Event> {
    futures::stream::unfold((reader, place), |(mut reader, place)| async move {
        let events = match reader.next().await {
            Told::Events(events) => events.iter().map(written).collect(),
            Told::Quiet => vec![Event::default().comment("waiting")],
            Told::End => return None,
        };
        Some((futures::stream::iter(events), (reader, place)))
    })
    .flatten()
}

fn written(event: &JobEvent) -> Event {
    // Only a map with other keys than text could fail to be written.
    let data = kubently_core::visible::to_vec(event).unwrap_or_default();
    let data = String::from_utf8(data).unwrap_or_default();
    let mut written = Event::default().event(event.name()).data(data);
    if let Some(id) = event.id {
        written = written.id(id.to_string());
    }
    written
}

/// The id in `Last-Event-ID`, where a caller resumes.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, ApiError> {
    let mut ids = headers.get_all("last-event-id").into_iter();
    match (ids.next(), ids.next()) {
        (None, _) => Ok(None),
        (Some(id), None) => {
            let digits = id.to_str().ok();
            let digits = digits.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let id = digits.and_then(|text| text.parse().ok());
            id.map(Some).ok_or(ApiError::BadEventId)
        }
        (Some(_), Some(_)) => Err(ApiError::BadEventId),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn server_sent_events_are_asked_for_by_their_type() {
        for accept in [
            "text/event-stream",
            "application/json, Text/Event-Stream;q=0.9",
        ] {
            assert!(is_wanted(&headers("accept", &[accept])), "{accept}");
        }
        for accept in [
            "*/*",
            "text/*",
            "application/json",
            "text/event-streams",
            "",
        ] {
            assert!(!is_wanted(&headers("accept", &[accept])), "{accept}");
        }
        assert!(!is_wanted(&HeaderMap::new()));
    }

    #[test]
    fn an_event_id_is_a_number_or_nothing() {
        assert_eq!(last_event_id(&HeaderMap::new()).unwrap(), None);
        let one = headers("last-event-id", &["17"]);
        assert_eq!(last_event_id(&one).unwrap(), Some(17));
        for values in [
            &["x"][..],
            &["-1"],
            &["+1"],
            &[""],
            &["1", "1"],
            &["18446744073709551616"],
        ] {
            let bad = headers("last-event-id", values);
            assert!(
                matches!(last_event_id(&bad), Err(ApiError::BadEventId)),
                "{values:?}"
            );
        }
    }
}
