//! A collector of traces: takes OTLP over HTTP, with TLS where it is asked for, as protobuf, and keeps every
//! span.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, ensure};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span as Recorded;
use prost::Message as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite,
    AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::cluster::certificates::{Authority, Identity};
use crate::cluster::install_crypto;
use crate::place;

/// The most bytes of a request.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// A span as it was sent.
#[derive(Debug, Clone)]
pub struct Span {
    /// `service.name` of its process.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Its trace, in hex.
    pub trace: String,
    /// Its id, in hex.
    pub id: String,
    /// Its parent's id, in hex; empty for a trace's first.
    pub parent: String,
    /// 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
    pub kind: i32,
    /// Attributes as text.
    pub attributes: HashMap<String, String>,
    /// Whether it ended as an error.
    pub is_error: bool,
}

/// The collector. It belongs to the runtime that it is made on.
#[derive(Debug)]
pub struct Collector {
    url: String,
    spans: Arc<Mutex<Vec<Span>>>,
    accepting: JoinHandle<()>,
    /// Its authority, its certificate and that of a caller.
    dir: Option<tempfile::TempDir>,
}

impl Collector {
    /// Starts one.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> Result<Self> {
        Self::listen(None, None).await
    }

    /// Starts one that speaks TLS, with a certificate of an authority of its own, and lets only those in who have
    /// one of it.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start_tls() -> Result<Self> {
        install_crypto();
        let dir = place::fresh("collector")?;
        let authority = Authority::new(dir.path())?;
        authority.client("caller", "kubently", None)?;
        let Identity { certificate, key } = authority.server("collector")?;
        let certificates =
            |file| CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(certificates(dir.path().join("ca.crt"))?);
        let callers = WebPkiClientVerifier::builder(Arc::new(roots)).build()?;
        let config = ServerConfig::builder().with_client_cert_verifier(callers);
        let key = PrivateKeyDer::from_pem_file(key)?;
        let config = config.with_single_cert(certificates(certificate)?, key)?;
        Self::listen(Some(TlsAcceptor::from(Arc::new(config))), Some(dir)).await
    }

    async fn listen(tls: Option<TlsAcceptor>, dir: Option<tempfile::TempDir>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let spans = Arc::<Mutex<Vec<Span>>>::default();
        let shared = Arc::clone(&spans);
        let accepting = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let (spans, tls) = (Arc::clone(&shared), tls.clone());
                // It ends when the caller closes, or sends what is no request.
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => serve(tls.accept(caller).await?, &spans).await,
                        None => serve(caller, &spans).await,
                    }
                });
            }
        });
        Ok(Self {
            url,
            spans,
            accepting,
            dir,
        })
    }

    /// A file of its authority, where it speaks TLS: `ca.crt`, `caller.crt` or `caller.key`.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        self.dir.as_ref().map(|dir| dir.path().join(name))
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every span that has come.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        lock(&self.spans).clone()
    }

    /// Every span of a trace that has come.
    #[must_use]
    pub fn trace(&self, id: &str) -> Vec<Span> {
        let mut spans = self.spans();
        spans.retain(|span| span.trace == id);
        spans
    }

    /// How many spans have come.
    #[must_use]
    pub fn count(&self) -> usize {
        lock(&self.spans).len()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn lock(spans: &Mutex<Vec<Span>>) -> MutexGuard<'_, Vec<Span>> {
    spans.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(caller: impl AsyncRead + AsyncWrite, spans: &Mutex<Vec<Span>>) -> Result<()> {
    let (from, mut to) = tokio::io::split(caller);
    let mut from = BufReader::new(from);
    loop {
        let body = request(&mut from).await?;
        let taken = read(&body)?;
        lock(spans).extend(taken);
        to.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n",
        )
        .await?;
        to.flush().await?;
    }
}

/// `POST /v1/traces` with a length.
async fn request(from: &mut (impl AsyncBufRead + Unpin)) -> Result<Vec<u8>> {
    let mut length = 0;
    let mut line = String::new();
    from.read_line(&mut line).await?;
    ensure!(line.starts_with("POST /v1/traces HTTP/1.1"), "{line}");
    loop {
        line.clear();
        ensure!(from.read_line(&mut line).await? > 0, "the head is cut");
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if let Some(value) = line.strip_prefix("content-type:") {
            ensure!(value.trim() == "application/x-protobuf", "{value}");
        }
    }
    ensure!(length <= MAX_BODY, "{length} bytes");
    let mut body = vec![0; length];
    from.read_exact(&mut body).await?;
    Ok(body)
}

fn read(body: &[u8]) -> Result<Vec<Span>> {
    let request = ExportTraceServiceRequest::decode(body).context("this is no OTLP")?;
    let mut spans = Vec::new();
    for of_resource in request.resource_spans {
        let attributes = of_resource.resource.map(|resource| resource.attributes);
        let attributes = texts(attributes.unwrap_or_default());
        let service = attributes.get("service.name").cloned().unwrap_or_default();
        let recorded = of_resource.scope_spans.into_iter();
        let recorded = recorded.flat_map(|of_scope| of_scope.spans);
        spans.extend(recorded.map(|span| shown(span, &service)));
    }
    Ok(spans)
}

fn shown(span: Recorded, service: &str) -> Span {
    let is_error = span.status.is_some_and(|status| status.code == 2);
    Span {
        service: service.to_owned(),
        name: span.name,
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        kind: span.kind,
        attributes: texts(span.attributes),
        is_error,
    }
}

fn texts(attributes: Vec<KeyValue>) -> HashMap<String, String> {
    let text = |value: Option<AnyValue>| match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(is)) => is.to_string(),
        other => format!("{other:?}"),
    };
    let pairs = attributes.into_iter();
    pairs.map(|pair| (pair.key, text(pair.value))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A string takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
