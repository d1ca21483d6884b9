//! `GET /v1/jobs/{id}/output`: kubectl's own bytes.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Uri, header};
use kubently_core::job::JobState;
use kubently_core::result::CommandResult;
use serde::Deserialize;

use crate::auth::Caller;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::query;
use crate::routes::jobs::{IdInPath, find};

const EXIT_CODE: HeaderName = HeaderName::from_static("kubently-exit-code");
const TRUNCATED: HeaderName = HeaderName::from_static("kubently-truncated");

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Selection {
    stream: Stream,
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
    let selection: Selection = query::parse(&uri, "it has stream=stdout, stderr or both")?;
    let (record, state) = find(&gateway, &caller, id).await?;
    let JobState::Finished(result) = state else {
        return Err(ApiError::JobNotFinished);
    };
    let stored = gateway
        .broker
        .output(&record.subject.reply(), &result)
        .await?;
    let (mut stdout, stderr) = stored.ok_or(ApiError::ResultExpired)?;
    let bytes = match selection.stream {
        Stream::Stdout => stdout,
        Stream::Stderr => stderr,
        Stream::Both => {
            stdout.extend(stderr);
            stdout
        }
    };
    Ok(answer(bytes, &result))
}

fn answer(bytes: Vec<u8>, result: &CommandResult) -> Response {
    let kind = if std::str::from_utf8(&bytes).is_ok() {
        "text/plain; charset=utf-8"
    } else {
        "application/octet-stream"
    };
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // What a cluster prints is never to be run by a browser.
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Some(code) = result.exit_code {
        headers.insert(EXIT_CODE, HeaderValue::from(code));
    }
    let truncated = if result.truncated { "true" } else { "false" };
    headers.insert(TRUNCATED, HeaderValue::from_static(truncated));
    response
}
