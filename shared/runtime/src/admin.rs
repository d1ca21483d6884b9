//! The admin port: is the process alive, is it ready, what has it counted.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::{FromRef, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::metrics::{MEDIA_TYPE, Metrics};

/// How long a readiness check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// Whether a process can do its work now.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Asks whatever the process depends on. Cut off after 2 s, which counts as not ready.
    ///
    /// # Errors
    /// Why it is not ready: a sentence for operators, without secrets.
    async fn check(&self) -> Result<(), String>;
}

#[derive(Clone)]
struct Shown {
    readiness: Arc<dyn Readiness>,
    metrics: Metrics,
}

impl FromRef<Shown> for Arc<dyn Readiness> {
    fn from_ref(shown: &Shown) -> Self {
        Self::clone(&shown.readiness)
    }
}

impl FromRef<Shown> for Metrics {
    fn from_ref(shown: &Shown) -> Self {
        shown.metrics.clone()
    }
}

/// Serves `GET /livez` (200 while the process runs), `GET /readyz` (200, or 503 and why) and
/// `GET /metrics` until `stop`.
///
/// # Errors
/// Where the address cannot be bound. The task itself ends with the server's error.
pub async fn serve(
    addr: SocketAddr,
    readiness: Arc<dyn Readiness>,
    metrics: Metrics,
    stop: CancellationToken,
) -> io::Result<JoinHandle<io::Result<()>>> {
    let listener = TcpListener::bind(addr).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "admin port open");
    let routes = routes(Shown { readiness, metrics });
    let stopped = async move { stop.cancelled().await };
    let server = axum::serve(listener, routes).with_graceful_shutdown(stopped);
    Ok(tokio::spawn(server.into_future()))
}

fn routes(shown: Shown) -> Router {
    Router::new()
        .route("/livez", get(async || answer(StatusCode::OK, "ok", None)))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(shown)
}

async fn metrics(State(metrics): State<Metrics>) -> Response {
    match metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn readyz(State(readiness): State<Arc<dyn Readiness>>) -> Response {
    match tokio::time::timeout(CHECK_LIMIT, readiness.check()).await {
        Ok(Ok(())) => answer(StatusCode::OK, "ok", None),
        Ok(Err(reason)) => not_ready(&reason),
        Err(_) => not_ready("the check did not end within 2 s"),
    }
}

fn not_ready(reason: &str) -> Response {
    tracing::warn!(reason, "not ready");
    answer(StatusCode::SERVICE_UNAVAILABLE, "unavailable", Some(reason))
}

fn answer(code: StatusCode, status: &str, reason: Option<&str>) -> Response {
    let mut body = json!({ "status": status });
    if let (Some(reason), Some(fields)) = (reason, body.as_object_mut()) {
        fields.insert("reason".to_owned(), reason.into());
    }
    (code, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
