//! A cluster for tests: a function in place of the API server, behind the real guard.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt as _, stream};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use kube::Client;
use kube::client::{Body, ClientBuilder};
use kubently_core::clock::Clock;
use tokio::sync::Semaphore;

use super::Cluster;
use super::guard::GuardLayer;

/// An answer of the fake server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// What comes instead of the body, piece by piece.
    pub(crate) parts: Vec<Part>,
}

/// A piece of a body that comes over time.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    Bytes(&'static [u8]),
    /// The same again and again; counts how often it was taken.
    Many(&'static [u8], usize, Arc<AtomicUsize>),
    Pause(Duration),
    /// The connection breaks.
    Break,
}

impl Reply {
    /// An answer as it is; an object that names no kind is given one, as every server's has.
    pub(crate) fn ok(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            body: of_a_kind(body.into()),
            ..Self::default()
        }
    }

    pub(crate) fn parts(parts: impl Into<Vec<Part>>) -> Self {
        Self {
            status: 200,
            parts: parts.into(),
            ..Self::default()
        }
    }

    pub(crate) fn status(code: u16, reason: &str, message: &str) -> Self {
        let body = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure",
            "reason": reason, "message": message, "code": code,
        });
        Self {
            status: code,
            body: body.to_string(),
            ..Self::default()
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

fn of_a_kind(body: String) -> String {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&body) {
        Ok(object) if object.is_empty() => r#"{"kind":"Some"}"#.to_owned(),
        Ok(object) if !object.contains_key("kind") => body.replacen('{', r#"{"kind":"Some","#, 1),
        _ => body,
    }
}

/// 2026-11-24T12:00:00Z, for ever.
pub(crate) struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_521_600, 0).unwrap()
    }
}

type Piece = Result<Bytes, std::io::Error>;
type Pieces = Pin<Box<dyn Stream<Item = Piece> + Send>>;

fn pieces(parts: Vec<Part>) -> Pieces {
    let pieces = parts.into_iter().map(|part| -> Pieces {
        let broken = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        match part {
            Part::Bytes(bytes) => Box::pin(stream::iter([Ok(Bytes::from_static(bytes))])),
            Part::Many(bytes, times, taken) => Box::pin(stream::iter((0..times).map(move |_| {
                taken.fetch_add(1, Ordering::Relaxed);
                Ok(Bytes::from_static(bytes))
            }))),
            Part::Pause(time) => Box::pin(stream::once(async move {
                tokio::time::sleep(time).await;
                Ok(Bytes::new())
            })),
            Part::Break => Box::pin(stream::iter([Err(broken())])),
        }
    });
    let pieces: Vec<_> = pieces.collect();
    Box::pin(stream::iter(pieces).flatten())
}

/// What was asked, in order: path and query.
pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

/// A cluster whose server answers with `server`, and the list of what it was asked.
pub(crate) fn cluster(server: impl Fn(&str) -> Reply + Send + Sync + 'static) -> (Cluster, Asked) {
    cluster_with(GuardLayer::default(), server)
}

/// The same behind a guard that is set otherwise.
pub(crate) fn cluster_with(
    guard: GuardLayer,
    server: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (Cluster, Asked) {
    let asked = Asked::default();
    let (server, seen) = (Arc::new(server), Arc::clone(&asked));
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let (server, seen) = (Arc::clone(&server), Arc::clone(&seen));
        async move {
            assert_eq!(request.method(), http::Method::GET);
            let target = request.uri().to_string();
            let body = request.into_body().collect().await?.to_bytes();
            assert!(body.is_empty());
            let reply = server(&target);
            seen.lock().unwrap().push(target);
            let mut response = http::Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                response = response.header(name, value);
            }
            let parts = if reply.parts.is_empty() {
                Box::pin(stream::iter([Ok(reply.body.into_bytes().into())]))
            } else {
                pieces(reply.parts)
            };
            let response = response.body(StreamBody::new(parts.map(|it| it.map(Frame::data))));
            Ok::<_, tower::BoxError>(response?)
        }
    });
    let client: Client = ClientBuilder::new(service, "default")
        .with_layer(&guard)
        .build();
    let cluster = Cluster {
        client,
        server: "fake:443".into(),
        clock: Arc::new(StoppedClock),
        discovery: Arc::default(),
        whole: Arc::new(Semaphore::new(super::MOST_WHOLE)),
        observer: None,
    };
    (cluster, asked)
}
