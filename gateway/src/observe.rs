//! What surrounds every request: its id, its caller, its line in the log; panics end here.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use kubently_core::text::CorrelationId;
use kubently_core::trace;
use kubently_runtime::trace::{Shape, Span, SpanKind};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use crate::auth::Presented;
use crate::error::ApiError;
use crate::gateway::{Gateway, Parts};
use crate::metrics;
use crate::problem::Problem;

/// How long a request waits for the hub to tell whose key it has, as long as for a stream's new leader, and how
/// often that is looked at.
const KNOWN_LIMIT: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(100);
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
    let permit = gateway.in_flight.try_acquire();
    let caller = caller(&gateway, request.headers(), permit.is_ok()).await;
    let user = match &caller {
        Presented::Key(principal) => Some(principal.user_id),
        Presented::Nothing | Presented::NotKnown { .. } => None,
    };
    request.extensions_mut().insert(caller);
    let span = span(&gateway, &request, route.as_ref(), &id, user.is_some());

    let mut response = match permit {
        Ok(_permit) => span
            .around(AssertUnwindSafe(next.run(request)).catch_unwind())
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
    if gateway.stop.is_cancelled() {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(X_REQUEST_ID, value);
    }
    let took = began.elapsed();
    let metrics = &gateway.metrics;
    let path = route.as_ref().map(MatchedPath::as_str);
    metrics.request(&method, path, response.status(), took);
    if let Some(problem) = &problem {
        metrics.refused(problem.code);
    }
    let status = response.status();
    span.set("http.response.status_code", i64::from(status.as_u16()));
    let code = problem.map(|problem| problem.code);
    if let Some(code) = code {
        span.set("kubently.code", code);
    }
    if status.is_server_error() {
        span.fail(code.unwrap_or("internal"));
    }
    // In a task of its own, which is next: this one writes the answer first.
    tokio::spawn(async move {
        span.within(|| {
            tracing::info!(
                method = method.as_str(),
                route = route.as_ref().map(MatchedPath::as_str),
                status = status.as_u16(),
                code,
                ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                request_id = id.as_str(),
                user = user.map(tracing::field::display),
                "request"
            );
        });
    });
    response
}

/// Whose key a request presents. Where that cannot be told because the hub chooses a new leader, it is waited for.
async fn caller(gateway: &Parts, headers: &HeaderMap, may_wait: bool) -> Presented {
    let began = Instant::now();
    loop {
        let caller = gateway.door.authenticate(headers, gateway.directory.now());
        let waits = may_wait && began.elapsed() < KNOWN_LIMIT && !gateway.broker.is_lost();
        let is_likely = matches!(caller, Presented::NotKnown { is_likely: true });
        if !is_likely || !waits {
            return caller;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = gateway.stop.cancelled() => return caller,
        }
    }
}

/// The request as a span: a child of its caller's, where it names one.
fn span(
    gateway: &Parts,
    request: &Request,
    route: Option<&MatchedPath>,
    id: &RequestId,
    is_known: bool,
) -> Span {
    // Load balancers ask for it all the time.
    if request.uri().path() == "/health" {
        return Span::default();
    }
    let mut parents = request.headers().get_all(trace::HEADER).into_iter();
    let parent = match (parents.next(), parents.next()) {
        (Some(one), None) => one.to_str().ok().and_then(|text| text.parse().ok()),
        _ => None,
    };
    let tracer = &gateway.tracer;
    let parent = parent.map(|parent| tracer.admit(parent, is_known));
    tracer.span_of(parent, SpanKind::Server, || {
        let method = metrics::known(request.method());
        let name = match route {
            Some(route) => format!("{method} {}", route.as_str()),
            None => method.to_owned(),
        };
        let shape = Shape::new(name)
            .with("http.request.method", method)
            .with("url.scheme", "http")
            .with("url.path", request.uri().path().to_owned())
            .with("kubently.request_id", id.as_str().to_owned());
        match route {
            Some(route) => shape.with("http.route", route.as_str().to_owned()),
            None => shape,
        }
    })
}

/// An id that is safe in a header, a log line and JSON.
enum RequestId {
    /// The caller's own.
    Given(CorrelationId),
    /// A new one: a UUID's text.
    New([u8; Hyphenated::LENGTH]),
}

impl RequestId {
    /// The caller's own id, where it is one; else a new one.
    fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(X_REQUEST_ID).into_iter();
        let text = match (given.next(), given.next()) {
            (Some(one), None) => one.to_str().ok(),
            _ => None,
        };
        if let Some(id) = text.and_then(|text| text.parse().ok()) {
            return Self::Given(id);
        }
        let mut text = [0; Hyphenated::LENGTH];
        Uuid::new_v4().hyphenated().encode_lower(&mut text);
        Self::New(text)
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Given(id) => id.as_str(),
            Self::New(text) => std::str::from_utf8(text).unwrap_or_default(),
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
