//! What a gateway counts where it happens. Every name but those of [`crowds`] stands here.

pub(crate) mod crowds;

use std::time::Duration;

use http::{Method, StatusCode};
use kubently_core::lane::Lane;
use kubently_runtime::metrics::{LONG, SHORT};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// What is counted. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    requests: Family<OfRequest, Counter>,
    durations: Family<OfRoute, Histogram, fn() -> Histogram>,
    refusals: Family<OfCode, Counter>,
    accepted: Family<OfLane, Counter>,
    turned_away: Family<OfBound, Counter>,
    /// Jobs that a request with a known `Idempotency-Key` asked for again.
    pub(crate) replayed: Counter,
    answered: Histogram,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfRequest {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfRoute {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfCode {
    code: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfLane {
    lane: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfBound {
    bound: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(SHORT)),
            refusals: Family::default(),
            accepted: Family::default(),
            turned_away: Family::default(),
            replayed: Counter::default(),
            answered: Histogram::new(LONG),
        }
    }
}

impl Metrics {
    /// A request was answered. `route` is the template that it matched.
    pub(crate) fn request(
        &self,
        method: &Method,
        route: Option<&str>,
        status: StatusCode,
        took: Duration,
    ) {
        let (method, route) = (known(method), route.unwrap_or("none").to_owned());
        let of = OfRoute { method, route };
        let durations = self.durations.get_or_create(&of);
        durations.observe(took.as_secs_f64());
        drop(durations);
        let OfRoute { method, route } = of;
        let status = status.as_u16();
        let of = OfRequest {
            method,
            route,
            status,
        };
        self.requests.get_or_create(&of).inc();
    }

    /// A request was answered with this problem.
    pub(crate) fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&OfCode { code }).inc();
    }

    /// A command was accepted.
    pub(crate) fn accepted(&self, lane: Lane) {
        let lane = lane.as_str();
        self.accepted.get_or_create(&OfLane { lane }).inc();
    }

    /// Something was not taken because its bound is reached, and nobody is told by a problem.
    pub(crate) fn turned_away(&self, bound: &'static str) {
        self.turned_away.get_or_create(&OfBound { bound }).inc();
    }

    /// Who waited for a job learns of its end.
    pub(crate) fn answered(&self, after: Duration) {
        self.answered.observe(after.as_secs_f64());
    }

    /// Shows all of it.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "kubently_http_requests",
            "Requests, by method, route and status",
            self.requests.clone(),
        );
        registry.register(
            "kubently_http_request_duration_seconds",
            "Until the head of the answer, by method and route",
            self.durations.clone(),
        );
        registry.register(
            "kubently_refusals",
            "Requests that were answered with a problem, by its code",
            self.refusals.clone(),
        );
        registry.register(
            "kubently_jobs_accepted",
            "Commands that were stored and queued, by lane",
            self.accepted.clone(),
        );
        registry.register(
            "kubently_jobs_replayed",
            "Requests that asked for an earlier job again by their Idempotency-Key",
            self.replayed.clone(),
        );
        registry.register(
            "kubently_job_duration_seconds",
            "From the acceptance of a job to its end, as the request that waited for it saw it",
            self.answered.clone(),
        );
        registry.register(
            "kubently_bound_turned_away",
            "What was dropped because its bound was reached, by bound",
            self.turned_away.clone(),
        );
    }
}

/// The method as a word; a caller can make up others.
pub(crate) fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::PUT => "PUT",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        // As the semantic conventions of OpenTelemetry have it.
        _ => "_OTHER",
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text;

    use super::*;

    #[test]
    fn what_a_caller_makes_up_is_no_label() {
        let metrics = Metrics::default();
        let method = Method::from_bytes(b"CANARY").unwrap();
        let took = Duration::from_millis(3);
        metrics.request(&method, None, StatusCode::NOT_FOUND, took);
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        let mut shown = String::new();
        text::encode(&mut shown, &registry).unwrap();
        let line = r#"kubently_http_requests_total{method="_OTHER",route="none",status="404"} 1"#;
        assert!(shown.lines().any(|other| other == line), "{shown}");
        assert!(!shown.contains("CANARY"));
    }
}
