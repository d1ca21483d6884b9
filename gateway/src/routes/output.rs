//! `GET /v1/jobs/{id}/output`: kubectl's own bytes, whole or a part of them.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Uri, header};
use kubently_broker::StoredOutput;
use kubently_core::job::JobState;
use kubently_core::payload::MAX_INLINE;
use kubently_core::result::CommandResult;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::query;
use crate::routes::jobs::{IdInPath, READ_LIMIT, find};
use crate::window::{Part, Unit, Window};

const EXIT_CODE: HeaderName = HeaderName::from_static("kubently-exit-code");
/// `true` where this is not everything that the command wrote.
const TRUNCATED: HeaderName = HeaderName::from_static("kubently-truncated");
/// Lengths of the two streams as the command wrote them.
const STDOUT_BYTES: HeaderName = HeaderName::from_static("kubently-stdout-bytes");
const STDERR_BYTES: HeaderName = HeaderName::from_static("kubently-stderr-bytes");
/// How much of the asked stream there is, in the asked unit.
const TOTAL: HeaderName = HeaderName::from_static("kubently-total");
/// The `offset` of the next part; absent in the last one.
const NEXT_OFFSET: HeaderName = HeaderName::from_static("kubently-next-offset");

/// The most bytes that are handed to a connection at a time.
const PIECE: usize = 64 * 1024;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Selection {
    stream: Stream,
    unit: Unit,
    offset: Option<u64>,
    limit: Option<u64>,
    tail: Option<u64>,
}

/// Which of the two outputs is asked for.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stream {
    Stdout,
    Stderr,
    /// stdout, then stderr.
    #[default]
    Both,
}

/// The output of the caller's finished job.
pub(crate) async fn output(
    State(gateway): State<Gateway>,
    Caller(caller): Caller,
    id: IdInPath,
    uri: Uri,
) -> Result<Response, ApiError> {
    let selection: Selection = query::parse(
        &uri,
        "it has stream=stdout, stderr or both, unit=bytes or lines, and offset and limit, or tail",
    )?;
    let window = selection.window()?;
    let (record, state) = find(&gateway, &caller, id).await?;
    let JobState::Finished(result) = state else {
        return Err(ApiError::JobNotFinished);
    };
    let is_large = result.run.is_none() || result.inline_output().is_none();
    let place = if is_large {
        // Held until the last byte is sent: a few of these at a time are what memory is there for.
        Some(large_place(&gateway).await?)
    } else {
        None
    };
    let reply = record.subject.reply();
    let read = gateway.broker.output(&reply, &result);
    let stored = tokio::time::timeout(READ_LIMIT, read).await;
    let stored = stored.map_err(|_| ApiError::HubUnavailable)??;
    let stored = stored.ok_or(ApiError::ResultExpired)?;
    let is_whole = stored.is_whole && !result.truncated;
    let bytes = selection.stream.of(stored);
    let part = window.of(&bytes, selection.unit);
    Ok(answer(
        bytes.slice(part.range.clone()),
        &part,
        &result,
        is_whole,
        place,
    ))
}

async fn large_place(gateway: &Gateway) -> Result<OwnedSemaphorePermit, ApiError> {
    let place = Arc::clone(&gateway.large_outputs).acquire_owned();
    match tokio::time::timeout(READ_LIMIT, place).await {
        Ok(Ok(place)) => Ok(place),
        _ => Err(ApiError::Overloaded),
    }
}

impl Selection {
    fn window(&self) -> Result<Window, ApiError> {
        match (self.tail, self.offset, self.limit) {
            (None, offset, limit) => Ok(Window::From {
                offset: offset.unwrap_or(0),
                limit,
            }),
            (Some(count), None, None) => Ok(Window::Tail(count)),
            (Some(_), ..) => Err(ApiError::BadQuery("tail goes without offset and limit")),
        }
    }
}

impl Stream {
    fn of(self, stored: StoredOutput) -> Bytes {
        let StoredOutput {
            mut stdout, stderr, ..
        } = stored;
        match self {
            Self::Stdout => stdout.into(),
            Self::Stderr => stderr.into(),
            Self::Both => {
                stdout.extend(stderr);
                stdout.into()
            }
        }
    }
}

fn answer(
    bytes: Bytes,
    part: &Part,
    result: &CommandResult,
    is_whole: bool,
    place: Option<OwnedSemaphorePermit>,
) -> Response {
    let kind = if std::str::from_utf8(&bytes).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    };
    let length = bytes.len();
    let mut response = Response::new(body(bytes, place));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // What a cluster prints is never to be run by a browser.
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Some(code) = result.exit_code {
        headers.insert(EXIT_CODE, HeaderValue::from(code));
    }
    let truncated = if is_whole { "false" } else { "true" };
    headers.insert(TRUNCATED, HeaderValue::from_static(truncated));
    headers.insert(STDOUT_BYTES, HeaderValue::from(result.stdout_bytes));
    headers.insert(STDERR_BYTES, HeaderValue::from(result.stderr_bytes));
    headers.insert(TOTAL, HeaderValue::from(part.total));
    if let Some(next) = part.next {
        headers.insert(NEXT_OFFSET, HeaderValue::from(next));
    }
    response
}

/// A small output at once; a large one in pieces, so that its place is held while it is sent.
fn body(bytes: Bytes, place: Option<OwnedSemaphorePermit>) -> Body {
    if bytes.len() <= MAX_INLINE {
        return Body::from(bytes);
    }
    let pieces = futures::stream::unfold((bytes, place), |(mut rest, place)| async move {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        Some((Ok::<_, Infallible>(piece), (rest, place)))
    });
    Body::from_stream(pieces)
}
