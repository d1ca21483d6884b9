//! Traces: spans from a request to every call that it causes, for an OpenTelemetry collector.
//!
//! Where no collector is configured, nothing is recorded and nothing is built: names and attributes
//! come from closures.

mod allowance;
mod export;
mod files;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::Either;
use kubently_core::trace::TraceParent;
use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{
    SpanBuilder, SpanContext, SpanId, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::{
    IdGenerator as _, RandomIdGenerator, Sampler, SamplingDecision, SdkTracer, SdkTracerProvider,
    ShouldSample as _,
};

pub use opentelemetry::trace::SpanKind;

pub use export::{Counted, TraceError};
pub use files::FileError;

use allowance::Allowance;

/// The most bytes of a text of an attribute: a caller's path may be long, and many spans wait.
const MAX_TEXT: usize = 256;
/// Room for those of most spans.
const ATTRIBUTES: usize = 8;
/// How long the last spans may take to be sent.
const CLOSE: Duration = Duration::from_secs(5);

/// Where traces go, and how many of them.
#[derive(Debug, Clone)]
pub struct TraceConfig {
    /// The collector's OTLP address over HTTP; none: no traces.
    pub endpoint: Option<String>,
    /// The part of the traces that begin here which is recorded.
    pub ratio: f64,
    /// How many traces a second callers can have recorded whatever that part is.
    pub callers_per_second: u32,
    /// `service.name`.
    pub service: &'static str,
    /// `service.version`.
    pub version: &'static str,
    /// `service.instance.id`: which of several processes this is.
    pub instance: String,
    /// `k8s.cluster.name`, where the process is of one.
    pub cluster: Option<String>,
}

/// Makes spans, or does nothing. Clones share it.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<Recorder>>);

struct Recorder {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    sampler: Sampler,
    callers: Allowance,
    counted: Counted,
}

/// A span; dropped, it has ended. Empty where nothing is recorded.
#[derive(Default)]
pub struct Span(Option<Context>);

/// A name and attributes of a span, made where it is recorded.
pub struct Shape {
    /// The name, by the semantic conventions: few of them.
    pub name: Cow<'static, str>,
    /// What it is about.
    pub attributes: Vec<KeyValue>,
}

impl Tracer {
    /// Starts to record and send, where there is a collector. Must be called on a runtime's thread.
    ///
    /// # Errors
    /// [`TraceError`]
    pub fn start(config: &TraceConfig) -> Result<Self, TraceError> {
        let Some(endpoint) = &config.endpoint else {
            return Ok(Self(None));
        };
        let sampler = Sampler::TraceIdRatioBased(config.ratio);
        let (provider, counted) = export::provider(endpoint, config, sampler.clone())?;
        let tracer = opentelemetry::trace::TracerProvider::tracer(&provider, "kubently");
        Ok(Self(Some(Arc::new(Recorder {
            provider,
            tracer,
            sampler,
            callers: Allowance::new(config.callers_per_second, Instant::now()),
            counted,
        }))))
    }

    /// What is counted of the sending, where anything is sent.
    #[must_use]
    pub fn counted(&self) -> Option<Counted> {
        self.0.as_ref().map(|recorder| recorder.counted.clone())
    }

    /// A child of the span that this code runs in, or a trace's first.
    pub fn span(&self, kind: SpanKind, shape: impl FnOnce() -> Shape) -> Span {
        self.begin(kind, shape, Context::current)
    }

    /// A caller's span as a parent. Its flag has the trace recorded where the caller is known and callers
    /// have not had too many recorded in this second. Else the ratio decides, as W3C Trace Context has it for a
    /// service that is open to many (level 1, §6.2); by a number of our own, for the caller chose its trace's.
    #[must_use]
    pub fn admit(&self, parent: TraceParent, is_known: bool) -> TraceParent {
        let Some(recorder) = &self.0 else {
            return parent;
        };
        if !parent.is_sampled() || (is_known && recorder.callers.take(Instant::now())) {
            return parent;
        }
        recorder.counted.left_to_ratio();
        parent.with_sampled(recorder.is_due())
    }

    /// A child of a span of another process, or a trace's first.
    pub fn span_of(
        &self,
        parent: Option<TraceParent>,
        kind: SpanKind,
        shape: impl FnOnce() -> Shape,
    ) -> Span {
        self.begin(kind, shape, || match parent {
            Some(parent) => Context::new().with_remote_span_context(remote(parent)),
            None => Context::new(),
        })
    }

    fn begin(
        &self,
        kind: SpanKind,
        shape: impl FnOnce() -> Shape,
        parent: impl FnOnce() -> Context,
    ) -> Span {
        let Some(recorder) = &self.0 else {
            return Span(None);
        };
        let Shape { name, attributes } = shape();
        let builder = SpanBuilder::from_name(name)
            .with_kind(kind)
            .with_attributes(attributes);
        let parent = parent();
        let span = recorder.tracer.build_with_context(builder, &parent);
        Span(Some(parent.with_span(span)))
    }

    /// Sends what is recorded and records no more; 5 s at most.
    pub async fn close(&self) {
        let Some(recorder) = self.0.clone() else {
            return;
        };
        // The library waits on its own thread, blocking.
        let closed =
            tokio::task::spawn_blocking(move || recorder.provider.shutdown_with_timeout(CLOSE));
        if !matches!(closed.await, Ok(Ok(()))) {
            tracing::warn!("the last spans were not sent");
        }
    }
}

impl Recorder {
    /// Whether the ratio has the next trace recorded.
    fn is_due(&self) -> bool {
        let trace = RandomIdGenerator::default().new_trace_id();
        let kind = &SpanKind::Server;
        let judged = self.sampler.should_sample(None, trace, "", kind, &[], &[]);
        judged.decision == SamplingDecision::RecordAndSample
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tracer").field(&self.0.is_some()).finish()
    }
}

impl Shape {
    /// A span of this name.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            attributes: Vec::with_capacity(ATTRIBUTES),
        }
    }

    /// The same with an attribute; a long text is cut.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            Value::String(text) if text.as_str().len() > MAX_TEXT => {
                let mut length = 0;
                let fits = |char: &char| {
                    length += char.len_utf8();
                    length <= MAX_TEXT
                };
                let text = text.as_str().chars().take_while(fits);
                Value::from(text.collect::<String>())
            }
            value => value,
        };
        self.attributes.push(KeyValue::new(key, value));
        self
    }
}

