//! The spans of a worker: a delivery, its calls to Kubernetes, its answer.

use std::cell::LazyCell;
use std::time::Instant;

use kubently_broker::Delivery;
use kubently_broker::topology::{command_stream, reply_stream};
use kubently_core::result::CommandResult;
use kubently_core::status::{FinalStatus, Reason};
use kubently_core::subject::{CommandSubject, Origin, ReplySubject};
use kubently_kubectl::{Call, Ended, Observer, Outcome};
use kubently_runtime::trace::{Shape, Span, SpanKind, Tracer, note};

use crate::metrics::Metrics;

/// Hears of every call to Kubernetes.
#[derive(Debug, Clone)]
pub struct Calls {
    /// Where they are counted.
    pub metrics: Metrics,
    /// What makes a span of each.
    pub tracer: Tracer,
}

/// The span of one delivery, which goes on from that of its publisher.
#[must_use]
pub fn processing(tracer: &Tracer, delivery: &Delivery) -> Span {
    // Read where something is recorded alone.
    let subject = LazyCell::new(|| delivery.subject().parse::<CommandSubject>());
    let parent = delivery.parent().map(|parent| match &*subject {
        Ok(subject) if matches!(subject.origin, Origin::Gateway(_)) => parent,
        subject => tracer.admit(parent, subject.is_ok()),
    });
    tracer.span_of(parent, SpanKind::Consumer, || {
        let Ok(subject) = &*subject else {
            return Shape::new("process unknown");
        };
        let stream = command_stream(&subject.cluster);
        Shape::new(format!("process {stream}"))
            .with("messaging.system", "nats")
            .with("messaging.operation.type", "process")
            .with("messaging.operation.name", "process")
            .with("messaging.destination.name", stream)
            .with("messaging.message.id", subject.job.to_string())
            .with("kubently.lane", subject.lane.as_str())
            .with("kubently.attempt", i64::from(delivery.attempt()))
    })
}

/// The span of an answer's way to the hub.
#[must_use]
pub fn sending(tracer: &Tracer, reply: &ReplySubject) -> Span {
    tracer.span(SpanKind::Producer, || {
        let stream = reply_stream(&reply.cluster);
        Shape::new(format!("send {stream}"))
            .with("messaging.system", "nats")
            .with("messaging.operation.type", "send")
            .with("messaging.operation.name", "publish")
            .with("messaging.destination.name", stream)
            .with("messaging.message.id", reply.job.to_string())
    })
}

/// Notes at the delivery's span how it ended.
pub fn answered(result: &CommandResult) {
    note("kubently.status", || match result.status {
        FinalStatus::Completed => "completed",
        FinalStatus::Failed => "failed",
        FinalStatus::Cancelled => "cancelled",
    });
    if let Some(reason) = result.reason {
        note("kubently.reason", || Reason::as_str(reason));
    }
    if let Some(code) = result.exit_code {
        note("kubently.exit_code", || i64::from(code));
    }
}

impl Observer for Calls {
    fn begin(&self, call: &Call<'_>) -> Ended {
        let (metrics, verb, began) = (self.metrics.clone(), call.verb, Instant::now());
        let span = self.tracer.span(SpanKind::Client, || shape(call));
        Box::new(move |outcome| {
            metrics.called(verb, outcome, began.elapsed());
            match outcome {
                Outcome::Answered(status) => {
                    let code = i64::from(status.as_u16());
                    span.set("http.response.status_code", code);
                    if status.is_client_error() || status.is_server_error() {
                        span.fail(status.as_str().to_owned());
                    }
                }
                Outcome::Failed => span.fail("no_answer"),
                Outcome::GivenUp => span.fail("given_up"),
            }
        })
    }
}

/// The request without its query: selectors are the caller's.
fn shape(call: &Call<'_>) -> Shape {
    let name = match call.resource {
        "" => call.verb.to_owned(),
        resource => format!("{} {resource}", call.verb),
    };
    let shape = Shape::new(name)
        .with("http.request.method", "GET")
        .with("url.path", call.path.to_owned());
    match call.namespace {
        Some(namespace) => shape.with("k8s.namespace.name", namespace.to_owned()),
        None => shape,
    }
}
