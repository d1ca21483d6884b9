//! The way to the collector: OTLP over HTTP, in batches, from a queue that is bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::KeyValue;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;

use super::TraceConfig;
use super::files::{self, FileError};

/// The most spans that wait to be sent; further ones are dropped. About a KiB each.
const MAX_WAITING: usize = 8192;
/// The most of them in one request.
const MAX_BATCH: usize = 512;
/// How long they are gathered.
const GATHER: Duration = Duration::from_secs(2);
/// How long the collector may take.
const LIMIT: Duration = Duration::from_secs(5);
/// The most bytes of its answer.
const MAX_ANSWER: usize = 64 * 1024;

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The system's certificates, which `https` needs, cannot be read.
    #[error(
        "the system's certificates cannot be read, and otlp_endpoint is https: name the collector's authority with OTEL_EXPORTER_OTLP_CERTIFICATE"
    )]
    Roots(#[source] std::io::Error),
    /// A file of TLS to the collector.
    #[error(transparent)]
    File(#[from] FileError),
    /// Our certificate for the collector.
    #[error(
        "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY cannot be used together"
    )]
    Pair(#[source] rustls::Error),
    /// TLS itself.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// What the library says.
    #[error("traces cannot be sent")]
    Exporter(#[from] ExporterBuildError),
}

/// What is counted of traces. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    exports: Family<Outcome, Counter>,
    left_to_ratio: Counter,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// An HTTP client for the exporter's thread, which has no runtime of its own.
#[derive(Debug)]
struct Collector {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
    counted: Counted,
    fails: AtomicBool,
}

impl Counted {
    /// Shows it.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "kubently_trace_exports",
            "Batches of spans sent to the collector, by outcome",
            self.exports.clone(),
        );
        registry.register(
            "kubently_traces_left_to_ratio",
            "Traces that a caller wanted recorded and that otlp_sample_ratio decided of",
            self.left_to_ratio.clone(),
        );
    }

    pub(super) fn left_to_ratio(&self) {
        self.left_to_ratio.inc();
    }

    fn count(&self, outcome: &'static str) {
        self.exports.get_or_create(&Outcome { outcome }).inc();
    }
}

/// What records and sends spans.
pub(super) fn provider(
    endpoint: &str,
    config: &TraceConfig,
    of_first: Sampler,
) -> Result<(SdkTracerProvider, Counted), TraceError> {
    let counted = Counted::default();
    let base = endpoint.trim_end_matches('/');
    let base = base.strip_suffix("/v1/traces").unwrap_or(base);
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(collector(base, counted.clone())?)
        .with_endpoint(format!("{base}/v1/traces"))
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(LIMIT)
        .build()?;
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(MAX_WAITING)
        .with_max_export_batch_size(MAX_BATCH)
        .with_scheduled_delay(GATHER)
        .build();
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(batches)
        .build();
    let cluster = config.cluster.clone();
    let cluster = cluster.map(|cluster| KeyValue::new("k8s.cluster.name", cluster));
    let resource = Resource::builder()
        .with_service_name(config.service)
        .with_attribute(KeyValue::new("service.namespace", "kubently"))
        .with_attribute(KeyValue::new("service.version", config.version))
        .with_attribute(KeyValue::new(
            "service.instance.id",
            config.instance.clone(),
        ))
        .with_attributes(cluster)
        .build();
    let sampler = Sampler::ParentBased(Box::new(of_first));
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_sampler(sampler)
        .with_resource(resource)
        .build();
    Ok((provider, counted))
}

fn collector(endpoint: &str, counted: Counted) -> Result<Collector, TraceError> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let tls = if endpoint.starts_with("https:") {
        let tls = match files::named(files::AUTHORITY) {
            Some(file) => tls.with_root_certificates(files::authorities(file)?),
            None => tls.with_native_roots().map_err(TraceError::Roots)?,
        };
        match files::pair()? {
            Some((certificates, key)) => tls
                .with_client_auth_cert(certificates, key)
                .map_err(TraceError::Pair)?,
            None => tls.with_no_client_auth(),
        }
    } else {
        tls.with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()
    };
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Collector {
        client: Client::builder(TokioExecutor::new()).build(connector),
        runtime: Handle::current(),
        counted,
        fails: AtomicBool::new(false),
    })
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let asked = self.client.request(request.map(Full::new));
        let answer = self.runtime.spawn(async {
            let answer = async {
                let (parts, body) = asked.await?.into_parts();
                let body = Limited::new(body, MAX_ANSWER).collect().await?.to_bytes();
                Ok::<_, HttpError>(Response::from_parts(parts, body))
            };
            tokio::time::timeout(LIMIT, answer).await
        });
        let answer: Result<_, HttpError> = match answer.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(late)) => Err(late.into()),
            Err(ended) => Err(ended.into()),
        };
        let refused = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(chain(&**error)),
        };
        self.tell(refused);
        answer
    }
}

impl Collector {
    /// Counts the outcome, and says once that the collector takes nothing.
    fn tell(&self, refused: Option<String>) {
        let did_fail = self.fails.swap(refused.is_some(), Ordering::Relaxed);
        let Some(reason) = refused else {
            self.counted.count("ok");
            return;
        };
        self.counted.count("error");
        if !did_fail {
            tracing::warn!(reason, "the collector does not take traces; some are lost");
        }
    }
}

/// An error with its causes: of a certificate that is not trusted, only the last one tells.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