impl Span {
    /// Whether anything of it is recorded.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        let span = |context: &Context| context.span().is_recording();
        self.0.as_ref().is_some_and(span)
    }

    /// Adds an attribute.
    pub fn set(&self, key: &'static str, value: impl Into<Value>) {
        if let Some(context) = &self.0 {
            context.span().set_attribute(KeyValue::new(key, value));
        }
    }

    /// It ends as an error of this kind.
    pub fn fail(&self, kind: impl Into<Cow<'static, str>>) {
        if let Some(context) = &self.0 {
            let kind = kind.into();
            let span = context.span();
            span.set_attribute(KeyValue::new("error.type", kind.clone().into_owned()));
            span.set_status(Status::error(kind));
        }
    }

    /// What makes another process's span a child of this one.
    #[must_use]
    pub fn parent(&self) -> Option<TraceParent> {
        let context = self.0.as_ref()?;
        let span = context.span();
        let known = span.span_context();
        let trace = u128::from_be_bytes(known.trace_id().to_bytes());
        let own = u64::from_be_bytes(known.span_id().to_bytes());
        TraceParent::new(trace, own, known.is_sampled())
    }

    /// Runs a future within this span: what begins there is its child, and what is logged there
    /// names it.
    pub fn around<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        // No async fn: one would hold the future twice, as its argument and as what it awaits.
        match &self.0 {
            Some(context) => Either::Left(future.with_context(context.clone())),
            None => Either::Right(future),
        }
    }

    /// The same with a function.
    pub fn within<T>(&self, run: impl FnOnce() -> T) -> T {
        let _attached = self.0.clone().map(Context::attach);
        run()
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(context) = &self.0 {
            context.span().end();
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Span").field(&self.parent()).finish()
    }
}

/// Adds an attribute to the span that this code runs in, where it is recorded.
pub fn note<V: Into<Value>>(key: &'static str, value: impl FnOnce() -> V) {
    Context::map_current(|context| {
        if context.has_active_span() {
            context
                .span()
                .set_attribute(KeyValue::new(key, value().into()));
        }
    });
}

/// The trace and the span that this code runs in.
pub(crate) fn ids() -> Option<(TraceId, SpanId)> {
    Context::map_current(|context| {
        let is_active = context.has_active_span();
        let span = is_active.then(|| context.span().span_context().clone())?;
        span.is_valid().then(|| (span.trace_id(), span.span_id()))
    })
}

fn remote(parent: TraceParent) -> SpanContext {
    let flags = TraceFlags::default().with_sampled(parent.is_sampled());
    SpanContext::new(
        TraceId::from(parent.trace()),
        SpanId::from(parent.span()),
        flags,
        true,
        TraceState::default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let shape = Shape::new("a").with("long", "é".repeat(MAX_TEXT) + "x");
        assert_eq!(shape.attributes[0].value.as_str(), "é".repeat(MAX_TEXT / 2));
        let shape = Shape::new("a").with("short", "x").with("number", 1);
        assert_eq!(shape.attributes[0].value.as_str(), "x");
    }

    fn to_nobody(ratio: f64, callers_per_second: u32) -> Tracer {
        let config = TraceConfig {
            endpoint: Some("http://127.0.0.1:9".to_owned()),
            ratio,
            callers_per_second,
            service: "test",
            version: "1",
            instance: "test".to_owned(),
            cluster: None,
        };
        Tracer::start(&config).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn callers_have_so_many_recorded_and_of_more_the_ratio_decides() {
        let sampled = TraceParent::new(1, 1, true).unwrap();
        let unsampled = sampled.with_sampled(false);
        for (ratio, rest) in [(0.0, false), (1.0, true)] {
            let none = to_nobody(ratio, 0);
            assert_eq!(none.admit(sampled, true).is_sampled(), rest);
            assert_eq!(none.admit(unsampled, true), unsampled);
            let many = to_nobody(ratio, 10_000);
            assert_eq!(many.admit(sampled, true), sampled);
            assert_eq!(many.admit(sampled, false).is_sampled(), rest);
        }
        // The caller's choice of its trace's number is no way around the ratio.
        let half = to_nobody(0.5, 0);
        let recorded = (0..1000).filter(|_| half.admit(sampled, false).is_sampled());
        assert!((300..700).contains(&recorded.count()));
    }

    #[tokio::test]
    async fn without_a_collector_nothing_is_built() {
        let tracer = Tracer::default();
        let span = tracer.span(SpanKind::Internal, || unreachable!("it is not recorded"));
        assert!(!span.is_recorded() && span.parent().is_none());
        assert_eq!(span.around(async { ids() }).await, None);
        span.set("key", 1);
        note("key", || -> i64 { unreachable!("there is no span") });
        tracer.close().await;
    }
}
