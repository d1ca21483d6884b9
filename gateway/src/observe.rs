//! What surrounds every request: its id, its caller, its line in the log; panics end here.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use kubently_core::text::CorrelationId;
use uuid::Uuid;

use crate::auth::Presented;
use crate::error::ApiError;
use crate::gateway::Gateway;
use crate::problem::Problem;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Runs a request. One line is logged about it, without arguments and header values.
pub(crate) async fn observe(
    State(gateway): State<Gateway>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let id = RequestId::of(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let now = gateway.directory.now();
    let caller = gateway.door.authenticate(request.headers(), now);
    let user = match &caller {
        Presented::Key(principal) => Some(principal.user_id),
        Presented::Nothing | Presented::NotKnown => None,
    };
    request.extensions_mut().insert(caller);

    let mut response = match gateway.in_flight.try_acquire() {
        Ok(_permit) => AssertUnwindSafe(next.run(request))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| ApiError::Internal.into_response()),
        Err(_) => ApiError::Overloaded.into_response(),
    };

    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        problem.write(&mut response, id.as_str(), gateway.now());
    }
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(X_REQUEST_ID, value);
    }
    let took = began.elapsed();
    let route = route.as_ref().map(MatchedPath::as_str);
    let metrics = &gateway.metrics;
    metrics.request(&method, route, response.status(), took);
    if let Some(problem) = &problem {
        metrics.refused(problem.code);
    }
    tracing::info!(
        method = method.as_str(),
        route,
        status = response.status().as_u16(),
        code = problem.map(|problem| problem.code),
        ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        request_id = id.as_str(),
        user = user.map(tracing::field::display),
        "request"
    );
    response
}

/// An id that is safe in a header, a log line and JSON.
enum RequestId {
    /// The caller's own.
    Given(CorrelationId),
    /// A new one.
    New(String),
}

impl RequestId {
    /// The caller's own id, where it is one; else a new one.
    fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(X_REQUEST_ID).into_iter();
        let text = match (given.next(), given.next()) {
            (Some(one), None) => one.to_str().ok(),
            _ => None,
        };
        match text.and_then(|text| text.parse().ok()) {
            Some(id) => Self::Given(id),
            None => Self::New(Uuid::new_v4().to_string()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Given(id) => id.as_str(),
            Self::New(id) => id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_request_id_is_taken_over() {
        let id = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(X_REQUEST_ID, HeaderValue::from_static(value));
            }
            RequestId::of(&headers).as_str().to_owned()
        };
        assert_eq!(id(&["a.b_c:d-1"]), "a.b_c:d-1");
        for bad in [&["a b"][..], &["<script>"], &[""], &["a", "b"], &[]] {
            assert_eq!(id(bad).len(), 36, "{bad:?}");
        }
    }
}
